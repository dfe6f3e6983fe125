"""The temporal U-Net of TCD: K frames -> half as many -> K frames, guided by the viewing
history."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mealrec.layers import Attention, Dropout, zero_


class TemporalConv(nn.Module):
    """A convolution of width 3 over frames, as one Linear over shifted copies (faster than
    Conv1d at K = 5)."""

    def __init__(self, width_in: int, width_out: int):
        super().__init__()
        self.linear = nn.Linear(3 * width_in, width_out)

    def forward(self, x: Tensor) -> Tensor:
        """Return [R, K, out] for [R, K, in]."""
        padded = nn.functional.pad(x, (0, 0, 1, 1))
        return self.linear(torch.cat([padded[:, :-2], x, padded[:, 2:]], -1))


class Level(nn.Module):
    """Normalise, convolve over time with the step's embedding added, and add to the input."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first, self.second = TemporalConv(width, width), TemporalConv(width, width)
        self.step = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        """Return [R, K, D] for frames [R, K, D] and step embedding [R, 1, D]."""
        hidden = nn.functional.silu(self.first(self.norm(x)) + self.step(step))
        return x + self.second(self.dropout(hidden))


class TemporalUNet(nn.Module):
    """f_θ's network: predicts a correction to the noisy frames.

    The history enters by cross-attention at the coarse level. The output starts at zero.
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.width = width
        self.step = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.down, self.middle, self.up = (Level(width, dropout) for _ in range(3))
        self.norm_query, self.guide = nn.LayerNorm(width), Attention(width, heads, dropout)
        self.merge = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, width)
        zero_(self.out)

    def forward(
        self, frames: Tensor, diffusion_step: Tensor, guidance: Tensor, bias: Tensor
    ) -> Tensor:
        """Return the correction [R, K, D].

        `frames` [R, K, D]; `diffusion_step` [R]; `guidance` [R, L, D] with attention `bias` [R, 1,
        L].
        """
        step = self.step(step_embedding(diffusion_step, self.width)).unsqueeze(1)
        fine = self.down(frames, step)
        coarse = self.middle(_halve(fine), step)
        coarse = coarse + self.guide(self.norm_query(coarse), guidance, bias)
        restored = coarse.repeat_interleave(2, 1)[:, : frames.shape[1]]
        return self.out(self.up(self.merge(torch.cat([fine, restored], -1)), step))


def step_embedding(diffusion_step: Tensor, width: int) -> Tensor:
    """Return the sinusoidal embedding [R, D] of diffusion steps [R]."""
    rates = torch.exp(
        -math.log(1000.0) * torch.arange(width // 2, device=diffusion_step.device) / (width // 2)
    )
    angles = diffusion_step[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], -1)


def _halve(x: Tensor) -> Tensor:
    """Average neighbouring frames; an odd last frame stands alone."""
    if x.shape[1] % 2:
        x = torch.cat([x, x[:, -1:]], 1)
    return x.unflatten(1, (-1, 2)).mean(2)
