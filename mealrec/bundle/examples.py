"""Viewers for the app, chosen by what they watched or by chance, never by a model's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mealrec.bundle.manifest import ExampleViewer, ViewerCase
from mealrec.bundle.words import hashtags
from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out

# Of the histories: long enough to show a taste, short enough for the model to see all of it.
SHORTEST = 4
LONGEST = 9
MOST = 8
LONGEST_NOTE = 60
CASES = 250
CASES_SEED = 0


def choose_viewers(catalogue: Catalogue) -> tuple[ExampleViewer, ...]:
    """Return viewers of the test split: for each topic the first whose history is mostly of it.

    The most devoted come first. The last click is the target; histories have 4 to 9 items, and
    held-out items stand in none. A catalogue without topics gives MOST viewers that share no item,
    first those who kept to one hashtag.
    """
    eligible = {
        viewer_id: items
        for viewer_id, items in catalogue.histories.items()
        if SHORTEST <= len(items) - 1 <= LONGEST and not catalogue.held_out.intersection(items)
    }
    if catalogue.topics:
        return _by_topic(catalogue, eligible)
    return _by_hashtag(catalogue, eligible)


def choose_cases(
    catalogue: Catalogue, max_length: int, accidents: Mapping[str, bool]
) -> tuple[ViewerCase, ...]:
    """Return CASES viewers of the test split with the histories that evaluation gives a model.

    They are drawn at random. `accidents` {viewer_id: whether the history's last click was one}, for
    whom that is known. A viewer who came back to an item of the history is left out: what was
    watched is never recommended.
    """
    # Draw rows of the test split.
    rows = leave_one_out(catalogue, max_length).test
    came_back = (rows.histories == rows.targets[:, None]).any(1)
    rows = rows.pick(~came_back).sample(CASES, CASES_SEED)

    # Write them down by the items' ids.
    names = ("", *catalogue.item_ids)  # 0 is padding
    cases = []
    for user, history, target in zip(rows.users, rows.histories, rows.targets, strict=True):
        watched = tuple(names[item] for item in history if item)
        cases.append(ViewerCase(user, watched, names[target], accidents.get(user)))
    return tuple(cases)


def _by_topic(
    catalogue: Catalogue, eligible: Mapping[str, tuple[str, ...]]
) -> tuple[ExampleViewer, ...]:
    # The first viewer of each topic that makes up most of the history.
    chosen: dict[str, tuple[float, ExampleViewer]] = {}
    for viewer_id, (*history, target) in eligible.items():
        topics = Counter(catalogue.topics.get(item, "") for item in history).most_common()
        topic, count = topics[0]
        share = count / len(history)
        if topic not in chosen and share > 0.5:
            note = _topic_note([name for name, _ in topics])
            chosen[topic] = (share, ExampleViewer(viewer_id, tuple(history), target, note))

    order = sorted(chosen, key=lambda topic: (-chosen[topic][0], topic))
    return tuple(chosen[topic][1] for topic in order)


def _by_hashtag(
    catalogue: Catalogue, eligible: Mapping[str, tuple[str, ...]]
) -> tuple[ExampleViewer, ...]:
    # Those first who kept to one hashtag; ties keep the file's order.
    leading = {
        viewer_id: _leading_tag(catalogue, items[:-1]) for viewer_id, items in eligible.items()
    }
    order = sorted(eligible, key=lambda viewer_id: -leading[viewer_id][1])

    # No two of them share an item or a hashtag.
    chosen: list[ExampleViewer] = []
    used_items: set[str] = set()
    used_tags: set[str] = set()
    for viewer_id in order:
        items = eligible[viewer_id]
        tag, count = leading[viewer_id]
        if used_items.intersection(items) or (tag and tag in used_tags):
            continue
        used_items.update(items)
        used_tags.add(tag)
        *history, target = items
        note = _tag_note(catalogue, history, tag, count)
        chosen.append(ExampleViewer(viewer_id, tuple(history), target, note))
        if len(chosen) == MOST:
            break
    return tuple(chosen)


def _leading_tag(catalogue: Catalogue, history: Sequence[str]) -> tuple[str, int]:
    """Return the hashtag of the most items and how many have it; ("", 0) where none is shared."""
    # In how many titles each stands; twice in one is once.
    counts: Counter[str] = Counter()
    for item in history:
        counts.update(dict.fromkeys(hashtags(catalogue.titles[item]), 1))
    tag, count = max(counts.items(), key=lambda pair: pair[1], default=("", 0))
    return (tag, count) if count > 1 else ("", 0)


def _topic_note(topics: Sequence[str]) -> str:
    """Say in words what was watched most, and what came second."""
    if not topics[0]:
        return ""
    return f"mostly {topics[0]}, some {topics[1]}" if len(topics) > 1 else f"only {topics[0]}"


def _tag_note(catalogue: Catalogue, history: Sequence[str], tag: str, count: int) -> str:
    """Say which hashtag the history keeps to, or else what its latest item is called."""
    if tag:
        return f"{count} of {len(history)} are #{_cut(tag)}"
    title = catalogue.titles[history[-1]].strip()
    return f"latest: {_cut(title)}" if title else f"{len(history)} items"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NOTE else f"{text[: LONGEST_NOTE - 1].rstrip()}…"
