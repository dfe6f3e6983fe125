"""MealRec (Sec. 4): a backbone, TCD and NPD over one space of kinds, and the ablations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from mealrec.backbones.base import build as build_backbone
from mealrec.diffusion.schedule import Schedule
from mealrec.layers import Dropout, zero_
from mealrec.models.config import MealRecConfig
from mealrec.models.diffusions import Context, Diffusions
from mealrec.models.history import HistoryReader, Rows, Watched, last_rows
from mealrec.models.losses import LossConfig, total_loss
from mealrec.models.npd import NPD, Condition
from mealrec.models.table import Items, ItemTable
from mealrec.models.tcd import TCD
from mealrec.types import ItemFeatures, SequenceBatch


class MealRec(Diffusions):
    """The whole of Fig. 2. See docs/paper.md for each equation's place and each departure."""

    def __init__(self, config: MealRecConfig):
        super().__init__()
        self.config, width = config, config.num_kinds
        shape = config.num_items, config.visual_width, config.text_width, width
        self.table = ItemTable(*shape, config.id_dropout, config.title_dropout)
        self.backbone = build_backbone(
            config.backbone,
            width,
            max_length=config.max_length,
            dropout=config.backbone_dropout,
            norm_input=config.norm_input,
        )
        self.sphere = nn.LayerNorm(width, elementwise_affine=False)
        if config.variant in ("full", "no_tcd", "no_npd"):
            self.reader = HistoryReader(width)
        if config.variant in ("full", "no_npd"):
            self.tcd = TCD(config.tcd, width)
        if config.variant in ("full", "no_tcd"):
            self.npd = NPD(config.npd, width)
        if config.variant in ("no_npd", "no_tcd_npd"):
            self.fuse = nn.Sequential(
                nn.Linear(3 * width, 2 * width),
                nn.GELU(),
                Dropout(config.backbone_dropout),
                nn.Linear(2 * width, width),
            )
            zero_(self.fuse[-1])
        self.tcd_schedule = self.schedule(config.tcd.noise_scale)
        self.npd_schedule = self.schedule(config.npd.noise_scale)

    @property
    def ends(self) -> tuple[str, ...]:
        """What `scores` may rank by: the walk's end, and the encoder's own x_0 where that is
        another."""
        return ("walk",) if self.config.variant == "backbone" else ("walk", "start")

    @property
    def causal(self) -> bool:
        """Whether one row trains every position, see Backbone."""
        return self.backbone.causal

    def prepare(
        self, sequences: Sequence[Sequence[int]], features: ItemFeatures, hidden: object = None
    ) -> None:
        """Find the kinds, once and before training."""
        self.table.kind_space.fit(features, sequences, self.config.looks)

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest, and how many times that of
        the rest.

        The rest are the few numbers that all kinds share: they may move fast. What has weights of
        its own for every item or kind learns slowly, or it learns the training rows by heart.
        """
        rates, table = self.config.rates, self.table
        slow = (self.backbone, table.titles, table.enter_kinds)
        groups = [
            ([table.ids.weight], id_rate * rates.encoder),
            ([weight for part in slow for weight in part.parameters()], rates.encoder),
            ([table.kind_space.map.weight], rates.kinds),
        ]
        if hasattr(self, "reader"):
            groups += [
                ([self.reader.companions], rates.companions),
                ([self.reader.likeness], rates.likeness),
            ]
        return groups

    def loss(
        self, batch: SequenceBatch, features: ItemFeatures, config: LossConfig | None = None
    ) -> dict[str, Tensor]:
        """Return the terms by name and what is minimised as "total"; see total_loss."""
        return total_loss(self, batch, features, config or LossConfig())

    def items(self, features: ItemFeatures) -> Items:
        """Return what stands for every item, made once for many histories."""
        return self.table(features)

    def encode(self, items: Items, sequences: Tensor) -> Tensor:
        """Return x_0 after every position [B, L, J], at unit variance so that unit noise means
        something.

        Paper: Eq. 12.
        """
        near = items.rows(sequences)
        return self.sphere(self.backbone.encode(self.table.entry(near), sequences, near.title))

    def popularity(self, items: Items, rows: Tensor) -> Tensor:
        """Return how often items `rows` [M] are watched, as shares of all their clicks."""
        return items.bias[rows].softmax(0)

    def with_looks(self, clips: Items, features: ItemFeatures, rows: Tensor) -> Items:
        """Return `clips`, the items `rows` [M], as if they looked like `features` [M]: each
        keeps its ID and appeal."""
        seen = self.table.without_id(features, clips.anybody)
        return replace(seen, identity=clips.identity, bias=clips.bias)

    def context(self, items: Items, histories: Tensor, rows: Rows | None = None) -> Context:
        """Gather what TCD and NPD are conditioned on, by default at each history's last clip."""
        rows = last_rows(histories) if rows is None else rows
        start = self.encode(items, histories)[rows]
        return self.context_of(start, items, histories, rows)

    def context_of(self, start: Tensor, items: Items, histories: Tensor, rows: Rows) -> Context:
        """Return the context of an encoded x_0 [R, J]."""
        if not hasattr(self, "reader"):
            return Context(
                start, Watched.nothing(items, histories), rows, None, items.title[histories[rows]]
            )
        watched = self.reader.watch(items, histories)
        guide = self.tcd.guide(watched, self.reader) if self.has_tcd else None
        return Context(start, watched, rows, guide, items.title[histories[rows]])

    def condition(self, wanted: Tensor, context: Context, items: Items) -> Condition:
        """Return NPD's c_m; `wanted` [B, L, J] is what TCD says that each clip was watched for.
        Paper: Sec. 4.4."""
        return self.npd.condition(context.watched, wanted, self.reader, context.rows, items.anybody)

    def fused(self, wanted: Tensor, context: Context, items: Items) -> Tensor:
        """Return the preference [R, J] of the variants without NPD: an MLP over x_0, the last
        clip's r, its title."""
        found = torch.cat([context.start, wanted[context.rows], context.title], -1)
        return self.sphere(context.start + self.fuse(found))

    def walk_start(self, context: Context, schedule: Schedule, noise: Tensor) -> Tensor:
        """Return x_T [R, J], which is noise alone where x_0 is what comes next and so is not
        known."""
        if self.config.goal == "next":
            return noise.expand_as(context.start)
        return super().walk_start(context, schedule, noise)
