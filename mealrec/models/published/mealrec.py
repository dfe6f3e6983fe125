"""MealRec on published data: a walk over kinds, and the trained backbone that it stands on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from mealrec.models.config import ModelConfig
from mealrec.models.diffusions import Context, Diffusions
from mealrec.models.history import Rows, last_rows, shares_of
from mealrec.models.losses import weighted_sum
from mealrec.models.npd import NPD, Condition
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.config import GraphConfig, GraphLoss
from mealrec.models.published.guided import Guided, Shelf
from mealrec.models.published.head import KindHead
from mealrec.models.published.kinds import GraphKinds
from mealrec.models.published.reader import LiftReader, Reading
from mealrec.models.tcd import TCD
from mealrec.types import Clicks, ItemFeatures, Items, SequenceBatch

BEGINS_WITH = (0.3, 0.1, 0.1, 0.1, 0.0, 0.3, 0.3, 0.0, 0.0)  # of the reader's nine numbers
_OUT = -1e4  # a score that leaves an item out
FEW_CLICKS = 20.0  # an item with as many is left to its kinds by half


class KindWalk(Diffusions):
    """TCD over the last clip's moments and NPD over what the history says of kinds.

    Knows no item by heart: all its weights are shared by all kinds, so it can be trained on other
    kinds than it is asked about. Training makes use of that: a row meets kinds that were counted
    without its own viewer.
    """

    causal = True
    ends = ("walk", "start")
    """What `scores` may rank by: the walk's end, and x_0."""

    def __init__(self, config: GraphConfig):
        super().__init__()
        self.config = config
        num_kinds = config.num_kinds
        self.kinds = self._uncounted()
        # counted where training begins, no part of what is stored
        self.folds: list[GraphKinds] = []
        # What is learned is shared by all kinds.
        self.sphere = nn.LayerNorm(num_kinds, elementwise_affine=False)
        self.reader = LiftReader()
        self.table = KindHead()
        self.start = nn.Parameter(torch.tensor(BEGINS_WITH))
        if self.has_tcd:
            self.tcd = TCD(config.tcd, num_kinds)
        # Without NPD its map still reads the history, see `fused`.
        self.npd = NPD(config.npd, num_kinds)
        self.npd.fixed_skip.data.copy_(torch.tensor(BEGINS_WITH))
        # a number for each kind cannot be learned: each fold has other kinds
        self.npd.kind_bias.requires_grad_(False)

    def _uncounted(self) -> GraphKinds:
        config = self.config
        return GraphKinds(config.num_items, config.visual_width, config.num_kinds)

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: object = None
    ) -> None:
        """Count the kinds: of all clicks for whoever asks later, and in training for each fold.

        A fold's kinds are counted from the viewers of the other folds.
        """
        # Who only asks needs no folds.
        self.kinds.fit(features, sequences)
        self.folds = []
        if not self.training:
            return
        count = self.config.folds
        for fold in range(count):
            others = [each for each in sequences if fold_of(sum(each), count) != fold]
            kinds = self._uncounted().to(self.start.device)
            kinds.fit(features, others)
            self.folds.append(kinds)

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest: none does."""
        return []

    def loss(
        self, batch: SequenceBatch, features: ItemFeatures, config: GraphLoss | None = None
    ) -> dict[str, Tensor]:
        """Return the terms by name, each the mean over all rows, and their weighted sum "total".

        Paper: Eq. 16.
        """
        config = config or GraphLoss()
        # Each fold's rows meet kinds of their own.
        parts = []
        for kinds, part in self.by_fold(batch):
            count = int((part.targets > 0).sum())
            parts.append((count, self._terms(kinds, part, features, config)))
        # Every row counts alike, whatever its fold.
        whole = sum(count for count, _ in parts)
        terms = {}
        for name in parts[0][1]:
            terms[name] = sum(count * found[name] for count, found in parts) / whole
        return terms | {"total": weighted_sum(terms, config)}

    def by_fold(self, batch: SequenceBatch) -> Iterator[tuple[GraphKinds, SequenceBatch]]:
        """Yield the parts of a batch with the kinds that were counted without their viewers."""
        # A viewer's clicks are the history and the last target.
        last = batch.targets.gather(1, (batch.targets > 0).sum(1, keepdim=True) - 1)
        folds = fold_of(batch.items.sum(1) + last.squeeze(1), self.config.folds)
        for fold, kinds in enumerate(self.folds):
            mine = folds == fold
            if mine.any():
                yield kinds, SequenceBatch(batch.items[mine], batch.targets[mine])

    def _terms(
        self, kinds: GraphKinds, batch: SequenceBatch, features: ItemFeatures, config: GraphLoss
    ) -> dict[str, Tensor]:
        """Return the means of the terms over a batch of one fold, whose `kinds` it meets."""
        # Make the batch's own items alone, and number them by their place among these.
        targets = batch.targets[batch.rows]
        named = torch.cat([batch.items.flatten(), targets.new_zeros(1)]).unique()
        items = self.items_of(kinds, features, named)
        histories = torch.searchsorted(named, batch.items.contiguous())
        context = self.context(items, histories, batch.rows, kinds)

        # Sample what each row is ranked against; training must not see items without an ID.
        known = features.has_id.nonzero().squeeze(1)
        sampled = known[torch.randint(len(known), (config.negatives,), device=targets.device)]

        # Eq. 11, 14 and 15.
        wanted, tcd = self.tcd_step(context)
        terms = {"start": self._ranking(context.start, kinds, targets, sampled), "tcd": tcd}
        if self.has_npd:
            x0_hat, terms["npd"] = self.npd_step(wanted, context, items)
        else:
            x0_hat = self.fused(wanted, context, items)
        terms["rank"] = self._ranking(x0_hat, kinds, targets, sampled)
        return terms

    def _ranking(
        self, preference: Tensor, kinds: GraphKinds, targets: Tensor, sampled: Tensor
    ) -> Tensor:
        """Return the cross-entropy of `targets` [R] among the items `sampled` [M].

        Paper: Eq. 15. Departs: those sampled stand for all.
        """
        # The target's own score, and those of the sampled, where the target may be among them.
        head = self.table
        popular = head.popularity * torch.log1p(kinds.clicks)
        own = head.match(preference, kinds.kinds[targets], kinds.anybody) + popular[targets]
        others = head.matches(preference, kinds.kinds[sampled], kinds.anybody) + popular[sampled]
        # The sampled stand for all: each counts for as many as there are items to one of them.
        others = others + math.log((len(popular) - 1) / len(sampled))
        others = others.masked_fill(sampled == targets[:, None], _OUT)
        return (torch.logaddexp(own, others.logsumexp(1)) - own).mean()

    def items(self, features: ItemFeatures) -> Items:
        """Return what stands for every item, made once for many histories."""
        everything = torch.arange(len(features), device=self.start.device)
        return self.items_of(self.kinds, features, everything)

    def items_of(self, kinds: GraphKinds, features: ItemFeatures, rows: Tensor) -> Items:
        """Return the items `rows` [M] by some counted `kinds`."""
        moments = kinds.moments(features, rows)
        return self._items(moments, torch.log1p(kinds.clicks[rows]), kinds.anybody)

    def without_id(self, features: ItemFeatures, anybody: Tensor) -> Items:
        """Return M items that nobody has clicked and no graph holds; without a padding row."""
        moments = self.kinds.guessed(features)
        return self._items(moments, moments.new_zeros(len(moments)), anybody)

    def _items(self, moments: Tensor, log_clicks: Tensor, anybody: Tensor) -> Items:
        nothing = moments.new_zeros(len(moments), 0)
        bias = self.table.popularity * log_clicks
        return Items(moments, moments.mean(1), nothing, nothing, bias, anybody)

    def context(
        self,
        items: Items,
        histories: Tensor,
        rows: Rows | None = None,
        kinds: GraphKinds | None = None,
    ) -> Context:
        """Gather what TCD and NPD are conditioned on, by default at each history's last clip.

        `kinds` are those that the items were made by, by default those of all clicks.
        """
        rows = last_rows(histories) if rows is None else rows
        counted = self.kinds if kinds is None else kinds
        reader = Reading(self.reader, counted.lifts)
        watched = self.reader.watch(items, histories)

        # Eq. 7: what the clips before each row's own say.
        guide = None
        if self.has_tcd:
            said = [part.unsqueeze(1) for part in reader.earlier(watched, rows)]
            guide = self.tcd.guided(*said, watched.evidence[rows].unsqueeze(1))

        # Eq. 12: x_0 is the reader's numbers, weighed.
        numbers = reader.numbers(watched, rows)
        start = sum(weight * number for weight, number in zip(self.start, numbers, strict=True))
        start = self.sphere(start - 0.5 * items.anybody.log())

        # TCD looks into the rows' own clips alone, so only their moments are held.
        watched = replace(watched, moments=items.moments[histories[rows]].unsqueeze(1))
        return Context(start, watched, rows, reader, guide)

    def looked_into(self, context: Context) -> tuple[Tensor, Tensor]:
        """Return the moments [R, 1, K, J] and the kinds [R, 1, J] of each row's own clip."""
        return context.watched.moments, context.watched.kinds[context.rows].unsqueeze(1)

    def wanted_of_all(self, refined: Tensor, context: Context) -> Tensor:
        """Return what every clip was watched for [B, L, J]: r where TCD looked, else all of it."""
        return shares_of(context.watched.kinds).index_put(context.rows, refined.squeeze(1))

    def condition(self, refined: Tensor, context: Context, items: Items) -> Condition:
        """Return NPD's c_m; `refined` [R, 1, J] is r of each row's own clip. Paper: Sec. 4.4."""
        watched = context.watched
        shown = shares_of(watched.kinds)
        last = refined.squeeze(1)
        return self.npd.condition(watched, shown, context.reader, context.rows, items.anybody, last)

    def fused(self, refined: Tensor, context: Context, items: Items) -> Tensor:
        """Return the preference [R, J] without NPD: its map of the history, x_t left out."""
        nothing = torch.zeros_like(context.start)
        return self.npd.denoise(nothing, self.condition(refined, context, items), context.reader)


