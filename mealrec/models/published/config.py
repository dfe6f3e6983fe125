"""Everything that shapes the kinds half of MealRec on published data, and weighs its objective."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from mealrec.models.config import VARIANTS, ModelConfig, NPDConfig, TCDConfig, check_choice


@dataclass(frozen=True)
class GraphConfig(ModelConfig):
    """Everything that shapes the model.

    `num_kinds` J. `variant`: the whole, or an ablation of Sec. 5.3; without NPD its map reads the
    history alone, and nothing is diffused; a "backbone" has x_0 alone. `folds`: in how many parts
    the viewers are cut, so that a row never meets kinds that were made of its own clicks.
    `num_steps` T is that of both walks; each module's `noise_scale` says how strong its noise is.
    The first four fields say what the features are like.
    """

    FORM: ClassVar[str] = "graph"

    # What the features are like.
    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    # The kinds, and the walks over them.
    num_kinds: int = 256
    max_length: int = 10
    variant: str = "full"
    folds: int = 4
    num_steps: int = 5
    tcd: TCDConfig = field(default_factory=TCDConfig)
    npd: NPDConfig = field(default_factory=lambda: NPDConfig(hidden=8))

    def __post_init__(self) -> None:
        check_choice("variant", self.variant, VARIANTS)
        if self.folds < 2:
            raise ValueError(f"folds must be 2 or more, got {self.folds}")


@dataclass(frozen=True)
class GraphLoss:
    """Weights of the objective's terms, and how many items each row is ranked against.

    Departs: `lambda_start` ranks by x_0 too, so that the walk begins from a good place; `negatives`
    are sampled, since a few hundred numbers learn from few of them.
    """

    lambda_tcd: float = 0.1
    lambda_npd: float = 0.02
    lambda_start: float = 0.3
    negatives: int = 800
