"""The measures of the explanations, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mealrec.evaluation.explanations import mean_spearman, moment_auc, shared_motif_precision


def test_moment_auc_counts_pairs_within_each_clip():
    rng = np.random.default_rng(0)
    relevance = rng.integers(4, size=(30, 5)).astype(float)
    matches = rng.random((30, 5)) < 0.5
    matches[:, 0], matches[:, 1] = True, False
    each = []
    for value, match in zip(relevance, matches, strict=True):
        pairs = [(a, b) for a in value[match] for b in value[~match]]
        each.append(sum((a > b) + 0.5 * (a == b) for a, b in pairs) / len(pairs))
    assert moment_auc(relevance, matches) == pytest.approx(np.mean(each))


def test_a_perfect_a_reversed_and_a_blind_figure():
    matches = np.array([[True, False, True]])
    assert moment_auc(np.array([[3.0, 1.0, 2.0]]), matches) == 1
    assert moment_auc(np.array([[1.0, 3.0, 2.0]]), matches) == 0
    assert moment_auc(np.ones((1, 3)), matches) == 0.5


def test_mean_spearman_is_the_mean_over_rows():
    rng = np.random.default_rng(0)
    first, second = rng.random((8, 5)), rng.random((8, 5))
    expected = np.mean([stats.spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)])
    assert mean_spearman(first, second) == pytest.approx(expected)
    assert mean_spearman(first, np.exp(first)) == pytest.approx(1)


def test_neighbours_share_a_motif_or_not():
    angles = np.array([0.0, 0.1, 0.2, np.pi, np.pi + 0.1, np.pi + 0.2])
    embedding = np.stack([np.cos(angles), np.sin(angles)], 1)
    motifs = [{"cat"}, {"cat", "sea"}, {"cat"}, {"sea"}, {"sea"}, {"city"}]
    assert shared_motif_precision(embedding, np.array([0]), motifs, k=2) == 1
    assert shared_motif_precision(embedding, np.array([3]), motifs, k=2) == 0.5