def fold_of(total: int | Tensor, folds: int) -> int | Tensor:
    """Return the fold of a viewer whose clicks' indices add up to `total`.

    Viewers with the same clicks are never parted.
    """
    return total % folds


def _of_walk(name: str) -> property:
    """Return a property: what the walk's configuration says, and the backbone's if it has it."""
    return property(lambda config: getattr(config.walk, name))


@dataclass(frozen=True)
class OnBackboneConfig(ModelConfig):
    """The two halves: the backbone with content, and the walk over kinds.

    A walk of the variant "backbone" walks nowhere, and its kinds are to count nothing.
    """

    FORM: ClassVar[str] = "on-backbone"

    base: PaperConfig
    walk: GraphConfig

    num_items = _of_walk("num_items")
    visual_width = _of_walk("visual_width")
    text_width = _of_walk("text_width")
    num_frames = _of_walk("num_frames")
    num_kinds = _of_walk("num_kinds")
    num_steps = _of_walk("num_steps")
    max_length = _of_walk("max_length")

    def __post_init__(self) -> None:
        # What the data decide, and how much of a history is read.
        for name in ("num_items", "visual_width", "text_width", "max_length"):
            mine = getattr(self.base, name)
            other = getattr(self.walk, name)
            if mine != other:
                raise ValueError(f"{name} must be the same in both halves, got {mine} and {other}")


