"""Test viewers under a loaded model: where each true next item stands, and one viewer on the map
(Fig. 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mealrec.bundle.contents import ViewerCase
from mealrec.data.interactions import pad
from mealrec.explain.trace import KindMap, ViewerMap
from mealrec.explain.tracing import Ranking, as_sure
from mealrec.explain.walks import Walks
from mealrec.recommender.stage import Variant

BATCH = 64
FIRST = 5


class Inspection:
    """The test viewers of a bundle; `row_of` maps an item's id to its index, `has_segments` as
    in `ViewerMap`."""

    def __init__(
        self, cases: Sequence[ViewerCase], row_of: Mapping[str, int], has_segments: bool = False
    ):
        self._cases = {case.viewer_id: case for case in cases}
        self._row_of, self._item_ids = row_of, ("", *row_of)
        self._has_segments = has_segments

    def __contains__(self, viewer_id: str) -> bool:
        return viewer_id in self._cases

    @torch.inference_mode()
    def ranks(self, variant: Variant, seed: int) -> Iterator[np.ndarray]:
        """Yield the true next items' ranks, from 1, a batch of viewers at a time."""
        cases = list(self._cases.values())
        for start in range(0, len(cases), BATCH):
            some = cases[start : start + BATCH]
            scores = self._walks(variant, some, seed).ends[:, 0]
            yield _places(
                scores,
                torch.tensor([self._row_of[case.target] for case in some], device=scores.device),
            )

    @torch.inference_mode()
    def map(self, variant: Variant, catalogue: KindMap, viewer_id: str, seed: int) -> ViewerMap:
        """Walk one viewer's history and place everything that belongs to it in the map of the
        catalogue.

        Paper: Fig. 7. Departs: the place is the mean of the kinds' places, weighed by what the
        preference wants of each; the distances are measured among the kinds, before anything is
        placed.
        """
        case, items = self._cases[viewer_id], variant.items
        walks = self._walks(variant, [case], seed)
        ranking, target = Ranking.of(walks.ends[0], walks.candidates[0]), self._row_of[case.target]
        others = torch.ones(len(items), dtype=torch.bool, device=items.bias.device)
        others[[0, target, *(self._row_of[item] for item in case.history)]] = False
        path = [as_sure(step.xt[0], step.x0_hat[0]) for step in walks.walk.npd]
        start, preference = walks.walk.context.start[0], walks.preferences[0, 0]
        stages = [start, preference[: len(start)], *path]
        wanted = variant.model.table.wanted(torch.stack(stages), items.anybody)
        lift = variant.anybody.lift(variant.model, preference)
        start, end, *path = _numpy(wanted) @ np.array([kind.place for kind in catalogue.kinds])
        return ViewerMap(
            viewer_id=viewer_id,
            history=case.history,
            target=case.target,
            rank=int(ranking.ranks_of(target)[0]),
            candidates=len(ranking.candidates),
            first=tuple(self._item_ids[row] for row in ranking.top(FIRST)),
            map=catalogue,
            start=start,
            path=np.array(path).reshape(-1, 2),
            end=end,
            wanted=_numpy(wanted[1]),
            distances=_apart(lift, items.kinds[1:]),
            liked=_apart(lift, items.moments[target]),
            other=_apart(lift, items.moments[others].flatten(0, 1)),
            has_segments=self._has_segments,
        )

    def _walks(self, variant: Variant, cases: Sequence[ViewerCase], seed: int) -> Walks:
        rows = [[self._row_of[item] for item in case.history] for case in cases]
        histories = torch.from_numpy(pad(rows, variant.model.config.max_length))
        # all of it, also what the model does not see
        watched = torch.from_numpy(pad(rows, max(map(len, rows))))
        free = torch.ones(len(cases), len(variant.items), dtype=torch.bool).scatter(
            1, watched, False
        )
        free[:, 0] = False
        device = variant.items.bias.device
        return Walks(variant.model, variant.items, histories.to(device), seed, free.to(device))


def _apart(lift: Tensor, shares: Tensor) -> np.ndarray:
    """Return the cosine distances of a lift over anybody [J] to shares of kinds [M, J]."""
    return _numpy(1 - torch.cosine_similarity(lift, shares, dim=-1))


def _places(scores: Tensor, targets: Tensor) -> np.ndarray:
    """Return the targets' ranks [B], from 1; equal scores keep the catalogue's order, as in a
    recommendation."""
    own = scores.gather(1, targets[:, None])
    earlier = torch.arange(scores.shape[1], device=scores.device) < targets[:, None]
    return (1 + (scores > own).sum(1) + ((scores == own) & earlier).sum(1)).cpu().numpy()


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
