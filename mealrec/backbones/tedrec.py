"""TedRec (Xu et al., 2024): IDs and titles fused as whole sequences by frequency, then SASRec."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones import sasrec
from mealrec.layers import Dropout


@dataclass(frozen=True)
class TedRecConfig(sasrec.SASRecConfig):
    """SASRec's settings, and the adaptor's number of experts and dropout."""

    experts: int = 8
    adaptor_dropout: float = 0.2


class Encoder(sasrec.Encoder):
    """Two sequences enter: what stands for the items, and their titles.

    Not causal: the fusion mixes positions.

    With I and T their spectra and W a learned filter, a = F⁻¹(I ⊙ W) and b = F⁻¹(I ⊙ T) are added,
    each behind a gate. Departs: the titles come at the model width from the content space, not as
    768 raw values; what stands for an item may hold its content too; the adaptor's experts share
    one dropout mask; pads are zero in both sequences (published code leaves the adaptor's bias
    there); W begins as the identity, not near zero, so that the encoder starts from the items
    themselves. The cosine head belongs to who ranks.
    """

    Config = TedRecConfig
    causal = False
    reads_text = True

    def __init__(self, config: TedRecConfig):
        super().__init__(config)
        width = config.width
        longest = config.max_length
        self.adaptor = Adaptor(width, longest, config.experts, config.adaptor_dropout)
        noise = 0.02 * torch.randn(longest // 2 + 1, width, 2)
        self.filter = nn.Parameter(noise + torch.tensor([1.0, 0.0]))  # real and imaginary parts
        self.gate_item = nn.Linear(width, 1)
        self.gate_fused = nn.Linear(width, 1)
        self.norm = nn.LayerNorm(width)

    def tokens(self, embedded: Tensor, items: Tensor, text: Tensor | None) -> Tensor:
        """Return the fused sequences with positions [B, L, D]; ValueError without titles."""
        if text is None:
            raise ValueError(
                "TedRec reads titles: expected text [B, L, D], got None; "
                "pass them at the model width"
            )
        return self.norm(self.fused(embedded, items, text) + self.positions[: items.shape[1]])

    def fused(self, embedded: Tensor, items: Tensor, text: Tensor) -> Tensor:
        """Return 2 (a σ(w_a·a) + b σ(w_b·b)) [B, L, D].

        Always over `max_length` positions: padding adds nothing.
        """
        # Both sequences by frequency.
        present = (items > 0).unsqueeze(-1)
        longest = self.config.max_length
        item_spectrum = spectrum(embedded * present, longest)
        text_spectrum = spectrum(self.adaptor(text) * present, longest)

        # The items filtered, a, and both fused, b.
        a = sequence(item_spectrum * torch.view_as_complex(self.filter), longest)
        b = sequence(item_spectrum * text_spectrum, longest)
        gated = a * self.gate_item(a).sigmoid() + b * self.gate_fused(b).sigmoid()
        return 2 * gated[:, : items.shape[1]]


def spectrum(tokens: Tensor, length: int) -> Tensor:
    """Return the orthonormal real Fourier transform [B, length // 2 + 1, D] of tokens [B, L, D].

    They are padded to `length`.
    """
    # half precision has no transform
    return torch.fft.rfft(tokens.float(), n=length, dim=1, norm="ortho")


def sequence(values: Tensor, length: int) -> Tensor:
    """Return the tokens [B, length, D] that have a spectrum [B, length // 2 + 1, D]."""
    return torch.fft.irfft(values, n=length, dim=1, norm="ortho")


class Adaptor(nn.Module):
    """A mixture of experts, each a whitening: a bias per position taken off, then a linear map.

    The gate is noisy in training, as published.
    """

    def __init__(self, width: int, max_length: int, experts: int, dropout: float):
        super().__init__()
        self.dropout = Dropout(dropout)
        self.bias = nn.Parameter(torch.zeros(experts, max_length, width))
        self.maps = nn.Parameter(torch.randn(experts, width, width) * width**-0.5)
        self.gate = nn.Linear(width, experts, bias=False)
        self.noise = nn.Linear(width, experts, bias=False)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.noise.weight)

    def forward(self, text: Tensor) -> Tensor:
        """Return adapted titles [B, L, D] of titles [B, L, D]."""
        # How much each expert counts, noisily while it learns.
        logits = self.gate(text)
        if self.training:
            logits = logits + torch.randn_like(logits) * (F.softplus(self.noise(text)) + 0.01)

        # Every expert takes its bias off and maps, the bias mapped once.
        mapped = torch.einsum("bld,edo->bleo", self.dropout(text), self.maps)
        offset = torch.einsum("eld,edo->leo", self.bias[:, : text.shape[1]], self.maps)
        return torch.einsum("ble,bleo->blo", logits.softmax(-1), mapped - offset)
