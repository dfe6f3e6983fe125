"""What all blocks hand to each other, as tensors: histories, features, items over kinds.

The letters of shapes are explained in `mealrec/models/__init__.py`. Item index 0 is padding; items
count from 1 to N.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

Clicks = Sequence[Sequence[int]]
"""What the viewers of a training set clicked: item indices, oldest first."""


@dataclass(frozen=True)
class SequenceBatch:
    """Histories, oldest first, padded with 0 on the right, and the item that follows each position.

    `items` [B, L] indices; `targets` [B, L] the next item, 0 where nothing is to be predicted.
    """

    items: Tensor
    targets: Tensor

    @property
    def rows(self) -> tuple[Tensor, Tensor]:
        """Return (user index [R], position [R]) of every position that has a target."""
        return self.targets.nonzero(as_tuple=True)

    def prefixes(self) -> Tensor:
        """Return each row's own history [R, L]: its user's items up to its position, padded."""
        return prefixes_of(self.items, self.rows)


def prefixes_of(histories: Tensor, rows: tuple[Tensor, Tensor]) -> Tensor:
    """Return histories [B, L] up to some of their positions [R, L], padded.

    `rows` say which history [R], and which position in it [R].
    """
    users, positions = rows
    steps = torch.arange(histories.shape[1], device=histories.device)
    return histories[users] * (steps <= positions[:, None])


@dataclass(frozen=True)
class ItemFeatures:
    """What is known of every item; row 0 is padding, of which nothing is there.

    `global_visual` [N+1, V], `frames` [N+1, K, V], `text` [N+1, H]; `has_visual`, `has_text`,
    `has_id` [N+1] bool. An item without an ID (held out of training, or uploaded) is known by its
    content only.
    """

    global_visual: Tensor
    frames: Tensor
    text: Tensor
    has_visual: Tensor
    has_text: Tensor
    has_id: Tensor

    def __len__(self) -> int:
        return len(self.global_visual)

    def to(self, device: torch.device | str) -> ItemFeatures:
        """Return the same features on a device."""
        return ItemFeatures(**{name: tensor.to(device) for name, tensor in vars(self).items()})

    def rows(self, rows: Tensor) -> ItemFeatures:
        """Return the features of some rows alone."""
        return ItemFeatures(**{name: tensor[rows] for name, tensor in vars(self).items()})

    def replace(self, **changes: Tensor) -> ItemFeatures:
        """Return a copy with some tensors replaced."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Items:
    """All items over kinds, row 0 padding.

    `moments` [N+1, K, J]: the shares of kinds in each frame; `kinds` [N+1, J]: their mean, those in
    the clip; `identity` [N+1, J]: the ID embedding; `title` [N+1, J]: the mapped title; `bias`
    [N+1]: the clip's own appeal. `anybody` [J]: the kinds in what anybody watches.
    """

    moments: Tensor
    kinds: Tensor
    identity: Tensor
    title: Tensor
    bias: Tensor
    anybody: Tensor

    def __len__(self) -> int:
        return len(self.bias)

    def rows(self, rows: Tensor | slice) -> Items:
        """Return the items of some rows alone."""
        picked = {name: tensor[rows] for name, tensor in vars(self).items() if name != "anybody"}
        return Items(**picked, anybody=self.anybody)

    def blocks(self, size: int) -> Iterator[Items]:
        """Yield the items `size` at a time, without a copy."""
        for start in range(0, len(self), size):
            yield self.rows(slice(start, start + size))

    def followed_by(self, *more: Items) -> Items:
        """Return these items with others behind them."""
        # What anybody watches is the catalogue's, whoever is added.
        joined = {}
        for name, tensor in vars(self).items():
            if name != "anybody":
                joined[name] = torch.cat([tensor, *(getattr(items, name) for items in more)])
        return Items(**joined, anybody=self.anybody)

    def showing(self, moments: Tensor) -> Items:
        """Return the same items with other moments [N+1, K, J], such as with some hidden."""
        return replace(self, moments=moments, kinds=moments.mean(1))
