"""The last layers of a BERT as trainable modules: built from numbers alone, and begun from an
encoder's own."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.features.text import batch_tokens, batches
from mealrec.features.titles import KIND
from mealrec.layers import Attention, Dropout, hide

EPSILON = KIND[1]


class Layer(nn.Module):
    """One layer of a BERT: attention and a feed-forward network, each added to what came in and
    then normalised."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float):
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.feed = nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))
        self.norm_attention, self.norm_feed = (
            nn.LayerNorm(width, EPSILON),
            nn.LayerNorm(width, EPSILON),
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return [B, T, H] for tokens [B, T, H] and the bias [B, 1, T] that hides padding."""
        x = self.norm_attention(x + self.dropout(self.attention(x, x, bias)))
        return self.norm_feed(x + self.dropout(self.feed(x)))

    @torch.no_grad()
    def begin(self, pretrained: nn.Module) -> None:
        """Take over the weights of a BERT's layer."""
        own, attends, leaves = (
            self.attention,
            pretrained.attention.self,
            pretrained.attention.output,
        )
        for name in ("weight", "bias"):
            pair = [getattr(part, name) for part in (attends.key, attends.value)]
            getattr(own.key_value, name).copy_(torch.cat(pair))
        taken = {
            own.query: attends.query,
            own.out: leaves.dense,
            self.norm_attention: leaves.LayerNorm,
        }
        taken |= {
            self.feed[0]: pretrained.intermediate.dense,
            self.feed[2]: pretrained.output.dense,
        }
        for to, source in (taken | {self.norm_feed: pretrained.output.LayerNorm}).items():
            to.load_state_dict(source.state_dict())


class Reader(nn.Module):
    """The layers that are trained, over the states of frozen ones [M, H], laid one title after the
    other.

    A title's feature is the mean of its tokens, scaled to unit length, less the mean and by the
    deviation of all features: what the text encoder and the normalisation make of it, until it is
    trained.
    """

    def __init__(self, layers: int, width: int, heads: int, inner: int, dropout: float):
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads, inner, dropout) for _ in range(layers))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))
        self.hold(torch.zeros(0, width), torch.zeros(1, dtype=torch.long))

    def hold(self, states: Tensor, lengths: Tensor) -> None:
        """Keep the frozen states [M, H] and how many of them each item has [N+1]; they are not
        saved."""
        for name, tensor in {
            "states": states,
            "lengths": lengths,
            "starts": lengths.cumsum(0) - lengths,
        }.items():
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """Return the titles' features [R, H] of item indices [R]; zeros where an item has no
        title."""
        lengths = self.lengths[rows]
        titled = lengths.nonzero().squeeze(1)
        made = self.mean.new_zeros(len(rows), len(self.mean))
        if not len(titled):
            return made
        parts = [
            titled[part] for part in batches(lengths[titled].tolist(), batch_tokens(rows.device))
        ]
        read = torch.cat([self._read(rows[part]) for part in parts])
        return made.index_copy(0, torch.cat(parts), (read - self.mean) / self.deviation)

    def _read(self, rows: Tensor) -> Tensor:
        lengths = self.lengths[rows]
        steps = torch.arange(int(lengths.max()), device=rows.device)
        real = steps < lengths[:, None]
        tokens = self.states[(self.starts[rows][:, None] + steps) * real].float()
        bias = hide(real)[:, None]
        for layer in self.layers:
            tokens = layer(tokens, bias)
        mean = (tokens * real[..., None]).sum(1) / lengths[:, None]
        return F.normalize(mean.float(), dim=-1)
