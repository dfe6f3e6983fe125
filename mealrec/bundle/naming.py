"""Kinds of moments as people see them: names, from titles and from frames; faces; places.

Letters: J kinds, N clips, K frames, V visual width, C names of things that may mark a kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from scipy import sparse

from mealrec.bundle.layout import place_kinds
from mealrec.bundle.words import common_tags, words_of
from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out
from mealrec.explain.evidence import Anybody
from mealrec.explain.served import Model
from mealrec.explain.trace import Face, Kind
from mealrec.features.encoder import labels_of
from mealrec.features.store import TITLE_SEGMENTS, FeatureStore, holds_class_roots
from mealrec.models.kinds import scored, together
from mealrec.types import ItemFeatures

FACES = 4
MARKS = 4

# A title's word names a kind, or is listed for it, from so much evidence on; less is one clip's
# accident. Where its first word is taken, another with such a share of the evidence stands for it.
_CLEAR = 2.0
_NOTED = 1.0
_NEAR = 0.8
# The same of an encoder's class: its mean probability times the logarithm of how many times the
# catalogue's it is.
_SEEN = 0.5
_GLIMPSED = 0.1
# How much stronger a word is that names a class which the kind's frames show.
_AGREED = 3.0
# How many clips' titles are read, and how many clips' frames are asked what they show.
_MOST_READ = 20_000
_MOST_SEEN = 4000

# A hashtag names a kind before the word of it that marks the kind most, from such a share of that
# word's evidence on, where it is among so many marks.
_WHOLE = 0.4
_AMONG = 12
# How often words are shared out, and how many a kind needs to be taken for more than anybody's.
_ROUNDS = 20
_DOUBT = 4.0


@dataclass(frozen=True)
class Marks:
    """Names [C] of things that may mark a kind, and how strongly each does [J, C], 0 for not."""

    names: tuple[str, ...]
    strength: np.ndarray

    def best(self, kind: int, least: float, most: int = MARKS) -> dict[str, float]:
        """Return up to `most` marks of a kind with their strength, the strongest first.

        None is below `least`.
        """
        strength = self.strength[kind]
        order = np.argsort(-strength, kind="stable")[:most]
        return {
            self.names[mark]: float(strength[mark]) for mark in order if strength[mark] >= least
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
    # The clips that count, and of a large catalogue some of them, for what takes long.
    items = model.items(features)
    rows = np.flatnonzero(catalogue.trainable & store.has_visual)
    shares = items.moments[1:].cpu().numpy()[rows]
    some = _some(rows, _MOST_READ)

    # What marks the kinds: words of titles, and what the encoder sees.
    titles = [catalogue.titles[catalogue.item_ids[row]] for row in rows[some]]
    tags = common_tags(titles) if store.manifest.get("frames") == TITLE_SEGMENTS else None
    words = word_marks(titles, shares[some].mean(1), tags)
    sights = _sights(store, encoder, rows, shares)

    # A kind that makes up no clip is named after the one that looks most like it.
    looks = _looks(features.frames[1:].cpu().numpy()[rows[some]], shares[some])
    names = names_of(words, sights, _like(looks, shares.mean(1).sum(0)))

    # Kinds lie near each other that are watched by the same people, or that look alike.
    train = leave_one_out(catalogue, model.config.max_length).train
    watched = together(items.kinds.cpu().numpy(), train)
    likeness = scored(np.log(watched + watched.T + 0.1)) + scored(looks)
    places = place_kinds(likeness).tolist()

    faces = faces_of([catalogue.item_ids[row] for row in rows], shares)
    anybody = Anybody.of(model, features, items).wanted.tolist()
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


def names_of(words: Marks, sights: Marks, like: Sequence[int] = ()) -> tuple[str, ...]:
    """Return a name for each kind, no two alike: its word, or its sight, or else "kind 17".

    Of two kinds that one word marks, the one that it marks less has a second word behind it, or its
    own second word where that is nearly as strong. `like` [J] names a kind after another one that
    has a name, as "lighthouse 2"; none but itself if it is not given.
    """
    marks = _agreeing(words, sights)
    strongest = marks.strength.max(1, initial=0)
    like = like or range(len(strongest))

    # The surest comes first, and whoever has no name of its own last.
    order = sorted(range(len(strongest)), key=lambda kind: (like[kind] != kind, -strongest[kind]))
    names: dict[int, str] = {}
    for kind in order:
        namesake = names.get(like[kind])
        options: Iterable[str]
        if namesake is None:
            options = [*_from_words(marks, kind), *sights.best(kind, _SEEN), _number(kind)]
        elif namesake == _number(like[kind]):  # "kind 17 2" would say nothing
            options = [_number(kind)]
        else:
            options = (f"{namesake} {number}" for number in count(2))
        names[kind] = next(option for option in options if option not in names.values())
    return tuple(names[kind] for kind in range(len(strongest)))


def word_marks(
    titles: Sequence[str], kinds: np.ndarray, tags: Collection[str] | None = None
) -> Marks:
    """Return which words of titles [N] mark the kinds that the clips show, `kinds` [N, J].

    Where titles are all that is known, `tags` are the hashtags of several words that count as words
    of their own.

    A clip shows several kinds, and its title may name any of them or none. So each word is shared
    out among the clip's kinds, and a rest that belongs to none, by how often it stands with each of
    them elsewhere. A word's strength is the log-likelihood ratio of how often it then falls to a
    kind, over how often it would by chance.
    """
    # The words that more than one title has.
    found = [words_of(title, tags) for title in titles]
    counts = Counter(word for words in found for word in words)
    names = tuple(sorted(word for word, titles_with in counts.items() if titles_with > 1))
    place = {word: index for index, word in enumerate(names)}

    # Where each of them stands, and what it counts there.
    standing = []
    for row, words in enumerate(found):
        for word, weight in words.items():
            if word in place:
                standing.append((row, place[word], weight))
    if not standing:
        return Marks((), np.zeros((kinds.shape[1], 0)))
    rows, words, weights = (np.array(column) for column in zip(*standing, strict=True))

    # How often it falls to a kind, and how often it would by chance.
    shared = _shared_out(rows, words, weights, kinds, len(names))
    total = np.bincount(words, weights, minlength=len(names))
    expected = kinds.sum(0)[:, None] * total / len(titles)
    ratio = np.log(np.maximum(shared, 1e-9) / np.maximum(expected, 1e-9))
    evidence = np.where(shared > expected, shared * ratio - (shared - expected), 0.0)
    return Marks(names, evidence)


def _shared_out(
    rows: np.ndarray, words: np.ndarray, weights: np.ndarray, kinds: np.ndarray, size: int
) -> np.ndarray:
    """Return how often each of `size` words falls to each kind [J, C].

    Expectation and maximisation, in turns.
    """
    # The kinds of each word's clip, and the rest that belongs to none.
    among = np.concatenate([kinds, np.ones((len(kinds), 1))], 1).astype(np.float32)[rows]
    of_word = sparse.csr_matrix(
        (weights, (words, np.arange(len(words)))), shape=(size, len(words)), dtype=np.float32
    )
    usual = (np.bincount(words, weights, minlength=size) / weights.sum())[:, None]
    held = of_word @ among
    for _ in range(_ROUNDS):
        chances = (held + _DOUBT * usual) / (held.sum(0) + _DOUBT)
        share = among * chances[words]
        held = of_word @ (share / np.maximum(share.sum(1, keepdims=True), 1e-12))
    return held[:, :-1].T


def sight_marks(labels: Sequence[str], probabilities: np.ndarray, shares: np.ndarray) -> Marks:
    """Return which of the encoder's classes mark the kinds.

    `probabilities` [N, K, C] of the classes in each frame, `shares` [N, K, J] of the kinds.
    """
    rows = probabilities.reshape(-1, probabilities.shape[-1])
    mean = _means(rows, shares)
    ratio = np.log(np.maximum(mean, 1e-9) / np.maximum(rows.mean(0), 1e-9))
    return Marks(tuple(labels), np.maximum(mean * ratio, 0))


def faces_of(item_ids: Sequence[str], shares: np.ndarray) -> list[tuple[Face, ...]]:
    """Return each kind's most typical frames, of different clips; `shares` [N, K, J] of frames."""
    # Each clip's best frame for each kind, and the clips by how good that is.
    frames = shares.argmax(1)
    best = shares.max(1)
    order = np.argsort(-best, axis=0, kind="stable")[:FACES]

    found = []
    for kind, rows in enumerate(order.T):
        faces = []
        for row in rows:
            faces.append(Face(item_ids[row], int(frames[row, kind]), float(best[row, kind])))
        found.append(tuple(faces))
    return found


