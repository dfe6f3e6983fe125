"""Names for kinds of moments: which words of titles, and which of the encoder's classes, mark
each one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from scipy import sparse

from mealrec.bundle.examples import hashtags
from mealrec.bundle.layout import place_kinds
from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out
from mealrec.explain.evidence import Anybody
from mealrec.explain.forms import Model
from mealrec.explain.kinds import Face, Kind
from mealrec.features.encoder import labels_of
from mealrec.features.store import TITLE_SEGMENTS, FeatureStore, holds_class_roots
from mealrec.models.looks import together
from mealrec.types import ItemFeatures

FACES, MARKS = 4, 4
_CLEAR, _NOTED, _NEAR = 2.0, 1.0, 0.8
"""A title's word names a kind, or is listed for it, from so much evidence on; less is one clip's
accident. Where its first word is taken, another stands for it that has such a share of the
evidence."""
_SEEN, _GLIMPSED = 0.5, 0.1
"""The same of an encoder's class: its mean probability times the logarithm of how many times the
catalogue's it is."""
# clips whose titles are read, and whose frames are asked what they show
_MOST_READ, _MOST_SEEN = 20_000, 4000
_TAG, _AGREED = 0.5, 3.0
"""How much a word counts that stands behind a #, and one that names a class which the kind's
frames show."""
_TAG_WORDS, _LONGEST_TAG = (2, 3), 28
_WHOLE, _AMONG = 0.4, 12
"""A hashtag of several words names a kind before the word of it that marks the kind most, from such
a share of that word's evidence on, where it is among so many marks."""
_WORD = re.compile(r"#?[^\W\d_](?:[^\W_]|['’-](?=\w))*")
_STOP_TEXT = """
a about above after again all am an and any anyone are as at be been before below best better between but by came can
clip clips could day days did do does done eight end episode even ever every everybody everyone finally five for four
from fyp get gets go got had has have he her here him his how i i'll i'm if in into is it it's its just kind know last
late let like made make many maybe me minute minutes moment moments more most much my never new nine no nobody not
nothing now of off on one only or our out over own part post pov really said see seen seven she should six slowly so
some somebody someone soon still such take ten than that the their them then there these they thing things this those
three through time to today together told too two under until up us very video was way we week were what when where
which while who whole why will with without would you your
"""
_STOP = frozenset(_STOP_TEXT.split())
_ROUNDS, _DOUBT = 20, 4.0
"""How often the words are shared out anew; how many words a kind needs to be taken for more than
anybody's."""


@dataclass(frozen=True)
class Marks:
    """The names [C] of things that may mark a kind, and how strongly each one does [J, C], 0
    where it does not."""

    names: tuple[str, ...]
    strength: np.ndarray

    def best(self, kind: int, least: float, most: int = MARKS) -> dict[str, float]:
        """Return the `most` things that mark a kind and how strongly, the strongest first, none
        below `least`."""
        strength = self.strength[kind]
        order = np.argsort(-strength, kind="stable")[:most]
        return {
            self.names[index]: float(strength[index]) for index in order if strength[index] >= least
        }


@torch.no_grad()
def name_kinds(
    model: Model, features: ItemFeatures, catalogue: Catalogue, store: FeatureStore, encoder: str
) -> tuple[Kind, ...]:
    """Return the J kinds of a trained model as people see them.

    All but `share` is read from the items that training saw and that have frames. `encoder` is the
    directory or hub id of the store's frames; its classes count where it has any. Needs
    scikit-learn, see `place_kinds`.
    """
    items = model.items(features)
    shown = catalogue.trainable & store.has_visual
    rows = np.flatnonzero(shown)
    shares = items.moments[1:].cpu().numpy()[rows]
    some = _some(rows, _MOST_READ)
    titles = [catalogue.titles[catalogue.item_ids[row]] for row in rows[some]]
    tags = common_tags(titles) if store.manifest.get("frames") == TITLE_SEGMENTS else None
    words = word_marks(titles, shares[some].mean(1), tags)
    sights = _sights(store, encoder, rows, shares)
    anybody = Anybody.of(model, features, items).wanted.tolist()
    faces = faces_of([catalogue.item_ids[row] for row in rows], shares)
    looks = _looks(features.frames[1:].cpu().numpy()[rows[some]], shares[some])
    watched = together(
        items.kinds.cpu().numpy(), leave_one_out(catalogue, model.config.max_length).train
    )
    places = place_kinds(_scored(np.log(watched + watched.T + 0.1)) + _scored(looks)).tolist()
    names = names_of(words, sights, _like(looks, shares.mean(1).sum(0)))
    return tuple(
        Kind(
            index=kind,
            name=name,
            words=tuple(words.best(kind, _NOTED)),
            sights=tuple(sights.best(kind, _GLIMPSED)),
            faces=faces[kind],
            share=anybody[kind],
            place=tuple(places[kind]),
        )
        for kind, name in enumerate(names)
    )


