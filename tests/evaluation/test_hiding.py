"""Hidden moments and Shapley values, on outcomes whose right answer is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy import stats

from mealrec.errors import DataFormatError
from mealrec.evaluation.hiding import (
    MOST_FRAMES,
    falls,
    hidden_sets,
    hiding_report,
    masked_outcomes,
    over_moments,
    set_of,
    shapley,
    spearman,
    worth,
)
from mealrec.explain.evidence import runs
from mealrec.explain.walks import Walks
from mealrec.progress import Progress

WORTH = np.array([[3.0, -1.0, 0.5, 2.0], [0.0, 1.0, 2.0, 4.0]])
ADDED = -WORTH @ hidden_sets(4).T
"""Every frame is worth the same whatever else is hidden."""


def test_where_frames_add_up_all_agree_on_their_worth():
    for added, expected in zip(ADDED, WORTH, strict=True):
        for of in (falls, worth, shapley):
            np.testing.assert_allclose(of(added), expected)


def test_of_two_the_worth_is_the_shapley_value():
    values = np.random.default_rng(0).normal(size=4)
    np.testing.assert_allclose(worth(values), shapley(values))


def test_shapley_is_the_mean_over_all_orders():
    values = np.random.default_rng(0).normal(size=16)
    total = np.zeros(4)
    for order in permutations(range(4)):
        hidden = 0
        for frame in order:
            total[frame] += values[hidden] - values[hidden | 1 << frame]
            hidden |= 1 << frame
    np.testing.assert_allclose(shapley(values), total / 24)


def test_moments_are_hidden_whole():
    values = np.random.default_rng(0).normal(size=16)
    moments = ((0, 1), (2,), (3,))
    found = over_moments(values, moments)
    for number, hides in enumerate(hidden_sets(3)):
        frames = [frame for moment, gone in zip(moments, hides, strict=True) if gone for frame in moment]
        assert found[number] == values[set_of(frames)]


@torch.no_grad()
def test_the_outcomes_are_the_walks(subject):
    histories = torch.tensor([[1, 4, 2], [7, 9, 0]])
    found = masked_outcomes(subject.model, subject.items, histories.numpy(), Progress())
    assert found.top.shape == found.same.shape == found.stays.shape == (2, 16)
    assert found.same[:, 0].all() and (found.stays[:, 0] == 10).all()
    assert found.moments == tuple(runs(subject.items.moments[last]) for last in (2, 9))
    frames = torch.tensor([False, True, True, False]).expand(2, 1, 4)
    walks = Walks(subject.model, subject.items, histories, hidden=frames)
    top = Walks(subject.model, subject.items, histories).top
    expected = walks.ends.log_softmax(-1)[torch.arange(2), 0, top].numpy()
    np.testing.assert_allclose(found.top[:, set_of((1, 2))], expected, atol=1e-4)


def test_the_driving_moment_moves_more_than_the_least(subject):
    report = hiding_report(subject.model, subject.items, subject.viewers(), Progress())
    for group in report["groups"].values():
        assert group["the driving moment"]["falls"] >= group["the least moment"]["falls"]
        assert group["the driving frame"]["falls"] >= group["the least frame"]["falls"]
    orders = report["orders"]["test"]
    assert orders["frames: worth"]["spearman"] >= orders["frames: fall"]["spearman"]
    assert report["of_several"] == orders["moments, 2 or more: fall"]["rows"]


def test_too_many_frames_are_refused(subject):
    many = replace(subject.items, moments=subject.items.moments[:, :1].expand(-1, MOST_FRAMES + 1, -1))
    with pytest.raises(DataFormatError, match="up to 8 frames are expected, 9 came"):
        masked_outcomes(subject.model, many, np.array([[1]]), Progress())


def test_spearman_is_the_correlation_of_the_ranks():
    first, second = np.random.default_rng(0).random((2, 5))
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)
    assert spearman(first, np.exp(first)) == pytest.approx(1)
    assert np.isnan(spearman(first, np.ones(5)))
