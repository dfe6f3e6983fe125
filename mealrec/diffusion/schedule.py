"""Variance schedules {β_t}, t = 1..T (Sec. 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ScheduleConfig:
    """A linear schedule from `beta_start` to `beta_end` in `num_steps` steps, both times `scale`.

    scale 1 leaves ᾱ_T = .78 at T = 25: weak noise, so a walk starts from the corrupted sample.
    scale 1000/T drives ᾱ_T to 0: strong noise, so a walk may start from pure noise. scale 0 is no
    noise at all.
    """

    num_steps: int = 25
    beta_start: float = 1e-4
    beta_end: float = 0.02
    scale: float = 1.0


class Schedule:
    """β_t and ᾱ_t, indexed by the diffusion step itself: entry 0 is the clean sample (ᾱ_0 = 1).

    `posteriors[t - 1]` are the shares of x̂_0 and x_t and the σ of step t (Eq. 9), as plain floats.
    """

    def __init__(self, config: ScheduleConfig):
        if config.num_steps < 1:
            raise ValueError(f"a schedule needs 1 step or more, got num_steps={config.num_steps}")
        self.num_steps = config.num_steps
        # Numbers even where the model is built without any, and exact ones.
        exact = {"dtype": torch.float64, "device": "cpu"}
        linear = torch.linspace(config.beta_start, config.beta_end, config.num_steps, **exact)
        betas = (linear * config.scale).clamp(max=0.999)
        self.betas: Tensor = torch.cat([torch.zeros(1, **exact), betas])
        self.alpha_bars: Tensor = torch.cumprod(1 - self.betas, 0)

        # Eq. 9 of every step.
        alpha_bars = self.alpha_bars.tolist()
        steps = zip(self.betas.tolist()[1:], alpha_bars[1:], alpha_bars[:-1], strict=True)
        self.posteriors = tuple(_posterior(*step) for step in steps)


def _posterior(
    beta: float, alpha_bar: float, alpha_bar_before: float
) -> tuple[float, float, float]:
    """Return what Eq. 9 gives to x̂_0 and to x_t, and its σ_t.

    Without noise the next x is the clean answer itself.
    """
    # Otherwise the division below would be by 0.
    if alpha_bar == 1:
        return 1.0, 0.0, 0.0
    clean_share = alpha_bar_before**0.5 * beta / (1 - alpha_bar)
    noisy_share = (1 - beta) ** 0.5 * (1 - alpha_bar_before) / (1 - alpha_bar)
    sigma = (beta * (1 - alpha_bar_before) / (1 - alpha_bar)) ** 0.5
    return clean_share, noisy_share, sigma
