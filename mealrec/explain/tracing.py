"""Turns one walk into the trace's frozen numpy values: a few matrix products, no loop over
items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.explain.forms import Model
from mealrec.explain.trace import NPDStep, TCDStep
from mealrec.models.diffusions import Walk


@dataclass(frozen=True)
class Ranking:
    """The candidates' order by each of S rows of scores: `scores` [S, M] of `candidates` [M], items
    in rising order.

    Equal scores keep the catalogue's order. Only what is asked for is sorted: a whole order of a
    large catalogue at every step would cost more than the walks.
    """

    candidates: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, scores: Tensor, candidates: Tensor) -> Ranking:
        """Rank the items [N+1] that are `candidates` [N+1] bool by scores [S, N+1]."""
        rows = candidates.nonzero().squeeze(1)
        return cls(_numpy(rows), _numpy(scores[:, rows]))

    def top(self, k: int, step: int = -1) -> np.ndarray:
        """Return the item indices of the first k at a step."""
        return self.candidates[self._best(k, step)]

    def final_ranks(self, k: int) -> np.ndarray:
        """Return the ranks [S, k], from 1, that the final top-k have at each step."""
        final = self._best(k, -1)
        ranks = [ranks_at(self.scores, place) for place in final]
        return np.stack(ranks, 1) if ranks else np.empty((len(self.scores), 0), int)

    def ranks_of(self, item: int) -> np.ndarray:
        """Return the rank [S], from 1, that a candidate has at each step."""
        return ranks_at(self.scores, int(np.searchsorted(self.candidates, item)))

    def _best(self, k: int, step: int) -> np.ndarray:
        row = self.scores[step]
        places = (
            np.flatnonzero(row >= np.partition(row, -k)[-k])
            if k < len(row)
            else np.arange(len(row))
        )
        return places[np.argsort(-row[places], kind="stable")][:k]


def ranks_at(scores: np.ndarray, place: int) -> np.ndarray:
    """Return the rank [S], from 1, of the item at a place of scores [S, M]."""
    own = scores[:, place : place + 1]
    return 1 + np.count_nonzero(scores > own, 1) + np.count_nonzero(scores[:, :place] == own, 1)


def tcd_steps(model: Model, walk: Walk, row: int, place: int) -> tuple[TCDStep, ...]:
    """Return TCD's trace over one clip: that at a `place` of a row of the walk, or the row's
    only one."""
    if not walk.tcd:
        return ()
    place = min(place, walk.tcd[0].zt.shape[1] - 1)
    latents, shares, attention = (
        torch.stack([getattr(step, name)[row, place] for step in walk.tcd])
        for name in ("zt", "shares", "attention")
    )
    distance = (latents - model.tcd.encode(shares[-1])).norm(dim=-1)
    columns = [_numpy(values) for values in (latents, shares, attention, distance)]
    return tuple(
        TCDStep(step.diffusion_step, *values)
        for step, *values in zip(walk.tcd, *columns, strict=True)
    )


def npd_steps(
    model: Model,
    walk: Walk,
    anybody: Tensor,
    ranking: Ranking,
    item_ids: Sequence[str],
    k: int,
    row: int,
) -> tuple[NPDStep, ...]:
    """Return NPD's trace for one row of a walk; `ranking` is that of its S clean preferences.

    `anybody` [J] is the catalogue's, `item_ids[i]` names item index i. Cosine and distance are to
    the walk's end on x_t's own scale, at unit variance.
    """
    if not walk.npd:
        return ()
    noisy, clean = (
        torch.stack([getattr(step, name)[row] for step in walk.npd]) for name in ("xt", "x0_hat")
    )
    end = model.sphere(clean[-1:])
    shares = model.table.wanted(torch.cat([clean, as_sure(noisy, clean)]), anybody)
    values = (
        noisy,
        clean,
        *shares.chunk(2),
        F.cosine_similarity(noisy, end, dim=-1),
        (noisy - end).norm(dim=-1),
    )
    noisy, clean, wanted, noisy_wanted, cosine, distance = (_numpy(value) for value in values)
    final_ranks = ranking.final_ranks(k)
    return tuple(
        NPDStep(
            diffusion_step=step.diffusion_step,
            preference=noisy[index],
            clean=clean[index],
            wanted=wanted[index],
            noisy_wanted=noisy_wanted[index],
            cosine=float(cosine[index]),
            distance=float(distance[index]),
            top_item_ids=tuple(item_ids[item] for item in ranking.top(k, index)),
            final_ranks=final_ranks[index],
        )
        for index, step in enumerate(walk.npd)
    )


def as_sure(noisy: Tensor, clean: Tensor) -> Tensor:
    """Return x_t [..., J], which lives at unit variance, at the length of x̂_0 [..., J]: both
    then want as firmly."""
    return noisy * clean.std(-1, keepdim=True, correction=0)


def _numpy(values: Tensor) -> np.ndarray:
    return values.cpu().numpy()
