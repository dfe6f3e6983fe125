"""Where kinds of moments and clips lie in the map of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mealrec.bundle.contents import CatalogueItem
from mealrec.explain.kinds import Kind, KindMap
from mealrec.explain.trace import named

APART = 0.07
_GOLDEN = np.pi * (3 - 5**0.5)
_REACH, _MARGIN = 0.45, 0.04
_ROUNDS = 500


def place_kinds(likeness: np.ndarray) -> np.ndarray:
    """Return places [J, 2] in the unit square, like kinds near each other; `likeness` [J, J] is
    symmetric.

    Any two lie APART or, where there are too many kinds for that, as far apart as they all can.
    Needs scikit-learn, which comes with the development requirements.
    """
    from sklearn.manifold import MDS

    if len(likeness) < 2:
        return np.full((len(likeness), 2), 0.5)
    distance = likeness.max() - likeness + 1e-3  # kinds that are all alike have a distance too
    np.fill_diagonal(distance, 0)
    space = MDS(
        2, metric="precomputed", n_init=2, random_state=0, normalized_stress=False, init="random"
    )
    points = space.fit_transform(distance)
    places = points.argsort(0).argsort(0) / max(len(points) - 1, 1)  # ranks fill the square evenly
    return nudged(_MARGIN + (1 - 2 * _MARGIN) * places)


def nudged(places: np.ndarray) -> np.ndarray:
    """Push places [J, 2] of the unit square away from each other until none are closer than
    APART."""
    places = places + 1e-6 * np.random.default_rng(0).standard_normal(places.shape)
    apart = min(APART, 0.8 * (1 - 2 * _MARGIN) / max(len(places) ** 0.5, 1))
    for _ in range(_ROUNDS):
        gaps = places[:, None] - places
        distance = np.linalg.norm(gaps, axis=-1) + np.eye(len(places))
        short = np.maximum(apart * 1.02 - distance, 0)
        if not short.any():
            break
        places = (places + (gaps / distance[..., None] * short[..., None]).sum(1) / 2).clip(
            _MARGIN, 1 - _MARGIN
        )
    return places


def kind_map(
    catalogue: Sequence[CatalogueItem], kinds: tuple[Kind, ...], shares: np.ndarray
) -> KindMap:
    """Return the map of a catalogue whose items show `shares` [N, J] of the kinds.

    Around the place of its largest kind an item lies on a spiral, the nearer the more of it it
    shows.
    """
    places = np.array([kind.place for kind in kinds])
    largest, points = shares.argmax(1), np.empty((len(shares), 2))
    radius = _REACH * _nearest(places)
    for kind in range(len(kinds)):
        rows = np.flatnonzero(largest == kind)
        rows = rows[np.argsort(-shares[rows, kind], kind="stable")]
        step = np.arange(len(rows))
        away = radius[kind] * np.sqrt((step + 1) / (len(rows) + 1))
        points[rows] = places[kind] + away[:, None] * np.stack(
            [np.cos(_GOLDEN * step), np.sin(_GOLDEN * step)], 1
        )
    columns = zip(
        *((item.item_id, named(item.title, item.item_id), item.topic) for item in catalogue),
        strict=True,
    )
    return KindMap(*columns, points=points, shares=shares, kinds=kinds)


def _nearest(places: np.ndarray) -> np.ndarray:
    """Return how far the nearest other place is [J]."""
    if len(places) < 2:
        return np.full(len(places), 0.5)
    distance = np.linalg.norm(places[:, None] - places, axis=-1)
    return np.sort(distance, axis=1)[:, 1]
