"""The content space of published data: a graph of items, the kinds in it, and what follows what.

All of it is counted before training. Items are tied where they look alike and where the same
viewers click them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import eigsh
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.types import Clicks, ItemFeatures

SHARPNESS = 12.0  # of a moment's likeness to a kind
NEIGHBOURS = 12  # that an item is tied to by content
AXES = 128  # of the graph, that kinds are found along
NEARER = 0.6  # how much less a pair of clicks counts for every click between them
TRANSITION_RATES = (1.5, 0.2)  # the next click, and any later one
_DOUBT = 3.0  # pairs of kinds that are added to what is counted and to what is expected
_LEAST = 1e-4
_BLOCK = 1024

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Ordered pairs of clicks: the earlier items, the later ones, how many clicks lie between."""


class GraphKinds(nn.Module):
    """Which kinds items and moments are of: everything that is counted once, nothing is trained.

    `shares` [N+1, J] of the kinds in each item by the graph, `kinds` [N+1, J] as its moments show
    them; `centroids` [J, V]: how a kind's moments look, from the `centre` [V] of all; `lifts` [2,
    J, J], see transition_lifts; `clicks` [N+1] of training; `anybody` [J]: the kinds in what
    anybody clicks.
    """

    def __init__(self, num_items: int, visual_width: int, num_kinds: int):
        # Buffers, not weights: they are stored, and no gradient moves them.
        super().__init__()
        self.register_buffer("shares", torch.zeros(num_items + 1, num_kinds))
        self.register_buffer("kinds", torch.zeros(num_items + 1, num_kinds))
        self.register_buffer("centroids", torch.zeros(num_kinds, visual_width))
        self.register_buffer("centre", torch.zeros(visual_width))
        self.register_buffer("lifts", torch.ones(2, num_kinds, num_kinds))
        self.register_buffer("clicks", torch.zeros(num_items + 1))
        self.register_buffer("anybody", torch.ones(num_kinds) / num_kinds)
        self.register_buffer("is_fitted", torch.zeros((), dtype=torch.bool))

    @torch.no_grad()
    def fit(self, features: ItemFeatures, sequences: Clicks) -> None:
        """Find the kinds in what items are like and in the clicks; what is fitted stays."""
        if self.is_fitted:
            return
        self.is_fitted.fill_(True)

        # The kinds of each item, by the graph.
        graph = item_graph(content_directions(features)[1:], sequences)
        shares = graph_kinds(graph, self.shares.shape[1])
        self.shares[1:] = torch.from_numpy(shares).to(self.shares)
        clicked = np.concatenate([np.asarray(sequence, np.int64) for sequence in sequences])
        self.clicks.copy_(torch.from_numpy(np.bincount(clicked, minlength=len(self.shares))))

        # How each kind looks, and with it the kinds of each moment.
        self.centre.copy_(features.frames[features.has_visual].mean((0, 1)))
        looks = self._directions(features).mean(1) * features.has_visual[:, None]
        self.centroids.copy_(F.normalize(self.shares.T @ looks, dim=-1))
        for rows in torch.arange(1, len(self.kinds), device=self.kinds.device).split(_BLOCK):
            self.kinds[rows] = self.moments(features, rows).mean(1)

        # What anybody clicks, and what follows what.
        weights = (self.clicks + 0.5) * features.has_id
        self.anybody.copy_(weights / weights.sum() @ self.kinds + _LEAST)
        self.lifts.copy_(transition_lifts(self.kinds, sequences))

    def moments(self, features: ItemFeatures, rows: Tensor) -> Tensor:
        """Return the shares of kinds [M, K, J] in each moment of the catalogue's items `rows` [M].

        Paper: Eq. 6. A moment's are the item's own, those first that the moment looks like.
        """
        return self.looking(features.rows(rows), rows)

    def looking(self, features: ItemFeatures, rows: Tensor) -> Tensor:
        """Return the same where the items `rows` [M] look like `features` [M].

        Beyond the catalogue it is a guess.
        """
        # What is no item of the graph is of the kinds that anybody clicks.
        known = (rows < len(self.shares)).unsqueeze(-1)
        shares = torch.where(known, self.shares[rows.clamp(max=len(self.shares) - 1)], self.anybody)
        return self._shown(features, shares.unsqueeze(1))

    def guessed(self, features: ItemFeatures) -> Tensor:
        """Return the shares of kinds [M, K, J] in each moment of M items not in the graph."""
        return self._shown(features, self.anybody)

    def _shown(self, features: ItemFeatures, shares: Tensor) -> Tensor:
        """Return how items' `shares` of kinds fall to their moments [M, K, J]."""
        # An item without frames shows its kinds in all of them alike.
        alike = (SHARPNESS * self._directions(features) @ self.centroids.T).softmax(-1)
        alike = torch.where(features.has_visual[:, None, None], alike, 1.0)
        return F.normalize(shares * alike, p=1, dim=-1)

    def _directions(self, features: ItemFeatures) -> Tensor:
        return F.normalize(features.frames - self.centre, dim=-1)