def word_marks(
    titles: Sequence[str], kinds: np.ndarray, tags: Collection[str] | None = None
) -> Marks:
    """Return which words of titles [N] mark the kinds that the clips show, `kinds` [N, J].

    Where titles are all that is known, `tags` are the hashtags of several words that count as words
    of their own.

    A clip shows several kinds, and its title may name any of them or none. So each word is shared
    out among the clip's kinds, and a rest that belongs to none, by how often it stands beside each
    of them elsewhere. A word's strength is the log-likelihood ratio of how often it then falls to a
    kind, over how often it would by chance.
    """
    found = [_words(title) if tags is None else _words_and_tags(title, tags) for title in titles]
    counts = Counter(word for words in found for word in words)
    names = tuple(sorted(word for word, count in counts.items() if count > 1))
    place = {word: index for index, word in enumerate(names)}
    pairs = [
        (row, place[word], weight)
        for row, words in enumerate(found)
        for word, weight in words.items()
        if word in place
    ]
    if not pairs:
        return Marks((), np.zeros((kinds.shape[1], 0)))
    rows, words, weights = (np.array(column) for column in zip(*pairs, strict=True))
    shared = _shared_out(rows, words, weights, kinds, len(names))
    total = np.bincount(words, weights, minlength=len(names))
    expected = kinds.sum(0)[:, None] * total / len(titles)
    return Marks(names, _evidence(shared, expected))


def sight_marks(labels: Sequence[str], probabilities: np.ndarray, shares: np.ndarray) -> Marks:
    """Return which of the encoder's classes mark the kinds: frames [N, K, C] in probabilities,
    [N, K, J] in kinds."""
    weights = shares.reshape(-1, shares.shape[-1])
    rows = probabilities.reshape(-1, probabilities.shape[-1])
    mean = (weights / np.maximum(weights.sum(0), 1e-9)).T @ rows
    return Marks(
        tuple(labels),
        np.maximum(mean * np.log(np.maximum(mean, 1e-9) / np.maximum(rows.mean(0), 1e-9)), 0),
    )


def names_of(words: Marks, sights: Marks, like: Sequence[int] = ()) -> tuple[str, ...]:
    """Return a name for each kind, no two alike: its word, or its sight, or else "kind 17".

    Of two kinds that one word marks, the one that it marks less has a second word behind it, or its
    own second word where that is nearly as strong. `like` [J] names a kind after another one that
    has a name, as "lighthouse 2"; none but itself if it is not given.
    """
    marks = _agreeing(words, sights)
    strongest = marks.strength.max(1, initial=0)
    like = like or range(len(strongest))
    names: dict[int, str] = {}
    for kind in sorted(
        range(len(strongest)), key=lambda kind: (like[kind] != kind, -strongest[kind])
    ):
        options: Iterable[str] = [
            *_from_words(marks, kind),
            *sights.best(kind, _SEEN),
            _number(kind),
        ]
        if like[kind] != kind:
            namesake = names[like[kind]]
            options = (f"{namesake} {number}" for number in count(2))
            if namesake == _number(like[kind]):  # "kind 17 2" would say nothing
                options = [_number(kind)]
        names[kind] = next(option for option in options if option not in names.values())
    return tuple(names[kind] for kind in range(len(strongest)))


def _number(kind: int) -> str:
    return f"kind {kind + 1}"


def faces_of(item_ids: Sequence[str], shares: np.ndarray) -> list[tuple[Face, ...]]:
    """Return each kind's most typical frames, of different clips; `shares` [N, K, J] of the
    clips' frames."""
    frames, best = shares.argmax(1), shares.max(1)
    order = np.argsort(-best, axis=0, kind="stable")[:FACES]
    return [
        tuple(
            Face(item_ids[row], int(frames[row, kind]), float(best[row, kind]))
            for row in order[:, kind]
        )
        for kind in range(shares.shape[2])
    ]


def _words(title: str) -> dict[str, float]:
    """Return a title's words in small letters and what each counts; numbers, signs and stop
    words are none."""
    found: dict[str, float] = {}
    for match in _WORD.findall(title.replace("’", "'")):
        word = match.lstrip("#").lower().removesuffix("'s")
        if len(word) > 1 and word not in _STOP:
            found[word] = max(found.get(word, 0.0), _TAG if match.startswith("#") else 1.0)
    return found


def common_tags(titles: Iterable[str]) -> set[str]:
    """Return the hashtags of two or three words that stand in more than one title, in small
    letters."""
    counts = Counter(
        " ".join(_tokens(tag)) for title in titles for tag in dict.fromkeys(hashtags(title))
    )
    found = {
        tag: tag.split() for tag, count in counts.items() if count > 1 and len(tag) <= _LONGEST_TAG
    }
    return {
        tag
        for tag, words in found.items()
        if len(words) in _TAG_WORDS and not _STOP.issuperset(words)
    }


