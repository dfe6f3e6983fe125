"""Chooses viewers for the app, by what they watched or by chance, and never by what a model
makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mealrec.bundle.contents import ExampleViewer, ViewerCase
from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out

SHORTEST, LONGEST = 4, 9
MOST = 8
LONGEST_NOTE = 60
CASES, CASES_SEED = 250, 0


def choose_viewers(catalogue: Catalogue) -> tuple[ExampleViewer, ...]:
    """Return viewers of the test split: for each topic the first whose history is mostly of it, the
    most devoted first.

    The last click is the target; histories have 4 to 9 items, and held-out items stand in none. A
    catalogue without topics gives MOST viewers that share no item, first those who kept to one
    hashtag.
    """
    return _by_topic(catalogue) if catalogue.topics else _by_hashtag(catalogue)


def choose_cases(
    catalogue: Catalogue, max_length: int, accidents: Mapping[str, bool]
) -> tuple[ViewerCase, ...]:
    """Return CASES viewers of the test split, drawn at random, with the histories that evaluation
    gives a model.

    `accidents` {viewer_id: whether the history's last click was one}, for whom that is known. A
    viewer who came back to an item of the history is left out: what was watched is never
    recommended.
    """
    rows = leave_one_out(catalogue, max_length).test
    rows = rows.pick(~(rows.histories == rows.targets[:, None]).any(1)).sample(CASES, CASES_SEED)
    names = ("", *catalogue.item_ids)  # row 0 is padding
    return tuple(
        ViewerCase(
            user, tuple(names[item] for item in history if item), names[target], accidents.get(user)
        )
        for user, history, target in zip(
            rows.users, rows.histories.tolist(), rows.targets.tolist(), strict=True
        )
    )


def hashtags(title: str) -> list[str]:
    """Return a title's hashtags, in small letters; "# sand art #food" has two, since a tag may
    hold spaces."""
    return [" ".join(tag.split()).lower() for tag in title.split("#")[1:] if tag.strip()]


def _by_topic(catalogue: Catalogue) -> tuple[ExampleViewer, ...]:
    chosen: dict[str, tuple[float, ExampleViewer]] = {}
    for viewer_id, items in _eligible(catalogue).items():
        topics = Counter(catalogue.topics.get(item, "") for item in items[:-1]).most_common()
        topic, share = topics[0][0], topics[0][1] / (len(items) - 1)
        if topic not in chosen and share > 0.5:
            viewer = ExampleViewer(
                viewer_id, items[:-1], items[-1], _note([name for name, _ in topics])
            )
            chosen[topic] = (share, viewer)
    return tuple(
        chosen[topic][1] for topic in sorted(chosen, key=lambda topic: (-chosen[topic][0], topic))
    )


def _by_hashtag(catalogue: Catalogue) -> tuple[ExampleViewer, ...]:
    eligible = _eligible(catalogue)
    leading = {
        viewer_id: _leading_tag(catalogue, items[:-1]) for viewer_id, items in eligible.items()
    }
    # ties keep the file's order
    order = sorted(eligible, key=lambda viewer_id: -leading[viewer_id][1])
    chosen: list[ExampleViewer] = []
    used_items: set[str] = set()
    used_tags: set[str] = set()
    for viewer_id in order:
        items, (tag, count) = eligible[viewer_id], leading[viewer_id]
        if len(chosen) == MOST or used_items.intersection(items) or (tag and tag in used_tags):
            continue
        used_items.update(items)
        used_tags.add(tag)
        chosen.append(
            ExampleViewer(
                viewer_id, items[:-1], items[-1], _tag_note(catalogue, items[:-1], tag, count)
            )
        )
    return tuple(chosen)


def _eligible(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    return {
        viewer_id: items
        for viewer_id, items in catalogue.histories.items()
        if SHORTEST <= len(items) - 1 <= LONGEST and not catalogue.held_out.intersection(items)
    }


def _leading_tag(catalogue: Catalogue, history: Sequence[str]) -> tuple[str, int]:
    """Return the hashtag of the most items and how many bear it; ("", 0) where no two items
    share one."""
    tags = Counter(
        tag for item in history for tag in dict.fromkeys(hashtags(catalogue.titles[item]))
    )
    tag, count = next(iter(tags.most_common(1)), ("", 0))
    return (tag, count) if count > 1 else ("", 0)


def _tag_note(catalogue: Catalogue, history: Sequence[str], tag: str, count: int) -> str:
    """Say which hashtag the history keeps to, or else what its latest item is called."""
    if tag:
        return f"{count} of {len(history)} are #{_cut(tag)}"
    title = catalogue.titles[history[-1]].strip()
    return f"latest: {_cut(title)}" if title else f"{len(history)} items"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NOTE else f"{text[: LONGEST_NOTE - 1].rstrip()}…"


def _note(topics: Sequence[str]) -> str:
    """Say in words what was watched most, and what came second."""
    if not topics[0]:
        return ""
    return f"mostly {topics[0]}, some {topics[1]}" if len(topics) > 1 else f"only {topics[0]}"
