"""Temporal-guided Content Diffusion (Sec. 4.3): the last video's frames, refined under the
viewer's history."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.layers import Block
from mealrec.models.paper.unet import TemporalUNet


@dataclass(frozen=True)
class TCDConfig:
    """`decay` is γ of Eq. 7."""

    width: int = 64
    heads: int = 2
    num_frames: int = 5
    decay: float = 0.9
    dropout: float = 0.2


def recency_log_weights(present: Tensor, decay: float) -> Tensor:
    """Return log α_k [R, L], -inf on padding.

    Paper: Eq. 7, α_k = exp(-γ(L-k)) / Σ_j exp(-γ(L-j)), with L the row's own length.

    `present` [R, L] bool, true on a prefix of each row.
    """
    age = present.sum(1, keepdim=True) - 1 - torch.arange(present.shape[1], device=present.device)
    return (-decay * age).masked_fill(~present, float("-inf")).log_softmax(1)


class TCD(nn.Module):
    """Paper: Eq. 6 (TempAttnEnc), Eq. 7 (c_v) and Eq. 8 (f_θ).

    Departs: frames live in the shared content space [K, D] instead of [K, d_v]. f_θ attends over
    the history's v_k with log α_k as bias instead of over the single vector c_v = Σ α_k v_k,
    because attention over one key ignores its query; with a zero query it gives exactly c_v.
    """

    def __init__(self, config: TCDConfig):
        super().__init__()
        self.config = config
        self.positions = nn.Parameter(torch.randn(config.num_frames, config.width) * 0.02)
        self.encoder = Block(config.width, config.heads, config.dropout, identity_start=True)
        self.norm = nn.LayerNorm(config.width, elementwise_affine=False)
        self.unet = TemporalUNet(config.width, config.heads, config.dropout)

    def encode(self, frames: Tensor) -> Tensor:
        """Return z_0 [R, K, D] of mapped frames [R, K, D], at unit variance so that unit noise
        means something.

        Paper: Eq. 6.
        """
        return self.norm(self.encoder(frames + self.positions))

    def denoise(
        self, zt: Tensor, diffusion_step: Tensor, history_visual: Tensor, log_weights: Tensor
    ) -> Tensor:
        """Return ẑ_0^(t) [R, K, D].

        Paper: Eq. 8. `zt` [R, K, D]; `diffusion_step` [R]; `history_visual` [R, L, D];
        `log_weights` [R, L].
        """
        return zt + self.unet(zt, diffusion_step, history_visual, log_weights.unsqueeze(1))
