"""Does the walk move a preference toward what its viewer is truly out for? Histories with and
without accidents."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from mealrec.explain.walks import Walks
from mealrec.models.mealrec import MealRec

STAGES = ("x_0", "x_T", "first step", "end")


def motif_kinds(moments: Tensor, motifs: Tensor) -> Tensor:
    """Return which kinds a motif is made of [M, J]: the mean shares of all frames that show it;
    each row sums to 1.

    `moments` [N+1, K, J] shares of frames, `motifs` [N+1, K, M] one-hot, zero for padding.
    """
    shown = motifs.flatten(0, 1)
    return shown.T @ moments.flatten(0, 1) / shown.sum(0).clamp(min=1).unsqueeze(1)


def movement(
    model: MealRec, parts: Iterable[Walks], aims: dict[str, Tensor]
) -> dict[str, dict[str, np.ndarray]]:
    """Return how close the preference is to each aim on its way: {aim: {stage: [R]}}; {} without a
    walk.

    An aim [R, J] is a distribution over kinds. Closeness is what a preference's own distribution
    has in common with it, Σ_j min(wanted_j, aim_j), from 0 to 1. Stages: the encoder's "x_0";
    "x_T", the noise that the walk begins with; the "first step"'s x̂_0; and the "end", which ranks.
    """
    wanted: dict[str, list[Tensor]] = {stage: [] for stage in STAGES}
    for walks in parts:
        walk = walks.walk
        if not walk.npd:
            return {}
        states = (walk.context.start, walk.npd[0].xt, walk.npd[0].x0_hat, walk.npd[-1].x0_hat)
        for stage, state in zip(STAGES, states, strict=True):
            wanted[stage].append(model.table.wanted(state, walks.items.anybody))
    whole = {stage: torch.cat(values) for stage, values in wanted.items()}
    return {
        name: {stage: torch.minimum(values, aim).sum(-1).numpy() for stage, values in whole.items()}
        for name, aim in aims.items()
    }


def moved_toward(places: dict[str, np.ndarray], start: str) -> float:
    """Return the share of rows whose end is closer than the stage `start`."""
    return float((places["end"] > places[start]).mean()) if len(places["end"]) else float("nan")
