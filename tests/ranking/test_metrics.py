"""Metrics against brute force, ties included."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from mealrec.ranking.metrics import ORDER, both_ranks, hits, ndcg, paired_p, ranks_of, summary


@pytest.mark.parametrize("levels", [2, 5, 1000], ids=["many ties", "some ties", "hardly a tie"])
def test_ranks_are_the_mean_over_every_order_of_the_tied(levels):
    rng = np.random.default_rng(levels)
    scores = rng.integers(levels, size=(40, 12)).astype(float)
    targets = rng.integers(12, size=40)
    for row, target in enumerate(targets):
        order = sorted(range(12), key=lambda item: -scores[row, item])
        places = [place for place, item in enumerate(order, 1) if scores[row, item] == scores[row, target]]
        assert ranks_of(scores, targets)[row] == sum(places) / len(places)


def test_a_constant_scorer_gains_nothing_from_its_ties():
    assert ranks_of(np.zeros((1, 100)), np.array([0]))[0] == 50.5


def test_what_may_not_be_ranked_stands_behind():
    scores = np.array([[-np.inf, 1.0, 3.0, -np.inf, 2.0]])
    assert ranks_of(scores, np.array([1]))[0] == 3


def drawn(seed=0):
    """Return scores with ties, -inf among them, histories with repeats and padding, and targets."""
    rng = np.random.default_rng(seed)
    scores = rng.integers(5, size=(40, 12)).astype(float)
    scores[:, [0, 7]] = -np.inf
    return scores, rng.integers(12, size=(40, 6)), rng.integers(1, 12, 40)


def test_in_a_list_the_tied_keep_the_order_of_the_catalogue():
    scores, _, targets = drawn()
    for row, target in enumerate(targets):
        shown = np.argsort(-scores[row], kind="stable").tolist()
        assert ranks_of(scores, targets, ORDER)[row] == 1 + shown.index(target)


def test_without_ties_both_rules_agree():
    scores = np.random.default_rng(0).random((20, 12))
    targets = np.arange(20) % 12
    assert (ranks_of(scores, targets) == ranks_of(scores, targets, ORDER)).all()


def test_tensors_rank_as_arrays_do():
    given = drawn()
    tensors = (torch.from_numpy(values) for values in given)
    for expected, found in zip(both_ranks(*given), both_ranks(*tensors), strict=True):
        np.testing.assert_array_equal(found.numpy(), expected)


def test_hits_and_ndcg_written_out():
    rank = np.array([1.0, 2.0, 10.0, 10.5, 11.0, 300.0])
    assert hits(rank, 10).tolist() == [1, 1, 1, 0, 0, 0]
    expected = [1 / math.log2(place + 1) if place <= 10 else 0 for place in rank]
    np.testing.assert_allclose(ndcg(rank, 10), expected)


def test_the_summary_names_both_metrics_at_both_cutoffs():
    rank = np.array([1.0, 15.0])
    found = summary(rank)
    assert set(found) == {"H@10", "N@10", "H@20", "N@20"}
    assert found["H@10"] == 0.5 and found["H@20"] == 1.0
    assert found["N@20"] == pytest.approx((1 + 1 / math.log2(16)) / 2)


def test_the_paired_test_is_the_paired_t_test():
    rng = np.random.default_rng(0)
    first = rng.random(200)
    second = first + rng.normal(0.05, 0.1, 200)
    difference = first - second
    t = difference.mean() / (difference.std(ddof=1) / math.sqrt(200))
    assert paired_p(first, second) == pytest.approx(2 * stats.t.sf(abs(t), 199))
    assert paired_p(first, first) == 1.0
