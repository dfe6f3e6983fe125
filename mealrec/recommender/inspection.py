"""Test viewers under a loaded model: where each true next item stands, and one viewer on the map (Fig. 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.backbones.base import last_states
from mealrec.data.interactions import pad
from mealrec.models.mealrec import MealRec, Walk
from mealrec.models.table import Items
from mealrec.recommender.contents import ViewerCase
from mealrec.recommender.scene import mean_frame
from mealrec.recommender.stage import Variant
from mealrec.recommender.trace import ViewerMap
from mealrec.types import ItemFeatures

BATCH = 64
FIRST = 5


class Inspection:
    """The test viewers of a bundle; `row_of` maps an item's id to its index, `has_segments` as in `ViewerMap`."""

    def __init__(self, cases: Sequence[ViewerCase], row_of: Mapping[str, int], has_segments: bool = False):
        self._cases = {case.viewer_id: case for case in cases}
        self._row_of, self._item_ids = row_of, ("", *row_of)
        self._has_segments = has_segments

    def __contains__(self, viewer_id: str) -> bool:
        return viewer_id in self._cases

    def ranks(self, variant: Variant, seed: int) -> Iterator[np.ndarray]:
        """Yield the true next items' ranks, from 1, a batch of viewers at a time."""
        cases = list(self._cases.values())
        for start in range(0, len(cases), BATCH):
            yield self._ranks(variant, cases[start : start + BATCH], seed)

    @torch.inference_mode()
    def map(self, variant: Variant, features: ItemFeatures, viewer_id: str, seed: int) -> ViewerMap:
        """Walk one viewer's history and place everything that belongs to it in the map of the catalogue.

        Paper: Fig. 7. Departs: the place is the shadow in the catalogue's two main directions, where a clip lies at
        the same spot for every viewer; the distances are measured before the projection, as Fig. 7's are.
        """
        case, model, items = self._cases[viewer_id], variant.model, variant.items
        walk = _walk(model, items, self._histories(variant, [case]), seed)
        end, target, last = walk.preference[:, : model.config.width], self._row_of[case.target], walk.context.last
        scores = self._scores(variant, walk, [case])[0]
        order, candidates = scores.argsort(descending=True, stable=True), int(torch.isfinite(scores).sum())
        others = torch.ones(len(items.bias), dtype=torch.bool, device=end.device)
        others[[0, target, *(self._row_of[item] for item in case.history)]] = False
        project = variant.item_map.project
        path = [step.xt[0] for step in walk.npd] or end.new_zeros(0, end.shape[1])
        return ViewerMap(
            viewer_id=viewer_id,
            history=case.history,
            target=case.target,
            rank=int(_places(scores[None], torch.tensor([target], device=end.device))[0]),
            candidates=candidates,
            first=tuple(self._item_ids[row] for row in order[: min(FIRST, candidates)].tolist()),
            plane=variant.item_map.plane,
            start=_numpy(project(walk.context.start[0])),
            path=_numpy(project(torch.stack(path) if walk.npd else path)),
            end=_numpy(project(end[0])),
            last_frames=_numpy(_frame_places(variant, features, int(last[0]))),
            target_frames=_numpy(_frame_places(variant, features, target)),
            distances=_numpy(_apart(end, items.entry[1:])),
            liked=_numpy(_apart(end, _frames(variant, features, target))),
            other=_numpy(_apart(end, _frames(variant, features, others)).flatten()),
            has_segments=self._has_segments,
        )

    @torch.inference_mode()
    def _ranks(self, variant: Variant, cases: Sequence[ViewerCase], seed: int) -> np.ndarray:
        walk = _walk(variant.model, variant.items, self._histories(variant, cases), seed)
        scores = self._scores(variant, walk, cases)
        return _places(scores, torch.tensor([self._row_of[case.target] for case in cases], device=scores.device))

    def _histories(self, variant: Variant, cases: Sequence[ViewerCase]) -> Tensor:
        rows = [[self._row_of[item] for item in case.history] for case in cases]
        padded = torch.from_numpy(pad(rows, variant.model.config.max_length))
        return padded.to(variant.items.bias.device)

    def _scores(self, variant: Variant, walk: Walk, cases: Sequence[ViewerCase]) -> Tensor:
        """Return the candidates' scores [B, N+1]; -inf for padding and for what was watched."""
        scores = variant.model.table.scores(walk.preference, variant.items, walk.context.history)
        longest = max(len(case.history) for case in cases)
        watched = pad([[self._row_of[item] for item in case.history] for case in cases], longest)
        return scores.scatter(1, torch.from_numpy(watched).to(scores.device), float("-inf")).index_fill(
            1, scores.new_zeros(1, dtype=torch.long), float("-inf")
        )


def _walk(model: MealRec, items: Items, histories: Tensor, seed: int) -> Walk:
    context = model.context(last_states(model.encode(items, histories), histories), histories, items)
    return model.walk(context, items, torch.Generator().manual_seed(seed))


def _places(scores: Tensor, targets: Tensor) -> np.ndarray:
    """Return the targets' ranks [B], from 1; equal scores keep the catalogue's order, as in a recommendation."""
    own = scores.gather(1, targets[:, None])
    earlier = torch.arange(scores.shape[1], device=scores.device) < targets[:, None]
    return (1 + (scores > own).sum(1) + ((scores == own) & earlier).sum(1)).cpu().numpy()


def _frames(variant: Variant, features: ItemFeatures, rows: int | Tensor) -> Tensor:
    """Return the frames [..., K, D] of the given items that have any in this model."""
    chosen = torch.zeros_like(features.has_visual)
    chosen[rows] = True
    return variant.items.moments[chosen & features.has_visual & variant.model.table.uses_content].flatten(0, 1)


def _frame_places(variant: Variant, features: ItemFeatures, row: int) -> Tensor:
    """Return where an item's frames lie among the items [K, 2]: as those, without what all of them share."""
    mean = mean_frame(variant.items, features)
    return variant.item_map.project(variant.model.norm(_frames(variant, features, row) - mean))


def _apart(preference: Tensor, points: Tensor) -> Tensor:
    """Return the cosine distances of a preference [1, D] to points [M, D]."""
    return 1 - F.cosine_similarity(preference, points, dim=-1)


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