def _words_and_tags(title: str, tags: Collection[str]) -> dict[str, float]:
    """Return a title's words, and those of the `tags` whose words it holds, as a hashtag or in a
    sentence."""
    tokens = _tokens(title)
    found = dict.fromkeys(_words(title), 1.0)
    for size in _TAG_WORDS:
        runs = (" ".join(tokens[first : first + size]) for first in range(len(tokens) - size + 1))
        found.update(dict.fromkeys((run for run in runs if run in tags), 1.0))
    return found


def _tokens(text: str) -> list[str]:
    return [match.lstrip("#").lower() for match in _WORD.findall(text.replace("’", "'"))]


def _shared_out(
    rows: np.ndarray, words: np.ndarray, weights: np.ndarray, kinds: np.ndarray, size: int
) -> np.ndarray:
    """Return how often each of `size` words falls to each kind [J, C]: expectation and
    maximisation, in turns."""
    among = np.concatenate([kinds, np.ones((len(kinds), 1))], 1).astype(np.float32)[rows]
    of_word = sparse.csr_matrix(
        (weights, (words, np.arange(len(words)))), shape=(size, len(words)), dtype=np.float32
    )
    held = of_word @ among
    usual = (np.bincount(words, weights, minlength=size) / weights.sum())[:, None]
    for _ in range(_ROUNDS):
        chances = (held + _DOUBT * usual) / (held.sum(0) + _DOUBT)
        share = among * chances[words]
        held = of_word @ (share / np.maximum(share.sum(1, keepdims=True), 1e-12))
    return held[:, :-1].T


def _evidence(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    ratio = np.log(np.maximum(found, 1e-9) / np.maximum(expected, 1e-9))
    return np.where(found > expected, found * ratio - (found - expected), 0.0)


def _agreeing(words: Marks, sights: Marks) -> Marks:
    """Return the words, stronger where the encoder sees in the kind's frames what they say."""
    stems = [_stems(word) for word in words.names]
    strength = words.strength.copy()
    for kind, row in enumerate(strength):
        seen = {stem for name in sights.best(kind, _GLIMPSED) for stem in _stems(name)}
        row[[index for index, some in enumerate(stems) if some & seen]] *= _AGREED
    return Marks(words.names, strength)


def _from_words(marks: Marks, kind: int) -> list[str]:
    """Return the names that words offer, the best first: a word alone, one nearly as strong, two
    together."""
    clear = marks.best(kind, _CLEAR)
    near = [word for word, strength in clear.items() if strength > _NEAR * max(clear.values())]
    first, *others = clear or [""]
    wholes = (
        [word for word in marks.best(kind, _WHOLE * clear[first], _AMONG) if _holds(word, first)]
        if clear
        else []
    )
    more = [
        f"{whole}, {word}"
        for whole in wholes
        for word in others
        if not set(word.split()) & set(whole.split())
    ]
    return [
        *wholes,
        *more,
        *near,
        *(f"{first}, {word}" for word in others if not _holds(word, first)),
    ]


def _holds(tag: str, word: str) -> bool:
    return tag != word and word in tag.split()


def _sights(store: FeatureStore, encoder: str, rows: np.ndarray, shares: np.ndarray) -> Marks:
    """Return what the encoder sees in the kinds; nothing where it knows no classes."""
    labels = labels_of(encoder) if holds_class_roots(store.manifest) else ()
    if not labels:
        return Marks((), np.zeros((shares.shape[-1], 0)))
    some = _some(rows, _MOST_SEEN)
    power = 2 * store.manifest["encoders"]["video"]["class_temperature"]
    chances = np.asarray(store.frames[rows[some]]) ** power
    return sight_marks(labels, chances / chances.sum(-1, keepdims=True), shares[some])


def _some(rows: np.ndarray, most: int) -> slice:
    return slice(None, None, -(-len(rows) // most))


def _looks(frames: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return how alike kinds look [J, J]: the cosines of their mean frames, from frames [N, K,
    V] of some `shares`."""
    rows = frames.reshape(-1, frames.shape[-1])
    weights = shares.reshape(-1, shares.shape[-1])
    means = (weights / np.maximum(weights.sum(0), 1e-9)).T @ (rows - rows.mean(0))
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return means @ means.T


def _like(looks: np.ndarray, clips: np.ndarray) -> list[int]:
    """Return which kind to name each one after: itself, or where it makes up no clip in all the one
    that looks most so.

    `clips` [J] is how many clips there are of each.
    """
    whole = clips >= 1
    if not whole.any():
        return list(range(len(clips)))
    nearest = np.where(whole, looks, -np.inf).argmax(1)
    return [kind if whole[kind] else int(nearest[kind]) for kind in range(len(clips))]


def _scored(values: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix in standard deviations of its pairs."""
    pairs = values[np.triu_indices(len(values), 1)]
    return (values - pairs.mean()) / max(float(pairs.std()), 1e-9)


def _stems(name: str) -> set[str]:
    """Return a name's words without the s of a plural."""
    return {word.lower().removesuffix("s") for word in re.split(r"[\s-]+", name) if len(word) > 3}