def _agreeing(words: Marks, sights: Marks) -> Marks:
    """Return the words, stronger where the encoder sees in the kind's frames what they say."""
    stems = [_stems(word) for word in words.names]
    strength = words.strength.copy()
    for kind in range(len(strength)):
        seen: set[str] = set()
        for name in sights.best(kind, _GLIMPSED):
            seen |= _stems(name)
        agreed = [bool(some & seen) for some in stems]
        strength[kind, agreed] *= _AGREED
    return Marks(words.names, strength)


def _stems(name: str) -> set[str]:
    """Return a name's words without the s of a plural."""
    return {word.lower().removesuffix("s") for word in re.split(r"[\s-]+", name) if len(word) > 3}


def _from_words(marks: Marks, kind: int) -> list[str]:
    """Return the names that words offer, the best first."""
    clear = marks.best(kind, _CLEAR)
    if not clear:
        return []
    first, *others = clear

    # A hashtag that holds the first word; or that with a second word.
    listed = marks.best(kind, _WHOLE * clear[first], _AMONG)
    wholes = [tag for tag in listed if _holds(tag, first)]
    names = list(wholes)
    for whole in wholes:
        in_whole = set(whole.split())
        names += [f"{whole}, {word}" for word in others if in_whole.isdisjoint(word.split())]

    # The first word, or one nearly as strong; or the first one with a second.
    names += [word for word, strength in clear.items() if strength > _NEAR * clear[first]]
    names += [f"{first}, {word}" for word in others if not _holds(word, first)]
    return names


