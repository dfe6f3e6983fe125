"""A graph of items that look alike, or that the same viewers click one after the other, and the
kinds in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import eigsh
from torch import Tensor
from torch.nn import functional as F

from mealrec.types import ItemFeatures

NEIGHBOURS = 12
AXES = 128
NEARER = 0.6  # how much less a pair of clicks counts for every click between them
TRANSITION_RATES = (1.5, 0.2)  # the next click, and any later one
_DOUBT = 3.0  # pairs of kinds that are added to what is counted and to what is expected
_BLOCK = 1024


def content_directions(features: ItemFeatures) -> Tensor:
    """Return one unit vector an item [N+1, V + H]: its frames' mean direction, and its title's,
    each beside its mean.

    What an item lacks is 0. Titles and segments are compared apart, because clips and titles have
    spaces of their own.
    """
    frames = F.normalize(
        features.frames - features.frames[features.has_visual].mean((0, 1)), dim=-1
    ).mean(1)
    title = (
        features.text - features.text[features.has_text].mean(0)
        if features.has_text.any()
        else features.text
    )
    parts = (frames, features.has_visual), (title, features.has_text)
    return F.normalize(
        torch.cat([F.normalize(part, dim=-1) * known[:, None] for part, known in parts], -1), dim=-1
    )


def item_graph(directions: Tensor, sequences: Sequence[Sequence[int]]) -> sparse.csr_matrix:
    """Return the graph's symmetric weights [N, N] of items 1 to N: nearest by content, and clicked
    together.

    `directions` [N, V] are unit vectors; `sequences` are clicks, oldest first, as item indices from
    1. Both halves weigh the same, and every item as much as its neighbours let it.
    """
    alike = _by_degree(_nearest(directions))
    together = _by_degree(_clicked_together(sequences, len(directions)))
    return _by_degree(alike + together)


def _nearest(directions: Tensor) -> sparse.csr_matrix:
    count, most = len(directions), min(NEIGHBOURS + 1, len(directions))
    found = [(rows @ directions.T).topk(most, 1) for rows in directions.split(_BLOCK)]
    cosines = torch.cat([each.values for each in found])[:, 1:].clamp(min=0).square()
    places = torch.cat([each.indices for each in found])[:, 1:]
    rows = np.arange(count).repeat(most - 1)
    values = cosines.double().cpu().numpy().ravel(), (rows, places.cpu().numpy().ravel())
    half = sparse.csr_matrix(values, shape=(count, count))
    return half + half.T


def _clicked_together(sequences: Sequence[Sequence[int]], count: int) -> sparse.csr_matrix:
    earlier, later, gaps = _pairs(sequences)
    values = NEARER**gaps, (earlier - 1, later - 1)
    half = sparse.csr_matrix(values, shape=(count, count))
    return half + half.T


def _pairs(sequences: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every ordered pair of clicks of one viewer [P]: the earlier item, the later, the
    clicks between them."""
    blocks = list(_pairs_of_length(sequences))
    if not blocks:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    return tuple(np.concatenate(part) for part in zip(*blocks, strict=True))


def _pairs_of_length(
    sequences: Sequence[Sequence[int]],
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    by_length: dict[int, list[Sequence[int]]] = {}
    for sequence in sequences:
        by_length.setdefault(len(sequence), []).append(sequence)
    for length, rows in sorted(by_length.items()):
        if length > 1:
            first, second = np.triu_indices(length, 1)
            items = np.asarray(rows, np.int64)
            yield (
                items[:, first].ravel(),
                items[:, second].ravel(),
                np.tile(second - first - 1, len(rows)),
            )


def _by_degree(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return D^-1/2 A D^-1/2, with a little added to each degree, so that a lonely item stays
    lonely."""
    degree = np.asarray(weights.sum(1)).ravel()
    scale = sparse.diags(1 / np.sqrt(degree + 1e-3 * max(degree.mean(), 1e-9)))
    return (scale @ weights @ scale).tocsr()


def graph_kinds(graph: sparse.csr_matrix, num_kinds: int) -> np.ndarray:
    """Return the shares [N, J] of J kinds in each of N items; each row sums to 1.

    Kinds are clusters of the graph's leading axes; an item is half of its own, half of those of its
    neighbours.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    count = graph.shape[0]
    axes = min(AXES, num_kinds, count - 1)
    # products so small that two threads wait for each other: eight times as long
    with threadpool_limits(1):
        _, places = eigsh(graph, k=axes, which="LA", v0=np.ones(count))
        places = places / np.linalg.norm(places, axis=1, keepdims=True).clip(min=1e-9)
        groups = min(num_kinds, len(np.unique(places, axis=0)))
        own = np.eye(num_kinds)[KMeans(groups, n_init=1, random_state=0).fit_predict(places)]
    degree = np.asarray(graph.sum(1)).ravel()
    around = sparse.diags(1 / np.maximum(degree, 1e-9)) @ (graph @ own)
    around[degree < 1e-9] = own[degree < 1e-9]
    return (own + around) / 2


def transition_lifts(kinds: Tensor, sequences: Sequence[Sequence[int]]) -> Tensor:
    """Return how many times more often than by chance a kind follows another [Z, J, J], at two
    ranges.

    T_z[j, k] = (Σ e^(-d_z gap) n_a n_b' + 3) / (expected + 3) over ordered pairs of clicks a, b of
    one viewer, with `kinds` n [N+1, J] and d of TRANSITION_RATES.
    """
    earlier, later, gaps = _pairs(sequences)
    clicked = sparse.csr_matrix(kinds.cpu().double().numpy())
    found = []
    for rate in TRANSITION_RATES:
        shape = (len(kinds), len(kinds))
        weights = sparse.csr_matrix((np.exp(-rate * gaps), (earlier, later)), shape=shape)
        counted = (clicked.T @ weights @ clicked).toarray()
        expected = np.outer(counted.sum(1), counted.sum(0)) / max(counted.sum(), 1e-9)
        found.append((counted + _DOUBT) / (expected + _DOUBT))
    return torch.from_numpy(np.stack(found)).to(kinds)
