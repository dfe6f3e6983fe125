"""Clusters of frames by how they look, and which of them the same viewers watch: what kinds are
made of.

Needs scikit-learn, which comes with the development requirements: kinds are found before training
only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.linalg import eigh
from scipy.spatial.distance import squareform

NEIGHBOURS = 12
_FEW = 0.05  # added to a lift, so that two looks that nobody watches together have one as well


@dataclass(frozen=True)
class Looks:
    """`points` [M, V] directions of frames, and which of the `count` clusters each one is in,
    `labels` [M]."""

    points: np.ndarray
    labels: np.ndarray
    count: int


def find_looks(directions: np.ndarray, count: int, most: int) -> Looks:
    """Cluster directions [M, V] by their nearest neighbours; of more than `most` an even share is
    taken.

    Spectral, not k-means alone: a motif seen from two sides is one chain of neighbours and two
    clouds.
    """
    from sklearn.cluster import KMeans

    taken = np.linspace(0, len(directions) - 1, min(most, len(directions))).round().astype(int)
    points = directions[taken].astype(np.float32)
    count = min(count, len(np.unique(points, axis=0)))
    likeness = _neighbours(points)
    degree = likeness.sum(1).clip(min=1e-9)  # one frame alone has no neighbour
    _, axes = eigh(
        likeness / np.sqrt(np.outer(degree, degree)),
        subset_by_index=(len(points) - count, len(points) - 1),
    )
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True).clip(min=1e-9)
    return Looks(points, KMeans(count, n_init=10, random_state=0).fit_predict(axes), count)


def _neighbours(points: np.ndarray) -> np.ndarray:
    """Return the squared cosines [M, M] of each point with its nearest ones, symmetric, 0
    elsewhere."""
    cosines = points @ points.T
    np.fill_diagonal(cosines, -1)
    count = min(NEIGHBOURS, len(points) - 1)
    nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    kept = np.zeros_like(cosines, dtype=np.float64)
    np.put_along_axis(kept, nearest, np.take_along_axis(cosines, nearest, 1).clip(min=1e-3) ** 2, 1)
    return (kept + kept.T) / 2


def together(shares: np.ndarray, sequences: Sequence[Sequence[int]]) -> np.ndarray:
    """Return how many times more often than by chance two looks are watched by one viewer [C, C].

    `shares` [N+1, C] of the looks in each item; `sequences` are viewers' clicks, as item indices.
    """
    watched = [np.unique(sequence) for sequence in sequences]
    rows = np.repeat(np.arange(len(watched)), [len(items) for items in watched])
    shape = (len(watched), len(shares))
    held = sparse.csr_matrix((np.ones(len(rows)), (rows, np.concatenate(watched))), shape=shape)
    pairs = (held.T @ held).tocsr()
    count = pairs.diagonal()
    pairs.setdiag(0)
    # Expected: pairs of different items as often as their viewers allow, and as many pairs in all.
    own = shares * count[:, None]
    expected = np.outer(own.sum(0), own.sum(0)) - own.T @ own
    found = shares.T @ (pairs @ shares)
    expected *= pairs.sum() / (count.sum() ** 2 - (count**2).sum())
    return found / np.maximum(expected, 1e-6)


def merge_looks(lift: np.ndarray, count: int) -> np.ndarray:
    """Return which of at most `count` kinds each look belongs to [C]: average linkage on how they
    are watched.

    Two looks are near where the same viewers watch both, and where both keep the same company.
    """
    if len(lift) <= count:
        return np.arange(len(lift))
    logs = np.log(lift + _FEW)
    centred = logs - logs.mean(1, keepdims=True)
    # none of a look in no clip
    company = centred / np.linalg.norm(centred, axis=1, keepdims=True).clip(min=1e-9)
    likeness = _scored((centred + centred.T) / 2) + _scored(company @ company.T)
    distance = likeness.max() - likeness
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), "average")
    return fcluster(tree, count, "maxclust") - 1


def _scored(values: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix in standard deviations of its pairs."""
    pairs = values[np.triu_indices(len(values), 1)]
    return (values - pairs.mean()) / max(float(pairs.std()), 1e-9)
