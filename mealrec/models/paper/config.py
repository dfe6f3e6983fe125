"""Everything that shapes MealRec in the paper's form, and what weighs its objective."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from mealrec.diffusion.schedule import ScheduleConfig
from mealrec.models.config import ModelConfig, check_choice

VARIANTS = ("full", "backbone")
HEADS = ("item", "content")
CONTENTS = ("both", "none")


@dataclass(frozen=True)
class TCDConfig:
    """`decay` is γ of Eq. 7."""

    heads: int = 2
    decay: float = 0.9
    dropout: float = 0.2


@dataclass(frozen=True)
class NPDConfig:
    """`dropout` acts inside the block, `token_dropout` hides whole tokens in training."""

    heads: int = 2
    dropout: float = 0.2
    token_dropout: float = 0.1


@dataclass(frozen=True)
class PaperConfig(ModelConfig):
    """Everything that shapes the model.

    `variant`: the whole model, or the backbone alone. `head`: how a preference meets an item, see
    ItemTable.scores. `content` "none" leaves IDs alone (a backbone that reads titles still does).
    `anchor_width`: directions a modality in the space that head="content" compares in. The first
    four fields say what the features are like.
    """

    FORM: ClassVar[str] = "paper"

    # What the features are like.
    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    # The encoder and the head.
    width: int = 64
    max_length: int = 10
    backbone: str = "sasrec"
    variant: str = "full"
    head: str = "item"
    content: str = "both"
    anchor_width: int = 64
    # What training hides.
    id_dropout: float = 0.3
    content_dropout: float = 0.3
    backbone_dropout: float = 0.3
    norm_input: bool = False
    # The walks, one schedule for both.
    tcd: TCDConfig = field(default_factory=TCDConfig)
    npd: NPDConfig = field(default_factory=NPDConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)

    def __post_init__(self) -> None:
        check_choice("variant", self.variant, VARIANTS)
        check_choice("head", self.head, HEADS)
        check_choice("content", self.content, CONTENTS)
        if self.content == "none" and self.head == "content":
            raise ValueError(
                "content='none' leaves head='content' nothing to compare: choose head='item'"
            )


@dataclass(frozen=True)
class PaperLoss:
    """Weights of the objective's terms. Departs: two are additions to Eq. 16.

    `lambda_start` ranks by x_0 too, so that the walk begins from a good place. `frame_dropout`
    hides frames of the last item.
    """

    lambda_tcd: float = 0.1
    lambda_npd: float = 0.1
    lambda_start: float = 0.5
    frame_dropout: float = 0.15
