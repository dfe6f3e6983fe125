"""Temporal-guided Content Diffusion (Sec. 4.3): what a clip's frames were watched for, given
what came before."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.models.history import HistoryReader, Watched, before, shares_of

GUIDES = 4
SHARPEST = 3.0  # times z_0: what a clean frame is taken at, however little noise there is


@dataclass(frozen=True)
class TCDConfig:
    """`hidden` units of the map that weighs frames; `noise_scale` times the schedule's β."""

    hidden: int = 8
    noise_scale: float = 1.0


@dataclass(frozen=True)
class Guide:
    """What the history before each clip says of kinds: `prior` [B, L, J], and `signs` [B, L, J,
    4] for the frames."""

    prior: Tensor
    signs: Tensor


class TCD(nn.Module):
    """Paper: Eq. 6 (z_0), Eq. 7 (c_v) and Eq. 8 (f_θ), over every clip of the history, each guided
    by those before it.

    Departs: a frame lives in the space of kinds [K, J], so z_0 is read, not encoded. c_v is the
    evidence for kinds in the earlier clips with Eq. 7's weights at learned rates, and what habit
    calls for next. f_θ is no U-Net: with five frames there is nothing to pool, and what has to be
    learned is the same for all kinds, so kinds share all weights.
    """

    def __init__(self, config: TCDConfig, num_kinds: int):
        super().__init__()
        self.norm = nn.LayerNorm(num_kinds, elementwise_affine=False)
        self.prior_weights = nn.Parameter(torch.tensor([0.1, 0.1, 0.1]))
        self.sign_weights = nn.Parameter(torch.tensor([0.3, 0.1, 0.5, 0.0]))
        self.weigh = nn.Sequential(
            nn.Linear(2 * GUIDES, config.hidden), nn.GELU(), nn.Linear(config.hidden, 1)
        )

    def encode(self, moments: Tensor) -> Tensor:
        """Return z_0 [..., K, J] of frames' kinds [..., K, J], at unit variance so that unit noise
        means something.

        Paper: Eq. 6.
        """
        return self.norm(moments)

    def guide(self, watched: Watched, reader: HistoryReader) -> Guide:
        """Return c_v of every clip: what the clips before it say of kinds. Paper: Eq. 7."""
        lasting, fading = before(watched.seen[0]), before(watched.seen[1])
        called = reader.habit(before(shares_of(watched.kinds)))
        return self.guided(lasting, fading, called, watched.evidence)

    def guided(self, lasting: Tensor, fading: Tensor, called: Tensor, evidence: Tensor) -> Guide:
        """Return c_v of clips [B, L, J] from what those before them say, thrice, and from their
        own `evidence`."""
        spoken = torch.stack([lasting, fading, called], -1)
        signs = torch.stack([lasting, fading, called, evidence], -1)
        return Guide(spoken @ self.prior_weights, signs)

    def denoise(self, zt: Tensor, alpha_bar: Tensor, guide: Guide) -> tuple[Tensor, Tensor]:
        """Return ẑ_0^(t) as shares of kinds [B, L, K, J], and how much each frame was watched for
        [B, L, K].

        Paper: Eq. 8. `zt` [B, L, K, J]; `alpha_bar` ᾱ_t, a number or [B, 1, 1, 1]. Each frame's
        shares sum to 1, and so does the attention over a clip's frames. The noisier z_t is, the
        more the guide decides.
        """
        trust = (alpha_bar.sqrt() / (1 - alpha_bar + 0.02)).clamp(max=SHARPEST)
        logits = trust * zt + (1 - alpha_bar) * guide.prior.unsqueeze(2)
        shares = logits.softmax(-1)
        signs = shares @ guide.signs
        mean = signs.mean(2, keepdim=True).expand_as(signs)
        fit = (signs - mean) @ self.sign_weights + self.weigh(torch.cat([signs, mean], -1)).squeeze(
            -1
        )
        return shares, fit.softmax(2)


def is_there(kinds: Tensor) -> Tensor:
    """Return which of the clips of kinds [..., J] are clips and not padding [..., 1], as 0 and
    1."""
    return (kinds.sum(-1, keepdim=True) > 0).to(kinds)


def wanted_of(shares: Tensor, attention: Tensor, present: Tensor) -> Tensor:
    """Return r [B, L, J], the kinds that each clip was watched for: its frames' `shares`,
    weighed by `attention`."""
    return (attention.unsqueeze(-1) * shares).sum(2) * present
