"""Attention (Eq. 5) and the Transformer block that every module of the model is built from."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

Memory = tuple[Tensor, Tensor]


class Dropout(nn.Dropout):
    """Dropout by comparing uniform numbers.

    On a CPU drawing the mask as torch does is a third of a training step.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return x with a share p of its values 0, the others scaled to keep the mean."""
        if not self.training or not self.p:
            return x
        # Nothing is kept, so nothing can be scaled.
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
        self.heads = heads
        self.dropout = Dropout(dropout)
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
        """Return [B, queries, D] for queries [B, queries, D] and keys [B, keys, D].

        `memory` adds keys that are projected already. `bias` is broadcastable to [B, queries, all
        keys].
        """
        q = self._split(self.query(queries)) / (queries.shape[-1] // self.heads) ** 0.5
        pairs = [self.project(keys)]
        if memory is not None:
            pairs.append(memory)

        # Logits are joined, not keys: the keys of a memory are many and would be copied for every
        # query.
        logits = torch.cat([q @ k.transpose(-1, -2) for k, _ in pairs], -1)
        if bias is not None:
            logits = logits + bias.unsqueeze(1)
        weights = self.dropout(logits.softmax(-1))

        # Each part of the weights mixes its own values.
        shares = weights.split([v.shape[2] for _, v in pairs], -1)
        mixed = sum(share @ v for share, (_, v) in zip(shares, pairs, strict=True))
        return self.out(mixed.transpose(1, 2).flatten(2))

    def project(self, keys: Tensor) -> Memory:
        """Return keys and values [B, heads, tokens, D / heads] of tokens [B, tokens, D].

        They may be attended to many times.
        """
        # One product for both; contiguous, or every use would copy them.
        k, v = self.key_value(keys).chunk(2, -1)
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
        identity_start: bool = False,
    ):
        super().__init__()
        # Each half normalises what it reads, and adds what it makes to what came in.
        self.norm_attention = nn.LayerNorm(width)
        self.norm_feed = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(2 * width, width),
        )
        self.dropout = Dropout(dropout)
        if identity_start:
            zero_(self.attention.out)
            zero_(self.feed[-1])

    def forward(
        self, x: Tensor, bias: Tensor | None = None, memory: Memory | None = None
    ) -> Tensor:
        """Return [B, tokens, D]: tokens attend to each other and to `memory`, see `remember`."""
        normed = self.norm_attention(x)
        x = x + self.dropout(self.attention(normed, normed, bias, memory))
        return x + self.dropout(self.feed(self.norm_feed(x)))

    def remember(self, tokens: Tensor) -> Memory:
        """Project fixed tokens [B, tokens, D] once, for `forward` to attend to at every step."""
        return self.attention.project(self.norm_attention(tokens))


class Blocks(nn.ModuleList):
    """A Transformer encoder: several blocks, one after the other."""

    def __init__(self, count: int, width: int, heads: int, dropout: float):
        super().__init__(Block(width, heads, dropout) for _ in range(count))

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return [B, S, D] for tokens [B, S, D]; `bias` [B or 1, S or 1, S] says who is seen."""
        for block in self:
            x = block(x, bias)
        return x


def zero_(layer: nn.Linear) -> None:
    """Set a layer to zero in place."""
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def hide(visible: Tensor) -> Tensor:
    """Return the attention bias, 0 or -inf, that hides what is not `visible`."""
    return torch.zeros(visible.shape, device=visible.device).masked_fill(~visible, float("-inf"))


def step_embedding(diffusion_step: Tensor, width: int) -> Tensor:
    """Return the sinusoidal embedding [R, D] of diffusion steps [R]."""
    # Half sines, half cosines, at frequencies from 1 down to almost 1/1000.
    half = width // 2
    places = torch.arange(half, device=diffusion_step.device)
    angles = diffusion_step[:, None] * torch.exp(-math.log(1000.0) * places / half)
    return torch.cat([angles.sin(), angles.cos()], -1)
