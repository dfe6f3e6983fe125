"""Full ranking of every item for evaluation rows: by a model, by popularity, or by content
without a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from scipy import sparse

from mealrec.data.interactions import EvaluationRows
from mealrec.ranking.metrics import places, ranks
from mealrec.types import ItemFeatures

Scorer = Callable[[np.ndarray], np.ndarray]
TOP = 10


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


def rank_rows(
    scorer: Scorer, rows: EvaluationRows, candidates: np.ndarray, batch: int = 1024
) -> Ranks:
    """Rank all candidates for every row; `scorer` maps histories [R, L] to scores [R, N+1].

    `candidates` [N+1] bool: what may be ranked. "Masked" takes out the items of the history that
    the scorer is given. Raises ValueError where a score is no number: such a target would count as
    the first.
    """
    found = []
    for start in range(0, len(rows), batch):
        histories, targets = (
            rows.histories[start : start + batch],
            rows.targets[start : start + batch],
        )
        scores = np.where(candidates, scorer(histories), -np.inf)
        # looks for what is no number, so it comes before the ranks
        lists = _first(scores, histories)
        found.append((*both_ranks(scores, histories, targets), *lists))
    unmasked, masked, share, top = (np.concatenate(part) for part in zip(*found, strict=True))
    return Ranks(unmasked, masked, float(share.mean()), top)


def _first(scores: np.ndarray, histories: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the history's share of each row's first TOP [R], and the first TOP without the history
    [R, TOP].

    Both are read off one list that is longer by the history: what is masked cannot push more out of
    it.
    """
    length = min(TOP + histories.shape[1], scores.shape[1])
    values, found = (part.numpy() for part in torch.from_numpy(scores).topk(length, 1))
    if np.isnan(values).any():  # the first of all to topk
        raise ValueError(
            f"{np.isnan(scores).sum()} of {scores.size} scores are no numbers: nothing can be ranked"
        )
    ranked = ~np.isneginf(values)
    watched = (found[:, :, None] == histories[:, None, :]).any(2)
    left = ranked & ~watched
    order = np.argsort(~left, axis=1, kind="stable")[:, :TOP]
    top = np.zeros((len(scores), TOP), np.int32)
    top[:, : order.shape[1]] = np.take_along_axis(found * left, order, 1)
    return (ranked & watched)[:, :TOP].mean(1), top


def both_ranks(
    scores: np.ndarray, histories: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each target's rank [R] among scores [R, N+1], unmasked and masked, -inf for what may
    not be ranked.

    The masked rank is the unmasked one less what of the history [R, L] is ahead.
    """
    own = np.take_along_axis(scores, targets[:, None], 1)
    ahead, tied = places(scores, own)
    items = np.sort(histories, 1)
    once = np.diff(items, axis=1, prepend=-1) != 0
    watched = np.where(once, np.take_along_axis(scores, items, 1), np.nan)
    ahead_watched, tied_watched = places(watched, own)
    masked = 1.0 + ahead - ahead_watched + (tied - 1 - tied_watched) / 2
    # such a target is masked itself
    lost = np.isneginf(own[:, 0]) | (histories == targets[:, None]).any(1)
    if lost.any():
        hidden = scores[lost]
        np.put_along_axis(hidden, histories[lost], -np.inf, 1)
        masked[lost] = ranks(hidden, targets[lost])
    return 1.0 + ahead + (tied - 1) / 2, masked


class Ranking(Protocol):
    """What ranks: every trained system, of whatever form."""

    def eval(self) -> object:
        """Switch off what acts in training alone."""

    def items(self, features: ItemFeatures) -> object:
        """Return what stands for every item, made once for many histories."""

    def scores(self, histories: torch.Tensor, items: object, **choices) -> torch.Tensor:
        """Return the scores of all items [R, N+1] for histories [R, L]."""


def model_scorer(model: Ranking, features: ItemFeatures, **choices) -> Scorer:
    """Return the scorer of a trained system; `choices` are further arguments of its `scores`,
    such as ends_at."""
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
    counts = np.bincount(
        [item for sequence in train for item in sequence], minlength=num_items + 1
    ).astype(float)
    return lambda histories: np.broadcast_to(counts, (len(histories), num_items + 1)).copy()


def itemknn_scorer(train: tuple[tuple[int, ...], ...], num_items: int) -> Scorer:
    """Return the scorer that adds up each candidate's cosine with the items of the history.

    The cosine of two items is how many training sequences hold both, over the root of the product
    of how many hold each. An item is no neighbour of itself; all neighbours count, nothing is
    tuned.
    """
    shape = (len(train), num_items + 1)
    sequences = [np.fromiter(set(sequence), np.int64) for sequence in train]
    held = sparse.csr_matrix(_ones(sequences), shape=shape)
    together = held.T @ held
    together = together - sparse.diags(together.diagonal())
    scale = sparse.diags(1 / np.sqrt(np.maximum(np.asarray(held.sum(0)).ravel(), 1)))
    cosine = (scale @ together @ scale).tocsr()

    def score(histories: np.ndarray) -> np.ndarray:
        watched = [np.unique(history[history > 0]) for history in histories]
        shown = sparse.csr_matrix(_ones(watched), shape=(len(histories), num_items + 1))
        return (shown @ cosine).toarray()

    return score


def _ones(columns: list[np.ndarray]) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return a 1 in each row's columns, in the form that a sparse matrix takes."""
    rows = np.repeat(np.arange(len(columns)), [len(row) for row in columns])
    return np.ones(len(rows)), (rows, np.concatenate(columns))


def content_scorer(features: ItemFeatures, counts: np.ndarray, sharpness: float = 8.0) -> Scorer:
    """Return the model-free line: popularity times exp(sharpness · best frame-to-frame similarity).

    `counts` [N+1] training occurrences. Similarity is the mean over the history of the best cosine
    between a frame of the history's item and a frame of the candidate.
    """
    frames = features.frames[1:].cpu().numpy()
    frames = frames - frames.mean((0, 1))
    frames /= np.linalg.norm(frames, axis=2, keepdims=True)
    best = np.zeros((len(features), len(features)))
    best[1:, 1:] = np.einsum("ikd,jld->ijkl", frames, frames, optimize=True).max((2, 3))

    def score(histories: np.ndarray) -> np.ndarray:
        present = histories > 0
        similarity = (best[histories] * present[:, :, None]).sum(1) / present.sum(1, keepdims=True)
        return sharpness * similarity + np.log(counts + 1)

    return score
