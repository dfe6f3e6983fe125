"""Flat maps of the catalogue: two principal directions, onto which the walks are projected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mealrec.models.mealrec import MealRec
from mealrec.models.table import BLOCK, Items
from mealrec.recommender.contents import CatalogueItem
from mealrec.recommender.trace import Plane

MOST_CLIPS = 2048
"""Whose frames a map holds: a page draws fewer."""


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


def principal_plane(blocks: Iterable[Tensor]) -> Projection:
    """Return the plane of the two directions [D, 2] in which points, blocks of them [M, D], spread most.

    Each direction's largest entry is made positive: a map must not flip from one machine to another.
    """
    count, total, products = 0, 0.0, 0.0
    for points in blocks:
        exact = points.double()
        count, total, products = count + len(exact), total + exact.sum(0), products + exact.T @ exact
    count = max(count, 1)  # a catalogue without a single video has no frames
    mean = total / count
    spread, directions = torch.linalg.eigh(products / count - mean.outer(mean))  # rising
    spread, directions = spread.clamp(min=0), directions[:, -2:].flip(1)
    peaks = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    share = float(spread[-2:].sum() / spread.sum()) if spread.sum() > 1e-12 else 0.0
    return Projection(mean.to(points), (directions * peaks.sign()).to(points), share)


def frame_map(model: MealRec, items: Items, has_visual: Tensor, catalogue: tuple[CatalogueItem, ...]) -> Map:
    """Map the clean frames z_0 (Eq. 6) of the clips there are, `has_visual` [N+1]: the space TCD walks in.

    The directions are those of all frames. Those of up to MOST_CLIPS clips, evenly spread, are in the plane.
    """

    def clean(moments: Tensor) -> Tensor:
        return (model.tcd.encode(moments) if model.has_tcd else moments).flatten(0, 1)

    pairs = zip(items.moments.split(BLOCK), has_visual.split(BLOCK), strict=True)
    project = principal_plane(clean(moments[shown]) for moments, shown in pairs)
    rows = has_visual.nonzero().squeeze(1)
    rows = rows[:: -(-len(rows) // MOST_CLIPS) or 1]
    owners = [catalogue[row - 1] for row in rows.tolist() for _ in range(items.moments.shape[1])]
    return _map(project, [project(clean(items.moments[rows]))], owners)


def item_map(model: MealRec, items: Items, catalogue: tuple[CatalogueItem, ...]) -> Map:
    """Map every item by its embedding, put on the sphere where preferences lie, so that both share a map.

    What all items share moves no ranking, so it is taken out first.
    """
    real = Items(**{name: tensor[1:] for name, tensor in vars(items).items()})  # row 0 is padding
    mean = sum(block.entry.double().sum(0) for block in real.blocks()) / len(catalogue)

    def points() -> Iterator[Tensor]:
        for block in real.blocks():
            yield model.norm(block.entry - mean.to(block.entry))

    project = principal_plane(points())
    return _map(project, [project(block) for block in points()], catalogue)


def _map(project: Projection, drawn: list[Tensor], owners: Sequence[CatalogueItem]) -> Map:
    points = torch.cat(drawn).cpu().numpy().astype(np.float32)
    ids, topics = tuple(owner.item_id for owner in owners), tuple(owner.topic for owner in owners)
    return Map(Plane(ids, topics, points, project.explained), project)
