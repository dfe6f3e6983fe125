"""The content space: every frame is a mixture of J kinds of moments, found once before training.

Finding kinds needs scikit-learn, which comes with the development requirements; reading them does
not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.linalg import eigh
from scipy.spatial.distance import squareform
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.types import Clicks, ItemFeatures

RIDGE = 0.3  # penalty of the regression from features to kinds
MOST_FRAMES = 3000  # whose likeness to each other is worked out: more do not fit into memory
NEIGHBOURS = 12  # of each frame, in the graph of how frames look
# Of a kind, in what anybody watches: so that a kind that no clip shows is rare and not impossible.
UNSEEN = 1e-3
_FEW = 0.05  # added to a lift, so that two looks that nobody watches together have one as well


def of_anybody(kinds: Tensor, bias: Tensor, known: Tensor) -> Tensor:
    """Return the shares of kinds [J] in what anybody watches.

    They are the clips' own `kinds` [M, J], weighed by the appeal `bias` [M] of those `known` [M].
    """
    weights = bias.detach().masked_fill(~known, float("-inf")).softmax(0)
    return weights @ kinds + UNSEEN


class KindSpace(nn.Module):
    """Maps a frame's features to its shares of J kinds: softmax(sharpness · (W f + b)), |f| = 1.

    One small layer, so that uploads and new clips have kinds as well. `fit` finds it; training
    moves it slowly.
    """

    def __init__(self, visual_width: int, num_kinds: int):
        super().__init__()
        self.register_buffer("centre", torch.zeros(visual_width))
        self.register_buffer("is_fitted", torch.zeros((), dtype=torch.bool))
        self.map = nn.Linear(visual_width, num_kinds)
        self.sharpness = nn.Parameter(torch.tensor(12.0))
        # log shares of a clip that nobody can see
        self.absent = nn.Parameter(torch.zeros(num_kinds))

    def forward(self, features: ItemFeatures) -> Tensor:
        """Return the shares a [M, K, J] of each frame of M items; each frame's sum to 1."""
        directions = F.normalize(features.frames - self.centre, dim=-1)
        logits = self.sharpness * self.map(directions)
        return torch.where(features.has_visual[:, None, None], logits, self.absent).softmax(-1)

    @torch.no_grad()
    def fit(self, features: ItemFeatures, sequences: Clicks, looks: int) -> None:
        """Find the kinds from how frames look and from which clips the same viewers watch.

        `looks` clusters of frames are merged to J kinds where the same viewers watch them: that two
        looks are one kind shows better in clicks than in pictures. Then a ridge regression learns
        the kinds from the features. Only items with an ID and a video teach; `sequences` are the
        training clicks. What is fitted stays. Where there is no video at all every clip has all
        kinds alike.
        """
        if self.is_fitted:
            return
        self.is_fitted.fill_(True)
        shown = features.has_visual & features.has_id
        if not shown.any():
            return

        # Cluster the frames by how they look.
        frames = features.frames[shown].flatten(0, 1)
        self.centre.copy_(frames.mean(0))
        directions = F.normalize(frames - self.centre, dim=-1)
        found = find_looks(directions.cpu().numpy(), looks)

        # Merge looks to kinds, and learn the kinds from the features.
        kind_of_look = self._kinds_of(found, features, shown, sequences)
        weight, bias = ridge(found.points, kind_of_look[found.labels], len(self.absent))
        self.map.weight.copy_(weight)
        self.map.bias.copy_(bias)
        self.absent.copy_(self(features)[shown].mean((0, 1)).log())

    def _kinds_of(
        self, found: Looks, features: ItemFeatures, shown: Tensor, sequences: Clicks
    ) -> np.ndarray:
        """Return which kind each look belongs to [looks], as the items `shown` [N+1] teach.

        Every frame is of the look that a regression gives it.
        """
        # Let the regression say of every item's frames which looks they are.
        look_of = ridge(found.points, found.labels, found.count)
        directions = F.normalize(features.frames - self.centre, dim=-1).cpu()
        nearest = F.linear(directions, *look_of).argmax(-1)
        of_frames = F.one_hot(nearest, found.count).float()
        # Items that teach nothing are of none.
        shares = (of_frames.mean(1) * shown.cpu()[:, None]).numpy()
        return merge_looks(together(shares, sequences), len(self.absent))


