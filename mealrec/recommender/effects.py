"""What would change an answer most: each item left out, each moment of the last one hidden."""

from __future__ import annotations

from dataclasses import dataclass

from mealrec.explain.evidence import masks_of
from mealrec.explain.trace import NO_KIND, Effect
from mealrec.ranking.metrics import Ranking
from mealrec.recommender.history import Asked, History, walks_of


@dataclass(frozen=True)
class Change:
    """A history with an item left out, or with `frames` of its last one hidden; see `Effect`.

    `hidden` are the frames of the last item that are hidden in all.
    """

    history: History
    hidden: tuple[int, ...]
    item_id: str
    frames: tuple[int, ...] = ()
    kind: int = NO_KIND


def effects(asked: Asked) -> tuple[Effect, ...]:
    """Return the effect of every change, the largest first.

    An effect is the total variation between the two answers' probabilities over the items that both
    may recommend: bounded, the same in both directions, and unlike a divergence not ruled by items
    that nobody is shown.
    """
    # Walk the answer itself and all changes in one batch, with one noise.
    question = asked.question
    changes = _changes(asked)
    histories = [asked.history, *(change.history for change in changes)]
    hidden = [question.hidden, *(change.hidden for change in changes)]
    num_frames = asked.history.walked.moments.shape[1]
    walks = walks_of(histories, question.seed, masks_of(hidden, num_frames).unsqueeze(1))
    scores = walks.ends[:, 0]

    # What moves of the probability: an item that is left out may be recommended, and counts not.
    chances = scores.masked_fill(~walks.candidates[0], float("-inf")).softmax(-1)
    moved = ((chances - chances[0]).abs_().sum(-1) / 2).tolist()

    # What moves of the list.
    values = scores.cpu().numpy()
    candidates = walks.candidates.cpu().numpy()
    before = Ranking.of(values[:1], candidates[0]).top(question.k)
    found = []
    for row, change in enumerate(changes, start=1):
        after = Ranking.of(values[row : row + 1], candidates[row])
        effect = Effect(
            item_id=change.item_id,
            frames=change.frames,
            kind=change.kind,
            moved=moved[row],
            kept=len(set(before) & set(after.top(question.k))),
            top_rank=int(after.ranks_of(int(before[0]))[0]),
        )
        found.append(effect)
    return tuple(sorted(found, key=lambda effect: -effect.moved))


def _changes(asked: Asked) -> list[Change]:
    """Return every item left out that the model sees, then every moment hidden that is not yet."""
    history = asked.history
    hidden = asked.question.hidden
    last = len(history.items) - 1
    changes = []

    # One on its own is not left out. What is hidden belongs to the last item, and goes with it.
    if last > 0:
        first_seen = len(history.items) - len(history.walked)
        for place in range(first_seen, len(history.items)):
            still_hidden = () if place == last else hidden
            item_id = history.items[place].item_id
            changes.append(Change(history.without(place), still_hidden, item_id))

    # A moment that is hidden in part loses the rest.
    kinds = history.walked.moments[-1].argmax(-1).tolist()
    for moment in asked.moments:
        frames = tuple(frame for frame in moment if frame not in hidden)
        if frames:
            all_hidden = (*hidden, *frames)
            item_id = history.items[last].item_id
            changes.append(Change(history, all_hidden, item_id, frames, kinds[frames[0]]))
    return changes
