"""What an encoder sees in a frame, in words: the classes it finds most likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mealrec.errors import DataFormatError

SHOWN = 3


@dataclass(frozen=True)
class Sight:
    """A class and how likely the encoder finds it, 0 to 1; all classes' chances add up to 1."""

    name: str
    chance: float


def sights(
    roots: np.ndarray, labels: Sequence[str], temperature: float, count: int = SHOWN
) -> tuple[tuple[Sight, ...], ...]:
    """Return the `count` likeliest classes of each frame, likeliest first.

    `roots` [K, C] are features as a classifier makes them: square roots of probabilities at a
    temperature. Raised to twice that they are the probabilities at temperature 1, but for a factor.
    Raises DataFormatError where there are not C labels.
    """
    if roots.ndim != 2 or roots.shape[1] != len(labels):
        raise DataFormatError(
            f"Features [K, {len(labels)}] of an encoder with {len(labels)} classes are expected, {list(roots.shape)} "
            "came: name the encoder that made them."
        )
    scale = roots.max(1, keepdims=True, initial=1e-30)
    chances = (roots.astype(np.float64) / scale) ** (2 * temperature)
    chances /= chances.sum(1, keepdims=True)
    best = np.argsort(-chances, axis=1, kind="stable")[:, :count]
    return tuple(
        tuple(Sight(labels[index], float(frame[index])) for index in row)
        for frame, row in zip(chances, best, strict=True)
    )