def content_directions(features: ItemFeatures) -> Tensor:
    """Return one unit vector an item [N+1, V + H]: its frames' mean direction, then its title's.

    Each is taken from its mean over items; what an item lacks is 0. Titles and frames are compared
    apart, because they have spaces of their own.
    """
    # Take the means off, so that what many share makes nobody alike.
    centre = features.frames[features.has_visual].mean((0, 1))
    frames = F.normalize(features.frames - centre, dim=-1).mean(1)
    title = features.text
    if features.has_text.any():
        title = title - title[features.has_text].mean(0)
    halves = [
        F.normalize(frames, dim=-1) * features.has_visual[:, None],
        F.normalize(title, dim=-1) * features.has_text[:, None],
    ]
    return F.normalize(torch.cat(halves, -1), dim=-1)


def item_graph(directions: Tensor, sequences: Clicks) -> sparse.csr_matrix:
    """Return the symmetric weights [N, N] of items 1 to N: alike in content, or clicked together.

    `directions` [N, width] are unit vectors; `sequences` are clicks, oldest first, as item indices
    from 1. Both halves weigh the same, and every item as much as its neighbours let it.
    """
    alike = _by_degree(_nearest(directions))
    together = _by_degree(_clicked_together(sequences, len(directions)))
    return _by_degree(alike + together)


def _nearest(directions: Tensor) -> sparse.csr_matrix:
    """Return the squared cosines of each item with its nearest ones, but for itself."""
    # Find the nearest block by block; the first of each is the item itself.
    count = len(directions)
    most = min(NEIGHBOURS + 1, count)
    found = [(rows @ directions.T).topk(most, 1) for rows in directions.split(_BLOCK)]
    cosines = torch.cat([each.values for each in found])[:, 1:].clamp(min=0).square()
    nearest = torch.cat([each.indices for each in found])[:, 1:]
    # Tie the two, in both directions.
    rows = np.arange(count).repeat(most - 1)
    places = (rows, nearest.cpu().numpy().ravel())
    half = sparse.csr_matrix((cosines.double().cpu().numpy().ravel(), places), shape=(count, count))
    return half + half.T


def _clicked_together(sequences: Clicks, count: int) -> sparse.csr_matrix:
    """Return how often two items are clicked by one viewer, less for every click between."""
    earlier, later, gaps = _pairs(sequences)
    places = (earlier - 1, later - 1)
    half = sparse.csr_matrix((NEARER**gaps, places), shape=(count, count))
    return half + half.T


def _pairs(sequences: Clicks) -> Pairs:
    """Return every ordered pair of clicks of one viewer."""
    blocks = list(_pairs_of_length(sequences))
    if not blocks:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    earlier, later, gaps = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return earlier, later, gaps


def _pairs_of_length(sequences: Clicks) -> Iterator[Pairs]:
    """Yield the pairs of all viewers with as many clicks, so that they are cut at once."""
    # Sequences of one length make a matrix.
    by_length: dict[int, list[Sequence[int]]] = {}
    for sequence in sequences:
        by_length.setdefault(len(sequence), []).append(sequence)

    # Its pairs of columns are the pairs of clicks; one click alone has none.
    for length, rows in sorted(by_length.items()):
        if length > 1:
            first, second = np.triu_indices(length, 1)
            items = np.asarray(rows, np.int64)
            gaps = np.tile(second - first - 1, len(rows))
            yield items[:, first].ravel(), items[:, second].ravel(), gaps


def _by_degree(weights: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return D^-1/2 A D^-1/2, with a little added to each degree: a lonely item stays lonely."""
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

    # Cluster the items by where they lie on the leading axes.
    count = graph.shape[0]
    axes = min(AXES, num_kinds, count - 1)
    # products so small that two threads wait for each other: eight times as long
    with threadpool_limits(1):
        _, places = eigsh(graph, k=axes, which="LA", v0=np.ones(count))
        places = places / np.linalg.norm(places, axis=1, keepdims=True).clip(min=1e-9)
        groups = min(num_kinds, len(np.unique(places, axis=0)))
        cluster = KMeans(groups, n_init=1, random_state=0).fit_predict(places)
    own = np.eye(num_kinds)[cluster]

    # Mix in the kinds of the neighbours; a lonely item is of its own kind alone.
    degree = np.asarray(graph.sum(1)).ravel()
    around = sparse.diags(1 / np.maximum(degree, 1e-9)) @ (graph @ own)
    around[degree < 1e-9] = own[degree < 1e-9]
    return (own + around) / 2


def transition_lifts(kinds: Tensor, sequences: Clicks) -> Tensor:
    """Return how many times more often than by chance a kind follows another [2, J, J].

    Paper: the habit in Eq. 7 and 12. One for each of TRANSITION_RATES d: T[j, k] =
    (Σ e^(-d gap) n_a n_b' + 3) / (expected + 3) over ordered pairs of clicks a, b of one viewer,
    with `kinds` n [N+1, J].
    """
    earlier, later, gaps = _pairs(sequences)
    clicked = sparse.csr_matrix(kinds.cpu().double().numpy())
    shape = (len(kinds), len(kinds))
    found = []
    for rate in TRANSITION_RATES:
        weights = sparse.csr_matrix((np.exp(-rate * gaps), (earlier, later)), shape=shape)
        # Pairs of kinds that follow each other, against as many by chance.
        counted = (clicked.T @ weights @ clicked).toarray()
        expected = np.outer(counted.sum(1), counted.sum(0)) / max(counted.sum(), 1e-9)
        found.append((counted + _DOUBT) / (expected + _DOUBT))
    return torch.from_numpy(np.stack(found)).to(kinds)
