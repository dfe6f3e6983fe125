"""The kinds of moments as people see them: names, faces, and a map of the catalogue by kinds. Plain
numpy values.

Letters: J kinds, N items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

NO_KIND = -1


@dataclass(frozen=True)
class Face:
    """A typical moment of a kind: frame `frame` (from 0) of an item, of which `share` is of this
    kind."""

    item_id: str
    frame: int
    share: float


@dataclass(frozen=True)
class Kind:
    """One of the J kinds of moments that the model tells apart.

    `name` is short and for people; `words` are the titles' words and `sights` the encoder's classes
    that mark the kind, the strongest first (either may be empty). `faces` are its most typical
    moments. `share` in [0, 1] is how much of what anybody watches is of this kind. `place` lies in
    the map of kinds, where each coordinate is in [0, 1].
    """

    index: int
    name: str
    words: tuple[str, ...]
    sights: tuple[str, ...]
    faces: tuple[Face, ...]
    share: float
    place: tuple[float, float]


@dataclass(frozen=True)
class KindMap:
    """The catalogue by kinds: item `item_ids[i]` lies at `points[i]` [N, 2], around the place of
    its largest kind.

    `shares` [N, J] are the kinds in each item, `kinds` the J kinds, whose places lie in the same
    map.
    """

    item_ids: tuple[str, ...]
    titles: tuple[str, ...]
    topics: tuple[str, ...]
    points: np.ndarray
    shares: np.ndarray
    kinds: tuple[Kind, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        """Return where in `points` an item stands."""
        return {item_id: index for index, item_id in enumerate(self.item_ids)}


@dataclass(frozen=True)
class ViewerMap:
    """Where a test viewer's preference ends, among the catalogue and against its true next item
    (the paper's Fig. 7).

    In `map`: `start` and `end` [2] of the preference, `path` [T, 2] of x_t (none without NPD): each
    is the mean of the kinds' places, weighed by what they want. `wanted` [J] is the end's. Cosine
    distances of the end's lift over anybody to shares of kinds: `distances` [N] to every item in
    the map's order, `liked` [K] to the true next item's frames, `other` [M] to the frames of all
    items neither watched nor true. `rank` of `candidates`; `first` leads the ranking; with
    `has_segments` frames are segments of titles.
    """

    viewer_id: str
    history: tuple[str, ...]
    target: str
    rank: int
    candidates: int
    first: tuple[str, ...]
    map: KindMap
    start: np.ndarray
    path: np.ndarray
    end: np.ndarray
    wanted: np.ndarray
    distances: np.ndarray
    liked: np.ndarray
    other: np.ndarray
    has_segments: bool = False

    @cached_property
    def target_distance(self) -> float:
        """Return the distance to the true next item."""
        return float(self.distances[self.map.place[self.target]])

    @cached_property
    def other_distances(self) -> np.ndarray:
        """Return the distances to the items neither watched nor true."""
        return np.delete(
            self.distances, [self.map.place[item] for item in (*self.history, self.target)]
        )