def ridge(points: np.ndarray, labels: np.ndarray, classes: int) -> tuple[Tensor, Tensor]:
    """Return weight [classes, V] and bias [classes] of a ridge regression.

    It goes from points [M, V] to their one-hot labels [M].
    """
    # A column of ones is the bias, which goes free of the penalty.
    x = torch.cat([torch.from_numpy(points), torch.ones(len(points), 1)], 1)
    y = F.one_hot(torch.from_numpy(labels).long(), classes).float()
    penalty = torch.full((x.shape[1],), RIDGE)
    penalty[-1] = 1e-4
    solved = torch.linalg.solve(x.T @ x + penalty.diag(), x.T @ y)
    return solved[:-1].T.contiguous(), solved[-1]


@dataclass(frozen=True)
class Looks:
    """Clusters of frames by how they look.

    `points` [M, V] are directions of frames, `labels` [M] which of the `count` clusters each is in.
    """

    points: np.ndarray
    labels: np.ndarray
    count: int


def find_looks(directions: np.ndarray, count: int) -> Looks:
    """Cluster directions [M, V] by their nearest neighbours, of more than MOST_FRAMES an even part.

    Spectral, not k-means alone: a motif seen from two sides is one chain of neighbours and two
    clouds.
    """
    from sklearn.cluster import KMeans

    # Take an even part of the frames, and no more looks than there are different ones.
    taken = np.linspace(0, len(directions) - 1, min(MOST_FRAMES, len(directions)))
    points = directions[taken.round().astype(int)].astype(np.float32)
    count = min(count, len(np.unique(points, axis=0)))

    # Find the leading axes of the normalised graph of neighbours.
    likeness = _neighbours(points)
    degree = likeness.sum(1).clip(min=1e-9)  # one frame alone has no neighbour
    normalised = likeness / np.sqrt(np.outer(degree, degree))
    leading = (len(points) - count, len(points) - 1)
    _, axes = eigh(normalised, subset_by_index=leading)

    # Cluster the frames' places on them.
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True).clip(min=1e-9)
    labels = KMeans(count, n_init=10, random_state=0).fit_predict(axes)
    return Looks(points, labels, count)


def _neighbours(points: np.ndarray) -> np.ndarray:
    """Return the squared cosines [M, M] of each point with its nearest ones, else 0; symmetric."""
    # Keep each point's nearest, but for itself.
    cosines = points @ points.T
    np.fill_diagonal(cosines, -1)
    count = min(NEIGHBOURS, len(points) - 1)
    nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
    squared = np.take_along_axis(cosines, nearest, 1).clip(min=1e-3) ** 2
    kept = np.zeros_like(cosines, dtype=np.float64)
    np.put_along_axis(kept, nearest, squared, 1)
    return (kept + kept.T) / 2


def together(shares: np.ndarray, sequences: Clicks) -> np.ndarray:
    """Return how many times more often than by chance one viewer watches two looks [looks, looks].

    `shares` [N+1, looks] of the looks in each item; `sequences` are viewers' clicks, as item
    indices.
    """
    # Count for every pair of items how many viewers watched both.
    watched = [np.unique(sequence) for sequence in sequences]
    viewers = np.repeat(np.arange(len(watched)), [len(items) for items in watched])
    shape = (len(watched), len(shares))
    ones = np.ones(len(viewers))
    held = sparse.csr_matrix((ones, (viewers, np.concatenate(watched))), shape=shape)
    pairs = (held.T @ held).tocsr()
    count = pairs.diagonal()
    pairs.setdiag(0)

    # Expect pairs of different items as often as their viewers allow, and as many pairs in all.
    own = shares * count[:, None]
    expected = np.outer(own.sum(0), own.sum(0)) - own.T @ own
    found = shares.T @ (pairs @ shares)
    expected *= pairs.sum() / (count.sum() ** 2 - (count**2).sum())
    return found / np.maximum(expected, 1e-6)


def merge_looks(lift: np.ndarray, count: int) -> np.ndarray:
    """Return which of at most `count` kinds each look belongs to [looks], from `together`'s lifts.

    Average linkage: two looks are near where the same viewers watch both, and where both keep the
    same company.
    """
    if len(lift) <= count:
        return np.arange(len(lift))

    # Compare each look's company: none of a look in no clip.
    logs = np.log(lift + _FEW)
    centred = logs - logs.mean(1, keepdims=True)
    company = centred / np.linalg.norm(centred, axis=1, keepdims=True).clip(min=1e-9)
    likeness = scored((centred + centred.T) / 2) + scored(company @ company.T)

    # Join the nearest until `count` are left.
    distance = likeness.max() - likeness
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), "average")
    return fcluster(tree, count, "maxclust") - 1


def scored(values: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix in standard deviations of its pairs."""
    pairs = values[np.triu_indices(len(values), 1)]
    return (values - pairs.mean()) / max(float(pairs.std()), 1e-9)
