"""Everything that shapes MealRec in the paper's form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from mealrec.diffusion.schedule import ScheduleConfig
from mealrec.models.paper.npd import NPDConfig
from mealrec.models.paper.tcd import TCDConfig

FORM = "paper"
VARIANTS = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")
CONDITIONS = ("items", "last")
HEADS = ("item", "content")
CONTENTS = ("both", "none")


@dataclass(frozen=True)
class PaperConfig:
    """Everything that shapes the model; stored as JSON beside its weights.

    `variant`: the whole model, an ablation of Sec. 5.3, or the backbone alone. `condition`: what
    NPD sees. `head`: how a preference meets an item, see ItemTable.scores. `content` "none" leaves
    IDs alone (a backbone that reads titles still does). `anchor_width`: directions a modality in
    the space that head="content" compares in. `guided` pushes what ranks towards the history's
    content, see `PaperMealRec.content_preference`; `guidance_decay`: how fast older items lose
    their say in that, like Eq. 7's γ.
    """

    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    width: int = 64
    max_length: int = 10
    backbone: str = "sasrec"
    variant: str = "full"
    condition: str = "items"
    head: str = "item"
    content: str = "both"
    anchor_width: int = 64
    guided: bool = False
    guidance_decay: float = 0.3
    id_dropout: float = 0.3
    content_dropout: float = 0.3
    backbone_dropout: float = 0.3
    norm_input: bool = False
    tcd: TCDConfig = field(default_factory=TCDConfig)
    npd: NPDConfig = field(default_factory=NPDConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)

    def __post_init__(self) -> None:
        choices = {"variant": VARIANTS, "condition": CONDITIONS, "head": HEADS, "content": CONTENTS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )
        if self.guided and self.head != "content":
            raise ValueError(f"guided needs head='content', got head={self.head!r}")
        if self.content == "none" and self.head == "content":
            raise ValueError(
                "content='none' leaves head='content' nothing to compare: choose head='item'"
            )

    def to_dict(self) -> dict:
        """Return plain JSON types; "form" tells a stored system from those of other forms."""
        return {"form": FORM} | asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> PaperConfig:
        """Rebuild a configuration; raises TypeError on an unknown key."""
        parts = {"tcd": TCDConfig, "npd": NPDConfig, "schedule": ScheduleConfig}
        own = {key: value for key, value in values.items() if key != "form"}
        return cls(
            **{key: parts[key](**value) if key in parts else value for key, value in own.items()}
        )
