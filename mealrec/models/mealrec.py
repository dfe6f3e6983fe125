"""MealRec (Sec. 4): backbone, TCD and NPD over one content space and one diffusion, and its ablations."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

import torch
from torch import Tensor, nn

from mealrec.backbones.base import build as build_backbone
from mealrec.diffusion.process import q_sample
from mealrec.diffusion.sampler import DiffusionStep, reverse_walk
from mealrec.diffusion.schedule import Schedule, ScheduleConfig
from mealrec.models.attention import Memory, zero_
from mealrec.models.content import ContentSpace
from mealrec.models.npd import NPD, NPDConfig
from mealrec.models.table import Items, ItemTable
from mealrec.models.tcd import TCD, TCDConfig, recency_log_weights

VARIANTS = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")
CONDITIONS = ("moments", "items", "last")
HEADS = ("moments", "item")


@dataclass(frozen=True)
class MealRecConfig:
    """Everything that shapes the model; stored as JSON beside its weights.

    `variant`: the whole model, an ablation of Sec. 5.3, or the backbone alone. `condition`: what NPD sees.
    `head`: how a preference meets an item, see ItemTable.scores.
    """

    num_items: int
    visual_width: int
    text_width: int
    num_frames: int = 5
    width: int = 64
    max_length: int = 10
    backbone: str = "sasrec"
    variant: str = "full"
    condition: str = "moments"
    head: str = "moments"
    id_dropout: float = 0.3
    content_dropout: float = 0.3
    backbone_dropout: float = 0.3
    tcd: TCDConfig = field(default_factory=TCDConfig)
    npd: NPDConfig = field(default_factory=NPDConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)

    def __post_init__(self) -> None:
        for name, known in (("variant", VARIANTS), ("condition", CONDITIONS), ("head", HEADS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")

    def to_dict(self) -> dict:
        """Return plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> MealRecConfig:
        """Rebuild a configuration; raises TypeError on an unknown key."""
        parts = {"tcd": TCDConfig, "npd": NPDConfig, "schedule": ScheduleConfig}
        return cls(**{key: parts[key](**value) if key in parts else value for key, value in values.items()})


@dataclass(frozen=True)
class Context:
    """What is known of R histories before any diffusion.

    `start` [R, D] is x_0; `history` [R, L] item indices, `present` [R, L]; `last` [R] the last item;
    `log_weights` [R, L] log α_k; `frames` [R, K, D] the last item's mapped frames.
    """

    start: Tensor
    history: Tensor
    present: Tensor
    last: Tensor
    log_weights: Tensor
    frames: Tensor


@dataclass(frozen=True)
class Walk:
    """Both walks of R histories, noisiest step first, and where they end: `preference` [R, D]."""

    context: Context
    tcd: tuple[DiffusionStep, ...]
    npd: tuple[DiffusionStep, ...]
    preference: Tensor


