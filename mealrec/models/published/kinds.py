"""The content space of published data: which kinds an item and each of its moments are of,
counted before training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.models.published.graph import (
    content_directions,
    graph_kinds,
    item_graph,
    transition_lifts,
)
from mealrec.types import ItemFeatures

SHARPNESS = 12.0  # of a moment's likeness to a kind
_LEAST = 1e-4
_BLOCK = 1024


class GraphKinds(nn.Module):
    """Everything that is counted once: nothing here is trained.

    `shares` [N+1, J] of the kinds in each item by the graph, `kinds` [N+1, J] as its moments show
    them; `centroids` [J, V]: how a kind's moments look beside the `centre` [V] of all; `lifts` [2,
    J, J], see transition_lifts; `clicks` [N+1] of training; `anybody` [J]: the kinds in what
    anybody clicks.
    """

    def __init__(self, num_items: int, visual_width: int, num_kinds: int):
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
    def fit(self, features: ItemFeatures, sequences: Sequence[Sequence[int]]) -> None:
        """Find the kinds in what items are like and in the clicks `sequences`; what is fitted
        stays."""
        if self.is_fitted:
            return
        self.is_fitted.fill_(True)
        directions = content_directions(features)[1:]
        shares = graph_kinds(item_graph(directions, sequences), self.shares.shape[1])
        self.shares[1:] = torch.from_numpy(shares).to(self.shares)
        counts = np.bincount(
            np.concatenate([np.asarray(s, np.int64) for s in sequences]), minlength=len(self.shares)
        )
        self.clicks.copy_(torch.from_numpy(counts))
        weights = (self.clicks + 0.5) * features.has_id
        weights[0] = 0
        self.centre.copy_(features.frames[features.has_visual].mean((0, 1)))
        looks = self._directions(features).mean(1) * features.has_visual[:, None]
        self.centroids.copy_(F.normalize(self.shares.T @ looks, dim=-1))
        for rows in torch.arange(1, len(self.kinds), device=self.kinds.device).split(_BLOCK):
            self.kinds[rows] = self.moments(features, rows).mean(1)
        self.anybody.copy_(weights / weights.sum() @ self.kinds + _LEAST)
        self.lifts.copy_(transition_lifts(self.kinds, sequences))

    def moments(self, features: ItemFeatures, rows: Tensor) -> Tensor:
        """Return the shares of kinds [M, K, J] in each moment of the catalogue's items `rows` [M].

        A moment's are the item's own, those first that the moment looks like.
        """
        return self.looking(features.rows(rows), rows)

    def looking(self, features: ItemFeatures, rows: Tensor) -> Tensor:
        """Return the same where the items `rows` [M] look like `features` [M]; beyond the
        catalogue it is a guess."""
        known = (rows < len(self.shares)).unsqueeze(-1)
        shares = torch.where(known, self.shares[rows.clamp(max=len(self.shares) - 1)], self.anybody)
        return self._shown(features, shares.unsqueeze(1))

    def guessed(self, features: ItemFeatures) -> Tensor:
        """Return the shares of kinds [M, K, J] in each moment of M items that the graph does not
        hold."""
        return self._shown(features, self.anybody)

    def _shown(self, features: ItemFeatures, shares: Tensor) -> Tensor:
        """Return how items' `shares` of kinds fall to their moments [M, K, J]."""
        alike = (SHARPNESS * self._directions(features) @ self.centroids.T).softmax(-1)
        alike = torch.where(features.has_visual[:, None, None], alike, 1.0)
        return F.normalize(shares * alike, p=1, dim=-1)

    def _directions(self, features: ItemFeatures) -> Tensor:
        return F.normalize(features.frames - self.centre, dim=-1)
