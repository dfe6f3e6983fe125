"""Everything that shapes the kinds half of MealRec on published data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from mealrec.models.npd import NPDConfig
from mealrec.models.tcd import TCDConfig

FORM = "graph"
VARIANTS = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")


@dataclass(frozen=True)
class GraphConfig:
    """Everything that shapes the model; stored as JSON beside its weights.

    `num_kinds` J. `variant`: the whole, or an ablation of Sec. 5.3; without NPD its map reads the
    history alone, and nothing is diffused; a "backbone" has x_0 alone. `folds`: in how many parts
    the viewers are cut, so that a row never meets kinds that were made of its own clicks.
    `num_steps` T is that of both walks; each module's `noise_scale` says how strong its noise is.
    """

    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    num_kinds: int = 256
    max_length: int = 10
    variant: str = "full"
    folds: int = 4
    num_steps: int = 5
    tcd: TCDConfig = field(default_factory=TCDConfig)
    npd: NPDConfig = field(default_factory=lambda: NPDConfig(hidden=8))

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, got {self.variant!r}")
        if self.folds < 2:
            raise ValueError(f"folds must be 2 or more, got {self.folds}")

    def to_dict(self) -> dict:
        """Return plain JSON types; "form" tells a stored system from those of other forms."""
        return {"form": FORM, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict) -> GraphConfig:
        """Rebuild a configuration; raises TypeError on an unknown key."""
        parts = {"tcd": TCDConfig, "npd": NPDConfig}
        given = {key: value for key, value in values.items() if key != "form"}
        return cls(
            **{key: parts[key](**value) if key in parts else value for key, value in given.items()}
        )
