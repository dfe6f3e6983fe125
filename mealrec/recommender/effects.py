"""What would change an answer most: each clip of the history left out, each frame of the last one hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mealrec.recommender.scene import Scene
from mealrec.recommender.stage import Stage
from mealrec.recommender.trace import Effect
from mealrec.recommender.tracing import Ranking


@dataclass(frozen=True)
class Change:
    """One row of the batch: the history's `rows` as the model would see them, with `hidden` frames of the last one.

    `left_out` is the row that is missing, `frame` the frame that is hidden in addition; neither: the answer itself.
    """

    rows: tuple[int, ...]
    hidden: tuple[int, ...]
    left_out: int | None = None
    frame: int | None = None


def effects(stage: Stage, k: int, seed: int, hidden: tuple[int, ...]) -> tuple[Effect, ...]:
    """Return the effect of every change, the largest first; all are walked in one batch, with one noise.

    An effect is the total variation between the two answers' probabilities over the clips that both may recommend:
    bounded, the same in both directions, and unlike a divergence not ruled by clips that nobody is shown.
    """
    changes = _changes(stage, hidden)
    candidates = [_candidates(stage, change) for change in changes]
    logits = _logits(stage, changes, seed)
    chances = logits[:, candidates[0]].softmax(-1)
    moved = (chances - chances[0]).abs().sum(-1) / 2
    rankings = [Ranking.of(logits[row : row + 1], rows) for row, rows in enumerate(candidates)]
    before = rankings[0].top(k)
    found = [
        Effect(
            item_id=stage[change.left_out or stage.rows[-1]].item_id,
            frame=change.frame,
            moved=float(moved[row]),
            kept=len(set(before) & set(rankings[row].top(k))),
            top_rank=rankings[row].rank_of(int(before[0])),
        )
        for row, change in enumerate(changes)
        if row
    ]
    return tuple(sorted(found, key=lambda effect: -effect.moved))


def _changes(stage: Stage, hidden: tuple[int, ...]) -> list[Change]:
    """Return the answer itself, then every clip left out that the model sees, then every other frame hidden."""
    longest, last = stage.variant.model.config.max_length, stage.rows[-1]
    changes = [Change(stage.used, hidden)]
    for row in stage.used if len(stage.rows) > 1 else ():
        others = tuple(other for other in stage.rows if other != row)
        changes.append(Change(others[-longest:], () if row == last else hidden, left_out=row))
    for frame in range(stage.times_s.shape[1]):
        if frame not in hidden:
            changes.append(Change(stage.used, (*hidden, frame), frame=frame))
    return changes


def _candidates(stage: Stage, change: Change) -> Tensor:
    """Return the rows to rank: a clip of the catalogue that is left out of the history may be recommended."""
    if change.left_out is None or change.left_out > stage.num_items:
        return stage.candidates
    return torch.cat([stage.candidates, torch.tensor([change.left_out])]).sort().values


def _logits(stage: Stage, changes: Sequence[Change], seed: int) -> Tensor:
    device, count = stage.items.bias.device, stage.times_s.shape[1]
    histories = torch.zeros(len(changes), len(stage.used), dtype=torch.long)
    hidden = torch.zeros(len(changes), 1, count, dtype=torch.bool)
    for row, change in enumerate(changes):
        histories[row, : len(change.rows)] = torch.tensor(change.rows)
        hidden[row, 0, list(change.hidden)] = True
    scene = Scene(
        stage.variant.model, stage.features, stage.items, histories.to(device), seed, hidden=hidden.to(device)
    )
    return stage.variant.model.table.scores(scene.preferences[:, 0], stage.items)
