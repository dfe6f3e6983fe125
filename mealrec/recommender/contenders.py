"""The few items of a large catalogue that may stand among the first at some step of a walk: no other needs a score."""

from __future__ import annotations

import torch
from torch import Tensor

from mealrec.models.table import BLOCK, ItemTable
from mealrec.recommender.reference import items_at
from mealrec.recommender.scene import Scene
from mealrec.recommender.stage import Stage

FEW = 2**14
"""So many items are scored at every step sooner than the contenders among them are found."""
SLACK = 1e-4


def contenders(scene: Scene, row: int, stage: Stage, preferences: Tensor, top: Tensor) -> Tensor:
    """Return the candidates [C] of a scene's history, in rising order, that its steps may rank no lower than `top`.

    `preferences` [S, P] are its steps', `top` [k] the first k at the last step. Whatever stands above one of these at
    a step, or among that step's own first k, has at least the lowest score of `top` there; the rest is left out.
    A score is convex in the state. So where a state lies `off` the way from the first to the last one, it is at most
    the scores at the two ends, weighed as the state's place between them is, plus `off` times the item's reach.
    """
    candidates = scene.candidates[row].nonzero().squeeze(1)
    if len(candidates) <= FEW or len(preferences) < 3:
        return candidates
    table, reach = scene.model.table, stage.variant.reach
    share, off = _along(preferences[:, : table.width])
    least = table.scores(preferences, items_at(stage.variant.items, top)).amin(1)
    least -= SLACK * (1 + least.abs().max() + _longest(preferences, table) * reach.max())  # what rounding may do
    final, first = scene.ends[row, 0], scene.beginnings[row]
    hopeful = (torch.maximum(first, final) + off.max() * reach >= least.min()).nonzero().squeeze(1)
    kept = []
    for rows in hopeful.split(BLOCK):
        most = torch.lerp(final[rows], first[rows], share.unsqueeze(1)) + off.unsqueeze(1) * reach[rows]
        kept.append(rows[(most >= least.unsqueeze(1)).any(0)])
    return torch.cat(kept)


def _along(states: Tensor) -> tuple[Tensor, Tensor]:
    """Return each state's place [S] between the last (0) and the first (1), and how far it lies off that way [S]."""
    way, gone = states[0] - states[-1], states - states[-1]
    share = (gone @ way / way.square().sum().clamp(min=1e-12)).clamp(0, 1)
    return share, (gone - share.unsqueeze(1) * way).norm(dim=1)


def _longest(preferences: Tensor, table: ItemTable) -> Tensor:
    return preferences[:, : table.width].norm(dim=1).max()
