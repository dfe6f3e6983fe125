"""Order by scores: what comes first, an item's rank; hit ratio, NDCG (Sec. 5.2), paired tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

Array = TypeVar("Array")
"""A numpy array, or a torch tensor on any device: this module needs no torch."""

CUTOFFS = (10, 20)
HALF = "half"
ORDER = "order"


def ranks_of(scores: Array, targets: Array, ties: str = HALF) -> Array:
    """Return each row's rank [R], from 1, of its target among all scores.

    The one counter of ranks, with one of two rules for equal scores. HALF counts half of those
    tied with the target as ahead, the mean over all their orders: a system gains nothing from
    scoring everything alike. H@k and N@k are worked out of it. ORDER counts those of a smaller
    index as ahead: the place in a list that is shown, which keeps the catalogue's order.

    `scores` [R, N] with -inf for what may not be ranked; `targets` [R], columns of the scores.
    Numpy arrays; with HALF torch tensors as well.
    """
    # What stands above each target, and what equals it, the target itself among that.
    rows = np.arange(len(scores))
    own = scores[rows, targets][:, None]
    ahead = (scores > own).sum(1)
    tied = scores == own
    # The place among equals.
    if ties == HALF:
        return 1.0 + ahead + (tied.sum(1) - 1) / 2
    earlier = np.arange(scores.shape[1]) < targets[:, None]
    return 1 + ahead + (tied & earlier).sum(1)


def both_ranks(scores: Array, histories: Array, targets: Array) -> tuple[Array, Array]:
    """Return each target's rank [R] with its history left in the ranking, and with it masked.

    `scores` [R, N+1] with -inf for what may not be ranked; `histories` [R, L], 0 on padding;
    `targets` [R]. Numpy arrays or torch tensors.
    """
    rows = np.arange(len(scores))
    own = scores[rows, targets]
    unmasked = ranks_of(scores, targets)

    # The masked rank is the unmasked one less what of the history is ahead, each item once.
    watched = 0.0
    for place in range(histories.shape[1]):
        item = histories[:, place]
        repeated = (histories[:, :place] == item[:, None]).any(1)
        theirs = scores[rows, item]
        ahead = (theirs > own) + (theirs == own) / 2
        watched = watched + ahead * ~repeated
    masked = unmasked - watched

    # A target that is masked itself, or no candidate, stands among all the others that are.
    lost = (histories == targets[:, None]).any(1) | (own == -np.inf)
    if lost.any():
        left = scores[lost]
        left[np.arange(len(left))[:, None], histories[lost]] = -np.inf
        masked[lost] = ranks_of(left, targets[lost])
    return unmasked, masked


@dataclass(frozen=True)
class Ranking:
    """The candidates' order by each of S rows of scores.

    `scores` [S, C] are those of the C `candidates` [C], items in rising order. Equal scores keep
    the catalogue's order. Only what is asked for is sorted: a whole order of a large catalogue at
    every step would cost more than the walks.
    """

    candidates: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, candidates: np.ndarray) -> Ranking:
        """Rank the items [N+1] that are `candidates` [N+1] bool by scores [S, N+1]."""
        rows = np.flatnonzero(candidates)
        return cls(rows, scores[:, rows])

    def top(self, k: int, step: int = -1) -> np.ndarray:
        """Return the item indices of the first k at a step."""
        return self.candidates[self._best(k, step)]

    def final_ranks(self, k: int) -> np.ndarray:
        """Return the ranks [S, k], from 1, that the final top-k have at each step."""
        ranks = [self._ranks_at(place) for place in self._best(k, -1)]
        return np.stack(ranks, 1) if ranks else np.empty((len(self.scores), 0), int)

    def ranks_of(self, item: int) -> np.ndarray:
        """Return the rank [S], from 1, that a candidate has at each step."""
        return self._ranks_at(int(np.searchsorted(self.candidates, item)))

    def _ranks_at(self, place: int) -> np.ndarray:
        return ranks_of(self.scores, np.full(len(self.scores), place), ORDER)

    def _best(self, k: int, step: int) -> np.ndarray:
        """Return the places of the first k among the candidates, best first."""
        # Sort only what may be among them: all that is as good as the k-th, ties with it.
        row = self.scores[step]
        places = np.arange(len(row))
        if k < len(row):
            kth_best = np.partition(row, -k)[-k]
            places = np.flatnonzero(row >= kth_best)
        best_first = np.argsort(-row[places], kind="stable")
        return places[best_first][:k]


def hits(rank: np.ndarray, k: int) -> np.ndarray:
    """Return 1 where the target is among the first k. H@k is its mean."""
    return (rank <= k).astype(float)


def ndcg(rank: np.ndarray, k: int) -> np.ndarray:
    """Return 1 / log2(rank + 1) within the first k, else 0. N@k is its mean (one target a row)."""
    return np.where(rank <= k, 1.0 / np.log2(rank + 1), 0.0)


METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {}
for _k in CUTOFFS:
    METRICS[f"H@{_k}"] = partial(hits, k=_k)
    METRICS[f"N@{_k}"] = partial(ndcg, k=_k)


def summary(rank: np.ndarray) -> dict[str, float]:
    """Return H and N at 10 and 20."""
    return {name: float(metric(rank).mean()) for name, metric in METRICS.items()}


def paired_p(first: np.ndarray, second: np.ndarray) -> float:
    """Return the two-sided p of a paired t-test over the same rows; 1.0 where nothing differs."""
    # Half a second that a page, which only ranks, need not wait for.
    from scipy import stats

    if np.array_equal(first, second):
        return 1.0
    return float(stats.ttest_rel(first, second).pvalue)


def paired(first: np.ndarray, second: np.ndarray) -> dict[str, float | None]:
    """Hold `first` against `second` over the same rows [R].

    Returns "difference" of the means, "gain", that over the second's mean (None where it is 0), and
    "p", two-sided, of a paired t-test. Difference and gain are positive where `first` is the
    higher; p says nothing of the direction.
    """
    # A gain over nothing cannot be told.
    base = float(second.mean())
    difference = float(first.mean() - second.mean())
    return {
        "difference": difference,
        "gain": difference / base if base else None,
        "p": paired_p(first, second),
    }
