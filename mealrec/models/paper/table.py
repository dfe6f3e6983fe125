"""The item table: how items enter the encoder, and the heads that rank them by their summary or
by content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from mealrec.models.paper.content import Anchors, ContentSpace
from mealrec.types import ItemFeatures

BLOCK = 2**12
"""How many items are scored at once: what is computed on the way to their scores stays in the
processor's cache."""


@dataclass(frozen=True)
class Shelf:
    """What stands for all items of `features` when they are ranked: no frames, which are mapped
    where looked at."""

    items: Items
    features: ItemFeatures


@dataclass(frozen=True)
class Items:
    """All items at the model width, row 0 padding.

    Content: `visual` [N+1, D] (v_i), `title` [N+1, D] (h_i), `moments` [N+1, K, D] (F_i).
    `identity` [N+1, D] is the ID embedding and `bias` [N+1] the item's own appeal. `text` [N+1, D]
    is the title for a backbone that reads titles, and `anchor` [N+1, C] the item in the space that
    is never trained; C is 0 unless the head uses it. A system of IDs alone has zeros for content.
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

    def blocks(self) -> Iterator[Items]:
        """Yield the items BLOCK at a time, without a copy."""
        parts = {name: tensor.split(BLOCK) for name, tensor in vars(self).items()}
        for block in zip(*parts.values(), strict=True):
            yield Items(**dict(zip(parts, block, strict=True)))


class ItemTable(nn.Module):
    """ID embeddings plus content, with ID dropout so that content alone can carry an item.

    An item without an ID (uploaded, or held out of training) has zero ID embedding and a learned
    bias. `uses_content` false makes a system of IDs alone, whose backbone may still read titles
    (`reads_text`). `anchors` are needed by head="content".
    """

    def __init__(
        self,
        num_items: int,
        content: ContentSpace,
        width: int,
        id_dropout: float,
        head: str,
        uses_content: bool = True,
        reads_text: bool = False,
        anchors: Anchors | None = None,
    ):
        super().__init__()
        self.num_items, self.id_dropout, self.width, self.head = num_items, id_dropout, width, head
        self.content, self.anchors, self.uses_content = content, anchors, uses_content
        self.reads_text = reads_text
        self.ids = nn.Embedding(num_items + 1, width)
        self.bias = nn.Parameter(torch.zeros(num_items + 1))
        self.bias_without_id = nn.Parameter(torch.zeros(()))
        self.log_scale = nn.Parameter(torch.zeros(()))
        nn.init.normal_(self.ids.weight, std=0.1)
        if anchors is not None:
            self.log_match = nn.Parameter(torch.zeros(()))

    def forward(self, features: ItemFeatures, shown: Tensor | None = None, first: int = 0) -> Items:
        """Return every item of `features` at the model width; the first of them is the catalogue's
        item `first`.

        `shown` names the items whose frames will be looked at: the others' moments stay zero. All
        by default.
        """
        items = torch.arange(len(features), device=features.text.device)
        known = features.has_id & (items + first <= self.num_items)
        if self.training and self.id_dropout:
            known = known & (torch.rand(len(items), device=items.device) >= self.id_dropout)
        row = (items + first).clamp(max=self.num_items)
        none = features.text.new_zeros(len(items), self.width)
        text = self.content.title(features, items) if self.uses_content or self.reads_text else none
        return Items(
            self.content.global_visual(features, items) if self.uses_content else none,
            text if self.uses_content else none,
            self._moments(features, items, shown),
            self.ids(row) * known.unsqueeze(-1),
            torch.where(known, self.bias[row], self.bias_without_id),
            text,
            features.text.new_zeros(len(items), 0)
            if self.anchors is None
            else self.anchors(features),
        )

    def showing(self, items: Items, features: ItemFeatures, shown: Tensor) -> Items:
        """Return the same items with the frames of `shown` [M] mapped, and no others."""
        return replace(
            items,
            moments=self._moments(
                features, torch.arange(len(features), device=shown.device), shown
            ),
        )

    def _moments(self, features: ItemFeatures, items: Tensor, shown: Tensor | None) -> Tensor:
        if not self.uses_content:
            shown = items[:0]
        if shown is None:
            return self.content.frames(features, items)
        nothing = features.text.new_zeros(len(items), features.frames.shape[1], self.width)
        return (
            nothing
            if not len(shown)
            else nothing.index_copy(0, shown, self.content.frames(features, shown))
        )

    def scores(self, preference: Tensor, items: Items, seen: Tensor | None = None) -> Tensor:
        """Return the logits ŷ [R, N+1] of preferences [R, D], or [R, D + 2C] with head="content".

        Paper: Eq. 15, ŷ_ui: head="item" matches the item's summary. Departs: head="content" adds (p
        + q)·c_i, the likeness of the item's anchor to the history's content p and to the guidance
        q. Guidance says what else is like the history: items of `seen` [R, L] get none, being like
        themselves.
        """
        blocks = [self._scores(preference, block) for block in items.blocks()]
        scores = blocks[0] if len(blocks) == 1 else torch.cat(blocks, 1)
        if self.head != "content" or seen is None:
            return scores
        guidance = preference[:, -items.anchor.shape[1] :]
        gained = (items.anchor[seen] @ guidance.unsqueeze(-1)).squeeze(-1).to(scores.dtype)
        # not added: an item may be seen twice
        return scores.scatter(1, seen, scores.gather(1, seen) - gained)

    def _scores(self, preference: Tensor, items: Items) -> Tensor:
        state, rest = preference.tensor_split([self.width], -1)
        scaled = state * self.log_scale.exp() / self.width**0.5
        if self.head == "content":
            content, guidance = rest.tensor_split(2, -1)
            wanted = torch.cat([scaled, content + guidance], -1)
            return wanted @ torch.cat([items.entry, items.anchor], -1).T + items.bias
        return scaled @ items.entry.T + items.bias
