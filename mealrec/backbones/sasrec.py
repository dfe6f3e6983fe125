"""SASRec: causal self-attention over the history (Sec. 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.backbones.base import Backbone
from mealrec.models.attention import Block, hide


@dataclass(frozen=True)
class SASRecConfig:
    """Two blocks of two heads and at most ten items, as in Sec. 5.1.3."""

    width: int = 64
    blocks: int = 2
    heads: int = 2
    dropout: float = 0.3
    max_length: int = 10


class Encoder(Backbone):
    """Paper: Eq. 5 and 12, SeqEnc."""

    Config = SASRecConfig

    def __init__(self, config: SASRecConfig):
        super().__init__()
        self.config = config
        self.positions = nn.Parameter(torch.randn(config.max_length, config.width) * 0.02)
        self.blocks = nn.ModuleList(Block(config.width, config.heads, config.dropout) for _ in range(config.blocks))
        self.dropout = nn.Dropout(config.dropout)

    def encode(self, embedded: Tensor, items: Tensor) -> Tensor:
        """See Backbone.encode."""
        length = items.shape[1]
        steps = torch.arange(length, device=items.device)
        causal = hide(steps[:, None] >= steps)[None]
        x = self.dropout(embedded + self.positions[:length])
        for block in self.blocks:
            x = block(x, causal)
        return x
