"""MealRec on published data: a trained backbone with its content, and beside it the walk over
kinds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.config import GraphConfig
from mealrec.models.published.guided import Guided, Shelf
from mealrec.models.published.walk import KindWalk
from mealrec.models.table import Items
from mealrec.types import ItemFeatures

FORM = "on-backbone"
FEW_CLICKS = 20.0  # an item with as many is left to its kinds by half


def _of_walk(name: str) -> property:
    """Return what the walk's configuration says, and where both halves have it the backbone's
    too."""
    return property(lambda config: getattr(config.walk, name))


@dataclass(frozen=True)
class OnBackboneConfig:
    """The two halves: the backbone with content, and the walk over kinds; stored as JSON beside the
    weights.

    `variant` is the walk's; a "backbone" walks nowhere, and its kinds are to count nothing.
    """

    base: PaperConfig
    walk: GraphConfig

    num_items, visual_width, text_width = (
        _of_walk("num_items"),
        _of_walk("visual_width"),
        _of_walk("text_width"),
    )
    num_frames, num_kinds, num_steps = (
        _of_walk("num_frames"),
        _of_walk("num_kinds"),
        _of_walk("num_steps"),
    )
    max_length, variant = _of_walk("max_length"), _of_walk("variant")

    def __post_init__(self) -> None:
        for name in ("num_items", "visual_width", "text_width", "max_length"):
            mine, other = getattr(self.base, name), getattr(self.walk, name)
            if mine != other:
                raise ValueError(f"{name} must be the same in both halves, got {mine} and {other}")

    @property
    def backbone(self) -> str:
        """Return the backbone's name."""
        return self.base.backbone

    def to_dict(self) -> dict:
        """Return plain JSON types."""
        return {"form": FORM, "base": self.base.to_dict(), "walk": self.walk.to_dict()}

    @classmethod
    def from_dict(cls, values: dict) -> OnBackboneConfig:
        """Rebuild a configuration; raises TypeError on an unknown key."""
        return cls(PaperConfig.from_dict(values["base"]), GraphConfig.from_dict(values["walk"]))


@dataclass(frozen=True)
class Both(Shelf):
    """All items for both halves: the backbone's shelf, and `kinds` for the walk; `of_kinds`
    [N+1, J] is sparse."""

    kinds: Items
    of_kinds: Tensor


class OnBackbone(Guided):
    """The preference is [ID state, kinds]: each half is trained apart, and both add up to one
    ranking.

    ŷ_i = the backbone's logit + guidance q·c_i + kinds · ρ_i E_i, with E of KindHead and ρ of
    `rarity`. The backbone learns its training rows by heart, and a walk that is trained beside it
    has nothing left to learn; so the walk is trained alone, and validation chooses how much it
    counts. What was watched gets neither guidance nor kinds. `certainty` is how far a preference is
    believed where it is told as shares of the next click; it ranks nothing.
    """

    ends = ("walk", "start")
    names = ("guidance", "unseen", "kinds")

    def __init__(
        self,
        config: OnBackboneConfig,
        base: PaperMealRec | None = None,
        walk: KindWalk | None = None,
    ):
        shape = config.base.num_items, config.base.visual_width, config.base.text_width
        super().__init__(base or PaperMealRec(config.base), *shape)
        self.config = config
        self.walk_over_kinds = walk or KindWalk(config.walk)
        self.register_buffer("certainty", torch.ones(()))

    def items(self, features: ItemFeatures) -> Both:
        """Return what stands for every item, made once for many histories."""
        kinds = self.walk_over_kinds.items(features)
        return Both(**vars(super().items(features)), kinds=kinds, of_kinds=kinds.kinds.to_sparse())

    def scores(
        self, histories: Tensor, items: Both, ends_at: str = "walk", seed: int = 0
    ) -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L], by the walk's end or
        with "start" by x_0."""
        return self.weighed(self.parts(histories, items, ends_at, seed))

    def parts(
        self, histories: Tensor, items: Both, ends_at: str = "walk", seed: int = 0
    ) -> dict[str, Tensor]:
        """Return what is added up, by name, before it is weighed."""
        return super().parts(histories, items) | {
            "kinds": self.matches(histories, items, ends_at, seed)
        }

    def matches(
        self, histories: Tensor, items: Both, ends_at: str = "walk", seed: int = 0
    ) -> Tensor:
        """Return ρ E [R, N+1] of all items at the walk's end, 0 for what was watched."""
        walk = self.walk_over_kinds
        preference = walk.preference(histories, items.kinds, seed, ends_at)
        found = walk.table.matches(preference, items.of_kinds, items.kinds.anybody)
        return found.mul_(rarity(walk.kinds.clicks)).scatter_(1, histories, 0.0)

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [..., J] by preferences [..., J];
        each row sums to 1.

        The head takes a share of all clicks for accidents: they fall to each kind as `anybody`'s
        [J] do.
        """
        head = self.walk_over_kinds.table
        meant, accident = head.wanted(self.certainty * preference, anybody), head.log_accident.exp()
        return (meant + accident * anybody / anybody.sum()) / (1 + accident)


def rarity(clicks: Tensor) -> Tensor:
    """Return ρ = 20 / (20 + clicks): the more clicks an item has, the more its ID knows that its
    kinds do not."""
    return FEW_CLICKS / (FEW_CLICKS + clicks)
