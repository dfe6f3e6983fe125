"""Every form of system that is trained: which configuration belongs to which class.

All keep one contract, which Baseline writes out: `prepare`, `rates`, `loss`, `items`, `scores`, `causal` and `ends`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mealrec.baselines import base as baselines
from mealrec.baselines.base import Baseline, BaselineConfig
from mealrec.models.config import MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.model import PaperMealRec

if TYPE_CHECKING:
    from mealrec.baselines.base import Beside

System = MealRec | PaperMealRec | Baseline
SystemConfig = MealRecConfig | PaperConfig | BaselineConfig
FORMS = {"kinds": MealRecConfig, "paper": PaperConfig}


def build(config: SystemConfig, hidden: Beside | None = None) -> System:
    """Return the untrained system that a configuration belongs to; see baselines.build for `hidden`."""
    if isinstance(config, BaselineConfig):
        return baselines.build(config, hidden)
    return PaperMealRec(config) if isinstance(config, PaperConfig) else MealRec(config)


def from_dict(values: dict) -> SystemConfig:
    """Rebuild a stored configuration; raises ValueError for an unknown form or system, TypeError on an unknown key."""
    if "baseline" in values:
        return baselines.from_dict(values)
    if (form := values.get("form")) not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, got {form!r}")
    return FORMS[form].from_dict(values)
