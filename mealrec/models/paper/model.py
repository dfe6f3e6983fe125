"""MealRec as the paper has it (Sec. 4): backbone, TCD and NPD over one content space."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.backbones.base import build as build_backbone
from mealrec.backbones.base import last_states
from mealrec.diffusion.process import q_sample
from mealrec.diffusion.sampler import DiffusionStep, reverse_walk
from mealrec.diffusion.schedule import Schedule
from mealrec.layers import Memory
from mealrec.models.losses import ranking_loss, weighted_sum
from mealrec.models.paper.config import PaperConfig, PaperLoss
from mealrec.models.paper.content import Anchors, ContentSpace
from mealrec.models.paper.npd import NPD
from mealrec.models.paper.table import Items, ItemTable, Shelf
from mealrec.models.paper.tcd import TCD, recency_log_weights
from mealrec.types import Clicks, ItemFeatures, SequenceBatch


@dataclass(frozen=True)
class Context:
    """What is known of R histories before any diffusion.

    `start` [R, D] is x_0; `history` [R, L] item indices; `last` [R] the last item; `log_weights`
    [R, L] log α_k; `frames` [R, K, D] the last item's mapped frames.
    """

    start: Tensor
    history: Tensor
    last: Tensor
    log_weights: Tensor
    frames: Tensor


@dataclass(frozen=True)
class Walk:
    """Both walks of R histories, noisiest step first, and x̂_0 [R, D] at their end.

    The backbone alone has no steps, and ends with x_0.
    """

    context: Context
    tcd: tuple[DiffusionStep, ...]
    npd: tuple[DiffusionStep, ...]
    end: Tensor


class PaperMealRec(nn.Module):
    """The whole of Fig. 2. See docs/paper.md for each equation's place and each departure."""

    def __init__(self, config: PaperConfig):
        super().__init__()
        self.config = config
        width = config.width
        shape = config.visual_width, config.text_width

        # What stands for items, and what encodes histories of them.
        content = ContentSpace(*shape, width, config.content_dropout)
        anchors = Anchors(*shape, config.anchor_width) if config.head == "content" else None
        self.backbone = build_backbone(
            config.backbone,
            width,
            max_length=config.max_length,
            dropout=config.backbone_dropout,
            norm_input=config.norm_input,
        )
        self.table = ItemTable(config, content, anchors, self.backbone.reads_text)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)

        # The two denoisers.
        self.schedule = Schedule(config.schedule)
        if self.has_walk:
            self.tcd = TCD(config.tcd, width, config.num_frames)
            self.npd = NPD(config.npd, width, config.num_frames, config.max_length)

    @property
    def has_walk(self) -> bool:
        """Whether anything is diffused."""
        return self.config.variant == "full"

    @property
    def ends(self) -> tuple[str, ...]:
        """What `scores` may end at: without a walk the start is its end."""
        return ("start", "walk") if self.has_walk else ("walk",)

    @property
    def causal(self) -> bool:
        """Whether one row trains every position, see Backbone."""
        return self.backbone.causal

    def prepare(
        self, sequences: Clicks, features: ItemFeatures, encoder_input: object = None
    ) -> None:
        """Take what is computed once before training: the anchors; nothing else is looked at."""
        if self.table.anchors is not None:
            self.table.anchors.fit(features)

    def rates(self, id_rate: float) -> list[tuple[list[nn.Parameter], float]]:
        """Return the weights that learn at another rate than the rest, and how much faster."""
        return [([self.table.ids.weight], id_rate)]

    def loss(
        self, batch: SequenceBatch, features: ItemFeatures, config: PaperLoss | None = None
    ) -> dict[str, Tensor]:
        """Return the terms by name, their weighted sum as "total", and "watch/..." figures.

        Paper: Eq. 16, with L_R of Eq. 15 over x̂_0. Departs: L_R over x_0 is a term too. The figures
        tell of a collapse.
        """
        config = config or PaperLoss()
        targets = batch.targets[batch.rows]
        histories = batch.prefixes()
        # Drawn for nothing: so a seed comes to the weights behind the published tables.
        torch.rand(len(targets), device=targets.device)
        items = self.table(features, self.looks_at(histories))
        content = self.content_preference(items, histories)

        def rank(state: Tensor) -> Tensor:
            preference = torch.cat([state, content], -1)
            return ranking_loss(self.table, preference, items, targets, features)

        # Eq. 12, 11, 14 and 15, in the order in which they draw noise.
        start = self.encode(items, batch.items)[batch.rows]
        if self.has_walk:
            terms = {"start": rank(start)}
            hidden = torch.rand(len(start), self.config.num_frames, device=start.device)
            context = self.context(start, histories, items, hidden < config.frame_dropout)
            steps = torch.randint(
                1, self.schedule.num_steps + 1, (len(start),), device=start.device
            )
            refined = self._tcd_terms(context, items, steps, terms)
            x0_hat = self._npd_terms(refined, context, items, steps, terms)
            terms["rank"] = rank(x0_hat)
        else:
            terms = {"rank": rank(start)}

        # Eq. 16, and a loss of the backbone's own.
        entered = items.entry[batch.items], batch.items, items.text[batch.items]
        extra = self.backbone.extra_loss(*entered)
        return terms | {"total": weighted_sum(terms, config) + extra}

    def _tcd_terms(
        self, context: Context, items: Items, steps: Tensor, terms: dict[str, Tensor]
    ) -> Tensor:
        """Return ẑ_0 [R, K, D] by one step of TCD from each row's t, and add L_T to the terms."""
        z0 = self.tcd.encode(context.frames)
        zt = q_sample(self.schedule, z0, steps, torch.randn_like(z0))
        refined = self.refine(zt, steps, context, items)
        # Eq. 11; an open target would collapse z_0.
        terms["tcd"] = F.mse_loss(refined, z0.detach())
        terms["watch/var_z0"] = z0.detach().flatten(0, 1).var(0, correction=0).mean()
        return refined

    def _npd_terms(
        self,
        refined: Tensor,
        context: Context,
        items: Items,
        steps: Tensor,
        terms: dict[str, Tensor],
    ) -> Tensor:
        """Return x̂_0 [R, D] by one step of NPD from each row's t, and add L_N to the terms."""
        memory = self.condition(refined, context, items)
        x0 = context.start
        xt = q_sample(self.schedule, x0, steps, torch.randn_like(x0))
        x0_hat = self.npd.denoise(xt, memory)
        # Eq. 14; an open target would collapse x_0.
        target = x0.detach().float()
        terms["npd"] = F.mse_loss(x0_hat, target)
        variance = target.var(0, correction=0).mean()
        terms["watch/var_x0"] = variance
        terms["watch/npd_over_var_x0"] = terms["npd"].detach() / variance.clamp(min=1e-3)
        terms["watch/cosine"] = F.cosine_similarity(x0_hat.detach(), target, dim=-1).mean()
        return x0_hat

    def items(self, features: ItemFeatures) -> Shelf:
        """Return what stands for every item, made once for many histories."""
        nowhere = torch.zeros(0, dtype=torch.long, device=features.text.device)
        return Shelf(self.table(features, nowhere), features)

    def scores(
        self, histories: Tensor, items: Shelf, seed: int = 0, ends_at: str = "walk"
    ) -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L].

        They are those of the walk's end, its noise drawn from `seed`, or with ends_at="start" of
        the encoder's x_0.
        """
        # Mapping the frames of all items would take more memory than all else.
        shown = self.table.showing(items.items, items.features, self.looks_at(histories))
        start = last_states(self.encode(shown, histories), histories)
        state = start
        if self.has_walk and ends_at == "walk":
            context = self.context(start, histories, shown)
            state = self.walk(context, shown, torch.Generator().manual_seed(seed)).end
        return self.table.scores(self.preference(state, shown, histories), shown)

    def preference(self, state: Tensor, items: Items, histories: Tensor) -> Tensor:
        """Return what ranks [R, D + A], see ItemTable.scores: a state [R, D], and the content."""
        return torch.cat([state, self.content_preference(items, histories)], -1)

    def encode(self, items: Items, sequences: Tensor) -> Tensor:
        """Return x_0 after every position [B, L, D].

        Paper: Eq. 12. At unit variance, so that unit noise means something.
        """
        entered = items.entry[sequences], sequences, items.text[sequences]
        return self.norm(self.backbone.encode(*entered))

    def looks_at(self, histories: Tensor) -> Tensor:
        """Return the items whose frames are looked at for histories [R, L]: their last ones."""
        # A backbone alone looks at no frames.
        if not self.has_walk:
            return histories.new_zeros(0)
        return histories.gather(1, (histories > 0).sum(1, keepdim=True) - 1).unique()

    def content_preference(self, items: Items, histories: Tensor) -> Tensor:
        """Return the content p [R, A] of histories [R, L], at its learned weight.

        Paper: Eq. 7 weighs the items. A is 0 with a head that compares none.
        """
        anchors = items.anchor[histories]
        if not anchors.shape[-1]:
            return anchors.new_zeros(len(histories), 0)
        # Eq. 7's mean of the anchors, at unit length.
        weights = recency_log_weights(histories > 0, self.config.tcd.decay).exp()
        direction = F.normalize((weights.unsqueeze(1) @ anchors).squeeze(1), dim=-1)
        return direction * self.table.log_match.exp()

    def context(
        self, start: Tensor, history: Tensor, items: Items, hidden: Tensor | None = None
    ) -> Context:
        """Gather what TCD and NPD are conditioned on.

        `hidden` [R, K] marks frames of the last items to show as absent.
        """
        # The last item, and Eq. 7's weights of all.
        present = history > 0
        last = history.gather(1, present.sum(1, keepdim=True) - 1).squeeze(1)
        log_weights = recency_log_weights(present, self.config.tcd.decay)
        # Its frames, some of them hidden in training.
        frames = items.moments[last]
        if hidden is not None:
            absent = self.table.content.absent_visual
            frames = torch.where(hidden.unsqueeze(-1), absent, frames)
        return Context(start, history, last, log_weights, frames)

    def refine(self, zt: Tensor, diffusion_step: Tensor, context: Context, items: Items) -> Tensor:
        """Return ẑ_0^(t) [R, K, D] of noisy frames z_t [R, K, D], `diffusion_step` [R].

        Paper: Eq. 8.
        """
        history_visual = items.visual[context.history]
        return self.tcd.denoise(zt, diffusion_step, history_visual, context.log_weights)

    def condition(self, refined: Tensor, context: Context, items: Items) -> Memory:
        """Return NPD's c_m: of the last item alone. Paper: Sec. 4.4, ẑ_0 and h_L."""
        return self.npd.condition(refined, items.title[context.last])

    @torch.no_grad()
    def walk(self, context: Context, items: Items, generator: torch.Generator) -> Walk:
        """Walk both modules from t = T to 1 and return every step.

        Paper: Eq. 10 and 13. The schedule's noise is weak, so each walk starts from its corrupted
        sample (q_sample at T) with noise from `generator`.
        """
        if not self.has_walk:
            return Walk(context, (), (), context.start)

        # z_T → ẑ_0.
        start = self._corrupt(self.tcd.encode(context.frames), generator)
        ones = start.new_ones(len(start), dtype=torch.long)

        def refine(zt: Tensor, step: int) -> Tensor:
            return self.refine(zt, step * ones, context, items)

        tcd_steps = tuple(reverse_walk(self.schedule, refine, start))

        # x_T → x̂_0, blind to the step.
        memory = self.condition(tcd_steps[-1].x0_hat, context, items)
        start = self._corrupt(context.start, generator)

        def denoise(xt: Tensor, _: int) -> Tensor:
            return self.npd.denoise(xt, memory)

        npd_steps = tuple(reverse_walk(self.schedule, denoise, start))
        return Walk(context, tcd_steps, npd_steps, npd_steps[-1].x0_hat)

    def _corrupt(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """Return x_T of x_0: one noise for all, so that a row is answered alone as in a batch."""
        noise = torch.randn(clean.shape[1:], generator=generator, device=generator.device)
        noise = noise.to(clean.device).expand_as(clean)
        return q_sample(self.schedule, clean, self.schedule.num_steps, noise)
