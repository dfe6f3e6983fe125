"""Attention (Eq. 5) and the Transformer block that every module of the model is built from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Multi-head attention from queries to keys.

    Paper: Eq. 5. `bias` is added to the logits before the softmax: -inf hides a key, log-weights prefer one.
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return [B, Q, D] for queries [B, Q, D], keys [B, S, D], bias broadcastable to [B, Q, S]."""
        q = self._split(self.query(queries))
        k, v = (self._split(part) for part in self.key_value(keys).chunk(2, -1))
        if bias is not None:
            bias = bias.unsqueeze(1)
        mixed = F.scaled_dot_product_attention(q, k, v, bias, self.dropout if self.training else 0.0)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Pre-norm Transformer block: self-attention, then a position-wise feed-forward network.

    With `identity_start` both output projections start at zero, so that the block starts as the identity.
    """

    def __init__(self, width: int, heads: int, dropout: float, expansion: int = 2, identity_start: bool = False):
        super().__init__()
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.feed = nn.Sequential(
            nn.Linear(width, expansion * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(expansion * width, width)
        )
        self.dropout = nn.Dropout(dropout)
        if identity_start:
            zero_(self.attention.out), zero_(self.feed[-1])

    def forward(self, x: Tensor, bias: Tensor | None = None, queries: int | None = None) -> Tensor:
        """Return [B, Q, D], the first `queries` tokens (all by default), for tokens [B, S, D].

        `bias` is broadcastable to [B, Q, S].
        """
        normed = self.norm_attention(x)
        x = x[:, :queries] + self.dropout(self.attention(normed[:, :queries], normed, bias))
        return x + self.dropout(self.feed(self.norm_feed(x)))


def zero_(layer: nn.Linear) -> None:
    """Set a layer to zero in place."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def hide(visible: Tensor) -> Tensor:
    """Return the attention bias that hides what is not visible: 0 or -inf, shaped like `visible`."""
    return torch.zeros(visible.shape, device=visible.device).masked_fill(~visible, float("-inf"))
