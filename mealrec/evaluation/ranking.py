"""Full ranking of every item for evaluation rows: by a model, by popularity, or by content without a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse

from mealrec.backbones.base import last_states
from mealrec.baselines.base import Baseline
from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.metrics import ranks
from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.types import ItemFeatures

Scorer = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ranks:
    """Each row's target rank with the history left in the ranking, and with it masked; [R] each.

    `history_share` is the share of the unmasked top 10 that the history takes.
    """

    unmasked: np.ndarray
    masked: np.ndarray
    history_share: float


def rank_rows(scorer: Scorer, rows: EvaluationRows, candidates: np.ndarray, batch: int = 1024) -> Ranks:
    """Rank all candidates for every row; `scorer` maps histories [R, L] to scores [R, N+1].

    `candidates` [N+1] bool: what may be ranked. "Masked" takes out the items of the history that the scorer is
    given. Raises ValueError where a score is no number: such a target would count as the first.
    """
    unmasked, masked, share = [], [], []
    for start in range(0, len(rows), batch):
        histories, targets = rows.histories[start : start + batch], rows.targets[start : start + batch]
        scores = np.where(candidates, scorer(histories), -np.inf)
        if np.isnan(scores).any():
            raise ValueError(f"{np.isnan(scores).sum()} of {scores.size} scores are no numbers: nothing can be ranked")
        unmasked.append(ranks(scores, targets))
        top = np.argpartition(-scores, min(10, scores.shape[1] - 1), axis=1)[:, :10]
        share.append((top[:, :, None] == histories[:, None, :]).any(2).mean(1))
        np.put_along_axis(scores, histories, -np.inf, 1)
        masked.append(ranks(scores, targets))
    return Ranks(np.concatenate(unmasked), np.concatenate(masked), float(np.concatenate(share).mean()))


def model_scorer(model: MealRec | Baseline, features: ItemFeatures, seed: int = 0, ends_at: str = "walk") -> Scorer:
    """Return the scorer of a model: of MealRec by the end of its walk, or with ends_at="start" by its encoder's x_0."""
    model.eval()
    if isinstance(model, Baseline):
        return _baseline_scorer(model, features)
    no_item = torch.zeros(0, dtype=torch.long, device=features.text.device)
    with torch.inference_mode():
        table = model.table(features, None if model.config.head == "moments" else no_item)

    @torch.inference_mode()
    def score(histories: np.ndarray) -> np.ndarray:
        history = torch.from_numpy(histories).to(features.text.device)
        shown = model.looks_at(history)  # mapping the frames of all items would take more memory than all else
        items = table if shown is None else model.table.showing(table, features, shown)
        return model.table.scores(preferences(model, items, history, seed, ends_at), items, history).cpu().numpy()

    return score


def _baseline_scorer(model: Baseline, features: ItemFeatures) -> Scorer:
    with torch.inference_mode():
        items = model.items(features)

    @torch.inference_mode()
    def score(histories: np.ndarray) -> np.ndarray:
        return model.scores(torch.from_numpy(histories).to(features.text.device), items).float().cpu().numpy()

    return score


def preferences(
    model: MealRec, items: Items, history: torch.Tensor, seed: int = 0, ends_at: str = "walk"
) -> torch.Tensor:
    """Return the preferences [R, D or D + 2C] of histories [R, L], as `model_scorer` ranks by them."""
    context = model.context(last_states(model.encode(items, history), history), history, items)
    if ends_at == "start":
        return model.preference(context.start, context.content)
    return model.walk(context, items, torch.Generator().manual_seed(seed)).preference


def popularity_scorer(train: tuple[tuple[int, ...], ...], num_items: int) -> Scorer:
    """Return the scorer that ranks by how often an item occurs in training."""
    counts = np.bincount([item for sequence in train for item in sequence], minlength=num_items + 1).astype(float)
    return lambda histories: np.broadcast_to(counts, (len(histories), num_items + 1)).copy()


def itemknn_scorer(train: tuple[tuple[int, ...], ...], num_items: int) -> Scorer:
    """Return the scorer that adds up each candidate's cosine with the items of the history.

    The cosine of two items is how many training sequences hold both, over the root of the product of how many hold
    each. An item is no neighbour of itself; all neighbours count, nothing is tuned.
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

    `counts` [N+1] training occurrences. Similarity is the mean over the history of the best cosine between
    a frame of the history's item and a frame of the candidate.
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
