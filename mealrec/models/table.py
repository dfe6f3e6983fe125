"""The item table: how items enter the encoder, and the head that ranks them by their moments."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.models.content import ContentSpace
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class Items:
    """All items at the model width, row 0 padding.

    Content: `visual` [N+1, D] (v_i), `title` [N+1, D] (h_i), `moments` [N+1, K, D] (F_i). `identity` [N+1, D]
    is the ID embedding and `bias` [N+1] the item's own appeal.
    """

    visual: Tensor
    title: Tensor
    moments: Tensor
    identity: Tensor
    bias: Tensor

    @property
    def entry(self) -> Tensor:
        """What enters the encoder [N+1, D]."""
        return self.identity + self.visual + self.title


class ItemTable(nn.Module):
    """ID embeddings plus content, with ID dropout so that content alone can carry an item.

    An item without an ID (uploaded, or held out of training) has zero ID embedding and a learned bias.
    """

    def __init__(self, num_items: int, content: ContentSpace, width: int, id_dropout: float, head: str):
        super().__init__()
        self.num_items, self.id_dropout, self.width, self.head = num_items, id_dropout, width, head
        self.content = content
        self.ids = nn.Embedding(num_items + 1, width)
        self.bias = nn.Parameter(torch.zeros(num_items + 1))
        self.bias_without_id = nn.Parameter(torch.zeros(()))
        self.log_scale = nn.Parameter(torch.zeros(()))
        nn.init.normal_(self.ids.weight, std=0.1)

    def forward(self, features: ItemFeatures) -> Items:
        """Return every item of `features` at the model width."""
        items = torch.arange(len(features), device=features.text.device)
        known = features.has_id & (items <= self.num_items)
        if self.training:
            known = known & (torch.rand(len(items), device=items.device) >= self.id_dropout)
        row = items.clamp(max=self.num_items)
        return Items(
            self.content.global_visual(features, items),
            self.content.title(features, items),
            self.content.frames(features, items),
            self.ids(row) * known.unsqueeze(-1),
            torch.where(known, self.bias[row], self.bias_without_id),
        )

    def scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the logits ŷ [R, N+1] of preferences [R, D].

        Paper: Eq. 15, ŷ_ui. Departs: with head="moments" a clip appeals by its best moments, so its K frames
        enter as log Σ_k exp(x·f_k); head="item" matches their summary v_i, as the paper does.
        """
        scaled = preference * self.log_scale.exp() / self.width**0.5
        by_item = scaled @ (items.identity + items.title).T + items.bias
        if self.head == "item":
            return by_item + scaled @ items.visual.T
        by_moment = (scaled @ items.moments.flatten(0, 1).T).unflatten(1, (-1, items.moments.shape[1]))
        return by_item + by_moment.logsumexp(-1)
