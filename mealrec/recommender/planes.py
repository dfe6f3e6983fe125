"""Flat maps of the catalogue: two principal directions, onto which the walks are projected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.recommender.contents import CatalogueItem
from mealrec.recommender.trace import Plane


@dataclass(frozen=True)
class Projection:
    """An affine map onto a plane: `mean` [D], `directions` [D, 2]; `explained` share of the spread in it."""

    mean: Tensor
    directions: Tensor
    explained: float

    def __call__(self, points: Tensor) -> Tensor:
        """Return the shadows [..., 2] of points [..., D]."""
        return (points - self.mean) @ self.directions


@dataclass(frozen=True)
class Map:
    """The catalogue in a plane, and the projection that draws anything else into it."""

    plane: Plane
    project: Projection


def principal_plane(points: Tensor) -> Projection:
    """Return the plane of the two directions [D, 2] in which points [M, D] spread most.

    Each direction's largest entry is made positive: a map must not flip from one machine to another.
    """
    mean = points.mean(0)
    _, spread, directions = torch.linalg.svd(points - mean, full_matrices=False)
    directions = directions[:2].T
    peaks = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    share = spread[:2].square().sum() / spread.square().sum().clamp(min=1e-12)
    return Projection(mean, directions * peaks.sign(), float(share))


def frame_map(model: MealRec, items: Items, has_visual: Tensor, catalogue: tuple[CatalogueItem, ...]) -> Map:
    """Map every clean frame z_0 (Eq. 6) of the clips there are, `has_visual` [N+1]: the space TCD walks in."""
    frames = items.moments[has_visual]
    clean = model.tcd.encode(frames) if model.has_tcd else frames
    rows = has_visual.nonzero().squeeze(1).tolist()
    owners = [catalogue[row - 1] for row in rows for _ in range(frames.shape[1])]
    return _map(clean.flatten(0, 1), owners)


def item_map(model: MealRec, items: Items, catalogue: tuple[CatalogueItem, ...]) -> Map:
    """Map every item by its embedding, put on the sphere where preferences lie, so that both share a map.

    What all items share moves no ranking, so it is taken out first.
    """
    embeddings = items.entry[1:]
    return _map(model.norm(embeddings - embeddings.mean(0)), catalogue)


def _map(points: Tensor, owners: list[CatalogueItem] | tuple[CatalogueItem, ...]) -> Map:
    project = principal_plane(points)
    drawn = project(points).cpu().numpy().astype(np.float32)
    ids, topics = tuple(owner.item_id for owner in owners), tuple(owner.topic for owner in owners)
    return Map(Plane(ids, topics, drawn, project.explained), project)
