"""One content space for items, frames and text: an item without an ID is known by it alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.layers import Dropout
from mealrec.types import ItemFeatures


class Anchors(nn.Module):
    """A content space that training never touches: main directions of each modality, fitted once.

    A trained map learns which pairs of items were clicked; likeness in this space says the same of
    pairs that nobody has clicked yet.
    """

    def __init__(self, visual_width: int, text_width: int, width: int):
        super().__init__()
        self.register_buffer("visual", torch.zeros(visual_width, width))
        self.register_buffer("text", torch.zeros(text_width, width))

    @property
    def width(self) -> int:
        """Return A, the length of an item's anchor: a half for each modality."""
        return 2 * self.visual.shape[1]

    def fit(self, features: ItemFeatures) -> None:
        """Take the main directions of the items that have an ID; the features come normalised."""
        # Whatever lacks a modality teaches nothing of it.
        shown = features.global_visual[features.has_visual & features.has_id]
        titles = features.text[features.has_text & features.has_id]
        self.visual.copy_(_principal(shown, self.visual.shape[1]))
        self.text.copy_(_principal(titles, self.text.shape[1]))

    def forward(self, features: ItemFeatures) -> Tensor:
        """Return the anchors [N+1, A] of all items.

        Each half has length sqrt(1/2), or 0 where its modality is missing.
        """
        # Both halves together have length 1.
        visual = F.normalize(features.global_visual @ self.visual, dim=-1)
        text = F.normalize(features.text @ self.text, dim=-1)
        halves = [visual * features.has_visual[:, None], text * features.has_text[:, None]]
        return torch.cat(halves, -1) / 2**0.5


def _principal(rows: Tensor, kept: int) -> Tensor:
    """Return the `kept` directions of largest variance of rows [M, width]: [width, kept].

    Beyond the rows' own width they are zeros.
    """
    # The largest of the covariance's axes, which come in rising order.
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
        # Without it the maps learn each title and frame by heart, like an ID.
        self.dropout = Dropout(dropout)
        self.visual = nn.Linear(visual_width, width)
        self.text = nn.Linear(text_width, width)
        for layer in (self.visual, self.text):
            # Normalised features come at unit variance: an item's content begins at the scale of
            # its ID, not above it.
            nn.init.normal_(layer.weight, std=0.3 * layer.in_features**-0.5)
        self.absent_visual = nn.Parameter(torch.randn(width) * 0.02)
        self.absent_text = nn.Parameter(torch.randn(width) * 0.02)

    def global_visual(self, features: ItemFeatures) -> Tensor:
        """Return the mapped v_i [N+1, D] of all items."""
        mapped = self.visual(self.dropout(features.global_visual))
        return torch.where(features.has_visual[:, None], mapped, self.absent_visual)

    def frames(self, features: ItemFeatures, items: Tensor) -> Tensor:
        """Return the mapped F_i [M, K, D] of items [M]."""
        mapped = self.visual(self.dropout(features.frames[items]))
        return torch.where(features.has_visual[items][:, None, None], mapped, self.absent_visual)

    def title(self, features: ItemFeatures) -> Tensor:
        """Return the mapped h_i [N+1, D] of all items."""
        mapped = self.text(self.dropout(features.text))
        return torch.where(features.has_text[:, None], mapped, self.absent_text)
