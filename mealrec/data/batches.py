"""Training batches: one row a user with a target at every position, or one row a prefix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from mealrec.data.interactions import pad
from mealrec.types import SequenceBatch


class TrainingBatches:
    """All training sequences as one pair of tensors, in another order every epoch.

    With `causal=False`, for a backbone whose states see what comes after them, every prefix is a
    row of its own with one target, at its end: the same predictions, and no state that has seen its
    own target.
    """

    def __init__(
        self,
        sequences: Sequence[Sequence[int]],
        max_length: int,
        device: torch.device | str,
        causal: bool = True,
    ):
        # What follows each item is its target.
        items = torch.from_numpy(pad([s[:-1] for s in sequences], max_length))
        targets = torch.from_numpy(pad([s[1:] for s in sequences], max_length))
        self.items = items.to(device)
        self.targets = targets.to(device)
        # Stays on the CPU: cutting a batch must not wait for a GPU.
        self.lengths = (items > 0).sum(1)
        self.causal = causal

    def steps(self, batch_size: int) -> int:
        """Return how many batches an epoch has."""
        return -(-len(self.items) // batch_size)

    def epoch(self, batch_size: int, generator: torch.Generator) -> Iterator[SequenceBatch]:
        """Yield `batch_size` users at a time, in random order, cut to the longest of them."""
        for users in torch.randperm(len(self.items), generator=generator).split(batch_size):
            longest = int(self.lengths[users].max())
            users = users.to(self.items.device)
            batch = SequenceBatch(self.items[users, :longest], self.targets[users, :longest])
            yield batch if self.causal else by_prefix(batch)


def share(batch: SequenceBatch, process: int, processes: int) -> tuple[SequenceBatch, float]:
    """Return one process's rows of a joint batch, and the weight of their loss.

    A loss is a mean over targets, and processes have differently many: weighted so, the mean over
    the processes is the mean over the joint batch. A process without a row gets one of weight 0, as
    all must step together.
    """
    if processes == 1:
        return batch, 1.0
    if process >= len(batch.items):
        return SequenceBatch(batch.items[:1], batch.targets[:1]), 0.0
    own = slice(process, None, processes)
    mine = SequenceBatch(batch.items[own], batch.targets[own])

    # Weighted by its targets, not by its rows.
    of_all = float((mine.targets > 0).sum() / (batch.targets > 0).sum())
    return mine, processes * of_all


def by_prefix(batch: SequenceBatch) -> SequenceBatch:
    """Return one row a prediction: the history up to it, and its target at the last position."""
    # A target belongs to the one row that ends at its position.
    users, positions = batch.rows
    steps = torch.arange(batch.items.shape[1], device=batch.items.device)
    is_last = steps == positions[:, None]
    return SequenceBatch(batch.prefixes(), batch.targets[users] * is_last)
