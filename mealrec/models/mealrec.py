"""MealRec (Sec. 4): a backbone, TCD and NPD over one space of kinds, and the ablations."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from mealrec.backbones.base import build as build_backbone
from mealrec.layers import Dropout, zero_
from mealrec.models.config import LossConfig, MealRecConfig
from mealrec.models.diffusions import Context, Diffusions
from mealrec.models.history import HistoryReader, Rows, Watched, last_rows
from mealrec.models.losses import ranking_loss, weighted_sum
from mealrec.models.npd import NPD, Condition
from mealrec.models.table import ItemTable
from mealrec.models.tcd import TCD
from mealrec.types import Clicks, ItemFeatures, Items, SequenceBatch


class MealRec(Diffusions):
    """The whole of Fig. 2. See docs/paper.md for each equation's place and each departure."""

    def __init__(self, config: MealRecConfig):
        super().__init__()
        self.config = config
        width = config.num_kinds

        # What stands for items, and what encodes histories of them.
        self.table = ItemTable(config)
        self.backbone = build_backbone(
            config.backbone,
            width,
            max_length=config.max_length,
            dropout=config.backbone_dropout,
            norm_input=config.norm_input,
        )
        self.sphere = nn.LayerNorm(width, elementwise_affine=False)

        # What reads kinds in them, and the two denoisers, as far as the variant has them.
        if self.has_tcd or self.has_npd:
            self.reader = HistoryReader(width)
        if self.has_tcd:
            self.tcd = TCD(config.tcd, width)
        if self.has_npd:
            self.npd = NPD(config.npd, width)
        elif config.variant != "backbone":
            self.fuse = nn.Sequential(
                nn.Linear(3 * width, 2 * width),
                nn.GELU(),
                Dropout(config.backbone_dropout),
                nn.Linear(2 * width, width),
            )
            zero_(self.fuse[-1])

    @property
    def ends(self) -> tuple[str, ...]:
        """What `scores` may rank by: the walk's end, and x_0 where that is another."""
        return ("walk",) if self.config.variant == "backbone" else ("walk", "start")

    @property
    def causal(self) -> bool:
        """Whether one row trains every position, see Backbone."""
        return self.backbone.causal

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: object = None
    ) -> None:
        """Find the kinds, once and before training."""
        self.table.kind_space.fit(features, sequences, self.config.looks)

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest, and how many times theirs.

        The rest are the few numbers that all kinds share: they may move fast. What has weights of
        its own for every item or kind learns slowly, or it learns the training rows by heart.
        """
        # Titles and what enters the encoder are slow with it.
        rates = self.config.rates
        table = self.table
        slow = []
        for part in (self.backbone, table.titles, table.enter_kinds):
            slow += part.parameters()

        # Each item's ID, the encoder, each kind's direction.
        groups = [
            ([table.ids.weight], id_rate * rates.encoder),
            (slow, rates.encoder),
            ([table.kind_space.map.weight], rates.kinds),
        ]
        # And the two tables of a number for each pair of kinds.
        if self.has_tcd or self.has_npd:
            groups.append(([self.reader.companions], rates.companions))
            groups.append(([self.reader.likeness], rates.likeness))
        return groups

    def loss(
        self, batch: SequenceBatch, features: ItemFeatures, config: LossConfig | None = None
    ) -> dict[str, Tensor]:
        """Return the terms by name and their weighted sum as "total".

        Paper: Eq. 16, with L_R of Eq. 15 over x̂_0. Departs: L_R over x_0 is a term too.
        """
        config = config or LossConfig()
        items = self.table(features)
        targets = batch.targets[batch.rows]
        seen = batch.prefixes() if config.hide_history else None

        def rank(preference: Tensor) -> Tensor:
            return ranking_loss(self.table, preference, items, targets, features, seen)

        # Eq. 12, and a loss of the backbone's own.
        start = self.encode(items, batch.items)[batch.rows]
        near = items.rows(batch.items)
        extra = self.backbone.extra_loss(self.table.entry(near), batch.items, near.title)
        if self.config.variant == "backbone":
            terms = {"rank": rank(start)}
            return terms | {"total": extra + terms["rank"]}

        # Eq. 11, 14 and 15, in the order in which they draw noise.
        terms = {"start": rank(start)}
        context = self.context_of(start, items, batch.items, batch.rows)
        wanted, terms["tcd"] = self.tcd_step(context)
        if self.has_npd:
            x0_hat, terms["npd"] = self.npd_step(wanted, context, items)
        else:
            x0_hat = self.fused(wanted, context, items)
        terms["rank"] = rank(x0_hat)
        return terms | {"total": extra + weighted_sum(terms, config)}

    def items(self, features: ItemFeatures) -> Items:
        """Return what stands for every item, made once for many histories."""
        return self.table(features)

    def encode(self, items: Items, sequences: Tensor) -> Tensor:
        """Return x_0 after every position [B, L, J].

        Paper: Eq. 12. At unit variance, so that unit noise means something.
        """
        near = items.rows(sequences)
        return self.sphere(self.backbone.encode(self.table.entry(near), sequences, near.title))

    def popularity(self, items: Items, rows: Tensor) -> Tensor:
        """Return how often items `rows` [M] are watched, as shares of all their clicks."""
        return items.bias[rows].softmax(0)

    def with_looks(self, clips: Items, features: ItemFeatures, rows: Tensor) -> Items:
        """Return `clips`, the items `rows` [M], as if they looked like `features` [M].

        Each keeps its ID and its appeal.
        """
        seen = self.table.without_id(features, clips.anybody)
        return replace(seen, identity=clips.identity, bias=clips.bias)

    def context(self, items: Items, histories: Tensor, rows: Rows | None = None) -> Context:
        """Gather what TCD and NPD are conditioned on, by default at each history's last clip."""
        rows = last_rows(histories) if rows is None else rows
        start = self.encode(items, histories)[rows]
        return self.context_of(start, items, histories, rows)

    def context_of(self, start: Tensor, items: Items, histories: Tensor, rows: Rows) -> Context:
        """Return the context of an encoded x_0 [R, J]."""
        # Nobody reads the history where nothing is diffused.
        if not (self.has_tcd or self.has_npd):
            return Context(start, Watched.nothing(items, histories), rows, None, None)
        watched = self.reader.watch(items, histories)
        guide = self.tcd.guide(watched, self.reader) if self.has_tcd else None
        return Context(start, watched, rows, self.reader, guide)

    def condition(self, wanted: Tensor, context: Context, items: Items) -> Condition:
        """Return NPD's c_m; `wanted` [B, L, J] is r of each clip. Paper: Sec. 4.4."""
        return self.npd.condition(context.watched, wanted, self.reader, context.rows, items.anybody)

    def fused(self, wanted: Tensor, context: Context, items: Items) -> Tensor:
        """Return the preference [R, J] without NPD: an MLP over x_0, last clip's r and title."""
        title = items.title[context.watched.items[context.rows]]
        found = torch.cat([context.start, wanted[context.rows], title], -1)
        return self.sphere(context.start + self.fuse(found))
