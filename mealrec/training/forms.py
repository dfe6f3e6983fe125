"""Every form of system that is trained: which classes belong to which configuration.

All keep one contract, which Baseline writes out: `prepare`, `rates`, `loss`, `items`, `scores`,
`causal` and `ends`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mealrec.baselines import base as baselines
from mealrec.baselines.base import Baseline, BaselineConfig, EncoderInput
from mealrec.models.config import LossConfig, MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.config import PaperConfig, PaperLoss
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.config import GraphConfig, GraphLoss
from mealrec.models.published.guided import GuidedBackbone, GuidedConfig
from mealrec.models.published.mealrec import KindWalk, OnBackbone, OnBackboneConfig

System = MealRec | OnBackbone | GuidedBackbone | KindWalk | PaperMealRec | Baseline
SystemConfig = (
    MealRecConfig | OnBackboneConfig | GuidedConfig | GraphConfig | PaperConfig | BaselineConfig
)


@dataclass(frozen=True)
class Form:
    """The classes of a form: its configuration, its model, and its loss where it has settings."""

    config: type
    model: type
    loss: type | None = None


_ALL = (
    Form(MealRecConfig, MealRec, LossConfig),
    Form(OnBackboneConfig, OnBackbone),
    Form(GuidedConfig, GuidedBackbone),
    Form(GraphConfig, KindWalk, GraphLoss),
    Form(PaperConfig, PaperMealRec, PaperLoss),
)
FORMS = {form.config.FORM: form for form in _ALL}
"""By what a stored configuration calls its form; a baseline's names the baseline instead."""


def build(config: SystemConfig, encoder_input: EncoderInput | None = None) -> System:
    """Return the untrained system of a configuration; some baselines need an `encoder_input`."""
    if isinstance(config, BaselineConfig):
        return baselines.build(config, encoder_input)
    return FORMS[config.FORM].model(config)


def from_dict(values: dict) -> SystemConfig:
    """Rebuild a stored configuration.

    Raises ValueError for an unknown form or system, TypeError on an unknown key.
    """
    if "baseline" in values:
        return baselines.from_dict(values)
    name = values.get("form")
    if name not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, got {name!r}")
    return FORMS[name].config.from_dict(values)
