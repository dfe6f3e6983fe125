"""One content space for items, frames and text: an item without an ID is known by it alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mealrec.types import ItemFeatures


class ContentSpace(nn.Module):
    """Maps visual and text features to the model width; what is missing has a learned stand-in.

    Frames and global visual features share one map, so a frame, an item and a preference can be compared.
    """

    def __init__(self, visual_width: int, text_width: int, width: int, dropout: float):
        super().__init__()
        self.dropout = nn.Dropout(dropout)  # without it the maps learn each title and frame by heart, like an ID
        self.visual = nn.Linear(visual_width, width)
        self.text = nn.Linear(text_width, width)
        self.absent_visual = nn.Parameter(torch.randn(width) * 0.02)
        self.absent_text = nn.Parameter(torch.randn(width) * 0.02)

    def global_visual(self, features: ItemFeatures, items: Tensor) -> Tensor:
        """Return the mapped v_i [..., D] of items [...]."""
        mapped = self.visual(self.dropout(features.global_visual[items]))
        return torch.where(features.has_visual[items].unsqueeze(-1), mapped, self.absent_visual)

    def frames(self, features: ItemFeatures, items: Tensor) -> Tensor:
        """Return the mapped F_i [..., K, D] of items [...]."""
        mapped = self.visual(self.dropout(features.frames[items]))
        return torch.where(features.has_visual[items][..., None, None], mapped, self.absent_visual)

    def title(self, features: ItemFeatures, items: Tensor) -> Tensor:
        """Return the mapped h_i [..., D] of items [...]."""
        mapped = self.text(self.dropout(features.text[items]))
        return torch.where(features.has_text[items].unsqueeze(-1), mapped, self.absent_text)
