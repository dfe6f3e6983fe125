"""Both diffusions over kinds: one step of each in training, and the whole walk in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.diffusion.process import q_sample
from mealrec.diffusion.sampler import DiffusionStep, reverse_walk
from mealrec.diffusion.schedule import Schedule, ScheduleConfig
from mealrec.models.config import WITH_NPD, WITH_TCD
from mealrec.models.history import Reader, Rows, Watched, shares_of
from mealrec.models.npd import Condition
from mealrec.models.tcd import Guide, is_there, wanted_of
from mealrec.types import Items


@dataclass(frozen=True)
class Context:
    """What is known of R rows of B histories before any diffusion.

    `start` [R, J] is x_0; `watched` what the B histories show; `rows` the R positions that are
    asked about; `reader` what reads the histories, None where nothing is read; `guide` TCD's c_v,
    None without TCD.
    """

    start: Tensor
    watched: Watched
    rows: Rows
    reader: Reader | None
    guide: Guide | None


@dataclass(frozen=True)
class TCDStep:
    """One reverse step of TCD: z_t, and of ẑ_0^(t) the shares of kinds, both [B, L, K, J].

    `attention` [B, L, K] is how much each frame counts in its clip.
    """

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
    """What walks: a model with `config`, `sphere` and `table`, and where it has them TCD and NPD.

    A form of the model defines `context(items, histories, rows)`, and from r of the clips that TCD
    looks into NPD's c_m, `condition(refined, context, items)`, or the preference of the variants
    without NPD, `fused(refined, context, items)`.
    """

    @property
    def has_tcd(self) -> bool:
        """Whether the frames of clips are diffused."""
        return self.config.variant in WITH_TCD

    @property
    def has_npd(self) -> bool:
        """Whether the preference is diffused."""
        return self.config.variant in WITH_NPD

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
        # Without a walk nothing is drawn.
        context = self.context(items, histories)
        if ends_at == "start":
            return context.start
        return self.walk(context, items, torch.Generator().manual_seed(seed)).preference

    def looked_into(self, context: Context) -> tuple[Tensor, Tensor]:
        """Return moments [B, L, K, J] and kinds [B, L, J] of the clips TCD looks into: of all."""
        return context.watched.moments, context.watched.kinds

    def wanted_of_all(self, refined: Tensor, context: Context) -> Tensor:
        """Return what every clip was watched for [B, L, J], given r of those TCD looked into."""
        return refined

    def tcd_step(self, context: Context) -> tuple[Tensor, Tensor]:
        """Return r [B, L, J] by one step of TCD from a random t, and L_T.

        Paper: Eq. 11. Without TCD r is the clips' own kinds, and the loss 0.
        """
        moments, kinds = self.looked_into(context)
        if not self.has_tcd:
            return shares_of(kinds), kinds.new_zeros(())

        # Eq. 2 and 8: corrupt z_0 to a random step, and recover it at once.
        z0 = self.tcd.encode(moments)
        schedule = self.schedule(self.config.tcd.noise_scale)
        steps = torch.randint(1, schedule.num_steps + 1, (len(z0),), device=z0.device)
        zt = q_sample(schedule, z0, steps, torch.randn_like(z0))
        alpha_bar = schedule.alpha_bars.to(z0)[steps].view(-1, 1, 1, 1)
        shares, attention = self.tcd.denoise(zt, alpha_bar, context.guide)

        # Eq. 11, over clips and not over padding; an open target would collapse z_0.
        present = is_there(kinds)
        counted = present.squeeze(-1)
        missed = (self.tcd.encode(shares) - z0.detach()).square().mean((2, 3))
        loss = (missed * counted).sum() / counted.sum()
        return wanted_of(shares, attention, present), loss

    def npd_step(self, refined: Tensor, context: Context, items: Items) -> tuple[Tensor, Tensor]:
        """Return x̂_0 [R, J] by one step of NPD from a random t, and L_N. Paper: Eq. 14."""
        # Eq. 2 and 13: corrupt x_0 to a random step, and recover it at once.
        x0 = context.start
        schedule = self.schedule(self.config.npd.noise_scale)
        steps = torch.randint(1, schedule.num_steps + 1, (len(x0),), device=x0.device)
        xt = q_sample(schedule, x0, steps, torch.randn_like(x0))
        condition = self.condition(refined, context, items)
        x0_hat = self.npd.denoise(xt, condition, context.reader)

        # Eq. 14; an open target would collapse x_0.
        return x0_hat, F.mse_loss(self.sphere(x0_hat), x0.detach())

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

        # First the clips' frames, so that NPD knows what each was watched for.
        tcd_steps, refined = self._walk_tcd(context, generator, num_steps)
        wanted = self.wanted_of_all(refined, context)

        # Then the preference.
        noise = _noise((self.config.num_kinds,), generator, context.start)
        if not self.has_npd:
            return Walk(context, tcd_steps, (), wanted, self.fused(refined, context, items))
        condition = self.condition(refined, context, items)
        npd_steps = self._walk_npd(condition, context, noise, num_steps)
        return Walk(context, tcd_steps, npd_steps, wanted, npd_steps[-1].x0_hat)

    def _walk_tcd(
        self, context: Context, generator: torch.Generator, num_steps: int | None
    ) -> tuple[tuple[TCDStep, ...], Tensor]:
        """Return the steps of z_T → ẑ_0 (Eq. 10), and r of the clips that are looked into."""
        moments, kinds = self.looked_into(context)
        shape = (self.config.max_length, *moments.shape[2:])
        noise = _noise(shape, generator, moments)[: moments.shape[1]]
        if not self.has_tcd:
            return (), shares_of(kinds)

        # Keep what f_θ answers: shares and attention say more than the ẑ_0 that is noised again.
        schedule = self.schedule(self.config.tcd.noise_scale, num_steps)
        steps: list[TCDStep] = []

        def denoise(zt: Tensor, step: int) -> Tensor:
            alpha_bar = schedule.alpha_bars[step].to(zt)
            shares, attention = self.tcd.denoise(zt, alpha_bar, context.guide)
            steps.append(TCDStep(step, zt, shares, attention))
            return self.tcd.encode(shares)

        z0 = self.tcd.encode(moments)
        zT = q_sample(schedule, z0, schedule.num_steps, noise.expand_as(z0))
        _walk_to_the_end(schedule, denoise, zT)
        return tuple(steps), wanted_of(steps[-1].shares, steps[-1].attention, is_there(kinds))

    def _walk_npd(
        self, condition: Condition, context: Context, noise: Tensor, num_steps: int | None
    ) -> tuple[DiffusionStep, ...]:
        """Return the steps of x_T → x̂_0 (Eq. 13), with x̂_0 at the length that ranks."""
        # What is noised again is x̂_0 at unit variance; what is kept is x̂_0 as it ranks.
        schedule = self.schedule(self.config.npd.noise_scale, num_steps)
        steps: list[DiffusionStep] = []

        def denoise(xt: Tensor, step: int) -> Tensor:
            x0_hat = self.npd.denoise(xt, condition, context.reader)
            steps.append(DiffusionStep(step, xt, x0_hat))
            return self.sphere(x0_hat)

        x0 = context.start
        xT = q_sample(schedule, x0, schedule.num_steps, noise.expand_as(x0))
        _walk_to_the_end(schedule, denoise, xT)
        return tuple(steps)


def _walk_to_the_end(schedule: Schedule, denoise, x_start: Tensor) -> None:
    # The denoiser keeps the steps itself.
    for _ in reverse_walk(schedule, denoise, x_start):
        pass


@cache
def _schedule(num_steps: int, noise_scale: float) -> Schedule:
    """Return {β_t}, worked out once: a request names at most a few dozen different T."""
    return Schedule(ScheduleConfig(num_steps=num_steps, scale=noise_scale))


def _noise(shape: Sequence[int], generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.randn(*shape, generator=generator, device=generator.device).to(like)
