"""A blend from its trained parts: nothing is trained, validation chooses the weights."""

from __future__ import annotations

from collections.abc import Sequence

from mealrec.data.interactions import Split
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.guided import Guided, GuidedBackbone, GuidedConfig
from mealrec.models.published.mealrec import KindWalk, OnBackbone, OnBackboneConfig
from mealrec.training.forms import System
from mealrec.training.weights import choose_certainty, choose_weights
from mealrec.types import ItemFeatures


def blended(
    base: System, walk: KindWalk | None, sequences: Sequence[Sequence[int]], features: ItemFeatures
) -> Guided:
    """Return the trained `base` with guidance, and over a `walk` MealRec; its weights are 0.

    Both parts are prepared already; `sequences` are the clicks that they learned from, as item
    indices.
    """
    if not isinstance(base, PaperMealRec):
        model = Guided(base, len(features) - 1, features.frames.shape[2], features.text.shape[1])
    elif walk is None:
        model = GuidedBackbone(GuidedConfig(base.config), base)
    else:
        model = OnBackbone(OnBackboneConfig(base.config, walk.config), base, walk)
    model = model.to(features.text.device).eval()
    model.prepare(sequences, features)
    return model


def choose(model: Guided, split: Split, features: ItemFeatures) -> dict[str, float]:
    """Choose a blend's weights on all validation rows; return them and the N@10 they came to.

    Of MealRec also how surely it tells what is wanted, "certainty".
    """
    chosen = choose_weights(model, split.validation, features)
    if isinstance(model, OnBackbone):
        chosen["certainty"] = choose_certainty(model, split.validation, features)
    return chosen
