"""Every set of frames of the last clip hidden once: what driving moments and their Shapley values
are read from.

A set is a number: frame k is hidden where bit k is set, so 0 is the whole clip and 2^K - 1 the clip
without frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
import torch

from mealrec.errors import DataFormatError
from mealrec.explain.evidence import runs
from mealrec.explain.walks import Walks
from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.progress import Progress

MOST_FRAMES, WALKS = 8, 1024
TOP = 10

Moments = tuple[tuple[int, ...], ...]
"""A clip's frames as runs of neighbours of one kind."""


@dataclass(frozen=True)
class Masked:
    """What R viewers are recommended under every set of hidden frames.

    `top` [R, 2^K]: the log-probability of the first recommendation; `same` [R, 2^K]: whether it is
    still the first; `stays` [R, 2^K]: how many of the ten stay among the ten; `moments`: each last
    clip's, R of them.
    """

    top: np.ndarray
    same: np.ndarray
    stays: np.ndarray
    moments: tuple[Moments, ...]


def hidden_sets(count: int) -> np.ndarray:
    """Return [2^K, K] bool: which frames each set hides."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)


def masked_outcomes(
    model: MealRec, items: Items, histories: np.ndarray, progress: Progress
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
    found: list[tuple[np.ndarray, ...]] = []
    moments: list[Moments] = []
    for part in progress.through(
        "hiding frames", torch.from_numpy(histories).split(max(1, WALKS // len(sets)))
    ):
        walks = Walks(model, items, part, hidden=sets.expand(len(part), -1, -1))
        of_top = walks.outcomes.take_along_dim(walks.top[:, None, None], 2).squeeze(2)
        ten = walks.ends.topk(min(TOP, walks.ends.shape[-1]), -1).indices
        stays = (ten.unsqueeze(-1) == ten[:, :1].unsqueeze(-2)).any(-1).sum(-1)
        found.append(
            tuple(values.numpy() for values in (of_top, ten[..., 0] == ten[:, :1, 0], stays))
        )
        moments += [runs(items.moments[last]) for last in walks.last]
    return Masked(*(np.concatenate(values) for values in zip(*found, strict=True)), tuple(moments))


def over_moments(values: np.ndarray, moments: Moments) -> np.ndarray:
    """Return one viewer's outcomes [2^K] under every set of the clip's M moments [2^M]."""
    bits = np.array([sum(1 << frame for frame in moment) for moment in moments])
    return values[hidden_sets(len(moments)) @ bits]


def falls(values: np.ndarray) -> np.ndarray:
    """Return how far the outcome [R, 2^K] falls when frame k alone is hidden [R, K]."""
    return values[:, :1] - values[:, 1 << np.arange(_count(values))]


def worth(values: np.ndarray) -> np.ndarray:
    """Return the mean of frame k's fall when it alone is hidden and its gain when it alone is shown
    [R, K].

    The first and the last term of its Shapley value, for 2K + 2 walks in place of 2^K; all of it up
    to K = 2.
    """
    everything = values.shape[1] - 1
    shown_alone = values[:, everything - (1 << np.arange(_count(values)))] - values[:, -1:]
    return (falls(values) + shown_alone) / 2


def shapley(values: np.ndarray) -> np.ndarray:
    """Return each frame's Shapley value [R, K]: its fall, averaged over all orders in which
    frames may be hidden."""
    count = _count(values)
    shares = np.zeros((len(values), count))
    for number, hides in enumerate(hidden_sets(count)):
        hidden = int(hides.sum())
        for frame in np.flatnonzero(~hides):
            weight = factorial(hidden) * factorial(count - 1 - hidden) / factorial(count)
            shares[:, frame] += weight * (values[:, number] - values[:, number | 1 << frame])
    return shares


def set_of(frames: Sequence[int]) -> int:
    """Return the number of the set that hides these frames."""
    return sum(1 << frame for frame in frames)


def _count(values: np.ndarray) -> int:
    return values.shape[1].bit_length() - 1
