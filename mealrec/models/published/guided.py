"""What any system may be given after its training: guidance by content, and a place for items
nobody has clicked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.models.history import recency_weights
from mealrec.models.paper.content import Anchors
from mealrec.types import ItemFeatures

ANCHOR_WIDTH = 64  # directions a modality in the space that guidance compares in
GUIDANCE_RATE = 0.3  # how fast older clips lose their say in it, like Eq. 7's γ


@dataclass(frozen=True)
class Shelf:
    """All items: what the `base` system makes of them, `anchors` [N+1, C], and which are
    `unseen` [N+1], as 0 and 1."""

    base: object
    anchors: Tensor
    unseen: Tensor


class Guided(nn.Module):
    """A trained system, and two numbers beside it that validation chooses.

    `guidance`: how strongly what is like the history in content is preferred; what was watched gets
    none, being like itself. `unseen`: what is added to items without a training click. Training
    knows these as wrong answers alone, so their IDs drift to one place; here they have none, as any
    item that a system meets for the first time.
    """

    ends = ("walk",)
    names = ("guidance", "unseen")

    def __init__(self, base: nn.Module, num_items: int, visual_width: int, text_width: int):
        super().__init__()
        self.base = base
        self.anchors = Anchors(visual_width, text_width, ANCHOR_WIDTH)
        self.register_buffer("clicked", torch.zeros(num_items + 1, dtype=torch.bool))
        for name in self.names:
            self.register_buffer(name, torch.zeros(()))

    @property
    def causal(self) -> bool:
        """Whether one row answers for every position, see Backbone."""
        return self.base.causal

    def prepare(
        self, sequences: Sequence[Sequence[int]], features: ItemFeatures, hidden: object = None
    ) -> None:
        """Take the content space and which items training knows; the system has been prepared
        before."""
        self.anchors.fit(features)
        seen = torch.tensor([item for sequence in sequences for item in sequence], dtype=torch.long)
        self.clicked.zero_()[seen.to(self.clicked.device)] = True

    def items(self, features: ItemFeatures) -> Shelf:
        """Return what stands for every item, made once for many histories."""
        known = features.replace(has_id=features.has_id & self.clicked)
        return Shelf(
            self.base.items(known), self.anchors(features), (~self.clicked).to(features.text)
        )

    def scores(self, histories: Tensor, items: Shelf) -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L]."""
        return self.weighed(self.parts(histories, items))

    def weighed(self, parts: dict[str, Tensor]) -> Tensor:
        """Return the sum of the parts, each at its weight; the parts are used up."""
        scores = parts.pop("base")
        for name, part in parts.items():
            scores = scores.addcmul_(part, getattr(self, name))
        return scores

    def parts(self, histories: Tensor, items: Shelf) -> dict[str, Tensor]:
        """Return what is added up, by name, before it is weighed: "base", and one of each of
        `names`."""
        return {
            "base": self.base.scores(histories, items.base),
            "guidance": guidance(histories, items.anchors),
            "unseen": items.unseen,
        }


def guidance(histories: Tensor, anchors: Tensor) -> Tensor:
    """Return q·c [R, N+1]: how like their history [R, L] the items are, whose content is
    `anchors` [N+1, C]."""
    return (direction(histories, anchors) @ anchors.T).scatter_(1, histories, 0.0)


def direction(histories: Tensor, anchors: Tensor) -> Tensor:
    """Return q [R, C]: which way the content of histories [R, L] points, later clips counting
    more."""
    weights = recency_weights(histories > 0, torch.tensor(GUIDANCE_RATE))
    return nn.functional.normalize((weights.unsqueeze(1) @ anchors[histories]).squeeze(1), dim=-1)
