"""What IISAN and IISAN-Versa share: side towers over the cached hidden states of frozen
encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones import base as backbones
from mealrec.baselines.base import (
    Baseline,
    BaselineConfig,
    in_batch_cross_entropy,
    own_items,
    popularity,
)
from mealrec.errors import TrainingError
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.features.hidden import HiddenStates

TEMPERATURE = 0.1
MISSING = (
    "this system reads the encoders' hidden states, and there are none: run the `python -m mealrec extract` command "
    "that made the features with --hidden-states"
)
ITEMS_AT_ONCE = 4096


@dataclass(frozen=True)
class TowersConfig(BaselineConfig):
    """`visual_layers` and `text_layers` are the encoders', filled in with both widths from the
    hidden states.

    `bottleneck`: what an adapter narrows a state to; `dropout` acts in the sequence encoder.
    """

    visual_layers: int = 0
    text_layers: int = 0
    bottleneck: int = 64
    dropout: float = 0.1


class Adapter(nn.Module):
    """Down, GELU, up, and what came in added."""

    def __init__(self, width: int, bottleneck: int):
        super().__init__()
        self.down, self.up = nn.Linear(width, bottleneck), nn.Linear(bottleneck, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return [R, W] for x [R, W]."""
        return x + self.up(F.gelu(self.down(x)))


class Tower(nn.Module):
    """The tower of one modality: s <- Adapter(mu h_l + (1 - mu) s), which begins as the
    embeddings h_0."""

    def __init__(self, width: int, layers: int, bottleneck: int):
        super().__init__()
        self.gates = nn.Parameter(torch.zeros(layers))
        self.adapters = nn.ModuleList(Adapter(width, bottleneck) for _ in range(layers))

    def forward(self, states: Tensor) -> Tensor:
        """Return [R, W] for the embeddings and the kept layers [R, layers + 1, W]."""
        side, *kept = states.unbind(1)
        for adapter, share, state in zip(self.adapters, shares(self.gates), kept, strict=True):
            side = adapter(torch.lerp(side, state, share))
        return side


class Between(nn.Module):
    """The tower between: m <- Adapter(mu v_l + (1 - mu) t_l + m), which begins as nothing.

    It has as many steps as the shallower side keeps layers, and takes the last ones of the deeper;
    where the widths differ, a Linear a step maps the wider side to the other's width.
    """

    def __init__(self, visual: tuple[int, int], text: tuple[int, int], bottleneck: int):
        super().__init__()
        (self.steps, width), widths = map(min, zip(visual, text, strict=True)), (visual[1], text[1])
        self.width = width
        self.gates = nn.Parameter(torch.zeros(self.steps))
        self.adapters = nn.ModuleList(Adapter(width, bottleneck) for _ in range(self.steps))
        self.maps = nn.ModuleList(
            nn.ModuleList(nn.Linear(own, width) if own > width else nn.Identity() for own in widths)
            for _ in range(self.steps)
        )

    def forward(self, visual: Tensor, text: Tensor) -> Tensor:
        """Return [R, W] for the states [R, layers + 1, V] and [R, layers' + 1, H], W the smaller
        width."""
        between = visual.new_zeros(len(visual), self.width)
        pairs = zip(
            visual[:, -self.steps :].unbind(1), text[:, -self.steps :].unbind(1), strict=True
        )
        for adapter, maps, share, (seen, read) in zip(
            self.adapters, self.maps, shares(self.gates), pairs, strict=True
        ):
            between = adapter(
                torch.lerp(maps[1](read).float(), maps[0](seen).float(), share) + between
            )
        return between