class MealRec(nn.Module):
    """The whole of Fig. 2. See docs/paper.md for each equation's place and each departure."""

    def __init__(self, config: MealRecConfig):
        super().__init__()
        self.config, width = config, config.width
        content = ContentSpace(config.visual_width, config.text_width, width, config.content_dropout)
        self.table = ItemTable(config.num_items, content, width, config.id_dropout, config.head)
        self.backbone = build_backbone(
            config.backbone, width, max_length=config.max_length, dropout=config.backbone_dropout
        )
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.schedule = Schedule(config.schedule)
        shape = {"width": width}
        if config.variant in ("full", "no_npd"):
            self.tcd = TCD(replace(config.tcd, num_frames=config.num_frames, **shape))
        if config.variant in ("full", "no_tcd"):
            self.npd = NPD(replace(config.npd, num_frames=config.num_frames, max_length=config.max_length, **shape))
        if config.variant in ("no_npd", "no_tcd_npd"):
            self.fuse = nn.Sequential(
                nn.Linear(3 * width, 2 * width), nn.GELU(), nn.Dropout(config.npd.dropout), nn.Linear(2 * width, width)
            )
            zero_(self.fuse[-1])

    @property
    def content(self) -> ContentSpace:
        """The one content space, which the item table holds."""
        return self.table.content

    @property
    def has_tcd(self) -> bool:
        return hasattr(self, "tcd")

    @property
    def has_npd(self) -> bool:
        return hasattr(self, "npd")

    def encode(self, items: Items, sequences: Tensor) -> Tensor:
        """Return x_0 after every position [B, L, D], at unit variance so that unit noise means something.

        Paper: Eq. 12.
        """
        return self.norm(self.backbone.encode(items.entry[sequences], sequences, items.title[sequences]))

    def context(self, start: Tensor, history: Tensor, items: Items, hidden: Tensor | None = None) -> Context:
        """Gather what TCD and NPD are conditioned on; `hidden` [R, K] marks frames to show as absent."""
        present = history > 0
        last = history.gather(1, present.sum(1, keepdim=True) - 1).squeeze(1)
        log_weights = recency_log_weights(present, self.config.tcd.decay)
        frames = items.moments[last]
        if hidden is not None:
            frames = torch.where(hidden.unsqueeze(-1), self.content.absent_visual, frames)
        return Context(start, history, present, last, log_weights, frames)

    def refine(self, zt: Tensor, diffusion_step: Tensor, context: Context, items: Items) -> Tensor:
        """Return ẑ_0^(t) [R, K, D] (Eq. 8) of noisy frames z_t [R, K, D], diffusion_step [R]."""
        history_visual = items.visual[context.history]
        return self.tcd.denoise(zt, diffusion_step, history_visual, context.log_weights)

    def condition(self, refined: Tensor, context: Context, items: Items) -> tuple[Memory, Tensor]:
        """Return NPD's condition c_m, S projected tokens, and which are visible [R, S].

        Paper: Sec. 4.4, ẑ_0 and h_L. Departs: g_θ also sees the earlier items' content, as one token each
        (condition="items") or as their K frames and title (condition="moments"); "last" is the paper's form.
        """
        title = items.title[context.last]
        history = None
        if self.config.condition == "items":
            history = (items.visual + items.title)[context.history].unsqueeze(2)
        elif self.config.condition == "moments":
            history = torch.cat([items.moments, items.title.unsqueeze(1)], 1)[context.history]
        return self.npd.condition(refined, title, history, context.present)

    def fused(self, refined: Tensor, context: Context, items: Items) -> Tensor:
        """Return the preference [R, D] of the variants without NPD: an MLP over x_0, frames and title."""
        title = items.title[context.last]
        return context.start + self.fuse(torch.cat([context.start, refined.mean(1), title], -1))

    @torch.no_grad()
    def walk(self, context: Context, items: Items, generator: torch.Generator, sigma: bool = False) -> Walk:
        """Walk both modules from t = T to 1 and return every step.

        Paper: Eq. 10 and 13. The schedule's noise is weak, so each walk starts from its corrupted sample
        (q_sample at T) with noise from `generator`; `sigma` adds Eq. 9's noise between the steps.
        """
        if self.config.variant == "backbone":
            return Walk(context, (), (), context.start)
        noise_between = generator if sigma else None
        tcd_steps: tuple[DiffusionStep, ...] = ()
        npd_steps: tuple[DiffusionStep, ...] = ()
        refined = context.frames
        if self.has_tcd:
            clean = self.tcd.encode(context.frames)

            def denoise_frames(zt: Tensor, step: int) -> Tensor:
                return self.refine(zt, torch.full((len(zt),), step, device=zt.device), context, items)

            tcd_steps = tuple(
                reverse_walk(self.schedule, denoise_frames, self._corrupt(clean, generator), noise_between)
            )
            refined = tcd_steps[-1].x0_hat
        if not self.has_npd:
            return Walk(context, tcd_steps, (), self.fused(refined, context, items))
        memory, visible = self.condition(refined, context, items)

        def denoise_preference(xt: Tensor, _step: int) -> Tensor:
            return self.npd.denoise(xt, memory, visible)

        npd_steps = tuple(
            reverse_walk(self.schedule, denoise_preference, self._corrupt(context.start, generator), noise_between)
        )
        return Walk(context, tcd_steps, npd_steps, npd_steps[-1].x0_hat)

    def _corrupt(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        # One noise for all rows: the same history gets the same answer alone or in a batch.
        noise = torch.randn(clean.shape[1:], generator=generator, device=generator.device).to(clean.device)
        return q_sample(self.schedule, clean, self.schedule.num_steps, noise.expand_as(clean))
