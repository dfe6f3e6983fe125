"""Attention (Eq. 5) and the Transformer block that every module of the model is built from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Memory = tuple[Tensor, Tensor]


class Dropout(nn.Dropout):
    """Dropout by comparing uniform numbers: on a CPU drawing the mask as torch does is a third
    of a training step."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x with a share p of its values 0, the others scaled to keep the mean."""
        if not self.training or not self.p:
            return x
        if self.p == 1:
            return torch.zeros_like(x)
        kept = torch.rand(x.shape, device=x.device) >= self.p
        return x * kept / (1 - self.p)


class Attention(nn.Module):
    """Multi-head attention from queries to keys.

    Paper: Eq. 5. `bias` is added to the logits before the softmax: -inf hides a key, log-weights
    prefer one.
    """

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, Dropout(dropout)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self,
        queries: Tensor,
        keys: Tensor,
        bias: Tensor | None = None,
        memory: Memory | None = None,
    ) -> Tensor:
        """Return [B, Q, D] for queries [B, Q, D] and keys [B, S, D], to which `memory` adds S'
        projected ones.

        `bias` is broadcastable to [B, Q, S + S'].
        """
        q = self._split(self.query(queries)) / (queries.shape[-1] // self.heads) ** 0.5
        pairs = [self.project(keys)] if memory is None else [self.project(keys), memory]
        # Logits are joined, not keys: the keys of a memory are many and would be copied for every
        # query.
        logits = torch.cat([q @ k.transpose(-1, -2) for k, _ in pairs], -1)
        if bias is not None:
            logits = logits + bias.unsqueeze(1)
        weights = self.dropout(logits.softmax(-1))
        shares = weights.split([v.shape[2] for _, v in pairs], -1)
        mixed = sum(share @ v for share, (_, v) in zip(shares, pairs, strict=True))
        return self.out(mixed.transpose(1, 2).flatten(2))

    def project(self, keys: Tensor) -> Memory:
        """Return keys and values [B, heads, S, D / heads] of tokens [B, S, D], to be attended to
        many times."""
        k, v = self.key_value(keys).chunk(2, -1)
        # else every use would copy them
        return self._split(k).contiguous(), self._split(v).contiguous()

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Pre-norm Transformer block: self-attention, then a position-wise feed-forward network.

    With `identity_start` both output projections start at zero, so that the block starts as the
    identity.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        dropout: float,
        expansion: int = 2,
        identity_start: bool = False,
    ):
        super().__init__()
        self.norm_attention, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.feed = nn.Sequential(
            nn.Linear(width, expansion * width),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(expansion * width, width),
        )
        self.dropout = Dropout(dropout)
        if identity_start:
            zero_(self.attention.out), zero_(self.feed[-1])

    def forward(
        self, x: Tensor, bias: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Return [B, S, D] for tokens [B, S, D]; they attend to each other and to `memory` (see
        `remember`)."""
        normed = self.norm_attention(x)
        x = x + self.dropout(self.attention(normed, normed, bias, memory))
        return x + self.dropout(self.feed(self.norm_feed(x)))

    def remember(self, tokens: Tensor) -> Memory:
        """Project fixed tokens [B, S, D] once, for `forward` to attend to at every step of a
        walk."""
        return self.attention.project(self.norm_attention(tokens))


def zero_(layer: nn.Linear) -> None:
    """Set a layer to zero in place."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def hide(visible: Tensor) -> Tensor:
    """Return the attention bias that hides what is not visible: 0 or -inf, shaped like
    `visible`."""
    return torch.zeros(visible.shape, device=visible.device).masked_fill(~visible, float("-inf"))
