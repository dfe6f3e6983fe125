"""A blend from its trained parts: nothing is trained, validation chooses the weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mealrec.data.interactions import Split
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.backbone import GuidedBackbone, GuidedConfig
from mealrec.models.published.guided import Guided
from mealrec.models.published.mealrec import OnBackbone, OnBackboneConfig
from mealrec.models.published.walk import KindWalk
from mealrec.training.certainty import choose_certainty
from mealrec.training.forms import System
from mealrec.training.weights import choose_weights
from mealrec.types import ItemFeatures


def blended(
    base: System, walk: KindWalk | None, sequences: Sequence[Sequence[int]], features: ItemFeatures
) -> Guided:
    """Return the trained `base` with guidance, and over a `walk` MealRec; their weights are still
    0.

    Both parts are prepared already; `sequences` are the clicks that they learned from, as item
    indices.
    """
    if isinstance(base, PaperMealRec):
        if walk is None:
            model: Guided = GuidedBackbone(GuidedConfig(base.config), base)
        else:
            model = OnBackbone(OnBackboneConfig(base.config, walk.config), base, walk)
    else:
        shape = features.frames.shape[2], features.text.shape[1]
        model = Guided(base, len(features) - 1, *shape)
    model = model.to(features.text.device).eval()
    model.prepare(sequences, features)
    return model


def choose(model: Guided, split: Split, features: ItemFeatures) -> dict[str, float]:
    """Choose the weights of a blend on all validation rows; return them and the N@10 that they came
    to.

    Of MealRec also how surely it tells what is wanted, "certainty".
    """
    candidates: np.ndarray = features.has_id.cpu().numpy()
    chosen = choose_weights(model, split.validation, features, candidates)
    if isinstance(model, OnBackbone):
        chosen["certainty"] = choose_certainty(model, split.validation, features)
    return chosen
