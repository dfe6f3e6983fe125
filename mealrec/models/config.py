"""Everything that shapes MealRec."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from mealrec.models.npd import NPDConfig
from mealrec.models.tcd import TCDConfig

FORM = "kinds"
VARIANTS = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")
GOALS = ("state", "next")


@dataclass(frozen=True)
class Rates:
    """How many times the learning rate of the numbers that all kinds share: the encoder with titles
    and IDs, the map to kinds, the likeness of kinds, and the companions that habit calls for."""

    encoder: float = 0.15
    kinds: float = 0.25
    likeness: float = 2.5
    companions: float = 8.0


@dataclass(frozen=True)
class MealRecConfig:
    """Everything that shapes the model; stored as JSON beside its weights.

    `num_kinds` J is the width of the preference. `variant`: the whole model, an ablation of Sec.
    5.3, or the backbone alone. `goal`: what x_0 is, see `MealRec`: the encoder's "state", or the
    kinds of the clip that is watched "next". `num_steps` T is that of both walks; each module's
    `noise_scale` says how strong its noise is.
    """

    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    num_kinds: int = 48
    looks: int = 64
    max_length: int = 10
    backbone: str = "sasrec"
    variant: str = "full"
    goal: str = "state"
    num_steps: int = 5
    id_dropout: float = 0.3
    title_dropout: float = 0.3
    backbone_dropout: float = 0.3
    norm_input: bool = False
    tcd: TCDConfig = field(default_factory=TCDConfig)
    npd: NPDConfig = field(default_factory=NPDConfig)
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        for name, known in {"variant": VARIANTS, "goal": GOALS}.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )

    def to_dict(self) -> dict:
        """Return plain JSON types."""
        return {"form": FORM, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict) -> MealRecConfig:
        """Rebuild a configuration; raises TypeError on an unknown key."""
        parts = {"tcd": TCDConfig, "npd": NPDConfig, "rates": Rates}
        given = {key: value for key, value in values.items() if key != "form"}
        return cls(
            **{key: parts[key](**value) if key in parts else value for key, value in given.items()}
        )
