"""The item table: how items enter the encoder, and the heads that rank them (Eq. 15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mealrec.types import ItemFeatures

if TYPE_CHECKING:
    from mealrec.models.paper.config import PaperConfig
    from mealrec.models.paper.content import Anchors, ContentSpace

BLOCK = 2**12
"""How many items are scored at once: what is computed on the way to their scores stays in the
processor's cache."""


@dataclass(frozen=True)
class Shelf:
    """What stands for all items of `features` when they are ranked.

    It holds no frames, which are mapped where looked at.
    """

    items: Items
    features: ItemFeatures


@dataclass(frozen=True)
class Items:
    """All items at the model width, row 0 padding.

    Content: `visual` [N+1, D] (v_i), `title` [N+1, D] (h_i), `moments` [N+1, K, D] (F_i).
    `identity` [N+1, D] is the ID embedding and `bias` [N+1] the item's own appeal. `text` [N+1, D]
    is the title for a backbone that reads titles, and `anchor` [N+1, A] the item in the space that
    is never trained; A is 0 unless the head uses it. A system of IDs alone has zeros for content.
    """

    visual: Tensor
    title: Tensor
    moments: Tensor
    identity: Tensor
    bias: Tensor
    text: Tensor
    anchor: Tensor

    @property
    def entry(self) -> Tensor:
        """What enters the encoder [N+1, D]."""
        return self.identity + self.visual + self.title

    def blocks(self, size: int) -> Iterator[Items]:
        """Yield the items `size` at a time, without a copy."""
        for start in range(0, len(self.bias), size):
            rows = slice(start, start + size)
            yield Items(**{name: tensor[rows] for name, tensor in vars(self).items()})


class ItemTable(nn.Module):
    """ID embeddings plus content, with ID dropout so that content alone can carry an item.

    An item without an ID (uploaded, or held out of training) has zero ID embedding and a learned
    bias. A system of IDs alone makes no use of content, but its backbone may still read titles
    (`reads_text`). With `anchors` the head compares content too.
    """

    def __init__(
        self, config: PaperConfig, content: ContentSpace, anchors: Anchors | None, reads_text: bool
    ):
        super().__init__()
        # What is read of an item, and how often training does without its ID.
        self.num_items = config.num_items
        self.id_dropout = config.id_dropout
        self.width = config.width
        self.content = content
        self.anchors = anchors
        self.uses_content = config.content == "both"
        self.reads_text = reads_text
        # What is learned of it: its ID, and how often it is watched anyhow.
        self.ids = nn.Embedding(config.num_items + 1, config.width)
        self.bias = nn.Parameter(torch.zeros(config.num_items + 1))
        self.bias_without_id = nn.Parameter(torch.zeros(()))
        # How firmly a preference is meant, and with anchors how much their likeness counts.
        self.log_scale = nn.Parameter(torch.zeros(()))
        nn.init.normal_(self.ids.weight, std=0.1)
        if anchors is not None:
            self.log_match = nn.Parameter(torch.zeros(()))

    def forward(self, features: ItemFeatures, shown: Tensor, first: int = 0) -> Items:
        """Return every item of `features` at the model width.

        The first of them is the catalogue's item `first`. `shown` [M] names the items whose frames
        will be looked at: the others' moments stay zero.
        """
        # Which items have an ID, in training less those that drop out.
        row = first + torch.arange(len(features), device=features.text.device)
        known = features.has_id & (row <= self.num_items)
        if self.training and self.id_dropout:
            known = known & (torch.rand(len(row), device=row.device) >= self.id_dropout)
        row = row.clamp(max=self.num_items)

        # What their content is, as far as the system reads it.
        none = features.text.new_zeros(len(features), self.width)
        reads_titles = self.uses_content or self.reads_text
        text = self.content.title(features) if reads_titles else none
        return Items(
            visual=self.content.global_visual(features) if self.uses_content else none,
            title=text if self.uses_content else none,
            moments=self._moments(features, shown),
            identity=self.ids(row) * known.unsqueeze(-1),
            bias=torch.where(known, self.bias[row], self.bias_without_id),
            text=text,
            anchor=none[:, :0] if self.anchors is None else self.anchors(features),
        )

    def showing(self, items: Items, features: ItemFeatures, shown: Tensor) -> Items:
        """Return the same items with the frames of `shown` [M] mapped, and no others."""
        return replace(items, moments=self._moments(features, shown))

    def _moments(self, features: ItemFeatures, shown: Tensor) -> Tensor:
        """Return the mapped frames [N+1, K, D] of the items `shown` [M], zero for the others."""
        nothing = features.text.new_zeros(len(features), features.frames.shape[1], self.width)
        if not self.uses_content or not len(shown):
            return nothing
        return nothing.index_copy(0, shown, self.content.frames(features, shown))

    def scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the logits ŷ [R, N+1] of preferences [R, D + A].

        Paper: Eq. 15, ŷ_ui: head="item" matches the item's summary, and A is 0. Departs:
        head="content" adds p·c_i, the likeness of the item's anchor to the history's content p.
        """
        blocks = [self._scores(preference, block) for block in items.blocks(BLOCK)]
        return blocks[0] if len(blocks) == 1 else torch.cat(blocks, 1)

    def _scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the logits of a block of items: both comparisons, joined to one product."""
        state, content = preference.tensor_split([self.width], -1)
        # In every block and not once before: so its gradients add up as those behind the tables.
        scaled = state * self.log_scale.exp() / self.width**0.5
        wanted = torch.cat([scaled, content], -1)
        offered = torch.cat([items.entry, items.anchor], -1)
        return wanted @ offered.T + items.bias
