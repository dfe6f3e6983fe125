"""The paper's MealRec (Sec. 4): backbone, TCD and NPD over one content space and one diffusion;
its ablations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones.base import build as build_backbone
from mealrec.backbones.base import last_states
from mealrec.diffusion.process import q_sample
from mealrec.diffusion.sampler import DiffusionStep, reverse_walk
from mealrec.diffusion.schedule import Schedule
from mealrec.layers import Dropout, Memory, zero_
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.content import Anchors, ContentSpace
from mealrec.models.paper.losses import PaperLoss, total_loss
from mealrec.models.paper.npd import NPD
from mealrec.models.paper.table import Items, ItemTable, Shelf
from mealrec.models.paper.tcd import TCD, recency_log_weights
from mealrec.types import ItemFeatures, SequenceBatch


@dataclass(frozen=True)
class Context:
    """What is known of R histories before any diffusion.

    `start` [R, D] is x_0; `history` [R, L] item indices, `present` [R, L]; `last` [R] the last
    item; `log_weights` [R, L] log α_k; `frames` [R, K, D] the last item's mapped frames; `content`
    [R, 2C] what head="content" compares with items' anchors (C = 0 with another head): the
    history's content p, then guidance q.
    """

    start: Tensor
    history: Tensor
    present: Tensor
    last: Tensor
    log_weights: Tensor
    frames: Tensor
    content: Tensor


@dataclass(frozen=True)
class Walk:
    """Both walks of R histories, noisiest step first, and what ranks at their end: `preference`
    [R, D or D + 2C]."""

    context: Context
    tcd: tuple[DiffusionStep, ...]
    npd: tuple[DiffusionStep, ...]
    preference: Tensor


class PaperMealRec(nn.Module):
    """The whole of Fig. 2. See docs/paper.md for each equation's place and each departure."""

    def __init__(self, config: PaperConfig):
        super().__init__()
        self.config, width = config, config.width
        content = ContentSpace(
            config.visual_width, config.text_width, width, config.content_dropout
        )
        anchors = None
        if config.head == "content":
            anchors = Anchors(config.visual_width, config.text_width, config.anchor_width)
            # its strength, chosen on validation after training
            self.register_buffer("guidance", torch.zeros(()))
        self.backbone = build_backbone(
            config.backbone,
            width,
            max_length=config.max_length,
            dropout=config.backbone_dropout,
            norm_input=config.norm_input,
        )
        self.table = ItemTable(
            config.num_items,
            content,
            width,
            config.id_dropout,
            config.head,
            uses_content=config.content == "both",
            reads_text=self.backbone.reads_text,
            anchors=anchors,
        )
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.schedule = Schedule(config.schedule)
        shape = {"width": width}
        if config.variant in ("full", "no_npd"):
            self.tcd = TCD(replace(config.tcd, num_frames=config.num_frames, **shape))
        if config.variant in ("full", "no_tcd"):
            self.npd = NPD(
                replace(
                    config.npd, num_frames=config.num_frames, max_length=config.max_length, **shape
                )
            )
        if config.variant in ("no_npd", "no_tcd_npd"):
            self.fuse = nn.Sequential(
                nn.Linear(3 * width, 2 * width),
                nn.GELU(),
                Dropout(config.npd.dropout),
                nn.Linear(2 * width, width),
            )
            zero_(self.fuse[-1])

    @property
    def content(self) -> ContentSpace:
        """The one content space, which the item table holds."""
        return self.table.content

    @property
    def causal(self) -> bool:
        """Whether one row trains every position, see Backbone."""
        return self.backbone.causal

    def prepare(
        self, sequences: Sequence[Sequence[int]], features: ItemFeatures, hidden: object = None
    ) -> None:
        """Take what is computed once before training: the anchors; nothing else is looked at."""
        if self.table.anchors is not None:
            self.table.anchors.fit(features)

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest, and how many times that
        of the rest."""
        return [([self.table.ids.weight], id_rate)]

    def loss(
        self, batch: SequenceBatch, features: ItemFeatures, config: PaperLoss | None = None
    ) -> dict[str, Tensor]:
        """Return the terms by name and what is minimised as "total"; see total_loss."""
        return total_loss(self, batch, features, config or PaperLoss())

    def items(self, features: ItemFeatures) -> Shelf:
        """Return what stands for every item, made once for many histories."""
        return Shelf(
            self.table(features, torch.zeros(0, dtype=torch.long, device=features.text.device)),
            features,
        )

    def scores(
        self, histories: Tensor, items: Shelf, seed: int = 0, ends_at: str = "walk"
    ) -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L].

        They are those of the walk's end, its noise drawn from `seed`, or with ends_at="start" of
        the encoder's x_0.
        """
        # Mapping the frames of all items would take more memory than all else.
        shown = self.table.showing(items.items, items.features, self.looks_at(histories))
        return self.table.scores(
            self.preferences(histories, shown, seed, ends_at), shown, histories
        )

    def preferences(
        self, histories: Tensor, items: Items, seed: int = 0, ends_at: str = "walk"
    ) -> Tensor:
        """Return what ranks [R, D or D + 2C] for histories [R, L], as `scores` does."""
        context = self.context(
            last_states(self.encode(items, histories), histories), histories, items
        )
        if ends_at == "start":
            return self.preference(context.start, context.content)
        return self.walk(context, items, torch.Generator().manual_seed(seed)).preference

    @property
    def ends(self) -> tuple[str, ...]:
        """What `scores` may end at: without a walk the start is its end."""
        return ("walk",) if self.config.variant == "backbone" else ("start", "walk")

    @property
    def has_tcd(self) -> bool:
        return hasattr(self, "tcd")

    @property
    def has_npd(self) -> bool:
        return hasattr(self, "npd")

    def encode(self, items: Items, sequences: Tensor) -> Tensor:
        """Return x_0 after every position [B, L, D], at unit variance so that unit noise means
        something.

        Paper: Eq. 12.
        """
        return self.norm(
            self.backbone.encode(items.entry[sequences], sequences, items.text[sequences])
        )

    def looks_at(self, histories: Tensor) -> Tensor:
        """Return the items whose frames are looked at for histories [R, L]: the last ones, see
        ItemTable."""
        if self.config.variant == "backbone":
            return histories.new_zeros(0)
        return histories.gather(1, (histories > 0).sum(1, keepdim=True) - 1).unique()

    def context(
        self, start: Tensor, history: Tensor, items: Items, hidden: Tensor | None = None
    ) -> Context:
        """Gather what TCD and NPD are conditioned on; `hidden` [R, K] marks frames to show as
        absent."""
        present = history > 0
        last = history.gather(1, present.sum(1, keepdim=True) - 1).squeeze(1)
        log_weights = recency_log_weights(present, self.config.tcd.decay)
        frames = items.moments[last]
        if hidden is not None:
            frames = torch.where(hidden.unsqueeze(-1), self.content.absent_visual, frames)
        content = self.content_preference(items, history)
        return Context(start, history, present, last, log_weights, frames, content)

    def content_preference(self, items: Items, history: Tensor) -> Tensor:
        """Return [R, 2C] of histories [R, L]: their content p at its learned weight, the guidance q
        at its chosen one.

        Paper: Eq. 7 weighs the items of p. Departs: q is guidance as conditional diffusion models
        know it, a push towards what the denoiser is conditioned on. It is no part of training,
        which has learned its pairs by heart and gives content too little weight; its strength is
        chosen on validation.
        """
        anchors = items.anchor[history]
        if not anchors.shape[-1]:
            return anchors.new_zeros(len(history), 0)
        present = history > 0
        p = (
            _direction(anchors, recency_log_weights(present, self.config.tcd.decay))
            * self.table.log_match.exp()
        )
        if self.training or not self.config.guided:
            return torch.cat([p, torch.zeros_like(p)], -1)
        q = _direction(anchors, recency_log_weights(present, self.config.guidance_decay))
        return torch.cat([p, q * self.guidance], -1)

    def preference(self, state: Tensor, content: Tensor) -> Tensor:
        """Return what ranks [R, D + 2C], see ItemTable.scores: a state [R, D] such as x̂_0, and
        the content [R, 2C]."""
        return torch.cat([state, content], -1)

    def refine(self, zt: Tensor, diffusion_step: Tensor, context: Context, items: Items) -> Tensor:
        """Return ẑ_0^(t) [R, K, D] (Eq. 8) of noisy frames z_t [R, K, D], diffusion_step [R]."""
        history_visual = items.visual[context.history]
        return self.tcd.denoise(zt, diffusion_step, history_visual, context.log_weights)

    def condition(self, refined: Tensor, context: Context, items: Items) -> tuple[Memory, Tensor]:
        """Return NPD's condition c_m, S projected tokens, and which are visible [R, S].

        Paper: Sec. 4.4, ẑ_0 and h_L, which is condition="last". Departs: with condition="items" g_θ
        also sees every item's content, as one token each.
        """
        title = items.title[context.last]
        history = None
        if self.config.condition == "items":
            history = (items.visual + items.title)[context.history]
        return self.npd.condition(refined, title, history, context.present)

    def fused(self, refined: Tensor, context: Context, items: Items) -> Tensor:
        """Return the state [R, D] of the variants without NPD: an MLP over x_0, frames and
        title."""
        title = items.title[context.last]
        return context.start + self.fuse(torch.cat([context.start, refined.mean(1), title], -1))

    @torch.no_grad()
    def walk(
        self,
        context: Context,
        items: Items,
        generator: torch.Generator,
        sigma: bool = False,
        num_steps: int | None = None,
    ) -> Walk:
        """Walk both modules from t = T to 1 and return every step.

        Paper: Eq. 10 and 13. The schedule's noise is weak, so each walk starts from its corrupted
        sample (q_sample at T) with noise from `generator`; `sigma` adds Eq. 9's noise between the
        steps. `num_steps` is another T than the trained one, from the same configuration.
        """
        schedule = self._schedule(num_steps)
        if self.config.variant == "backbone":
            return Walk(context, (), (), self.preference(context.start, context.content))
        noise_between = generator if sigma else None
        tcd_steps: tuple[DiffusionStep, ...] = ()
        npd_steps: tuple[DiffusionStep, ...] = ()
        refined = context.frames
        if self.has_tcd:
            start = _corrupt(schedule, self.tcd.encode(context.frames), generator)
            step_of = start.new_ones(len(start), dtype=torch.long)
            tcd_steps = tuple(
                reverse_walk(
                    schedule,
                    lambda zt, step: self.refine(zt, step * step_of, context, items),
                    start,
                    noise_between,
                )
            )
            refined = tcd_steps[-1].x0_hat
        if not self.has_npd:
            return Walk(
                context,
                tcd_steps,
                (),
                self.preference(self.fused(refined, context, items), context.content),
            )
        condition, start = (
            self.condition(refined, context, items),
            _corrupt(schedule, context.start, generator),
        )
        npd_steps = tuple(
            reverse_walk(
                schedule, lambda xt, _: self.npd.denoise(xt, *condition), start, noise_between
            )
        )
        return Walk(
            context, tcd_steps, npd_steps, self.preference(npd_steps[-1].x0_hat, context.content)
        )

    def _schedule(self, num_steps: int | None) -> Schedule:
        if num_steps is None or num_steps == self.schedule.num_steps:
            return self.schedule
        return Schedule(replace(self.config.schedule, num_steps=num_steps))


def _corrupt(schedule: Schedule, clean: Tensor, generator: torch.Generator) -> Tensor:
    # One noise for all rows: the same history gets the same answer alone or in a batch.
    noise = torch.randn(clean.shape[1:], generator=generator, device=generator.device).to(
        clean.device
    )
    return q_sample(schedule, clean, schedule.num_steps, noise.expand_as(clean))


def _direction(anchors: Tensor, log_weights: Tensor) -> Tensor:
    """Return the unit direction [R, C] of anchors [R, L, C] weighed by exp(log_weights) [R, L]."""
    return F.normalize((log_weights.exp().unsqueeze(1) @ anchors).squeeze(1), dim=-1)
