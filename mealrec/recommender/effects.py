"""What would change an answer most: each clip of the history left out, each moment of the last
one hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mealrec.explain.evidence import masks_of
from mealrec.explain.trace import NO_KIND, Effect
from mealrec.explain.tracing import Ranking
from mealrec.explain.walks import Walks
from mealrec.recommender.answering import Question
from mealrec.recommender.stage import Stage


@dataclass(frozen=True)
class Change:
    """One row of the batch: the `clips` of the history that the model would see, by place, and the
    last one's `hidden`.

    `left_out` is the place that is missing, `frames` the moment that is hidden in addition;
    neither: the answer itself.
    """

    clips: tuple[int, ...]
    hidden: tuple[int, ...]
    left_out: int | None = None
    frames: tuple[int, ...] = ()


def effects(question: Question) -> tuple[Effect, ...]:
    """Return the effect of every change, the largest first; all are walked in one batch, with one
    noise.

    An effect is the total variation between the two answers' probabilities over the clips that both
    may recommend: bounded, the same in both directions, and unlike a divergence not ruled by clips
    that nobody is shown.
    """
    stage, k = question.stage, question.request.k
    changes = _changes(question)
    walks = _walks(stage, changes, question.request.seed)
    scores = walks.ends[:, 0]
    chances = scores.masked_fill(~walks.candidates[0], float("-inf")).softmax(-1)
    moved = ((chances - chances[0]).abs_().sum(-1) / 2).tolist()
    rankings = [
        Ranking.of(row[None], free) for row, free in zip(scores, walks.candidates, strict=True)
    ]
    before, kinds = rankings[0].top(k), stage.walked.moments[-1].argmax(-1).tolist()
    found = []
    for share, change, after in zip(moved[1:], changes[1:], rankings[1:], strict=True):
        place = -1 if change.left_out is None else change.left_out
        effect = Effect(
            item_id=stage[stage.rows[place]].item_id,
            frames=change.frames,
            kind=kinds[change.frames[0]] if change.frames else NO_KIND,
            moved=share,
            kept=len(set(before) & set(after.top(k))),
            top_rank=int(after.ranks_of(int(before[0]))[0]),
        )
        found.append(effect)
    return tuple(sorted(found, key=lambda effect: -effect.moved))


def _changes(question: Question) -> list[Change]:
    """Return the answer itself, then every clip left out that the model sees, then every moment
    hidden that is not."""
    stage, hidden = question.stage, question.request.hidden
    everything, seen = tuple(range(len(stage.rows))), len(stage.walked)
    used = everything[-seen:]
    changes = [Change(used, hidden)]
    for place in used if len(everything) > 1 else ():
        others = everything[:place] + everything[place + 1 :]
        changes.append(
            Change(others[-seen:], () if place == everything[-1] else hidden, left_out=place)
        )
    for frames in question.moments:
        if more := tuple(frame for frame in frames if frame not in hidden):
            changes.append(Change(used, (*hidden, *more), frames=more))
    return changes


def _walks(stage: Stage, changes: Sequence[Change], seed: int) -> Walks:
    """Return the changes' walks, one a row; a clip of the catalogue that is left out may be
    recommended."""
    variant = stage.variant
    items = variant.items.rows(slice(0, 1)).followed_by(stage.clips)
    free = stage.free.repeat(len(changes), 1)
    histories = torch.zeros(len(changes), len(stage.walked), dtype=torch.long)
    for row, change in enumerate(changes):
        histories[row, : len(change.clips)] = 1 + torch.tensor(change.clips)
        if change.left_out is not None and stage.rows[change.left_out] <= stage.num_items:
            free[row, stage.rows[change.left_out]] = True
    hidden = masks_of([change.hidden for change in changes], stage.times_s.shape[1]).unsqueeze(1)
    histories, free, hidden = (tensor.to(items.bias.device) for tensor in (histories, free, hidden))
    return Walks(variant.model, items, histories, seed, free, hidden, ranked=variant.items)
