"""The content space: every frame is a mixture of J kinds of moments, found once before training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.models.looks import Looks, find_looks, merge_looks, together
from mealrec.types import ItemFeatures

RIDGE = 0.3
MOST_FRAMES = 3000  # whose likeness to each other is worked out: more do not fit into memory
# of a kind, in what anybody watches: so that a kind that no clip shows is rare and not impossible
UNSEEN = 1e-3


class KindSpace(nn.Module):
    """Maps a frame's features to its shares of J kinds: softmax(sharpness · (W f + b)), f at unit
    length.

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
    def fit(self, features: ItemFeatures, sequences: Sequence[Sequence[int]], looks: int) -> None:
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
        shown[0] = False
        if not shown.any():
            return
        frames = features.frames[shown].flatten(0, 1)
        self.centre.copy_(frames.mean(0))
        directions = F.normalize(frames - self.centre, dim=-1)
        found = find_looks(directions.cpu().numpy(), looks, MOST_FRAMES)
        kind_of_look = self._kinds_of(found, features, sequences)
        weight, bias = ridge(found.points, kind_of_look[found.labels], len(self.absent))
        self.map.weight.copy_(weight)
        self.map.bias.copy_(bias)
        self.absent.copy_(self(features)[shown].mean((0, 1)).log())

    def _kinds_of(
        self, found: Looks, features: ItemFeatures, sequences: Sequence[Sequence[int]]
    ) -> np.ndarray:
        """Return which kind each look belongs to [C]; every frame is of the look that the
        regression gives it."""
        look_of = ridge(found.points, found.labels, found.count)
        shown = features.has_visual & features.has_id
        directions = F.normalize(features.frames - self.centre, dim=-1).cpu()
        nearest = F.one_hot(F.linear(directions, *look_of).argmax(-1), found.count).float()
        shares = (nearest.mean(1) * shown.cpu()[:, None]).numpy()
        return merge_looks(together(shares, sequences), len(self.absent))


def ridge(points: np.ndarray, labels: np.ndarray, classes: int) -> tuple[Tensor, Tensor]:
    """Return weight [C, V] and bias [C] of the ridge regression from points [M, V] to their
    labels [M], one-hot."""
    x = torch.cat([torch.from_numpy(points), torch.ones(len(points), 1)], 1)
    y = F.one_hot(torch.from_numpy(labels).long(), classes).float()
    penalty = torch.full((x.shape[1],), RIDGE)
    penalty[-1] = 1e-4  # the bias goes free
    solved = torch.linalg.solve(x.T @ x + penalty.diag(), x.T @ y)
    return solved[:-1].T.contiguous(), solved[-1]


def of_anybody(kinds: Tensor, bias: Tensor, known: Tensor) -> Tensor:
    """Return the shares of kinds [J] in what anybody watches: the clips' own [M, J], weighed by
    their appeal [M]."""
    weights = bias.detach().masked_fill(~known, float("-inf")).softmax(0)
    return weights @ kinds + UNSEEN
