"""SASRec over items that are known by their content: what MoRec, IISAN and IISAN-Versa share."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.backbones import base as backbones
from mealrec.baselines.base import Baseline, BaselineConfig, EncoderInput
from mealrec.types import Clicks, ItemFeatures, SequenceBatch

ITEMS_AT_ONCE = 4096


class ContentSASRec(Baseline):
    """A subclass says what an item is (`item_rows`) and calls `add_encoder` last of its layers.

    `whole_table`: a step makes all items, where that costs little; else the batch's own alone.
    """

    whole_table: bool = False

    def add_encoder(self, config: BaselineConfig) -> None:
        """Add the sequence encoder, and the counts of training clicks [N+1] that the loss uses."""
        self.encoder = backbones.build(
            "sasrec", config.width, max_length=config.max_length, dropout=config.dropout
        )
        self.register_buffer("counts", torch.zeros(config.num_items + 1), persistent=False)

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: EncoderInput | None = None
    ) -> None:
        """Count the training clicks, which the loss takes out of the logits."""
        clicks = [item for sequence in sequences for item in sequence]
        indices = torch.tensor(clicks, dtype=torch.long)
        self.counts.copy_(torch.bincount(indices, minlength=len(self.counts)))

    def item_rows(self, rows: Tensor | slice, features: ItemFeatures) -> Tensor:
        """Return the items [M, D] of item indices [M]."""
        raise TypeError(f"{type(self).__name__} must define item_rows(rows, features)")

    def items(self, features: ItemFeatures) -> Tensor:
        """Return every item [N+1, D]."""
        if self.whole_table:
            return self.item_rows(slice(None), features)
        rows = torch.arange(len(features), device=features.text.device)
        parts = [self.item_rows(some, features) for some in rows.split(ITEMS_AT_ONCE)]
        return torch.cat(parts)

    def loss(self, batch: SequenceBatch, features: ItemFeatures) -> dict[str, Tensor]:
        """Return the in-batch debiased cross-entropy over every position's target."""
        # Make the items that the batch shows.
        if self.whole_table:
            items = self.items(features)
            counts = self.counts
        else:
            own, batch = own_items(batch)
            items = self.item_rows(own, features)
            counts = self.counts[own]
        # Predict each position's target from what was watched up to it.
        users, positions = batch.rows
        states = self.encoder.encode(items[batch.items], batch.items)[users, positions]
        targets = batch.targets[users, positions]
        rank = in_batch_cross_entropy(states, items, targets, batch.prefixes(), counts)
        return {"rank": rank, "total": rank}

    def scores(self, histories: Tensor, items: Tensor) -> Tensor:
        """See Baseline.scores."""
        states = self.encoder.encode(items[histories], histories)
        return backbones.last_states(states, histories) @ items.T


def own_items(batch: SequenceBatch) -> tuple[Tensor, SequenceBatch]:
    """Return a batch's distinct items, padding first, and the batch by their places among them."""
    padding = batch.items.new_zeros(1)
    own = torch.cat([batch.items.flatten(), batch.targets.flatten(), padding]).unique()
    items = torch.searchsorted(own, batch.items.contiguous())
    targets = torch.searchsorted(own, batch.targets.contiguous())
    return own, SequenceBatch(items, targets)


def in_batch_cross_entropy(
    states: Tensor, items: Tensor, targets: Tensor, histories: Tensor, counts: Tensor
) -> Tensor:
    """Return the in-batch debiased cross-entropy of MoRec and IISAN.

    states [R, D], items [N+1, D], targets [R], histories [R, L] (what a row has watched, padded
    with 0), counts [N+1] of training occurrences.
    """
    # The candidates are the batch's targets, less their log popularity: being drawn often earns
    # nothing.
    candidates, places = targets.unique(return_inverse=True)
    logits = states @ items[candidates].T - counts[candidates].clamp(min=1).log()
    # What a row has watched is no negative of it.
    watched = (histories.unsqueeze(2) == candidates).any(1)
    watched = watched & (candidates != targets.unsqueeze(1))
    return F.cross_entropy(logits.masked_fill(watched, float("-inf")), places)
