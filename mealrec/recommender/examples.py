"""Chooses example viewers for the app, by what they watched and never by what a model makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mealrec.data.microlens import Catalogue
from mealrec.recommender.contents import ExampleViewer

SHORTEST, LONGEST = 4, 9


def choose_viewers(catalogue: Catalogue) -> tuple[ExampleViewer, ...]:
    """Return viewers of the test split: for each topic the first whose history is mostly of it.

    The last click is the target; histories have 4 to 9 items, and held-out items stand in none. A viewer
    without topics (a catalogue that has none) is taken as the first of the topic "".
    """
    chosen: dict[str, ExampleViewer] = {}
    for viewer_id, items in catalogue.histories.items():
        history, target = items[:-1], items[-1]
        if not SHORTEST <= len(history) <= LONGEST or catalogue.held_out.intersection(items):
            continue
        topics = Counter(catalogue.topics.get(item, "") for item in history).most_common()
        topic, count = topics[0]
        if topic not in chosen and 2 * count > len(history):
            chosen[topic] = ExampleViewer(viewer_id, history, target, _note([name for name, _ in topics]))
    return tuple(chosen[topic] for topic in sorted(chosen))


def _note(topics: Sequence[str]) -> str:
    """Say in words what was watched most, and what came second."""
    if not topics[0]:
        return ""
    return f"mostly {topics[0]}, some {topics[1]}" if len(topics) > 1 else f"only {topics[0]}"
