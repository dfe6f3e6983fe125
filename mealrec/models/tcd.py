"""Temporal-guided Content Diffusion (Sec. 4.3): what a clip's frames were watched for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.models.config import TCDConfig
from mealrec.models.history import Reader, Watched, before, shares_of

GUIDES = 4  # numbers a kind that tell frames apart, see Guide
SHARPEST = 3.0  # times z_0: what a clean frame is taken at, however little noise there is


@dataclass(frozen=True)
class Guide:
    """What the history before each clip says of kinds: Eq. 7's c_v.

    `prior` [B, L, J] speaks for every frame alike; `signs` [B, L, J, 4] tell frames apart.
    """

    prior: Tensor
    signs: Tensor


class TCD(nn.Module):
    """Diffuses the frames of every clip of the history, each guided by the clips before it.

    Paper: Eq. 6 (z_0), Eq. 7 (c_v) and Eq. 8 (f_θ).

    Departs: a frame lives in the space of kinds [K, J], so z_0 is read, not encoded. c_v is the
    evidence for kinds in the earlier clips with Eq. 7's weights at learned rates, and what habit
    calls for next. f_θ is no U-Net: with five frames there is nothing to pool, and what has to be
    learned is the same for all kinds, so kinds share all weights.
    """

    def __init__(self, config: TCDConfig, num_kinds: int):
        super().__init__()
        # Seven numbers and a small map, the same for all kinds.
        self.norm = nn.LayerNorm(num_kinds, elementwise_affine=False)
        self.prior_weights = nn.Parameter(torch.tensor([0.1, 0.1, 0.1]))
        self.sign_weights = nn.Parameter(torch.tensor([0.3, 0.1, 0.5, 0.0]))
        self.weigh = nn.Sequential(
            nn.Linear(2 * GUIDES, config.hidden), nn.GELU(), nn.Linear(config.hidden, 1)
        )

    def encode(self, moments: Tensor) -> Tensor:
        """Return z_0 [..., K, J] of frames' kinds [..., K, J].

        Paper: Eq. 6. At unit variance, so that unit noise means something.
        """
        return self.norm(moments)

    def guide(self, watched: Watched, reader: Reader) -> Guide:
        """Return c_v of every clip: what the clips before it say of kinds. Paper: Eq. 7."""
        lasting = before(watched.seen[0])
        fading = before(watched.seen[1])
        called = reader.habit(before(shares_of(watched.kinds)))
        return self.guided(lasting, fading, called, watched.evidence)

    def guided(self, lasting: Tensor, fading: Tensor, called: Tensor, evidence: Tensor) -> Guide:
        """Return c_v of clips, each number [B, L, J]: three of those before, their own evidence."""
        spoken = torch.stack([lasting, fading, called], -1)
        signs = torch.stack([lasting, fading, called, evidence], -1)
        return Guide(spoken @ self.prior_weights, signs)

    def denoise(self, zt: Tensor, alpha_bar: Tensor, guide: Guide) -> tuple[Tensor, Tensor]:
        """Return ẑ_0^(t) as shares of kinds [B, L, K, J], and what each frame counts [B, L, K].

        Paper: Eq. 8. `zt` [B, L, K, J]; `alpha_bar` ᾱ_t, a number or [B, 1, 1, 1]. Each frame's
        shares sum to 1, and so does the attention over a clip's frames. The noisier z_t is, the
        more the guide decides.
        """
        # What each frame shows: z_t as far as it can be trusted, and the guide for the rest.
        trust = (alpha_bar.sqrt() / (1 - alpha_bar + 0.02)).clamp(max=SHARPEST)
        logits = trust * zt + (1 - alpha_bar) * guide.prior.unsqueeze(2)
        shares = logits.softmax(-1)

        # How well each frame fits what the guide says, next to the clip's other frames.
        signs = shares @ guide.signs
        mean = signs.mean(2, keepdim=True).expand_as(signs)
        beyond_mean = (signs - mean) @ self.sign_weights
        fit = beyond_mean + self.weigh(torch.cat([signs, mean], -1)).squeeze(-1)
        return shares, fit.softmax(2)


def is_there(kinds: Tensor) -> Tensor:
    """Return whether `kinds` [..., J] are of a clip or of padding [..., 1], as 1 and 0."""
    return (kinds.sum(-1, keepdim=True) > 0).to(kinds)


def wanted_of(shares: Tensor, attention: Tensor, present: Tensor) -> Tensor:
    """Return r [B, L, J], what each clip was watched for: its frames' shares, by attention."""
    return (attention.unsqueeze(-1) * shares).sum(2) * present
