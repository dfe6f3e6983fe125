"""Gaussian noise on visual features: how far an answer stands on what the clips look like (Fig.
5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mealrec.types import ItemFeatures

_CHUNK = 4096


@dataclass(frozen=True)
class VisualSpread:
    """The standard deviation of each kind of visual feature over all items that have any: the
    unit of Fig. 5's σ."""

    frames: float
    global_visual: float

    @classmethod
    def of(cls, features: ItemFeatures) -> VisualSpread:
        """Measure the items of a catalogue; 0 where fewer than two numbers are there to measure."""
        return cls(
            *(
                _deviation(values, features.has_visual)
                for values in (features.frames, features.global_visual)
            )
        )


def noisy(
    features: ItemFeatures, sigma: float, generator: torch.Generator, spread: VisualSpread
) -> ItemFeatures:
    """Return the features with noise on the frames and on their summaries; titles stay.

    Paper: Fig. 5, σ. Departs: σ counts standard deviations of the kind, `spread`. The same
    generator state gives the same noise at every σ, only scaled.
    """

    def disturbed(values: Tensor, deviation: float) -> Tensor:
        noise = torch.randn(values.shape, generator=generator).to(values.device)
        return values + sigma * deviation * noise

    return features.replace(
        frames=disturbed(features.frames, spread.frames),
        global_visual=disturbed(features.global_visual, spread.global_visual),
    )


def _deviation(values: Tensor, shown: Tensor) -> float:
    """Return the standard deviation of the rows shown, chunk by chunk: a large catalogue is not
    copied for it."""
    count, total, squares = 0, 0.0, 0.0
    for rows, keep in zip(values.split(_CHUNK), shown.split(_CHUNK), strict=True):
        kept = rows[keep].double()
        count, total, squares = (
            count + kept.numel(),
            total + float(kept.sum()),
            squares + float(kept.square().sum()),
        )
    return max(0.0, (squares - total**2 / count) / (count - 1)) ** 0.5 if count > 1 else 0.0