class Towers(Baseline):
    """SASRec over items that three towers read off the hidden states; a subclass says which layers
    are `kept`.

    Departs: a state is the mean over its tokens, not the CLS token, which VideoMAE has not and
    MiniLM does not train; its mean over the items is taken out and one deviation a layer, as of all
    features here. An encoder that is missing an item adds nothing to it.
    """

    needs_hidden = True

    def __init__(self, config: TowersConfig):
        super().__init__()
        if not config.visual_layers or not config.text_layers:
            raise TrainingError(MISSING)
        self.config = config
        self.kept = {
            "visual": self.layers_of(config.visual_layers),
            "text": self.layers_of(config.text_layers),
        }
        visual, text = (
            (len(self.kept["visual"]), config.visual_width),
            (len(self.kept["text"]), config.text_width),
        )
        self.visual = Tower(visual[1], visual[0], config.bottleneck)
        self.text = Tower(text[1], text[0], config.bottleneck)
        self.between = Between(visual, text, config.bottleneck)
        self.out = nn.Linear(visual[1] + text[1] + self.between.width, config.width)
        self.encoder = backbones.build(
            "sasrec", config.width, max_length=config.max_length, dropout=config.dropout
        )
        self.register_buffer("counts", torch.zeros(config.num_items + 1), persistent=False)
        for name in self.kept:
            self.register_buffer(
                f"{name}_states", torch.zeros(0, dtype=torch.float16), persistent=False
            )

    def layers_of(self, depth: int) -> list[int]:
        """Return the layers that are kept of an encoder of this depth, rising, the last among
        them."""
        raise TypeError(f"{type(self).__name__} must define layers_of(depth)")

    def prepare(
        self,
        sequences: Sequence[Sequence[int]],
        features: ItemFeatures,
        hidden: HiddenStates | None = None,
    ) -> None:
        """Count the training clicks, and keep the embeddings and the kept layers of every item,
        normalised.

        Raises TrainingError where there are no hidden states, or those of other encoders than the
        towers are for.
        """
        self.check(hidden)
        self.counts.copy_(popularity(sequences, self.config.num_items))
        known = features.has_id[1:].cpu()
        self.visual_states = _normalised(hidden.visual, self.kept["visual"], known).to(
            features.text.device
        )
        self.text_states = _normalised(hidden.text, self.kept["text"], known).to(
            features.text.device
        )

    def check(self, hidden: HiddenStates | None) -> None:
        """Raise TrainingError where these are not the hidden states that the towers are built
        for."""
        if hidden is None:
            raise TrainingError(MISSING)
        ours = {name: getattr(self.config, name) for name in hidden.shape}
        if hidden.shape != ours or len(hidden.item_ids) != self.config.num_items:
            raise TrainingError(
                f"the towers are built for hidden states of {ours} and {self.config.num_items} items; "
                f"{hidden.shape} and {len(hidden.item_ids)} items came: take the features it was trained on"
            )

    def of(self, rows: Tensor) -> Tensor:
        """Return the items [M, D] of item indices [M]."""
        visual, text = self.visual_states[rows].float(), self.text_states[rows].float()
        sees, reads = (states.any(-1).any(-1, keepdim=True) for states in (visual, text))
        parts = (
            self.visual(visual) * sees,
            self.text(text) * reads,
            self.between(visual, text) * (sees | reads),
        )
        return self.out(torch.cat(parts, -1))

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item [N+1, D]."""
        rows = torch.arange(len(features), device=features.text.device)
        return torch.cat([self.of(some) for some in rows.split(ITEMS_AT_ONCE)])

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the in-batch debiased cross-entropy; only the batch's own items climb the
        towers."""
        users, positions = batch.rows
        own, batch = own_items(batch)
        items = self.of(own)
        states = self.encoder.encode(items[batch.items], batch.items)[users, positions]
        targets = batch.targets[users, positions]
        rank = in_batch_cross_entropy(states, items, targets, batch.prefixes(), self.counts[own])
        return {"rank": rank, "total": rank}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        states = self.encoder.encode(items[histories], histories)
        return backbones.last_states(states, histories) @ items.T


def shares(gates: Tensor) -> Tensor:
    """Return mu = sigmoid(g / 0.1) of every gate."""
    return (gates / TEMPERATURE).sigmoid()


def _normalised(hidden: np.ndarray, kept: Sequence[int], known: Tensor) -> Tensor:
    """Return [N+1, layers + 1, W] float16, the embeddings first; rows of zeros stay so and are
    not counted."""
    present = torch.from_numpy(hidden[:, -1].any(1))
    rows = torch.zeros(len(hidden) + 1, len(kept) + 1, hidden.shape[2], dtype=torch.float16)
    for place, layer in enumerate((0, *kept)):
        states = torch.from_numpy(hidden[:, layer].astype(np.float32))
        seen = states[present & known]
        centred = (states - seen.mean(0)) / seen.std().clamp(min=1e-6)
        rows[1:, place] = (centred * present[:, None]).half()
    return rows
