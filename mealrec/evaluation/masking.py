"""Every set of frames of the last clip hidden once: what curves, Shapley values and the best order are read from.

A set is a number: frame k is hidden where bit k is set, so 0 is the whole clip and 2^K - 1 the clip without frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np
import torch
from torch import Tensor

from mealrec.errors import DataFormatError
from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.recommender.scene import Scene
from mealrec.types import ItemFeatures

MOST_FRAMES, WALKS = 8, 768


@dataclass(frozen=True)
class Masked:
    """Log-probabilities [R, 2^K] of each row's `top` (its first recommendation) and `target` under every set."""

    top: np.ndarray
    target: np.ndarray


def hidden_sets(count: int) -> np.ndarray:
    """Return [2^K, K] bool: which frames each set hides."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)


def masked_outcomes(
    model: MealRec, features: ItemFeatures, items: Items, histories: np.ndarray, targets: np.ndarray
) -> Masked:
    """Walk histories [R, L] under every set of hidden frames; all walks share one noise.

    Raises DataFormatError where the clips have more frames than can be tried out.
    """
    count = items.moments.shape[1]
    if count > MOST_FRAMES:
        raise DataFormatError(
            f"every set of a clip's frames is hidden once: up to {MOST_FRAMES} frames are expected, "
            f"{count} came: extract fewer frames to test explanations."
        )
    sets = torch.from_numpy(hidden_sets(count))
    tops, wanted = [], []
    rows, aims = torch.from_numpy(histories), torch.from_numpy(targets)
    chunk = max(1, WALKS // len(sets))
    for part, aim in zip(rows.split(chunk), aims.split(chunk), strict=True):
        scene = Scene(model, features, items, part, hidden=sets.expand(len(part), -1, -1))
        tops.append(_of(scene, scene.top))
        wanted.append(_of(scene, aim))
    return Masked(np.concatenate(tops), np.concatenate(wanted))


def falls(values: np.ndarray) -> np.ndarray:
    """Return how far the outcome [R, 2^K] falls when frame k alone is hidden [R, K]."""
    count = _count(values)
    return values[:, :1] - values[:, 1 << np.arange(count)]


def shapley(values: np.ndarray) -> np.ndarray:
    """Return each frame's Shapley value [R, K]: its fall, averaged over all orders in which frames may be hidden."""
    count = _count(values)
    sets = hidden_sets(count)
    shares = np.zeros((len(values), count))
    for number, hides in enumerate(sets):
        hidden = int(hides.sum())
        for frame in np.flatnonzero(~hides):
            weight = factorial(hidden) * factorial(count - 1 - hidden) / factorial(count)
            shares[:, frame] += weight * (values[:, number] - values[:, number | 1 << frame])
    return shares


def curves(values: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the outcome as frames are removed and as they are added in `order` [R, K]: two times [R, K + 1]."""
    bits = np.cumsum(1 << order, 1)
    gone = np.concatenate([np.zeros_like(bits[:, :1]), bits], 1)
    return np.take_along_axis(values, gone, 1), np.take_along_axis(values, bits[:, -1:] - gone, 1)


def areas(values: np.ndarray, relevance: np.ndarray, reverse: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return the areas [R] under the deletion and the insertion curve, most relevant frame first (or last).

    A curve is the outcome less that of the whole clip, over the share of frames: deletion should be low, insertion
    high.
    """
    order = np.argsort(relevance if reverse else -relevance, axis=1, kind="stable")
    return tuple(_area(curve - values[:, :1]) for curve in curves(values, order))


def gap(values: np.ndarray, relevance: np.ndarray, reverse: bool = False) -> np.ndarray:
    """Return insertion less deletion [R]: 0 for an order that says nothing."""
    deletion, insertion = areas(values, relevance, reverse)
    return insertion - deletion


def best_gap(values: np.ndarray) -> np.ndarray:
    """Return the largest gap [R] that any order of the frames reaches, each row's own best."""
    count = _count(values)
    orders = [np.broadcast_to(order, (len(values), count)) for order in permutations(range(count))]
    return np.max([gap(values, -np.argsort(order, 1)) for order in orders], 0)


def _area(curve: np.ndarray) -> np.ndarray:
    return ((curve[:, 1:] + curve[:, :-1]) / 2).mean(1)


def _count(values: np.ndarray) -> int:
    return values.shape[1].bit_length() - 1


def _of(scene: Scene, items: Tensor) -> np.ndarray:
    return scene.outcomes.take_along_dim(items[:, None, None], 2).squeeze(2).cpu().numpy()
