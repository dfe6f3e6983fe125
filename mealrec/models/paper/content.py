"""One content space for items, frames and text: an item without an ID is known by it alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.layers import Dropout
from mealrec.types import ItemFeatures


class Anchors(nn.Module):
    """A content space that training never touches: the main directions of each modality's features,
    fitted once.

    A trained map learns which pairs of items were clicked; likeness in this space says the same of
    pairs that nobody has clicked yet.
    """

    def __init__(self, visual_width: int, text_width: int, width: int):
        super().__init__()
        self.register_buffer("visual", torch.zeros(visual_width, width))
        self.register_buffer("text", torch.zeros(text_width, width))

    @property
    def width(self) -> int:
        """Return C, the length of an item's anchor: a half for each modality."""
        return 2 * self.visual.shape[1]

    def fit(self, features: ItemFeatures) -> None:
        """Take the principal directions of the items that have an ID; the features come
        normalised."""
        self.visual.copy_(
            _principal(
                features.global_visual[features.has_visual & features.has_id], *self.visual.shape
            )
        )
        self.text.copy_(
            _principal(features.text[features.has_text & features.has_id], *self.text.shape)
        )

    def forward(self, features: ItemFeatures) -> Tensor:
        """Return c_i [N+1, C] of every item; each half has length sqrt(1/2), or 0 where its
        modality is missing."""
        visual = F.normalize(
            features.global_visual @ self.visual, dim=-1
        ) * features.has_visual.unsqueeze(-1)
        text = F.normalize(features.text @ self.text, dim=-1) * features.has_text.unsqueeze(-1)
        return torch.cat([visual, text], -1) / 2**0.5


def _principal(rows: Tensor, full: int, kept: int) -> Tensor:
    """Return the `kept` directions [full, kept] of largest variance of rows [M, full]; zeros
    beyond `full`."""
    centred = rows.double() - rows.double().mean(0)
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :kept].to(rows)
    return F.pad(directions, (0, kept - directions.shape[1]))


class ContentSpace(nn.Module):
    """Maps visual and text features to the model width; what is missing has a learned stand-in.

    Frames and global visual features share one map, so a frame, an item and a preference can be
    compared.
    """

    def __init__(self, visual_width: int, text_width: int, width: int, dropout: float):
        super().__init__()
        # without it the maps learn each title and frame by heart, like an ID
        self.dropout = Dropout(dropout)
        self.visual = nn.Linear(visual_width, width)
        self.text = nn.Linear(text_width, width)
        for layer in (self.visual, self.text):
            # Normalised features come at unit variance: an item's content begins at the scale of
            # its ID, not above it.
            nn.init.normal_(layer.weight, std=0.3 * layer.in_features**-0.5)
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
