"""Every form of system that is trained: which configuration belongs to which class.

All keep one contract, which Baseline writes out: `prepare`, `rates`, `loss`, `items`, `scores`,
`causal` and `ends`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mealrec.baselines import base as baselines
from mealrec.baselines.base import Baseline, BaselineConfig
from mealrec.models.config import MealRecConfig
from mealrec.models.losses import LossConfig
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.losses import PaperLoss
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.backbone import GuidedBackbone, GuidedConfig
from mealrec.models.published.config import GraphConfig
from mealrec.models.published.losses import GraphLoss
from mealrec.models.published.mealrec import OnBackbone, OnBackboneConfig
from mealrec.models.published.walk import KindWalk

if TYPE_CHECKING:
    from mealrec.baselines.base import Beside

System = MealRec | OnBackbone | GuidedBackbone | KindWalk | PaperMealRec | Baseline
SystemConfig = (
    MealRecConfig | OnBackboneConfig | GuidedConfig | GraphConfig | PaperConfig | BaselineConfig
)
FORMS = {
    "kinds": MealRecConfig,
    "on-backbone": OnBackboneConfig,
    "guided": GuidedConfig,
    "graph": GraphConfig,
    "paper": PaperConfig,
}
CLASSES = {
    MealRecConfig: MealRec,
    OnBackboneConfig: OnBackbone,
    GuidedConfig: GuidedBackbone,
    GraphConfig: KindWalk,
    PaperConfig: PaperMealRec,
}
LOSSES = {MealRecConfig: LossConfig, GraphConfig: GraphLoss, PaperConfig: PaperLoss}


def build(config: SystemConfig, hidden: Beside | None = None) -> System:
    """Return the untrained system that a configuration belongs to; see baselines.build for
    `hidden`."""
    if isinstance(config, BaselineConfig):
        return baselines.build(config, hidden)
    return CLASSES[type(config)](config)


def from_dict(values: dict) -> SystemConfig:
    """Rebuild a stored configuration; raises ValueError for an unknown form or system, TypeError
    on an unknown key."""
    if "baseline" in values:
        return baselines.from_dict(values)
    if (form := values.get("form")) not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}, got {form!r}")
    return FORMS[form].from_dict(values)