def _holds(tag: str, word: str) -> bool:
    return tag != word and word in tag.split()


def _number(kind: int) -> str:
    return f"kind {kind + 1}"


def _sights(store: FeatureStore, encoder: str, rows: np.ndarray, shares: np.ndarray) -> Marks:
    """Return what the encoder sees in the kinds; nothing where it knows no classes."""
    labels = labels_of(encoder) if holds_class_roots(store.manifest) else ()
    if not labels:
        return Marks((), np.zeros((shares.shape[-1], 0)))
    some = _some(rows, _MOST_SEEN)
    # Features are square roots of probabilities at some temperature: undo both.
    power = 2 * store.manifest["encoders"]["video"]["class_temperature"]
    chances = np.asarray(store.frames[rows[some]]) ** power
    return sight_marks(labels, chances / chances.sum(-1, keepdims=True), shares[some])


def _some(rows: np.ndarray, most: int) -> slice:
    """Return every so many rows, at most `most` of them."""
    return slice(None, None, -(-len(rows) // most))


def _looks(frames: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return how alike kinds look [J, J], the cosines of their mean frames.

    `frames` [N, K, V] are of kinds in the `shares` [N, K, J].
    """
    rows = frames.reshape(-1, frames.shape[-1])
    means = _means(rows - rows.mean(0), shares)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return means @ means.T


def _means(rows: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the mean row of each kind, of rows [N K, D] that show `shares` [N, K, J] of them."""
    weights = shares.reshape(-1, shares.shape[-1])
    return (weights / np.maximum(weights.sum(0), 1e-9)).T @ rows


def _like(looks: np.ndarray, clips: np.ndarray) -> list[int]:
    """Return which kind to name each one after, by how alike they look [J, J].

    Itself; or where it makes up no clip in all, the one that looks most like it and does. `clips`
    [J] is how many clips there are of each.
    """
    # One clip in all of a kind is enough to be named by its own.
    is_shown = clips >= 1
    if not is_shown.any():
        return list(range(len(clips)))
    nearest = np.where(is_shown, looks, -np.inf).argmax(1)
    return np.where(is_shown, np.arange(len(clips)), nearest).tolist()