@dataclass(frozen=True)
class Both(Shelf):
    """All items for both halves: the backbone's shelf, and `kinds` for the walk.

    `of_kinds` [N+1, J] are the same items' kinds, sparse.
    """

    kinds: Items
    of_kinds: Tensor


class OnBackbone(Guided):
    """The preference is [ID state, kinds]: each half is trained apart, and both are added up.

    ŷ_i = the backbone's logit + guidance q·c_i + kinds · ρ_i E_i, with E of KindHead and ρ of
    `rarity`. The backbone learns its training rows by heart, and a walk that is trained with it
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
        # What was trained apart comes in; else blank halves of the same shape.
        shape = config.base.num_items, config.base.visual_width, config.base.text_width
        super().__init__(base or PaperMealRec(config.base), *shape)
        self.config = config
        self.walk_over_kinds = walk or KindWalk(config.walk)
        self.register_buffer("certainty", torch.ones(()))

    def items(self, features: ItemFeatures) -> Both:
        """Return what stands for every item, made once for many histories."""
        kinds = self.walk_over_kinds.items(features)
        # Of each item's kinds few are more than nothing, so the whole catalogue is held sparse.
        return Both(**vars(super().items(features)), kinds=kinds, of_kinds=kinds.kinds.to_sparse())

    def parts(
        self, histories: Tensor, items: Both, ends_at: str = "walk", seed: int = 0
    ) -> dict[str, Tensor]:
        """Return what is added up, by name, before it is weighed.

        Kinds are by the walk's end, its noise drawn from `seed`, or with ends_at="start" by x_0.
        """
        parts = super().parts(histories, items)
        # E at the end of the walk.
        walk = self.walk_over_kinds
        preference = walk.preference(histories, items.kinds, seed, ends_at)
        found = walk.table.matches(preference, items.of_kinds, items.kinds.anybody)
        # Less of it for items with many clicks, and none for what was watched.
        found.mul_(rarity(walk.kinds.clicks)).scatter_(1, histories, 0.0)
        return parts | {"kinds": found}

    def wanted(self, preference: Tensor, anybody: Tensor) -> Tensor:
        """Return what part of the next click is for each kind [..., J]; each row sums to 1.

        The head takes a share of all clicks for accidents: they fall to each kind as `anybody`'s
        [J] do.
        """
        # What is meant by the preference, and accidents, which are as many for anybody.
        head = self.walk_over_kinds.table
        meant = head.wanted(self.certainty * preference, anybody)
        accident = head.log_accident.exp()
        return (meant + accident * anybody / anybody.sum()) / (1 + accident)


def rarity(clicks: Tensor) -> Tensor:
    """Return ρ = 20 / (20 + clicks).

    The more clicks an item has, the more its ID knows that its kinds do not.
    """
    return FEW_CLICKS / (FEW_CLICKS + clicks)
