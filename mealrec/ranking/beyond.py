"""What lists are worth next to accuracy.

How much of the catalogue they reach, how alike and how well known they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.ranking.ranks import Ranks

NAMES = {
    "coverage": "coverage",
    "gini": "Gini",
    "diversity": "diversity",
    "novelty": "novelty, bits",
    "unclicked": "without a click",
}
FIGURES = tuple(NAMES)
NOTES = """
Beside accuracy, of every test user's first ten items, those of the history left out. Coverage: the
share of all candidates that anybody is recommended. Gini: how unevenly recommendations fall on the
candidates; 0 is evenly, 1 all on one. Diversity: 1 less the mean cosine of two items of a list by
content. Novelty: -log2 of an item's share of the training clicks, one click added to each. Without
a click: the share of recommended items that training never saw clicked. More is not better in
itself: a random list is diverse, novel and covers everything.
"""
_BLOCK = 2048
# Clicks that every candidate has on top of its own, so that an item without any has a share.
_ADDED = 1


@dataclass(frozen=True)
class Background:
    """What lists are held against.

    `candidates` [N+1] bool; `clicks` [N+1] of training; `content` [N+1, C]: one unit vector an
    item, 0 where nothing is known of it, so that it is like no other.
    """

    candidates: np.ndarray
    clicks: np.ndarray
    content: Tensor

    @classmethod
    def of(
        cls, train: Sequence[Sequence[int]], candidates: np.ndarray, content: Tensor
    ) -> Background:
        """Count the clicks of training sequences."""
        clicked = np.array([item for sequence in train for item in sequence], np.int64)
        clicks = np.bincount(clicked, minlength=len(candidates))
        return cls(candidates, clicks, content.cpu())


def beside_accuracy(top: np.ndarray, background: Background) -> dict[str, float]:
    """Return FIGURES of lists `top` [R, 10] of item indices, 0 where a list is shorter.

    NOTES says what they are.
    """
    candidates = background.candidates
    clicks = background.clicks
    items = top[top > 0]
    if not len(items):
        return dict.fromkeys(FIGURES, float("nan"))
    # How often each candidate is recommended, and what part of all clicks each item has.
    times = np.bincount(items, minlength=len(candidates))[candidates]
    share = (clicks + _ADDED) / (clicks[candidates] + _ADDED).sum()
    return {
        "coverage": float((times > 0).mean()),
        "gini": gini(times),
        "diversity": diversity(top, background.content),
        "novelty": float(-np.log2(share[items]).mean()),
        "unclicked": float((clicks[items] == 0).mean()),
    }


def gini(times: np.ndarray) -> float:
    """Return how unevenly counts [N] are spread.

    It is the mean difference of two of them, over twice their mean: 0 is evenly; all on one of N is
    1 - 1 / N.
    """
    # In rising order, item i is above i others and below the rest.
    count = len(times)
    ordered = np.sort(times).astype(float)
    places = 2 * np.arange(1, count + 1) - count - 1
    return float(places @ ordered / (count * ordered.sum()))


def diversity(top: np.ndarray, content: Tensor) -> float:
    """Return the mean over lists [R, 10] of 1 less the mean cosine of two items of a list.

    `content` [N+1, C] are unit vectors or 0. A list of fewer than two items is left out.
    """
    # 1 for an item of which something is known, else 0.
    lengths = content.square().sum(1)
    found = []
    for lists in torch.from_numpy(top.astype(np.int64)).split(_BLOCK):
        lists = lists[(lists > 0).sum(1) > 1]
        present = lists > 0
        count = present.sum(1)
        # Over ordered pairs: the square of the sum holds each item with itself as well.
        whole = F.embedding_bag(lists, content, mode="sum", padding_idx=0)
        alike = whole.square().sum(1) - (lengths[lists] * present).sum(1)
        found.append(1 - alike / (count * (count - 1)))
    return float(torch.cat(found).double().mean())


def over_seeds(
    ranks: Sequence[Ranks], background: Background, ddof: int = 0
) -> dict[str, dict[str, float]] | None:
    """Return {figure: its mean and standard deviation over seeds}.

    None where a seed's lists were not kept.
    """
    # Ranks that were stored before lists were kept have none.
    if any(rank.top is None for rank in ranks):
        return None
    # Figures of every seed, then over them.
    values = [beside_accuracy(rank.top, background) for rank in ranks]
    found = {}
    for name in FIGURES:
        each = [value[name] for value in values]
        sd = float(np.std(each, ddof=ddof)) if len(each) > ddof else 0.0
        found[name] = {"mean": float(np.mean(each)), "sd": sd}
    return found
