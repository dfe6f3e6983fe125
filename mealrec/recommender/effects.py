"""What would change an answer most: each clip of the history left out, each frame of the last one hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

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
    scene = _scene(stage, changes, seed)
    scores, both = scene.ends[:, 0], scene.candidates[0]
    chances = scores.masked_fill(~both, float("-inf")).softmax(-1)
    moved = (chances - chances[0]).abs_().sum(-1) / 2
    rankings = (  # one at a time: a large catalogue's takes memory
        Ranking.of(scores[row : row + 1, free], free.nonzero().squeeze(1)) for row, free in enumerate(scene.candidates)
    )
    before, found = next(rankings).top(k), []
    for row, (change, after) in enumerate(zip(changes[1:], rankings, strict=True), start=1):
        effect = Effect(
            item_id=stage[change.left_out or stage.rows[-1]].item_id,
            frame=change.frame,
            moved=float(moved[row]),
            kept=len(set(before) & set(after.top(k))),
            top_rank=after.rank_of(int(before[0])),
        )
        found.append(effect)
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


def _scene(stage: Stage, changes: Sequence[Change], seed: int) -> Scene:
    """Return the changes' walks, one a row; a clip of the catalogue that is left out may be recommended."""
    device, count = stage.variant.items.bias.device, stage.times_s.shape[1]
    free = stage.free.repeat(len(changes), 1)
    histories = torch.zeros(len(changes), len(stage.used), dtype=torch.long)
    hidden = torch.zeros(len(changes), 1, count, dtype=torch.bool)
    for row, change in enumerate(changes):
        histories[row, : len(change.rows)] = torch.tensor(change.rows)
        hidden[row, 0, list(change.hidden)] = True
        if change.left_out is not None and change.left_out <= stage.num_items:
            free[row, change.left_out] = True
    tensors = histories.to(device), seed, free.to(device), hidden.to(device)
    return Scene(stage.variant.model, stage.features, stage.items, *tensors, ranked=stage.variant.items)
