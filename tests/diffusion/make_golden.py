"""Make golden.json anew: `python -m tests.diffusion.make_golden`.

Only a wanted change of the arithmetic calls for it.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from mealrec.diffusion.process import q_sample
from mealrec.diffusion.sampler import reverse_walk
from mealrec.diffusion.schedule import Schedule, ScheduleConfig

GOLDEN = Path(__file__).with_name("golden.json")
SCHEDULES = {
    "weak": ScheduleConfig(),
    "strong": ScheduleConfig(scale=40.0),
    "short": ScheduleConfig(num_steps=5),
}


def sums(config: ScheduleConfig) -> dict[str, float]:
    """Return sums over a whole noisy walk whose denoiser shrinks what it is given, in float64."""
    schedule = Schedule(config)
    clean = torch.linspace(-1, 1, 12, dtype=torch.float64).view(3, 4)
    noise = torch.linspace(2, -1, 12, dtype=torch.float64).view(3, 4)
    start = q_sample(schedule, clean, config.num_steps, noise)
    steps = list(reverse_walk(schedule, lambda xt, step: 0.9 * xt + 0.01 * step, start))
    return {
        "alpha_bars": schedule.alpha_bars.sum().item(),
        "start": start.abs().sum().item(),
        "visited": sum(step.xt.abs().sum().item() for step in steps),
        "end": steps[-1].x0_hat.abs().sum().item(),
    }


if __name__ == "__main__":
    golden = {name: sums(config) for name, config in SCHEDULES.items()}
    GOLDEN.write_text(json.dumps(golden, indent=2) + "\n", encoding="utf-8")
