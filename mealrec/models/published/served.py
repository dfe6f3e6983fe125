"""MealRec on published data as it is served: asked in the same words as MealRec over kinds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mealrec.models.diffusions import Context, Walk
from mealrec.models.history import Rows, last_rows
from mealrec.models.paper.table import Items as BaseItems
from mealrec.models.published.guided import direction
from mealrec.models.published.mealrec import OnBackbone, OnBackboneConfig, rarity
from mealrec.models.table import Items
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class ServedContext(Context):
    """What is known of R rows before any walk; `beside` [R, B + A] ranks too, and no walk changes
    it.

    B numbers are the backbone's preference: its state, and what its head compares with content. A
    numbers are the guidance q at its chosen strength.
    """

    beside: Tensor


class Served:
    """A trained OnBackbone. Its preference is one vector [kinds J | the backbone's B | guidance A].

    So are its items: `identity` [N+1, D] is the backbone's ID embedding, and `title` [N+1, 2D + C +
    A + 1] all that the item's content gives beside its moments: what enters the backbone, the title
    for a backbone that reads titles, what both heads compare, and how much its kinds count, see
    `rarity`. `bias` [N+1] holds what an item without a training click is given.
    """

    def __init__(self, system: OnBackbone):
        if (variant := system.base.config.variant) != "backbone":
            raise ValueError(
                f"the half with IDs must be a backbone alone to be served, got variant={variant!r}"
            )
        self.system, self.walker = system, system.walk_over_kinds
        self.config: OnBackboneConfig = system.config
        self.table = ServedTable(system)

    @property
    def causal(self) -> bool:
        """Whether one row answers for every position, see Backbone."""
        return self.system.causal

    @property
    def tcd(self):
        """The walk over a clip's moments."""
        return self.walker.tcd

    @property
    def sphere(self):
        """What brings a preference over kinds to unit variance."""
        return self.walker.sphere

    @property
    def reader(self):
        """What reads a history of kinds."""
        return self.walker.reader

    def items(self, features: ItemFeatures) -> Items:
        """Return what stands for every item, made once for many histories."""
        both = self.system.items(features)
        counted = rarity(self.walker.kinds.clicks)
        return joined(
            both.kinds, both.base.items, both.anchors, self.system.unseen * both.unseen, counted
        )

    def popularity(self, items: Items, rows: Tensor) -> Tensor:
        """Return how often the catalogue's items `rows` [M] are clicked, as shares of all their
        clicks."""
        return (self.walker.table.popularity * torch.log1p(self.walker.kinds.clicks[rows])).softmax(
            0
        )

    def with_looks(self, clips: Items, features: ItemFeatures, rows: Tensor) -> Items:
        """Return `clips`, the items `rows` [M], as if they looked like `features` [M]: each
        keeps its ID and appeal."""
        seen = self.table.without_id(features, clips.anybody)
        seen = seen.showing(self.walker.kinds.looking(features, rows))
        # how much kinds count is no matter of looks
        title = torch.cat([seen.title[:, :-1], clips.title[:, -1:]], 1)
        return replace(seen, identity=clips.identity, title=title, bias=clips.bias)

    def context(self, items: Items, histories: Tensor, rows: Rows | None = None) -> ServedContext:
        """Gather what is known before any walk, by default at each history's last clip."""
        rows = last_rows(histories) if rows is None else rows
        users, positions = rows
        steps = torch.arange(histories.shape[1], device=histories.device)
        prefixes = histories[users] * (steps <= positions[:, None])
        base, (near, anchors, _) = self.system.base, self.table.halves(items)
        preference = base.preference(
            base.encode(near, histories)[rows], base.content_preference(near, prefixes)
        )
        towards = self.system.guidance * direction(prefixes, anchors)
        known = self.walker.context(items, histories, rows)
        return ServedContext(**vars(known), beside=torch.cat([preference, towards], -1))

    def walk(
        self,
        context: ServedContext,
        items: Items,
        generator: torch.Generator,
        num_steps: int | None = None,
    ) -> Walk:
        """Walk both modules from t = T to 1 and return every step; what ranks holds what no walk
        changes as well."""
        walked = self.walker.walk(context, items, generator, num_steps)
        return replace(walked, preference=torch.cat([walked.preference, context.beside], -1))


class ServedTable:
    """The head: a preference [R, J + B + A] meets items; kinds are read from its first J
    numbers."""

    def __init__(self, system: OnBackbone):
        self._base, self._anchors, self._walker, self._system = (
            system.base,
            system.anchors,
            system.walk_over_kinds,
            system,
        )

    @property
    def log_accident(self) -> Tensor:
        """How often a click is an accident beyond those that `wanted` counts already, as a
        logarithm: never."""
        return torch.full_like(self._walker.table.log_accident, float("-inf"))

    def scores(self, preference: Tensor, items: Items) -> Tensor:
        """Return the scores [R, N+1] of preferences [R, J + B + A]; see OnBackbone, whose sum it
        is."""
        near, anchors, counted = self.halves(items)
        kinds, rest = preference.tensor_split([self._kinds], -1)
        base, towards = rest.tensor_split([rest.shape[-1] - anchors.shape[-1]], -1)
        scores = self._base.table.scores(base, near) + towards @ anchors.T
        found = self._walker.table.matches(kinds, items.kinds, items.anybody)
        return scores + self._system.kinds * counted * found

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [..., J]; see OnBackbone."""
        return self._system.wanted(preference[..., : self._kinds], anybody)

    def appeal(self, preference: Tensor) -> Tensor:
        """Return the log-appeal [..., J] of each kind."""
        return self._walker.table.appeal(preference[..., : self._kinds])

    def without_id(self, features: ItemFeatures, anybody: Tensor) -> Items:
        """Return M items that are known by their content alone; features come without a padding
        row."""
        nowhere = torch.zeros(0, dtype=torch.long, device=features.text.device)
        base = self._base.table(features, nowhere, first=self._base.config.num_items + 1)
        unseen = self._system.unseen.expand(len(features))
        counted = rarity(torch.zeros(len(features), device=features.text.device))
        return joined(
            self._walker.without_id(features, anybody),
            base,
            self._anchors(features),
            unseen,
            counted,
        )

    def halves(self, items: Items) -> tuple[BaseItems, Tensor, Tensor]:
        """Return the items as the backbone knows them, the anchors [M, A] that guidance
        compares, and ρ [M]."""
        width, compared = items.identity.shape[-1], 2 * self._anchors.visual.shape[1]
        whole = items.title.shape[-1]
        content, text, anchor, anchors, counted = items.title.tensor_split(
            [width, 2 * width, whole - compared - 1, whole - 1], -1
        )
        nothing = torch.zeros_like(content)
        known = BaseItems(
            content, nothing, items.moments[:, :0], items.identity, items.bias, text, anchor
        )
        return known, anchors, counted.squeeze(-1)

    @property
    def _kinds(self) -> int:
        return self._walker.config.num_kinds


def joined(
    kinds: Items, base: BaseItems, anchors: Tensor, unseen: Tensor, counted: Tensor
) -> Items:
    """Return M items of both halves in one: see Served for what stands where."""
    title = torch.cat(
        [base.visual + base.title, base.text, base.anchor, anchors, counted.unsqueeze(-1)], -1
    )
    return Items(
        kinds.moments, kinds.kinds, base.identity, title, base.bias + unseen, kinds.anybody
    )
