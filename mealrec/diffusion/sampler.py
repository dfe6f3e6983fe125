"""The reverse walk x_T -> x_{T-1} -> ... -> x̂_0, one visible step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mealrec.diffusion.process import posterior
from mealrec.diffusion.schedule import Schedule


@dataclass(frozen=True)
class DiffusionStep:
    """One reverse step: the noisy sample it began with and the clean sample predicted from it."""

    diffusion_step: int
    xt: Tensor
    x0_hat: Tensor


def reverse_walk(
    schedule: Schedule,
    denoiser: Callable[[Tensor, int], Tensor],
    x_start: Tensor,
    generator: torch.Generator | None = None,
) -> Iterator[DiffusionStep]:
    """Yield every step from t = T down to t = 1.

    Paper: Eq. 10 and 13. The last step's `x0_hat` is the walk's end.

    `denoiser(x_t, t)` returns x̂_0, shaped like `x_start` (x_T). With a generator, Eq. 9's noise
    σ_t ε is added between steps; without one the walk follows the posterior's mean.
    """
    xt = x_start
    for step in range(schedule.num_steps, 0, -1):
        x0_hat = denoiser(xt, step)
        yield DiffusionStep(step, xt, x0_hat)
        # Eq. 9: what is left of x_t after one step.
        xt, sigma = posterior(schedule, x0_hat, xt, step)
        if generator is not None:
            xt = xt + sigma * torch.randn(xt.shape, generator=generator, device=xt.device)
