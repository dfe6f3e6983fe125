"""Gaussian noise on visual features: how far an answer stands on what the clips look like."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mealrec.types import ItemFeatures

_CHUNK = 4096  # rows at a time


@dataclass(frozen=True)
class VisualSpread:
    """The deviation of each kind of visual feature over all items that have any: Fig. 5's unit."""

    frames: float
    global_visual: float

    @classmethod
    def of(cls, features: ItemFeatures) -> VisualSpread:
        """Measure the items of a catalogue; 0 where fewer than two numbers are there to measure."""
        return cls(
            frames=_deviation(features.frames, features.has_visual),
            global_visual=_deviation(features.global_visual, features.has_visual),
        )


def noisy(
    features: ItemFeatures, sigma: float, generator: torch.Generator, spread: VisualSpread
) -> ItemFeatures:
    """Return the features with noise on the frames and on their summaries; titles stay.

    Paper: Fig. 5, σ. Departs: σ counts standard deviations of the kind, `spread`. The same
    generator state gives the same noise at every σ, only scaled.
    """

    # Drawn on the CPU, so that a seed means the same noise on every device.
    def disturbed(values: Tensor, deviation: float) -> Tensor:
        noise = torch.randn(values.shape, generator=generator).to(values.device)
        return values + sigma * deviation * noise

    return features.replace(
        frames=disturbed(features.frames, spread.frames),
        global_visual=disturbed(features.global_visual, spread.global_visual),
    )


def _deviation(values: Tensor, shown: Tensor) -> float:
    """Return the standard deviation of the rows shown, chunk by chunk.

    A large catalogue is not copied for it.
    """
    # In double precision: squares of many numbers are summed.
    count = 0
    total = 0.0
    squares = 0.0
    for rows, keep in zip(values.split(_CHUNK), shown.split(_CHUNK), strict=True):
        kept = rows[keep].double()
        count += kept.numel()
        total += float(kept.sum())
        squares += float(kept.square().sum())
    if count < 2:
        return 0.0

    # Rounding may leave a little less than nothing.
    variance = (squares - total**2 / count) / (count - 1)
    return max(0.0, variance) ** 0.5
