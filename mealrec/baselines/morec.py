"""MoRec (Yuan et al., 2023): an item is what its modality encoder says of it, and has no ID at
all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mealrec.backbones import base as backbones
from mealrec.baselines.base import Baseline, BaselineConfig, in_batch_cross_entropy, popularity
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.features.hidden import HiddenStates


@dataclass(frozen=True)
class MoRecConfig(BaselineConfig):
    """`dropout` acts in the sequence encoder."""

    dropout: float = 0.1


class System(Baseline):
    """SASRec over projections of the clips' and the titles' features.

    Departs: two-stage. The published system tunes its encoder end to end, which is what makes it
    strong; here the features are frozen and a projection alone is trained. Both modalities enter,
    their projections added.
    """

    Config = MoRecConfig
    SUMMARY = "MoRec, two-stage: items are their frozen features' projections, no IDs"

    def __init__(self, config: MoRecConfig):
        super().__init__()
        self.config = config
        self.visual = nn.Sequential(nn.Linear(config.visual_width, config.width), nn.GELU())
        self.text = nn.Sequential(nn.Linear(config.text_width, config.width), nn.GELU())
        self.out = nn.Linear(config.width, config.width)
        self.encoder = backbones.build(
            "sasrec", config.width, max_length=config.max_length, dropout=config.dropout
        )
        self.register_buffer("counts", torch.zeros(config.num_items + 1), persistent=False)

    def prepare(
        self,
        sequences: Sequence[Sequence[int]],
        features: ItemFeatures,
        hidden: HiddenStates | None = None,
    ) -> None:
        """Count the training clicks, which the loss takes out of the logits."""
        self.counts.copy_(popularity(sequences, self.config.num_items))

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item's projection [N+1, D]; a modality that is missing adds nothing."""
        visual = self.visual(features.global_visual) * features.has_visual.unsqueeze(-1)
        return self.out(visual + self.text(features.text) * features.has_text.unsqueeze(-1))

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the in-batch debiased cross-entropy over every position's target."""
        items = self.items(features)
        users, positions = batch.rows
        states = self.encoder.encode(items[batch.items], batch.items)[users, positions]
        targets = batch.targets[users, positions]
        rank = in_batch_cross_entropy(states, items, targets, batch.prefixes(), self.counts)
        return {"rank": rank, "total": rank}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        states = self.encoder.encode(items[histories], histories)
        return backbones.last_states(states, histories) @ items.T
