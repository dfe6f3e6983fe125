"""Hit ratio and NDCG over a full ranking (Sec. 5.2), and the paired test between two systems."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import stats

CUTOFFS = (10, 20)


def ranks(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return each target's rank, from 1; a tie counts half of the tied items as ahead.

    `scores` [R, N+1] with -inf for what may not be ranked (column 0 among it); `targets` [R].
    """
    ahead, tied = places(scores, np.take_along_axis(scores, targets[:, None], 1))
    return 1.0 + ahead + (tied - 1) / 2


def places(scores: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many of the scores [R, M] are above each row's `own` [R, 1], and how many equal
    it [R]."""
    return np.count_nonzero(scores > own, axis=1), np.count_nonzero(scores == own, axis=1)


def hits(rank: np.ndarray, k: int) -> np.ndarray:
    """Return 1 where the target is among the first k. H@k is its mean."""
    return (rank <= k).astype(float)


def ndcg(rank: np.ndarray, k: int) -> np.ndarray:
    """Return 1 / log2(rank + 1) within the first k, else 0. N@k is its mean (one target a row)."""
    return np.where(rank <= k, 1.0 / np.log2(rank + 1), 0.0)


METRICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    f"{name}@{k}": partial(of, k=k) for k in CUTOFFS for name, of in (("H", hits), ("N", ndcg))
}


def summary(rank: np.ndarray) -> dict[str, float]:
    """Return H and N at 10 and 20."""
    return {name: float(metric(rank).mean()) for name, metric in METRICS.items()}


def paired_p(first: np.ndarray, second: np.ndarray) -> float:
    """Return the two-sided p of a paired t-test over the same rows; 1.0 where nothing differs."""
    if np.array_equal(first, second):
        return 1.0
    return float(stats.ttest_rel(first, second).pvalue)


def paired(first: np.ndarray, second: np.ndarray) -> dict[str, float | None]:
    """Return how far `first` stands above `second` over the same rows [R], and the two-sided p of a
    paired t-test.

    "difference" of the means and "gain", that over the second's mean (None where it is 0), are
    positive where `first` is the higher; p says nothing of the direction.
    """
    difference, base = float(first.mean() - second.mean()), float(second.mean())
    return {
        "difference": difference,
        "gain": difference / base if base else None,
        "p": paired_p(first, second),
    }
