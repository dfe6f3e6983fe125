"""What every encoder of frames offers, how pixels enter it, and what it sees in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mealrec.errors import DataFormatError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
SQUASH = "squash"
CROP = "crop"
# The probabilities' own, 1, leaves all but a few classes at zero, and drawings apart from
# photographs.
TEMPERATURE = 2.0
SHOWN = 3  # classes of a frame


class VisualEncoder(ABC):
    """A frozen encoder of K sampled frames.

    `num_frames` K, `width` V' of its features, `layers` and `hidden_width` of its hidden states,
    `name`, `checksum` (sha256 of the weights). An encoder that was trained to tell classes apart
    has their names, `labels`, and the `temperature` of its features, which are then square roots of
    class probabilities; any other has () and None.
    """

    num_frames: int
    width: int
    layers: int
    hidden_width: int
    name: str
    checksum: str
    labels: tuple[str, ...] = ()
    temperature: float | None = None

    @abstractmethod
    def encode(self, clips: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Encode clips [B][K, H, W, 3] uint8 together; each may have a size of its own.

        Returns (frame_features [B, K, V'], global_visual [B, V']), float32, the latter the mean of
        the former. Raises DataFormatError where K is not the encoder's.
        """

    @abstractmethod
    def hidden_states(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """Return hidden states [B, layers + 1, hidden_width] float32, the first layer's input too.

        Each is the mean over a clip's frames and their places; clips are as `encode` takes them.
        """


@dataclass(frozen=True)
class Preprocessing:
    """How pixels enter the model: made square, scaled, normalised.

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
        # Square first, then small; bicubic scaling may leave 0..1.
        if self.fit == CROP:
            frames = middle(frames)
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        size = (self.image_size, self.image_size)
        scaled = functional.interpolate(pixels, size, mode=self.interpolation, antialias=True)
        return scaled.clamp(0, 1)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Return pixels [..., 3, S, S] in 0..1 with the model's mean and deviation taken out."""
        mean = pixels.new_tensor(self.mean)[:, None, None]
        std = pixels.new_tensor(self.std)[:, None, None]
        return (pixels - mean) / std

    def clips(self, clips: Sequence[np.ndarray], num_frames: int, device: torch.device) -> Tensor:
        """Return clips [B][K, H, W, 3] uint8 as normalised pixels [B, K, 3, S, S].

        Each clip may have a size of its own. Raises DataFormatError where K is not `num_frames`.
        """
        for clip in clips:
            if clip.ndim != 4 or len(clip) != num_frames or clip.dtype != np.uint8:
                raise DataFormatError(
                    f"Frames [B, {num_frames}, H, W, 3] uint8 are expected, {list(clip.shape)} "
                    f"{clip.dtype} came."
                )

        # Each one alone: clips differ in size until they are resized.
        resized = [self.resize(torch.tensor(clip, device=device)) for clip in clips]
        return self.normalise(torch.stack(resized))


def middle(frames: Tensor) -> Tensor:
    """Return the square in the middle of frames [M, H, W, 3]."""
    high, wide = frames.shape[1:3]
    side = min(high, wide)
    top = (high - side) // 2
    left = (wide - side) // 2
    return frames[:, top : top + side, left : left + side]


def class_roots(logits: Tensor, temperature: float) -> Tensor:
    """Return the square roots of the class probabilities [..., C] of logits [..., C].

    Their dot product is the overlap of two distributions (Bhattacharyya), and all of them are of
    length 1.
    """
    return (logits / temperature).softmax(-1).sqrt()


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
            f"Features [K, {len(labels)}] of an encoder with {len(labels)} classes are expected, "
            f"{list(roots.shape)} came: name the encoder that made them."
        )

    # Over the largest first, so that no power comes to zero for all.
    scale = roots.max(1, keepdims=True, initial=1e-30)
    chances = (roots.astype(np.float64) / scale) ** (2 * temperature)
    chances /= chances.sum(1, keepdims=True)

    # The likeliest; of equals the first.
    best = np.argsort(-chances, axis=1, kind="stable")[:, :count]
    found = []
    for frame, classes in zip(chances, best, strict=True):
        found.append(tuple(Sight(labels[index], float(frame[index])) for index in classes))
    return tuple(found)
