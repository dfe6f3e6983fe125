"""Full ranking of every item for evaluation rows.

By a model, by popularity, by neighbours, or by content without a model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from scipy import sparse

from mealrec.ranking.metrics import both_ranks
from mealrec.types import ItemFeatures

if TYPE_CHECKING:
    from mealrec.data.interactions import EvaluationRows

Scorer = Callable[[np.ndarray], np.ndarray]
"""Maps histories [R, L] to the scores of all items [R, N+1]."""

TOP = 10
SHARPNESS = 8.0


@dataclass(frozen=True)
class Ranks:
    """Each row's target rank with the history left in the ranking, and with it masked; [R] each.

    `history_share` is the share of the unmasked top 10 that the history takes. `top` [R, 10]: the
    first items of the masked ranking, best first, 0 where there are fewer; None where they were not
    kept.
    """

    unmasked: np.ndarray
    masked: np.ndarray
    history_share: float
    top: np.ndarray | None = None


class TrainedSystem(Protocol):
    """What ranks: every trained system, of whatever form."""

    def eval(self) -> object:
        """Switch off what acts in training alone."""

    def items(self, features: ItemFeatures) -> object:
        """Return what stands for every item, made once for many histories."""

    def scores(self, histories: torch.Tensor, items: object, **choices) -> torch.Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L]."""


def rank_rows(
    scorer: Scorer, rows: EvaluationRows, candidates: np.ndarray, batch: int = 1024
) -> Ranks:
    """Rank all candidates for every row.

    `candidates` [N+1] bool: what may be ranked. "Masked" takes out the items of the history that
    the scorer is given. Raises ValueError where a score is no number: such a target would count as
    the first.
    """
    # A part of the rows at a time: scores of all items for all rows would not fit into memory.
    found = []
    for start in range(0, len(rows), batch):
        histories = rows.histories[start : start + batch]
        targets = rows.targets[start : start + batch]
        scores = np.where(candidates, scorer(histories), -np.inf)
        # The lists come first: they tell whether every score is a number.
        share, top = _first_items(scores, histories)
        unmasked, masked = both_ranks(scores, histories, targets)
        found.append((unmasked, masked, share, top))
    unmasked, masked, share, top = (np.concatenate(part) for part in zip(*found, strict=True))
    return Ranks(unmasked, masked, float(share.mean()), top)


def _first_items(scores: np.ndarray, histories: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the history's share of each row's first TOP [R], and those without it [R, TOP].

    Both are read off one list that is longer by the history: what is masked cannot push more out of
    it.
    """
    length = min(TOP + histories.shape[1], scores.shape[1])
    best = torch.from_numpy(scores).topk(length, 1)
    values = best.values.numpy()
    items = best.indices.numpy()
    # What is no number is the first of all to topk.
    if np.isnan(values).any():
        count = np.isnan(scores).sum()
        raise ValueError(f"{count} of {scores.size} scores are no numbers: nothing can be ranked")
    is_candidate = ~np.isneginf(values)
    is_watched = (items[:, :, None] == histories[:, None, :]).any(2)
    share = (is_candidate & is_watched)[:, :TOP].mean(1)

    # Move what is left to the front, in its order, and cut.
    is_left = is_candidate & ~is_watched
    order = np.argsort(~is_left, axis=1, kind="stable")[:, :TOP]
    top = np.zeros((len(scores), TOP), np.int32)
    top[:, : order.shape[1]] = np.take_along_axis(items * is_left, order, 1)
    return share, top


def model_scorer(model: TrainedSystem, features: ItemFeatures, **choices) -> Scorer:
    """Return the scorer of a trained system.

    `choices` are further arguments of its `scores`, such as ends_at.
    """
    # All items once, before any history is asked about.
    model.eval()
    with torch.inference_mode():
        items = model.items(features)

    @torch.inference_mode()
    def score(histories: np.ndarray) -> np.ndarray:
        history = torch.from_numpy(histories).to(features.text.device)
        return model.scores(history, items, **choices).float().cpu().numpy()

    return score


def popularity_scorer(train: tuple[tuple[int, ...], ...], num_items: int) -> Scorer:
    """Return the scorer that ranks by how often an item occurs in training."""
    # The same scores for everybody, but a copy: whoever ranks may write into it.
    clicks = [item for sequence in train for item in sequence]
    counts = np.bincount(clicks, minlength=num_items + 1).astype(float)
    return lambda histories: np.broadcast_to(counts, (len(histories), num_items + 1)).copy()


def itemknn_scorer(train: tuple[tuple[int, ...], ...], num_items: int) -> Scorer:
    """Return the scorer that adds up each candidate's cosine with the items of the history.

    The cosine of two items is how many training sequences hold both, over the root of the product
    of how many hold each. An item is no neighbour of itself; all neighbours count, nothing is
    tuned.
    """
    width = num_items + 1

    # How many sequences hold both of two items.
    held = _membership([np.unique(np.array(row, np.int64)) for row in train], width)
    together = held.T @ held
    together = together - sparse.diags(together.diagonal())

    # Over the root of how many hold each.
    counts = np.asarray(held.sum(0)).ravel()
    scale = sparse.diags(1 / np.sqrt(np.maximum(counts, 1)))
    cosine = (scale @ together @ scale).tocsr()

    def score(histories: np.ndarray) -> np.ndarray:
        watched = [np.unique(history[history > 0]) for history in histories]
        return (_membership(watched, width) @ cosine).toarray()

    return score


def _membership(items: list[np.ndarray], width: int) -> sparse.csr_matrix:
    """Return a matrix [R, `width`] with a 1 at each row's items."""
    rows = np.repeat(np.arange(len(items)), [len(row) for row in items])
    places = (rows, np.concatenate(items))
    return sparse.csr_matrix((np.ones(len(rows)), places), shape=(len(items), width))


def content_scorer(features: ItemFeatures, counts: np.ndarray) -> Scorer:
    """Return the model-free line: popularity times exp(SHARPNESS · best frame similarity).

    `counts` [N+1] training occurrences. Similarity is the mean over the history of the best cosine
    between a frame of the history's item and a frame of the candidate.
    """
    # The frames as centred unit vectors, and each two items' best cosine.
    frames = features.frames[1:].cpu().numpy()
    frames = frames - frames.mean((0, 1))
    frames /= np.linalg.norm(frames, axis=2, keepdims=True)
    best = np.zeros((len(features), len(features)))
    best[1:, 1:] = np.einsum("ikd,jld->ijkl", frames, frames, optimize=True).max((2, 3))

    def score(histories: np.ndarray) -> np.ndarray:
        # The mean over the clips that are there.
        present = histories > 0
        similarity = (best[histories] * present[:, :, None]).sum(1) / present.sum(1, keepdims=True)
        return SHARPNESS * similarity + np.log(counts + 1)

    return score
