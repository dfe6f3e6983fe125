"""Curves, Shapley values and the best order, on outcomes whose right answer is known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.evaluation.masking import (
    MOST_FRAMES,
    areas,
    best_gap,
    curves,
    falls,
    gap,
    hidden_sets,
    masked_outcomes,
    shapley,
)
from mealrec.recommender.explain import occlusion
from mealrec.recommender.scene import Scene

WORTH = np.array([[3.0, -1.0, 0.5, 2.0], [0.0, 1.0, 2.0, 4.0]])
ADDED = -WORTH @ hidden_sets(4).T
"""Every frame is worth the same whatever else is hidden."""


def test_where_frames_add_up_all_agree_on_their_worth():
    np.testing.assert_allclose(falls(ADDED), WORTH)
    np.testing.assert_allclose(shapley(ADDED), WORTH)


def test_curves_by_hand():
    removed, added = curves(ADDED[:1], np.array([[0, 3, 2, 1]]))
    np.testing.assert_allclose(removed, [[0, -3, -5, -5.5, -4.5]])
    np.testing.assert_allclose(added, [[-4.5, -1.5, 0.5, 1, 0]])


def test_the_truth_orders_best_and_its_reverse_worst():
    deletion, insertion = areas(ADDED, WORTH)
    assert (insertion > deletion).all()
    np.testing.assert_allclose(gap(ADDED, WORTH), best_gap(ADDED))
    np.testing.assert_allclose(gap(ADDED, WORTH, reverse=True), -best_gap(ADDED))
    np.testing.assert_allclose(gap(ADDED, -WORTH), -best_gap(ADDED))


def test_a_random_order_gains_nothing():
    rng = np.random.default_rng(0)
    values = -rng.normal(size=(4000, 4)) @ hidden_sets(4).T
    assert abs(gap(values, rng.random((4000, 4))).mean()) < 0.05 * best_gap(values).mean()


def test_shapley_is_the_mean_over_all_orders():
    values = np.random.default_rng(0).normal(size=(3, 16))
    total = np.zeros((3, 4))
    for order in permutations(range(4)):
        hidden = 0
        for frame in order:
            total[:, frame] += values[:, hidden] - values[:, hidden | 1 << frame]
            hidden |= 1 << frame
    np.testing.assert_allclose(shapley(values), total / 24)


def test_the_outcomes_are_the_walks(recommender):
    loaded, histories = recommender._variant("full"), np.array([[1, 4, 2], [7, 9, 0]])
    features, targets = recommender._features, np.array([3, 5])
    with torch.no_grad():
        found = masked_outcomes(loaded.model, features, loaded.items, histories, targets)
        scene = Scene(loaded.model, features, loaded.items, torch.from_numpy(histories))
        assert found.top.shape == found.target.shape == (2, 32)
        np.testing.assert_allclose(falls(found.top), occlusion(scene).numpy(), atol=1e-4)
        np.testing.assert_allclose(found.target[:, 0], scene.outcomes[[0, 1], 0, [3, 5]].numpy(), atol=1e-4)


def test_too_many_frames_are_refused(recommender):
    loaded = recommender._variant("full")
    many = loaded.items.moments[:, :1].expand(-1, MOST_FRAMES + 1, -1)
    items = type(loaded.items)(**{**vars(loaded.items), "moments": many})
    with pytest.raises(DataFormatError, match="up to 8 frames are expected, 9 came"):
        masked_outcomes(loaded.model, recommender._features, items, np.array([[1, 2]]), np.array([3]))
