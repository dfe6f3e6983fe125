"""Where kinds of moments and clips lie in the map of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mealrec.bundle.manifest import CatalogueItem
from mealrec.explain.trace import Kind, KindMap, named

APART = 0.07
_MARGIN = 0.04  # that no place lies in, on each side of the map
_REACH = 0.45  # of the way to the next kind, as far as a kind's clips lie around it
_GOLDEN = np.pi * (3 - 5**0.5)
_ROUNDS = 500


def place_kinds(likeness: np.ndarray) -> np.ndarray:
    """Return places [J, 2] in the unit square, like kinds near each other.

    `likeness` [J, J] is symmetric. Any two lie APART or, where there are too many kinds for that,
    as far apart as they all can. Needs scikit-learn, which comes with the development requirements.
    """
    from sklearn.manifold import MDS

    if len(likeness) < 2:
        return np.full((len(likeness), 2), 0.5)

    # Lay them out by how unlike they are; kinds that are all alike have a distance too.
    distance = likeness.max() - likeness + 1e-3
    np.fill_diagonal(distance, 0)
    space = MDS(
        2, metric="precomputed", n_init=2, random_state=0, normalized_stress=False, init="random"
    )
    points = space.fit_transform(distance)

    # Ranks fill the square evenly.
    ranks = points.argsort(0).argsort(0) / max(len(points) - 1, 1)
    return nudged(_MARGIN + (1 - 2 * _MARGIN) * ranks)


def nudged(places: np.ndarray) -> np.ndarray:
    """Push places [J, 2] of the unit square away from each other until none are within APART."""
    # Two in one place need a direction to part in.
    places = places + 1e-6 * np.random.default_rng(0).standard_normal(places.shape)

    # Whoever is too near is pushed half of what lacks, a little more than that, in turns.
    apart = min(APART, 0.8 * (1 - 2 * _MARGIN) / max(len(places) ** 0.5, 1))
    for _ in range(_ROUNDS):
        gaps = places[:, None] - places
        distance = np.linalg.norm(gaps, axis=-1) + np.eye(len(places))
        short = np.maximum(apart * 1.02 - distance, 0)
        if not short.any():
            break
        push = (gaps / distance[..., None] * short[..., None]).sum(1) / 2
        places = (places + push).clip(_MARGIN, 1 - _MARGIN)
    return places


def kind_map(
    catalogue: Sequence[CatalogueItem], kinds: tuple[Kind, ...], shares: np.ndarray
) -> KindMap:
    """Return the map of a catalogue whose items show `shares` [N, J] of the kinds.

    Around the place of its largest kind an item lies on a spiral, the nearer the more of it it
    shows.
    """
    places = np.array([kind.place for kind in kinds])
    radius = _REACH * _nearest(places)
    largest = shares.argmax(1)
    points = np.empty((len(shares), 2))
    for kind in range(len(kinds)):
        # Its items, those that show the most of it first.
        rows = np.flatnonzero(largest == kind)
        rows = rows[np.argsort(-shares[rows, kind], kind="stable")]

        # Steps of the golden angle, ever further out.
        step = np.arange(len(rows))
        away = radius[kind] * np.sqrt((step + 1) / (len(rows) + 1))
        turn = np.stack([np.cos(_GOLDEN * step), np.sin(_GOLDEN * step)], 1)
        points[rows] = places[kind] + away[:, None] * turn
    return KindMap(
        item_ids=tuple(item.item_id for item in catalogue),
        titles=tuple(named(item.title, item.item_id) for item in catalogue),
        topics=tuple(item.topic for item in catalogue),
        points=points,
        shares=shares,
        kinds=kinds,
    )


def _nearest(places: np.ndarray) -> np.ndarray:
    """Return how far the nearest other place is [J]."""
    # One place alone has half the map around it.
    if len(places) < 2:
        return np.full(len(places), 0.5)
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    return np.sort(distance, axis=1)[:, 1]
