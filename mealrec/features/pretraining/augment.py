"""Random colour grading and random crops: what a frame's meaning must survive."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Grading:
    """How strongly colours are graded, drawn anew for every frame.

    `hue_turn`: share of the full circle by which hues rotate, either way; `saturation`, `contrast`,
    `gamma`: ranges of factors; `mixing`: deviation of a random mix of the channels; `grey`: probability
    of losing all colour.
    """

    hue_turn: float
    saturation: tuple[float, float]
    contrast: tuple[float, float]
    gamma: tuple[float, float]
    mixing: float = 0.0
    grey: float = 0.0

    def softened(self, strength: float) -> Grading:
        """Return this grading at a strength in 0..1; 0 changes nothing."""
        ranges = {
            name: tuple(1 + strength * (bound - 1) for bound in getattr(self, name))
            for name in ("saturation", "contrast", "gamma")
        }
        return Grading(strength * self.hue_turn, **ranges, mixing=strength * self.mixing, grey=strength * self.grey)


MILD = Grading(hue_turn=0.08, saturation=(0.4, 1.1), contrast=(0.9, 1.1), gamma=(0.85, 1.2))
TEST = Grading(hue_turn=0.5, saturation=(0.5, 1.5), contrast=(0.8, 1.2), gamma=(0.7, 1.4))
STRONG = Grading(hue_turn=0.5, saturation=(0.2, 1.8), contrast=(0.7, 1.3), gamma=(0.6, 1.6), mixing=0.2, grey=0.15)


def grade(pixels: Tensor, grading: Grading, generator: Generator) -> Tensor:
    """Return pixels [M, 3, H, W] in 0..1, each frame graded at random."""
    count = len(pixels)
    matrices = _colour_matrices(count, grading, generator).to(pixels)
    contrast = _uniform(count, grading.contrast, generator).to(pixels)[:, None, None, None]
    gamma = _uniform(count, grading.gamma, generator).to(pixels)[:, None, None, None]
    mixed = torch.einsum("mij,mjhw->mihw", matrices, pixels)
    return ((mixed - 0.5) * contrast + 0.5).clamp(1e-4, 1).pow(gamma)


def random_crops(count: int, generator: Generator, strength: float = 1.0) -> Tensor:
    """Return affine maps [M, 2, 3]: a random crop of each frame, mirrored, tilted and stretched at random.

    At `strength` 0 a frame is mirrored at most.
    """
    angle = _uniform(count, (-0.15, 0.15), generator) * strength
    scale = _uniform(count, (1 - 0.5 * strength, 1.0), generator).sqrt()
    stretch = (_uniform(count, (-0.2, 0.2), generator) * strength).exp()
    mirror = torch.randint(0, 2, (count,), generator=generator) * 2.0 - 1
    width, height = (scale * stretch).clamp(max=1), (scale / stretch).clamp(max=1)
    shift = torch.rand(count, 2, generator=generator) * 2 - 1
    rows = [
        torch.stack([width * mirror * angle.cos(), -height * angle.sin(), shift[:, 0] * (1 - width)], 1),
        torch.stack([width * mirror * angle.sin(), height * angle.cos(), shift[:, 1] * (1 - height)], 1),
    ]
    return torch.stack(rows, 1)


def crop(pictures: Tensor, crops: Tensor, size: int) -> Tensor:
    """Return [M, C, size, size]: each picture (or feature map) [M, C, H, W] seen through its affine map."""
    grid = functional.affine_grid(crops, [len(crops), 1, size, size], align_corners=False)
    return functional.grid_sample(pictures, grid.to(pictures), padding_mode="border", align_corners=False)


def blur_some(pixels: Tensor, generator: Generator, share: float = 0.25) -> Tensor:
    """Return pixels [M, 3, H, W], a random share of the frames averaged over 3 x 3 pixels."""
    chosen = torch.rand(len(pixels), generator=generator) < share
    blurred = functional.avg_pool2d(pixels, 3, stride=1, padding=1, count_include_pad=False)
    return torch.where(chosen[:, None, None, None].to(pixels.device), blurred, pixels)


def _colour_matrices(count: int, grading: Grading, generator: Generator) -> Tensor:
    """Return [M, 3, 3]: rotate the hue about the grey axis, scale the saturation, mix the channels."""
    angle = _uniform(count, (-grading.hue_turn, grading.hue_turn), generator) * 2 * math.pi
    saturation = _uniform(count, grading.saturation, generator)
    saturation[torch.rand(count, generator=generator) < grading.grey] = 0.0
    cos, sin, third = angle.cos()[:, None, None], angle.sin()[:, None, None], 1 / 3
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)  # v -> axis x v, axis = grey
    rotate = cos * torch.eye(3) + sin * cross + (1 - cos) * third * torch.ones(3, 3)
    luma = torch.tensor(LUMA).expand(3, 3)
    saturate = luma + saturation[:, None, None] * (torch.eye(3) - luma)
    mix = torch.eye(3) + grading.mixing * torch.randn(count, 3, 3, generator=generator)
    mix = mix / mix.sum(2, keepdim=True).clamp(min=0.4)
    return mix @ saturate @ rotate


def _uniform(count: int, bounds: tuple[float, float], generator: Generator) -> Tensor:
    low, high = bounds
    return low + (high - low) * torch.rand(count, generator=generator)
