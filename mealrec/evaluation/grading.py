"""Frames as another camera and another taste would have them: colours graded at random."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

SATURATION, CONTRAST, GAMMA = (0.5, 1.5), (0.8, 1.2), (0.7, 1.4)
LUMA = (0.299, 0.587, 0.114)


def graded(frames: Tensor, generator: Generator) -> Tensor:
    """Return frames [M, H, W, 3] uint8, each graded on its own.

    Its hues are turned by any angle about the grey axis; saturation, contrast and gamma are moved.
    """
    count = len(frames)
    angle = torch.rand(count, generator=generator) * 2 * math.pi
    saturation, contrast, gamma = (
        (low + (high - low) * torch.rand(count, generator=generator))[:, None, None]
        for low, high in (SATURATION, CONTRAST, GAMMA)
    )
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turn = cos * torch.eye(3) + sin * across + (1 - cos) / 3
    grey = torch.tensor(LUMA).expand(3, 3)
    matrix = (grey + saturation * (torch.eye(3) - grey)) @ turn
    pixels = torch.einsum("mij,mhwj->mhwi", matrix, frames.float() / 255)
    pixels = ((pixels - 0.5) * contrast[..., None] + 0.5).clamp(1e-4, 1) ** gamma[..., None]
    return (pixels * 255).round().to(torch.uint8)
