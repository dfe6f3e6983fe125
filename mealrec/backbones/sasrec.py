"""SASRec (Kang and McAuley, 2018): causal self-attention over the history (Sec. 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.backbones.base import Backbone
from mealrec.layers import Blocks, Dropout, hide


@dataclass(frozen=True)
class SASRecConfig:
    """Two blocks of two heads and at most ten items, as in Sec. 5.1.3.

    `norm_input` normalises what enters the blocks, as RecBole does: small embeddings are heard from
    the first step.
    """

    width: int = 64
    blocks: int = 2
    heads: int = 2
    dropout: float = 0.3
    max_length: int = 10
    norm_input: bool = False


class Encoder(Backbone):
    """Paper: Eq. 5 and 12, SeqEnc.

    Departs: the blocks normalise their input, not their output, and widen to 2 D with GELU; who
    ranks by the states normalises them.
    """

    Config = SASRecConfig

    def __init__(self, config: SASRecConfig):
        # Small, so that at first an item's own vector is heard above its place.
        super().__init__()
        self.config = config
        self.positions = nn.Parameter(torch.randn(config.max_length, config.width) * 0.02)
        self.blocks = Blocks(config.blocks, config.width, config.heads, config.dropout)
        self.dropout = Dropout(config.dropout)
        self.norm = nn.LayerNorm(config.width) if config.norm_input else nn.Identity()

    def encode(self, embedded: Tensor, items: Tensor, text: Tensor | None = None) -> Tensor:
        """See Backbone.encode. Raises ValueError for histories longer than `max_length`."""
        length = items.shape[1]
        longest = self.config.max_length
        if length > longest:
            raise ValueError(
                f"a history must have at most max_length = {longest} items, got {length}; "
                "keep the latest"
            )
        tokens = self.dropout(self.tokens(embedded, items, text))
        # Padding is on the right, behind all that counts: it needs no mask of its own.
        steps = torch.arange(length, device=items.device)
        causal = hide(steps[:, None] >= steps)[None]
        return self.blocks(tokens, causal)

    def tokens(self, embedded: Tensor, items: Tensor, text: Tensor | None) -> Tensor:
        """Return what the blocks read [B, L, D]: here items and their positions, no titles."""
        return self.norm(embedded + self.positions[: items.shape[1]])
