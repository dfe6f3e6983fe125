"""One test viewer's preference on the map of the catalogue."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mealrec.bundle.contents import TITLE_SEGMENTS, BundleContents
from mealrec.bundle.manifest import ViewerCase
from mealrec.explain.trace import KindMap, ViewerMap
from mealrec.explain.walks import as_sure
from mealrec.ranking.metrics import Ranking
from mealrec.recommender.history import History, walks_of

FIRST = 5


def viewer_map(
    case: ViewerCase,
    history: History,
    target: int,
    catalogue: KindMap,
    contents: BundleContents,
    seed: int,
) -> ViewerMap:
    """Walk one viewer's history and place all that belongs to it in the map of the catalogue.

    `target` is the true next item's row.

    Paper: Fig. 7. Departs: the place is the mean of the kinds' places, weighed by what the
    preference wants of each; the distances are measured among the kinds, before anything is placed.
    """
    variant = history.variant
    items = variant.items
    # The ranking that the viewer would be shown.
    walks = walks_of([history], seed)
    ranking = Ranking.of(walks.ends[0].cpu().numpy(), walks.candidates[0].cpu().numpy())

    # What the preference wants of the kinds: at its start, at its end, and on the way.
    start = walks.walk.context.start[0]
    preference = walks.preferences[0, 0]
    path = [as_sure(step.xt[0], step.x0_hat[0]) for step in walks.walk.npd]
    states = torch.stack([start, preference[: len(start)], *path])
    wanted = variant.model.table.wanted(states, items.anybody).cpu().numpy()
    places = wanted @ np.array([kind.place for kind in catalogue.kinds])

    # How far it lies from what the items show.
    lift = variant.anybody.lift(variant.model, preference)
    others = history.candidates.to(variant.device)
    others[target] = False
    return ViewerMap(
        viewer_id=case.viewer_id,
        history=case.history,
        target=case.target,
        rank=int(ranking.ranks_of(target)[0]),
        candidates=len(ranking.candidates),
        first=tuple(contents.catalogue[row - 1].item_id for row in ranking.top(FIRST)),
        map=catalogue,
        start=places[0],
        path=places[2:],
        end=places[1],
        wanted=wanted[1],
        distances=_distances(lift, items.kinds[1:]),
        liked=_distances(lift, items.moments[target]),
        other=_distances(lift, items.moments[others].flatten(0, 1)),
        has_segments=contents.frames_from == TITLE_SEGMENTS,
    )


def _distances(lift: Tensor, shares: Tensor) -> np.ndarray:
    """Return the cosine distances of a lift over anybody [J] to shares of kinds [..., J]."""
    return (1 - torch.cosine_similarity(lift, shares, dim=-1)).cpu().numpy()
