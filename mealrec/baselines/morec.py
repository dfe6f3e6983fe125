"""MoRec (Yuan et al., 2023): an item is what its modality encoders say of it, and has no ID."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from mealrec.baselines._content import ContentSASRec
from mealrec.baselines.base import BaselineConfig
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class MoRecConfig(BaselineConfig):
    """`dropout` acts in the sequence encoder."""

    dropout: float = 0.1


class System(ContentSASRec):
    """SASRec over projections of the clips' and the titles' features.

    Departs: two-stage. The published system tunes its encoder end to end, which is what makes it
    strong; here the features are frozen and a projection alone is trained. Both modalities enter,
    their projections added.
    """

    Config = MoRecConfig
    SUMMARY = "MoRec, two-stage: items are their frozen features' projections, no IDs"
    whole_table = True

    def __init__(self, config: MoRecConfig):
        super().__init__()
        # A projection for each modality, and one of their sum.
        self.config = config
        self.visual = nn.Sequential(nn.Linear(config.visual_width, config.width), nn.GELU())
        self.text = nn.Sequential(nn.Linear(config.text_width, config.width), nn.GELU())
        self.out = nn.Linear(config.width, config.width)
        self.add_encoder(config)

    def item_rows(self, rows: Tensor | slice, features: ItemFeatures) -> Tensor:
        """Return the projections [M, D] of some items; a missing modality adds nothing."""
        # Each modality on its own; both add up to the item.
        visual = self.visual(features.global_visual[rows])
        visual = visual * features.has_visual[rows].unsqueeze(-1)
        text = self.text(self.text_rows(rows, features))
        return self.out(visual + text * features.has_text[rows].unsqueeze(-1))

    def text_rows(self, rows: Tensor | slice, features: ItemFeatures) -> Tensor:
        """Return the titles' features [M, H] of some items."""
        return features.text[rows]
