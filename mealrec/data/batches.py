"""Training batches: one row a user, a target at every position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from mealrec.data.interactions import pad
from mealrec.types import SequenceBatch


class TrainingBatches:
    """All training sequences as one pair of tensors, shuffled anew for every epoch."""

    def __init__(self, sequences: Sequence[Sequence[int]], max_length: int, device: torch.device | str):
        self.items = torch.from_numpy(pad([s[:-1] for s in sequences], max_length)).to(device)
        self.targets = torch.from_numpy(pad([s[1:] for s in sequences], max_length)).to(device)

    def epoch(self, batch_size: int, generator: torch.Generator) -> Iterator[SequenceBatch]:
        """Yield every user once, in a random order drawn from `generator`."""
        order = torch.randperm(len(self.items), generator=generator).to(self.items.device)
        for rows in order.split(batch_size):
            yield SequenceBatch(self.items[rows], self.targets[rows])
