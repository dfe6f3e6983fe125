"""What shapes MealRec over kinds and weighs its objective, and what all configurations share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from typing import ClassVar, get_type_hints

# The whole model, the ablations of Sec. 5.3, and what walks nowhere.
VARIANTS = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")
WITH_TCD = ("full", "no_npd")
WITH_NPD = ("full", "no_tcd")


class ModelConfig:
    """A frozen configuration that is stored as JSON next to the weights of its model."""

    FORM: ClassVar[str]
    """What tells a stored system from those of other forms."""

    def to_dict(self) -> dict:
        """Return plain JSON types."""
        return {"form": self.FORM} | {name: _plain(value) for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping) -> ModelConfig:
        """Rebuild a configuration; raises TypeError naming a key that is unknown or missing."""
        return _rebuilt(cls, values)


def _plain(value):
    # A configuration inside another one keeps its form, other dataclasses are plain settings.
    if isinstance(value, ModelConfig):
        return value.to_dict()
    return asdict(value) if is_dataclass(value) else value


def _rebuilt(kind: type, values: Mapping):
    """Return a configuration of this `kind`, and those in it, from their plain values."""
    if not isinstance(values, Mapping):
        raise TypeError(f"{kind.__name__}: expected settings by name, got {values!r}")
    # Refuse what is unknown, and what is not there.
    given = {name: value for name, value in values.items() if name != "form"}
    known = [each.name for each in fields(kind)]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(unknown)}; it has {', '.join(known)}")
    needed = [each.name for each in fields(kind) if each.default is each.default_factory is MISSING]
    missing = [name for name in needed if name not in given]
    if missing:
        raise TypeError(f"{kind.__name__} lacks {', '.join(missing)}")
    # Rebuild the configurations in it.
    types = get_type_hints(kind)
    for name, value in given.items():
        if is_dataclass(types[name]):
            given[name] = _rebuilt(types[name], value)
    return kind(**given)


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise ValueError where the setting `name` is none of the `known` values."""
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")


@dataclass(frozen=True)
class TCDConfig:
    """`hidden` units of the map that weighs frames; `noise_scale` times the schedule's β."""

    hidden: int = 8
    noise_scale: float = 1.0


@dataclass(frozen=True)
class NPDConfig:
    """`hidden` units of the map that all kinds share; `noise_scale` times the schedule's β."""

    hidden: int = 32
    noise_scale: float = 50.0


@dataclass(frozen=True)
class Rates:
    """How many times the learning rate of the numbers that all kinds share.

    They are those of the encoder with titles and IDs, of the map to kinds, of the likeness of
    kinds, and of the companions that habit calls for.
    """

    encoder: float = 0.15
    kinds: float = 0.25
    likeness: float = 2.5
    companions: float = 8.0


@dataclass(frozen=True)
class MealRecConfig(ModelConfig):
    """Everything that shapes the model.

    `num_kinds` J is the width of the preference. `variant`: the whole model, an ablation of Sec.
    5.3, or the backbone alone. `looks`: clusters of frames that kinds are merged from, see
    `KindSpace.fit`. `num_steps` T is that of both walks; each module's `noise_scale` says how
    strong its noise is. The first four fields say what the features are like.
    """

    FORM: ClassVar[str] = "kinds"

    # What the features are like.
    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    # What is learned of them.
    num_kinds: int = 48
    looks: int = 64
    max_length: int = 10
    backbone: str = "sasrec"
    variant: str = "full"
    num_steps: int = 5
    id_dropout: float = 0.3
    title_dropout: float = 0.3
    backbone_dropout: float = 0.3
    norm_input: bool = False
    tcd: TCDConfig = field(default_factory=TCDConfig)
    npd: NPDConfig = field(default_factory=NPDConfig)
    rates: Rates = field(default_factory=Rates)

    def __post_init__(self) -> None:
        check_choice("variant", self.variant, VARIANTS)


@dataclass(frozen=True)
class LossConfig:
    """Weights of the objective's terms. Departs: one is an addition to Eq. 16.

    `lambda_start` ranks by x_0 too, so that the walk begins from a good place. `hide_history`: what
    was watched already is no candidate; nobody watches a clip twice.
    """

    lambda_tcd: float = 0.1
    lambda_npd: float = 0.02
    lambda_start: float = 0.5
    hide_history: bool = True
