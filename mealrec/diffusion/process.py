"""The forward process and the reverse posterior of a diffusion (Sec. 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from mealrec.diffusion.schedule import Schedule


def q_sample(schedule: Schedule, x0: Tensor, diffusion_step: Tensor | int, noise: Tensor) -> Tensor:
    """Corrupt x0 to x_t in closed form.

    Paper: Eq. 2, x_t = sqrt(ᾱ_t) x_0 + sqrt(1 - ᾱ_t) ε.

    `x0`, `noise` [R, ...]; `diffusion_step` an int or [R] in 0..T. Returns x_t, shaped like x0.
    """
    alpha_bar = _broadcast(schedule.alpha_bars, diffusion_step, x0)
    return alpha_bar.sqrt() * x0 + (1 - alpha_bar).sqrt() * noise


def posterior(
    schedule: Schedule, x0_hat: Tensor, xt: Tensor, diffusion_step: int
) -> tuple[Tensor, float]:
    """Return mean and standard deviation of q(x_{t-1} | x_t, x0_hat).

    Paper: Eq. 9, μ_θ from the predicted clean sample, and σ_t. At t = 1 the mean is x0_hat, σ 0.
    """
    # Worked out once for all steps, see Schedule; step t has entry t - 1.
    clean_share, noisy_share, sigma = schedule.posteriors[diffusion_step - 1]
    return clean_share * x0_hat + noisy_share * xt, sigma


def _broadcast(values: Tensor, index: Tensor | int, like: Tensor) -> Tensor:
    """Return values[index], of which each row of `like` meets its own."""
    # One step for all rows needs no axes; a step a row gets one of length 1 for each further axis.
    picked = values.to(like.device, like.dtype)[index]
    return picked if picked.ndim == 0 else picked.view(-1, *[1] * (like.ndim - 1))
