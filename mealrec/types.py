"""Shared types, and the one legend of dimension letters.

B users, L history, R rows (one per predicted position), K frames, J kinds of moments, D model
width, V visual width, H text width, N items, T diffusion steps. Item index 0 is padding; items
count from 1 to N.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


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
        """Return each row's own history [R, L]: its user's items up to its position,
        right-padded."""
        users, positions = self.rows
        steps = torch.arange(self.items.shape[1], device=self.items.device)
        return self.items[users] * (steps <= positions[:, None])


@dataclass(frozen=True)
class ItemFeatures:
    """What is known of every item; row 0 is padding.

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

    def extend(self, other: ItemFeatures) -> ItemFeatures:
        """Return these rows followed by the rows of `other` (which has no padding row)."""
        return ItemFeatures(
            **{
                name: torch.cat([tensor, getattr(other, name)])
                for name, tensor in vars(self).items()
            }
        )

    def rows(self, rows: Tensor) -> ItemFeatures:
        """Return the features of some rows alone."""
        return ItemFeatures(**{name: tensor[rows] for name, tensor in vars(self).items()})

    def replace(self, **changes: Tensor) -> ItemFeatures:
        """Return a copy with some tensors replaced."""
        return replace(self, **changes)
