"""MealRec (Sec. 4): a backbone, TCD and NPD over one space of kinds, and the ablations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from mealrec.backbones.base import build as build_backbone
from mealrec.diffusion.process import q_sample
from mealrec.diffusion.sampler import DiffusionStep, reverse_walk
from mealrec.diffusion.schedule import Schedule, ScheduleConfig
from mealrec.models.attention import Dropout, zero_
from mealrec.models.config import MealRecConfig
from mealrec.models.history import HistoryReader, Watched
from mealrec.models.losses import LossConfig, total_loss
from mealrec.models.npd import NPD, Condition
from mealrec.models.table import Items, ItemTable
from mealrec.models.tcd import TCD, Guide, shares_of, wanted_of
from mealrec.types import ItemFeatures, SequenceBatch

Rows = tuple[Tensor, Tensor]
"""Which history [R], and which position in it [R]."""


@dataclass(frozen=True)
class Context:
    """What is known of R rows of B histories before any diffusion.

    `start` [R, J] is x_0; `watched` what the B histories show; `rows` the R positions that are asked about; `guide`
    TCD's c_v, None without TCD; `title` [R, J] the row's own clip's.
    """

    start: Tensor
    watched: Watched
    rows: Rows
    guide: Guide | None
    title: Tensor


@dataclass(frozen=True)
class TCDStep:
    """One reverse step of TCD: z_t [B, L, K, J], and of ẑ_0^(t) the shares of kinds and the attention [B, L, K]."""

    diffusion_step: int
    zt: Tensor
    shares: Tensor
    attention: Tensor


@dataclass(frozen=True)
class Walk:
    """Both walks, noisiest step first, and what ranks at their end: `preference` [R, J].

    `wanted` [B, L, J] is r, the kinds that each clip was watched for. NPD's steps hold x̂_0 at its own length.
    """

    context: Context
    tcd: tuple[TCDStep, ...]
    npd: tuple[DiffusionStep, ...]
    wanted: Tensor
    preference: Tensor


class MealRec(nn.Module):
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
        """What `scores` may rank by: the walk's end, and the encoder's own x_0 where that is another."""
        return ("walk",) if self.config.variant == "backbone" else ("walk", "start")

    @property
    def has_tcd(self) -> bool:
        return hasattr(self, "tcd")

    @property
    def has_npd(self) -> bool:
        return hasattr(self, "npd")

    @property
    def causal(self) -> bool:
        """Whether one row trains every position, see Backbone."""
        return self.backbone.causal

    def schedule(self, noise_scale: float, num_steps: int | None = None) -> Schedule:
        """Return {β_t} of T steps, by default the trained T."""
        return _schedule(num_steps or self.config.num_steps, noise_scale)

    def prepare(self, sequences: Sequence[Sequence[int]], features: ItemFeatures, hidden: object = None) -> None:
        """Find the kinds, once and before training."""
        self.table.kind_space.fit(features, sequences, self.config.looks)

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest, and how many times that of the rest.

        The rest are the few numbers that all kinds share: they may move fast. What has weights of its own for every
        item or kind learns slowly, or it learns the training rows by heart.
        """
        rates, table = self.config.rates, self.table
        slow = (self.backbone, table.titles, table.enter_kinds)
        groups = [
            ([table.ids.weight], id_rate * rates.encoder),
            ([weight for part in slow for weight in part.parameters()], rates.encoder),
            ([table.kind_space.map.weight], rates.kinds),
        ]
        if hasattr(self, "reader"):
            groups += [([self.reader.companions], rates.companions), ([self.reader.likeness], rates.likeness)]
        return groups

    def loss(self, batch: SequenceBatch, features: ItemFeatures, config: LossConfig | None = None) -> dict[str, Tensor]:
        """Return the terms by name and what is minimised as "total"; see total_loss."""
        return total_loss(self, batch, features, config or LossConfig())

    def items(self, features: ItemFeatures) -> Items:
        """Return what stands for every item, made once for many histories."""
        return self.table(features)

    def scores(self, histories: Tensor, items: Items, seed: int = 0, ends_at: str = "walk") -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L].

        They are those of the walk's end, its noise drawn from `seed`, or with ends_at="start" of the encoder's x_0.
        """
        context = self.context(items, histories)
        if ends_at == "start":
            return self.table.scores(context.start, items)
        return self.table.scores(self.walk(context, items, torch.Generator().manual_seed(seed)).preference, items)

    def encode(self, items: Items, sequences: Tensor) -> Tensor:
        """Return x_0 after every position [B, L, J], at unit variance so that unit noise means something.

        Paper: Eq. 12.
        """
        near = items.rows(sequences)
        return self.sphere(self.backbone.encode(self.table.entry(near), sequences, near.title))

    def context(self, items: Items, histories: Tensor, rows: Rows | None = None) -> Context:
        """Gather what TCD and NPD are conditioned on, by default at each history's last clip."""
        if rows is None:
            rows = torch.arange(len(histories), device=histories.device), (histories > 0).sum(1) - 1
        start = self.encode(items, histories)[rows]
        return self.context_of(start, items, histories, rows)

    def context_of(self, start: Tensor, items: Items, histories: Tensor, rows: Rows) -> Context:
        """Return the context of an encoded x_0 [R, J]."""
        if not hasattr(self, "reader"):
            return Context(start, Watched.nothing(items, histories), rows, None, items.title[histories[rows]])
        watched = self.reader.watch(items, histories)
        guide = self.tcd.guide(watched, self.reader) if self.has_tcd else None
        return Context(start, watched, rows, guide, items.title[histories[rows]])

    def refine(self, zt: Tensor, alpha_bar: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Return ẑ_0^(t) as shares of kinds [B, L, K, J], and the attention [B, L, K]. Paper: Eq. 8."""
        return self.tcd.denoise(zt, alpha_bar, context.guide)

    def condition(self, wanted: Tensor, context: Context, items: Items) -> Condition:
        """Return NPD's c_m; `wanted` [B, L, J] is what TCD says that each clip was watched for. Paper: Sec. 4.4."""
        return self.npd.condition(context.watched, wanted, self.reader, context.rows, items.anybody)

    def fused(self, wanted: Tensor, context: Context) -> Tensor:
        """Return the preference [R, J] of the variants without NPD: an MLP over x_0, the last clip's r, its title."""
        found = torch.cat([context.start, wanted[context.rows], context.title], -1)
        return self.sphere(context.start + self.fuse(found))

    @torch.no_grad()
    def walk(self, context: Context, items: Items, generator: torch.Generator, num_steps: int | None = None) -> Walk:
        """Walk both modules from t = T to 1 and return every step. Paper: Eq. 10 and 13.

        `num_steps` is another T than the trained one, from the same β. The walks follow the posterior's mean; the noise
        they begin with comes from `generator`, one for all rows: a history gets one answer alone and in a batch.
        """
        if self.config.variant == "backbone":
            return Walk(context, (), (), context.watched.kinds, context.start)
        tcd_steps, wanted = self._tcd_walk(context, generator, num_steps)
        noise = _noise((self.config.num_kinds,), generator, context.start)
        if not self.has_npd:
            return Walk(context, tcd_steps, (), wanted, self.fused(wanted, context))
        npd_steps = self._npd_walk(self.condition(wanted, context, items), context, noise, num_steps)
        return Walk(context, tcd_steps, npd_steps, wanted, npd_steps[-1].x0_hat)

    def _tcd_walk(
        self, context: Context, generator: torch.Generator, num_steps: int | None
    ) -> tuple[tuple[TCDStep, ...], Tensor]:
        watched = context.watched
        length = watched.items.shape[1]
        shape = (self.config.max_length, *watched.moments.shape[2:])
        noise = _noise(shape, generator, watched.moments)[:length]
        if not self.has_tcd:
            return (), shares_of(watched.kinds)
        schedule = self.schedule(self.config.tcd.noise_scale, num_steps)
        answers: list[tuple[Tensor, Tensor]] = []

        def denoise(zt: Tensor, step: int) -> Tensor:
            answers.append(self.refine(zt, schedule.alpha_bars[step].to(zt), context))
            return self.tcd.encode(answers[-1][0])

        clean = self.tcd.encode(watched.moments)
        start = q_sample(schedule, clean, schedule.num_steps, noise.expand_as(clean))
        steps = list(reverse_walk(schedule, denoise, start))
        walked = tuple(TCDStep(s.diffusion_step, s.xt, *answer) for s, answer in zip(steps, answers, strict=True))
        return walked, wanted_of(*answers[-1], watched.present)

    def _npd_walk(
        self, condition: Condition, context: Context, noise: Tensor, num_steps: int | None
    ) -> tuple[DiffusionStep, ...]:
        schedule = self.schedule(self.config.npd.noise_scale, num_steps)
        answers: list[Tensor] = []

        def denoise(xt: Tensor, _: int) -> Tensor:
            answers.append(self.npd.denoise(xt, condition, self.reader))
            return self.sphere(answers[-1])

        start = noise.expand_as(context.start)
        if self.config.goal == "state":
            start = q_sample(schedule, context.start, schedule.num_steps, start)
        steps = list(reverse_walk(schedule, denoise, start))
        return tuple(DiffusionStep(s.diffusion_step, s.xt, x0_hat) for s, x0_hat in zip(steps, answers, strict=True))


@cache
def _schedule(num_steps: int, noise_scale: float) -> Schedule:
    """Return {β_t}, worked out once: every walk asks for two, and a request names at most a few dozen different T."""
    return Schedule(ScheduleConfig(num_steps=num_steps, scale=noise_scale))


def _noise(shape: Sequence[int], generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(*shape, generator=generator, device=generator.device).to(like)
