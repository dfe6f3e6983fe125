"""The words of a title that may name a kind of moments, and the hashtags that count as words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

# How much a word counts that stands behind a #.
_TAG = 0.5
# A hashtag of so many words, and of so many letters at most, may count as one word.
_TAG_WORDS = (2, 3)
_LONGEST_TAG = 28

_WORD = re.compile(r"#?[^\W\d_](?:[^\W_]|['-](?=\w))*")
_STOP_TEXT = """
a about above after again all am an and any anyone are as at be been before below best better
between but by came can clip clips could day days did do does done eight end episode even ever every
everybody everyone finally five for four from fyp get gets go got had has have he her here him his
how i i'll i'm if in into is it it's its just kind know last late let like made make many maybe me
minute minutes moment moments more most much my never new nine no nobody not nothing now of off on
one only or our out over own part post pov really said see seen seven she should six slowly so some
somebody someone soon still such take ten than that the their them then there these they thing
things this those three through time to today together told too two under until up us very video was
way we week were what when where which while who whole why will with without would you your
"""
_STOP = frozenset(_STOP_TEXT.split())


def hashtags(title: str) -> list[str]:
    """Return a title's hashtags in small letters; "# sand art #food" has two."""
    return [" ".join(tag.split()).lower() for tag in title.split("#")[1:] if tag.strip()]


def common_tags(titles: Iterable[str]) -> set[str]:
    """Return the hashtags of two or three words that more than one title has, in small letters."""
    # In how many titles each stands; twice in one is once.
    counts: Counter[str] = Counter()
    for title in titles:
        counts.update(" ".join(_tokens(tag)) for tag in set(hashtags(title)))

    # Those that are phrases and say something.
    found = set()
    for tag, titles_with in counts.items():
        words = tag.split()
        is_phrase = len(words) in _TAG_WORDS and len(tag) <= _LONGEST_TAG
        if titles_with > 1 and is_phrase and not _STOP.issuperset(words):
            found.add(tag)
    return found


def words_of(title: str, tags: Collection[str] | None = None) -> dict[str, float]:
    """Return a title's words in small letters and what each counts.

    Numbers, signs and stop words are none. Where titles are all that is known, `tags` are the
    hashtags of several words that count too, tagged or in a sentence; then all count alike.
    """
    # Every word, less where it is a hashtag alone.
    tokens = _tokens(title)
    found: dict[str, float] = {}
    for token in tokens:
        word = token.removeprefix("#").removesuffix("'s")
        if len(word) > 1 and word not in _STOP:
            weight = _TAG if token.startswith("#") else 1.0
            found[word] = max(found.get(word, 0.0), weight)
    if tags is None:
        return found

    # Then every run of words that is a known tag.
    found = dict.fromkeys(found, 1.0)
    plain = [token.removeprefix("#") for token in tokens]
    for size in _TAG_WORDS:
        for first in range(len(plain) - size + 1):
            run = " ".join(plain[first : first + size])
            if run in tags:
                found[run] = 1.0
    return found


def _tokens(text: str) -> list[str]:
    """Return all words of a text in small letters; a tagged one keeps its #."""
    return [token.lower() for token in _WORD.findall(text.replace("’", "'"))]
