"""Both diffusions walked, one step after the other: what MealRec does in every world it is
trained for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from mealrec.diffusion.process import q_sample
from mealrec.diffusion.sampler import DiffusionStep, reverse_walk
from mealrec.diffusion.schedule import Schedule, ScheduleConfig
from mealrec.models.history import Rows, Watched, shares_of
from mealrec.models.npd import Condition
from mealrec.models.table import Items
from mealrec.models.tcd import Guide, is_there, wanted_of


@dataclass(frozen=True)
class Context:
    """What is known of R rows of B histories before any diffusion.

    `start` [R, J] is x_0; `watched` what the B histories show; `rows` the R positions that are
    asked about; `guide` TCD's c_v, None without TCD; `title` [R, J] the row's own clip's.
    """

    start: Tensor
    watched: Watched
    rows: Rows
    guide: Guide | None
    title: Tensor


@dataclass(frozen=True)
class TCDStep:
    """One reverse step of TCD: z_t [B, L, K, J], and of ẑ_0^(t) the shares of kinds and the
    attention [B, L, K]."""

    diffusion_step: int
    zt: Tensor
    shares: Tensor
    attention: Tensor


@dataclass(frozen=True)
class Walk:
    """Both walks, noisiest step first, and what ranks at their end: `preference` [R, J].

    `wanted` [B, L, J] is r, the kinds that each clip was watched for. NPD's steps hold x̂_0 at its
    own length.
    """

    context: Context
    tcd: tuple[TCDStep, ...]
    npd: tuple[DiffusionStep, ...]
    wanted: Tensor
    preference: Tensor


class Diffusions(nn.Module):
    """What walks: a model with a `config`, a `sphere`, a `table` and a `reader`, and where it
    has them TCD and NPD."""

    @property
    def has_tcd(self) -> bool:
        return hasattr(self, "tcd")

    @property
    def has_npd(self) -> bool:
        return hasattr(self, "npd")

    def schedule(self, noise_scale: float, num_steps: int | None = None) -> Schedule:
        """Return {β_t} of T steps, by default the trained T."""
        return _schedule(num_steps or self.config.num_steps, noise_scale)

    def scores(
        self, histories: Tensor, items: Items, seed: int = 0, ends_at: str = "walk"
    ) -> Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L].

        They are those of the walk's end, its noise drawn from `seed`, or with ends_at="start" of
        the encoder's x_0.
        """
        return self.table.scores(self.preference(histories, items, seed, ends_at), items)

    def preference(
        self, histories: Tensor, items: Items, seed: int = 0, ends_at: str = "walk"
    ) -> Tensor:
        """Return what `scores` ranks by [R, J]."""
        context = self.context(items, histories)
        if ends_at == "start":
            return context.start
        return self.walk(context, items, torch.Generator().manual_seed(seed)).preference

    def refine(self, zt: Tensor, alpha_bar: Tensor, context: Context) -> tuple[Tensor, Tensor]:
        """Return ẑ_0^(t) as shares of kinds [B, L, K, J], and the attention [B, L, K]. Paper:
        Eq. 8."""
        return self.tcd.denoise(zt, alpha_bar, context.guide)

    def refined_clips(self, context: Context) -> tuple[Tensor, Tensor]:
        """Return the moments [B, L, K, J] and the kinds [B, L, J] of the clips that TCD looks
        into: here of all."""
        return context.watched.moments, context.watched.kinds

    def told(self, refined: Tensor, context: Context) -> Tensor:
        """Return the kinds that every clip was watched for [B, L, J]; `refined` is r of those
        TCD looked into."""
        return refined

    def walk_start(self, context: Context, schedule: Schedule, noise: Tensor) -> Tensor:
        """Return x_T [R, J]: x_0 under all the noise that `schedule` has. Paper: Eq. 2."""
        return q_sample(schedule, context.start, schedule.num_steps, noise.expand_as(context.start))

    @torch.no_grad()
    def walk(
        self,
        context: Context,
        items: Items,
        generator: torch.Generator,
        num_steps: int | None = None,
    ) -> Walk:
        """Walk both modules from t = T to 1 and return every step. Paper: Eq. 10 and 13.

        `num_steps` is another T than the trained one, from the same β. The walks follow the
        posterior's mean; the noise they begin with comes from `generator`, one for all rows: a
        history gets one answer alone and in a batch.
        """
        if self.config.variant == "backbone":
            return Walk(context, (), (), context.watched.kinds, context.start)
        tcd_steps, refined = self._tcd_walk(context, generator, num_steps)
        wanted = self.told(refined, context)
        noise = _noise((self.config.num_kinds,), generator, context.start)
        if not self.has_npd:
            return Walk(context, tcd_steps, (), wanted, self.fused(refined, context, items))
        npd_steps = self._npd_walk(
            self.condition(refined, context, items), context, noise, num_steps
        )
        return Walk(context, tcd_steps, npd_steps, wanted, npd_steps[-1].x0_hat)

    def _tcd_walk(
        self, context: Context, generator: torch.Generator, num_steps: int | None
    ) -> tuple[tuple[TCDStep, ...], Tensor]:
        moments, kinds = self.refined_clips(context)
        shape = (self.config.max_length, *moments.shape[2:])
        noise = _noise(shape, generator, moments)[: moments.shape[1]]
        if not self.has_tcd:
            return (), shares_of(kinds)
        schedule = self.schedule(self.config.tcd.noise_scale, num_steps)
        answers: list[tuple[Tensor, Tensor]] = []

        def denoise(zt: Tensor, step: int) -> Tensor:
            answers.append(self.refine(zt, schedule.alpha_bars[step].to(zt), context))
            return self.tcd.encode(answers[-1][0])

        clean = self.tcd.encode(moments)
        start = q_sample(schedule, clean, schedule.num_steps, noise.expand_as(clean))
        steps = list(reverse_walk(schedule, denoise, start))
        walked = tuple(
            TCDStep(s.diffusion_step, s.xt, *answer)
            for s, answer in zip(steps, answers, strict=True)
        )
        return walked, wanted_of(*answers[-1], is_there(kinds))

    def _npd_walk(
        self, condition: Condition, context: Context, noise: Tensor, num_steps: int | None
    ) -> tuple[DiffusionStep, ...]:
        schedule = self.schedule(self.config.npd.noise_scale, num_steps)
        answers: list[Tensor] = []

        def denoise(xt: Tensor, _: int) -> Tensor:
            answers.append(self.npd.denoise(xt, condition, self.reader))
            return self.sphere(answers[-1])

        steps = list(reverse_walk(schedule, denoise, self.walk_start(context, schedule, noise)))
        return tuple(
            DiffusionStep(s.diffusion_step, s.xt, x0_hat)
            for s, x0_hat in zip(steps, answers, strict=True)
        )


@cache
def _schedule(num_steps: int, noise_scale: float) -> Schedule:
    """Return {β_t}, worked out once: every walk asks for two, and a request names at most a few
    dozen different T."""
    return Schedule(ScheduleConfig(num_steps=num_steps, scale=noise_scale))


def _noise(shape: Sequence[int], generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(*shape, generator=generator, device=generator.device).to(like)
