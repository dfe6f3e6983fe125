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
    """The candidates' order at each of S steps; `order` [S, M] and `ranks` [S, M] index `candidates` [M].

    `order[s, 0]` is the best candidate at step s; `ranks[s, c]` is candidate c's place, from 1.
    """

    candidates: np.ndarray
    order: np.ndarray
    ranks: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, scores: Tensor, candidates: Tensor) -> Ranking:
        """Rank the candidates [M] by scores [S, N+1]; equal scores keep the catalogue's order."""
        scores = scores[:, candidates]
        order = scores.argsort(dim=1, descending=True, stable=True)
        places = torch.arange(1, len(candidates) + 1, device=order.device).expand_as(order)
        ranks = torch.empty_like(order).scatter_(1, order, places)
        return cls(*(values.cpu().numpy() for values in (candidates, order, ranks, scores)))

    def top(self, k: int, step: int = -1) -> np.ndarray:
        """Return the item indices of the first k at a step."""
        return self.candidates[self.order[step, :k]]

    def final_ranks(self, k: int) -> np.ndarray:
        """Return the ranks [S, k] that the final top-k have at each step."""
        return self.ranks[:, self.order[-1, :k]]


def tcd_steps(steps: Sequence[DiffusionStep], project: Projection) -> tuple[TCDStep, ...]:
    """Return TCD's trace for the first row of a walk: z_t and ẑ_0^(t), both with their shadows."""
    if not steps:
        return ()
    latents, clean = (torch.stack([getattr(step, name)[0] for step in steps]) for name in ("xt", "x0_hat"))
    distance = (latents - clean[-1]).norm(dim=-1)
    columns = [_numpy(values) for values in (latents, clean, project(latents), project(clean), distance)]
    return tuple(TCDStep(step.diffusion_step, *row) for step, *row in zip(steps, *columns, strict=True))


def npd_steps(
    steps: Sequence[DiffusionStep], project: Projection, ranking: Ranking, item_ids: Sequence[str], k: int
) -> tuple[NPDStep, ...]:
    """Return NPD's trace for the first row of a walk; `ranking` is that of its S clean preferences.

    `item_ids[i]` names item index i.
    """
    if not steps:
        return ()
    noisy, clean = (torch.stack([getattr(step, name)[0] for step in steps]) for name in ("xt", "x0_hat"))
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
