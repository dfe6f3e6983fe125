"""Temporal-guided Content Diffusion (Sec. 4.3): the last video's frames, refined by the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mealrec.layers import Attention, Block, Dropout, step_embedding, zero_

if TYPE_CHECKING:
    from mealrec.models.paper.config import TCDConfig


def recency_log_weights(present: Tensor, decay: float) -> Tensor:
    """Return log α_k [R, L] of histories whose clips are `present` [R, L], -inf on padding.

    Paper: Eq. 7, α_k = exp(-γ(L-k)) / Σ_j exp(-γ(L-j)), with L the row's own length. `present` is
    true on a prefix of each row; `decay` is γ.
    """
    age = present.sum(1, keepdim=True) - 1 - torch.arange(present.shape[1], device=present.device)
    return (-decay * age).masked_fill(~present, float("-inf")).log_softmax(1)


class TCD(nn.Module):
    """Paper: Eq. 6 (TempAttnEnc), Eq. 7 (c_v) and Eq. 8 (f_θ).

    Departs: frames live in the shared content space [K, D] instead of [K, d_v]. f_θ attends over
    the history's v_k with log α_k as bias instead of over the single vector c_v = Σ α_k v_k,
    because attention over one key ignores its query; with a zero query it gives exactly c_v.
    """

    def __init__(self, config: TCDConfig, width: int, num_frames: int):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(num_frames, width) * 0.02)
        self.encoder = Block(width, config.heads, config.dropout, identity_start=True)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.unet = TemporalUNet(width, config.heads, config.dropout)

    def encode(self, frames: Tensor) -> Tensor:
        """Return z_0 [R, K, D] of mapped frames [R, K, D].

        Paper: Eq. 6. At unit variance, so that unit noise means something.
        """
        return self.norm(self.encoder(frames + self.positions))

    def denoise(
        self, zt: Tensor, diffusion_step: Tensor, history_visual: Tensor, log_weights: Tensor
    ) -> Tensor:
        """Return ẑ_0^(t) [R, K, D] of z_t [R, K, D].

        Paper: Eq. 8. `diffusion_step` [R]; `history_visual` [R, L, D]; `log_weights` [R, L].
        """
        return zt + self.unet(zt, diffusion_step, history_visual, log_weights.unsqueeze(1))


class TemporalUNet(nn.Module):
    """f_θ's network: K frames, half as many, K frames; it predicts a correction to noisy frames.

    The history enters by cross-attention at the coarse level. The output starts at zero.
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        # Three levels that hear the step, K frames, half as many, K again.
        self.width = width
        self.step = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.down = Level(width, dropout)
        self.middle = Level(width, dropout)
        self.up = Level(width, dropout)
        # How the history enters, how the levels meet, and what comes out: nothing at first.
        self.norm_query = nn.LayerNorm(width)
        self.guide = Attention(width, heads, dropout)
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
        # Down to half as many frames, which look at the history.
        fine = self.down(frames, step)
        coarse = self.middle(_halve(fine), step)
        coarse = coarse + self.guide(self.norm_query(coarse), guidance, bias)
        # Up again, next to what was there on the way down.
        restored = coarse.repeat_interleave(2, 1)[:, : frames.shape[1]]
        return self.out(self.up(self.merge(torch.cat([fine, restored], -1)), step))


class Level(nn.Module):
    """Normalise, convolve over time with the step's embedding added, and add to the input."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = TemporalConv(width)
        self.second = TemporalConv(width)
        self.step = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        """Return [R, K, D] for frames [R, K, D] and step embedding [R, 1, D]."""
        hidden = nn.functional.silu(self.first(self.norm(x)) + self.step(step))
        return x + self.second(self.dropout(hidden))


class TemporalConv(nn.Module):
    """A convolution of width 3 over frames, as one Linear over shifted copies.

    That is faster than Conv1d at K = 5.
    """

    def __init__(self, width: int):
        super().__init__()
        self.linear = nn.Linear(3 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return [R, K, D] for [R, K, D]."""
        # The frame before, the frame, the frame after; zeros beyond both ends.
        padded = nn.functional.pad(x, (0, 0, 1, 1))
        return self.linear(torch.cat([padded[:, :-2], x, padded[:, 2:]], -1))


def _halve(x: Tensor) -> Tensor:
    """Average neighbouring frames; an odd last frame stands alone."""
    if x.shape[1] % 2:
        x = torch.cat([x, x[:, -1:]], 1)
    return x.unflatten(1, (-1, 2)).mean(2)
