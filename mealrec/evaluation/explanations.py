"""How figures are graded: against the planted moment, against accidental clicks, and against
each other."""

from __future__ import annotations

import numpy as np
from scipy import stats

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.planted import PlantedTruth


def planted_moments(
    truth: PlantedTruth, catalogue: Catalogue, rows: EvaluationRows, times_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which frames of each row's last clip show what the viewer was out for, and which rows
    can tell.

    `times_s` [N+1, K]. Returns matches [R, K] bool, and usable [R] bool: the click was no accident
    and the clip holds both matching and other frames.
    """
    matches = np.zeros((len(rows), times_s.shape[1]), bool)
    usable = np.zeros(len(rows), bool)
    for number, user in enumerate(rows.users):
        item = int(rows.histories[number][rows.histories[number] > 0][-1])
        item_id = catalogue.item_ids[item - 1]
        position = catalogue.histories[user].index(item_id)
        motifs = truth.motifs_at(item_id, times_s[item])
        sought = truth.interest_at(user, position)
        matches[number] = [motif in sought for motif in motifs]
        wanted = truth.viewers[user]["wanted"][position] is not None
        usable[number] = wanted and 0 < matches[number].sum() < len(motifs)
    return matches, usable


def moment_auc(relevance: np.ndarray, matches: np.ndarray) -> float:
    """Return how often a matching frame stands above another frame of the same clip, ties half;
    rows weigh alike.

    `relevance` [R, K]; `matches` [R, K] bool with both kinds in every row.
    """
    rows = []
    for value, match in zip(relevance, matches, strict=True):
        gaps = value[match][:, None] - value[~match][None, :]
        rows.append((gaps > 0).mean() + 0.5 * (gaps == 0).mean())
    return float(np.mean(rows))


def click_auc(score: np.ndarray, accidental: np.ndarray, present: np.ndarray) -> float:
    """Return how often a wanted click stands above an accidental one, of all viewers together, ties
    half; [R, L] each.

    NaN where one of the kinds is missing.
    """
    wanted, wrong = score[present & ~accidental], score[present & accidental]
    if not len(wanted) or not len(wrong):
        return float("nan")
    ranks = stats.rankdata(np.concatenate([wanted, wrong]))[: len(wanted)]
    return float((ranks.sum() - len(wanted) * (len(wanted) + 1) / 2) / len(wanted) / len(wrong))


def mean_spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Return the mean over rows of Spearman's correlation between two figures [R, K].

    A row in which either figure is constant has no order and is left out; NaN where no row is left.
    """
    ordered = (np.ptp(first, 1) > 0) & (np.ptp(second, 1) > 0)
    if not ordered.any():
        return float("nan")
    ranks = [stats.rankdata(values[ordered], axis=1) for values in (first, second)]
    one, other = (rank - rank.mean(1, keepdims=True) for rank in ranks)
    return float(((one * other).sum(1) / np.sqrt((one**2).sum(1) * (other**2).sum(1))).mean())


def shared_motif_precision(
    embedding: np.ndarray, queries: np.ndarray, motifs: list[set[str]], k: int = 10
) -> float:
    """Return P@k: how many of each query item's k nearest items share a motif with it.

    `embedding` [N, D] compared by centred cosine; `queries` indices [Q]; `motifs` a set an item.
    """
    unit = embedding - embedding.mean(0)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    similarity = unit[queries] @ unit.T
    similarity[np.arange(len(queries)), queries] = -np.inf
    nearest = np.argsort(-similarity, axis=1)[:, :k]
    return float(
        np.mean(
            [
                [bool(motifs[q] & motifs[n]) for n in row]
                for q, row in zip(queries, nearest, strict=True)
            ]
        )
    )
