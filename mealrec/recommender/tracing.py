"""Turns one walk into the trace's frozen numpy values: a few matrix products, no loop over items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.diffusion.sampler import DiffusionStep
from mealrec.recommender.planes import Projection
from mealrec.recommender.trace import NPDStep, TCDStep


@dataclass(frozen=True)
class Ranking:
    """The candidates' order at each of S steps: `scores` [S, M] of `candidates` [M], item indices in rising order.

    Equal scores keep the catalogue's order. Only what is asked for is sorted: a whole order of a large catalogue at
    every step would cost more than the walks.
    """

    candidates: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, scores: Tensor, candidates: Tensor) -> Ranking:
        """Rank the candidates [M] by scores [S, M]."""
        return cls(_numpy(candidates), _numpy(scores))

    def top(self, k: int, step: int = -1) -> np.ndarray:
        """Return the item indices of the first k at a step."""
        return self.candidates[self._best(k, step)]

    def final_ranks(self, k: int) -> np.ndarray:
        """Return the ranks [S, k], from 1, that the final top-k have at each step."""
        final = self._best(k, -1)
        ranks = [ranks_at(self.scores, place) for place in final]
        return np.stack(ranks, 1) if ranks else np.empty((len(self.scores), 0), int)

    def rank_of(self, item: int, step: int = -1) -> int:
        """Return the rank, from 1, that a candidate has at a step."""
        return int(self.ranks_of(item)[step])

    def ranks_of(self, item: int) -> np.ndarray:
        """Return the rank [S], from 1, that a candidate has at each step."""
        return ranks_at(self.scores, int(np.flatnonzero(self.candidates == item)[0]))

    def _best(self, k: int, step: int) -> np.ndarray:
        row = self.scores[step]
        places = np.flatnonzero(row >= np.partition(row, -k)[-k]) if k < len(row) else np.arange(len(row))
        return places[np.argsort(-row[places], kind="stable")][:k]


def ranks_at(scores: np.ndarray, place: int) -> np.ndarray:
    """Return the rank [S], from 1, of the item at a place of scores [S, M]."""
    own = scores[:, place : place + 1]
    return 1 + np.count_nonzero(scores > own, 1) + np.count_nonzero(scores[:, :place] == own, 1)


def tcd_steps(steps: Sequence[DiffusionStep], project: Projection, row: int = 0) -> tuple[TCDStep, ...]:
    """Return TCD's trace for one row of a walk: z_t and ẑ_0^(t), both with their shadows."""
    if not steps:
        return ()
    latents, clean = (torch.stack([getattr(step, name)[row] for step in steps]) for name in ("xt", "x0_hat"))
    distance = (latents - clean[-1]).norm(dim=-1)
    columns = [_numpy(values) for values in (latents, clean, project(latents), project(clean), distance)]
    return tuple(TCDStep(step.diffusion_step, *row) for step, *row in zip(steps, *columns, strict=True))


def npd_steps(
    steps: Sequence[DiffusionStep],
    project: Projection,
    ranking: Ranking,
    item_ids: Sequence[str],
    k: int,
    row: int = 0,
) -> tuple[NPDStep, ...]:
    """Return NPD's trace for one row of a walk; `ranking` is that of its S clean preferences.

    `item_ids[i]` names item index i.
    """
    if not steps:
        return ()
    noisy, clean = (torch.stack([getattr(step, name)[row] for step in steps]) for name in ("xt", "x0_hat"))
    cosine, distance = F.cosine_similarity(noisy, clean[-1:], dim=-1), (noisy - clean[-1]).norm(dim=-1)
    values = (noisy, clean, project(noisy), project(clean), cosine, distance)
    noisy, clean, plane, plane_clean, cosine, distance = (_numpy(value) for value in values)
    final_ranks = ranking.final_ranks(k)
    return tuple(
        NPDStep(
            diffusion_step=step.diffusion_step,
            preference=noisy[index],
            clean=clean[index],
            plane=plane[index],
            plane_clean=plane_clean[index],
            cosine=float(cosine[index]),
            distance=float(distance[index]),
            top_item_ids=tuple(item_ids[item] for item in ranking.top(k, index)),
            final_ranks=final_ranks[index],
        )
        for index, step in enumerate(steps)
    )


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
