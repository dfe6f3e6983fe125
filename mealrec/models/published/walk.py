"""MealRec's kinds on published data: what comes next by kinds alone, found by TCD and NPD from
counted numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from mealrec.models.diffusions import Context, Diffusions
from mealrec.models.history import Rows, last_rows, shares_of
from mealrec.models.npd import NPD, Condition
from mealrec.models.published.config import GraphConfig
from mealrec.models.published.head import KindHead
from mealrec.models.published.kinds import GraphKinds
from mealrec.models.published.losses import GraphLoss, graph_loss
from mealrec.models.published.reader import LiftReader
from mealrec.models.table import Items
from mealrec.models.tcd import TCD
from mealrec.types import ItemFeatures, SequenceBatch

BEGINS_WITH = (0.3, 0.1, 0.1, 0.1, 0.0, 0.3, 0.3, 0.0, 0.0)  # of the reader's nine numbers


class KindWalk(Diffusions):
    """TCD over the last clip's moments and NPD over what the history says of kinds.

    Knows no item by heart: all its weights are shared by all kinds, so it can be trained on other
    kinds than it is asked about. Training makes use of that: a row meets kinds that were counted
    without its own viewer.
    """

    causal = True

    def __init__(self, config: GraphConfig):
        super().__init__()
        self.config, kinds = config, config.num_kinds
        self.kinds = GraphKinds(config.num_items, config.visual_width, kinds)
        # counted anew where training begins, no part of what is stored
        self.folds: list[GraphKinds] = []
        self.sphere = nn.LayerNorm(kinds, elementwise_affine=False)
        self.reader = LiftReader(kinds)
        self.table = KindHead()
        self.start = nn.Parameter(torch.tensor(BEGINS_WITH))
        if config.variant in ("full", "no_npd"):
            self.tcd = TCD(config.tcd, kinds)
        self.npd = NPD(config.npd, kinds)
        self.npd.fixed_skip.data.copy_(torch.tensor(BEGINS_WITH))
        # a number for each kind cannot be learned: each fold has other kinds
        self.npd.kind_bias.requires_grad_(False)
        self.tcd_schedule = self.schedule(config.tcd.noise_scale)
        self.npd_schedule = self.schedule(config.npd.noise_scale)

    @property
    def has_npd(self) -> bool:
        """Whether the preference is diffused; its map reads the history in either case."""
        return self.config.variant in ("full", "no_tcd")

    @property
    def ends(self) -> tuple[str, ...]:
        """What `scores` may rank by: the walk's end, and x_0."""
        return ("walk", "start")

    def prepare(
        self, sequences: Sequence[Sequence[int]], features: ItemFeatures, hidden: object = None
    ) -> None:
        """Count the kinds: of all clicks for whoever asks later, and for training of each fold's
        other viewers."""
        self.kinds.fit(features, sequences)
        self.folds = []
        if not self.training:
            return
        for fold in range(self.config.folds):
            others = [
                sequence
                for sequence in sequences
                if fold_of(sum(sequence), self.config.folds) != fold
            ]
            shape = self.config.num_items, self.config.visual_width, self.config.num_kinds
            self.folds.append(GraphKinds(*shape).to(self.start.device))
            self.folds[-1].fit(features, others)

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest: none does."""
        return []

    def loss(
        self, batch: SequenceBatch, features: ItemFeatures, config: GraphLoss | None = None
    ) -> dict[str, Tensor]:
        """Return the terms by name and what is minimised as "total"; see graph_loss."""
        return graph_loss(self, batch, features, config or GraphLoss())

    def by_fold(self, batch: SequenceBatch) -> Iterator[tuple[GraphKinds, SequenceBatch]]:
        """Yield the parts of a batch with the kinds that were counted without their viewers."""
        last = batch.targets.gather(1, (batch.targets > 0).sum(1, keepdim=True) - 1)
        folds = fold_of(batch.items.sum(1) + last.squeeze(1), self.config.folds)
        for fold, kinds in enumerate(self.folds):
            mine = folds == fold
            if mine.any():
                yield kinds, SequenceBatch(batch.items[mine], batch.targets[mine])

    def items(self, features: ItemFeatures) -> Items:
        """Return what stands for every item, made once for many histories."""
        return self.items_of(
            self.kinds, features, torch.arange(len(features), device=self.start.device)
        )

    def items_of(self, kinds: GraphKinds, features: ItemFeatures, rows: Tensor) -> Items:
        """Return the items `rows` [M] by some counted `kinds`, by which the reader reads from
        now on."""
        self.reader.lifts = kinds.lifts
        moments = kinds.moments(features, rows)
        return self._items(moments, torch.log1p(kinds.clicks[rows]), kinds.anybody)

    def without_id(self, features: ItemFeatures, anybody: Tensor) -> Items:
        """Return M items that nobody has clicked and no graph holds; features come without a
        padding row."""
        moments = self.kinds.guessed(features)
        return self._items(moments, moments.new_zeros(len(moments)), anybody)

    def _items(self, moments: Tensor, log_clicks: Tensor, anybody: Tensor) -> Items:
        nothing = moments.new_zeros(len(moments), 0)
        return Items(
            moments, moments.mean(1), nothing, nothing, self.table.popularity * log_clicks, anybody
        )

    def context(self, items: Items, histories: Tensor, rows: Rows | None = None) -> Context:
        """Gather what TCD and NPD are conditioned on, by default at each history's last clip."""
        rows = last_rows(histories) if rows is None else rows
        watched = self.reader.watch(items, histories)
        guide = None
        if self.has_tcd:
            said = [part.unsqueeze(1) for part in self.reader.earlier(watched, rows)]
            guide = self.tcd.guided(*said, watched.evidence[rows].unsqueeze(1))
        numbers = self.reader.numbers(watched, rows)
        start = sum(weight * number for weight, number in zip(self.start, numbers, strict=True))
        start = self.sphere(start - 0.5 * items.anybody.log())
        looked_into = replace(watched, moments=items.moments[histories[rows]].unsqueeze(1))
        return Context(start, looked_into, rows, guide, watched.kinds.new_zeros(len(rows[0]), 0))

    def refined_clips(self, context: Context) -> tuple[Tensor, Tensor]:
        """Return the moments [R, 1, K, J] and the kinds [R, 1, J] of each row's own clip: TCD
        looks into no other."""
        return context.watched.moments, context.watched.kinds[context.rows].unsqueeze(1)

    def told(self, refined: Tensor, context: Context) -> Tensor:
        """Return the kinds that every clip was watched for [B, L, J]: of those TCD looked into
        r, else all it shows."""
        return shares_of(context.watched.kinds).index_put(context.rows, refined.squeeze(1))

    def condition(self, refined: Tensor, context: Context, items: Items) -> Condition:
        """Return NPD's c_m; `refined` [R, 1, J] is what each row's own clip was watched for.
        Paper: Sec. 4.4."""
        wanted, last = shares_of(context.watched.kinds), refined.squeeze(1)
        return self.npd.condition(
            context.watched, wanted, self.reader, context.rows, items.anybody, last
        )

    def fused(self, refined: Tensor, context: Context, items: Items) -> Tensor:
        """Return the preference [R, J] without NPD: what its map makes of the history alone, x_t
        left out."""
        return self.npd.denoise(
            torch.zeros_like(context.start), self.condition(refined, context, items), self.reader
        )


def fold_of(total, folds: int):
    """Return the fold of a viewer whose clicks' indices add up to `total`: alike viewers are
    never parted."""
    return total % folds
