"""Guidance by content, and a place for items nobody has clicked: for any system, once trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mealrec.models.config import ModelConfig
from mealrec.models.history import recency_weights
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.content import Anchors
from mealrec.models.paper.model import PaperMealRec
from mealrec.types import Clicks, ItemFeatures

ANCHOR_WIDTH = 64  # directions a modality in the space that guidance compares in
GUIDANCE_RATE = 0.3  # how fast older clips lose their say in it, like Eq. 7's γ


@dataclass(frozen=True)
class Shelf:
    """All items: what the `base` system makes of them, and what is added to its scores by.

    `anchors` [N+1, A] are compared by guidance; `unseen` [N+1] says as 0 and 1 which have no click.
    """

    base: object
    anchors: Tensor
    unseen: Tensor


class Guided(nn.Module):
    """A trained system, and two numbers with it that validation chooses.

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
        self, sequences: Clicks, features: ItemFeatures, encoder_input: object = None
    ) -> None:
        """Take the content space and which items training knows; the system is prepared already."""
        self.anchors.fit(features)
        # Note which items have a training click.
        seen = torch.tensor([item for sequence in sequences for item in sequence], dtype=torch.long)
        self.clicked.zero_()
        self.clicked[seen.to(self.clicked.device)] = True

    def items(self, features: ItemFeatures) -> Shelf:
        """Return what stands for every item, made once for many histories."""
        # IDs that no click has taught are none.
        known = features.replace(has_id=features.has_id & self.clicked)
        unseen = (~self.clicked).to(features.text)
        return Shelf(self.base.items(known), self.anchors(features), unseen)

    def scores(self, histories: Tensor, items: Shelf, **choices) -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L]; `choices` as in `parts`."""
        # Each part at its weight. In place: a copy of all scores would cost as much as a part.
        parts = self.parts(histories, items, **choices)
        scores = parts["base"]
        for name in self.names:
            scores.addcmul_(parts[name], getattr(self, name))
        return scores

    def parts(self, histories: Tensor, items: Shelf) -> dict[str, Tensor]:
        """Return what is added up, by name, before it is weighed: "base", and each of `names`."""
        return {
            "base": self.base.scores(histories, items.base),
            "guidance": guidance(histories, items.anchors),
            "unseen": items.unseen,
        }


def guidance(histories: Tensor, anchors: Tensor) -> Tensor:
    """Return q·c [R, N+1]: how like their history [R, L] the items of `anchors` [N+1, A] are."""
    return (direction(histories, anchors) @ anchors.T).scatter_(1, histories, 0.0)


def direction(histories: Tensor, anchors: Tensor) -> Tensor:
    """Return q [R, A]: which way the content of histories [R, L] points, later clips first."""
    weights = recency_weights(histories > 0, torch.tensor(GUIDANCE_RATE))
    mean = (weights.unsqueeze(1) @ anchors[histories]).squeeze(1)
    return nn.functional.normalize(mean, dim=-1)


@dataclass(frozen=True)
class GuidedConfig(ModelConfig):
    """The backbone with content that is guided."""

    FORM: ClassVar[str] = "guided"

    base: PaperConfig

    @property
    def max_length(self) -> int:
        """Return how many clips of a history are read."""
        return self.base.max_length


class GuidedBackbone(Guided):
    """ŷ_i = the backbone's logit + guidance q·c_i: what OnBackbone is without its walk."""

    def __init__(self, config: GuidedConfig, base: PaperMealRec | None = None):
        shape = config.base.num_items, config.base.visual_width, config.base.text_width
        super().__init__(base or PaperMealRec(config.base), *shape)
        self.config = config
