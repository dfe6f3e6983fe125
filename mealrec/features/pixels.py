"""How pixels enter an encoder: made square, scaled, normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mealrec.errors import DataFormatError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SQUASH, CROP = "squash", "crop"


@dataclass(frozen=True)
class Preprocessing:
    """How pixels enter the model.

    `fit` says how a frame becomes square: "squash" loses no part of a portrait frame, "crop" takes
    the square in its middle and leaves shapes as they are.
    """

    image_size: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    interpolation: str = "bilinear"
    fit: str = SQUASH

    def resize(self, frames: Tensor) -> Tensor:
        """Return frames [M, H, W, 3] uint8 as [M, 3, S, S] float in 0..1."""
        if self.fit == CROP:
            frames = middle(frames)
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        size = (self.image_size, self.image_size)
        return functional.interpolate(pixels, size, mode=self.interpolation, antialias=True).clamp(
            0, 1
        )

    def normalise(self, pixels: Tensor) -> Tensor:
        """Return pixels [..., 3, S, S] in 0..1 with the model's mean and deviation taken out."""
        mean, std = (pixels.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (pixels - mean) / std

    def clips(self, clips: Sequence[np.ndarray], num_frames: int, device: torch.device) -> Tensor:
        """Return clips [B][K, H, W, 3] uint8, each of a size of its own, as normalised pixels [B,
        K, 3, S, S].

        Raises DataFormatError where K is not `num_frames`.
        """
        for clip in clips:
            if clip.ndim != 4 or len(clip) != num_frames or clip.dtype != np.uint8:
                raise DataFormatError(
                    f"Frames [B, {num_frames}, H, W, 3] uint8 are expected, {list(clip.shape)} {clip.dtype} came."
                )
        return self.normalise(
            torch.stack([self.resize(torch.tensor(clip, device=device)) for clip in clips])
        )


def middle(frames: Tensor) -> Tensor:
    """Return the square in the middle of frames [M, H, W, 3]."""
    high, wide = frames.shape[1:3]
    side = min(high, wide)
    top, left = (high - side) // 2, (wide - side) // 2
    return frames[:, top : top + side, left : left + side]
