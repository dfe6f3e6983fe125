"""What lists are worth beside accuracy, against counts made by hand and against slow loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mealrec.ranking.beyond import FIGURES, Background, beside_accuracy, diversity, gini, over_seeds
from mealrec.ranking.ranks import Ranks

NUM_ITEMS = 6
TRAIN = ((1, 2, 2), (1, 3))  # items 4 to 6 have no click
TOP = np.array([[1, 2, 4], [2, 1, 0], [5, 0, 0]], np.int32)


def background(**changes) -> Background:
    content = F.normalize(torch.randn(NUM_ITEMS + 1, 5, generator=torch.Generator().manual_seed(0)), dim=-1)
    given = {"train": TRAIN, "candidates": np.arange(NUM_ITEMS + 1) > 0, "content": content}
    return Background.of(**given | changes)


def ranks(top) -> Ranks:
    return Ranks(np.ones(len(TOP)), np.ones(len(TOP)), 0.0, top)


def test_coverage_is_the_share_of_candidates_that_anybody_is_recommended():
    assert beside_accuracy(TOP, background())["coverage"] == pytest.approx(4 / 6)
    fewer = np.array([False, True, True, False, True, True, False])
    assert beside_accuracy(TOP, background(candidates=fewer))["coverage"] == 1.0


def test_gini_is_0_for_even_counts_and_nearly_1_for_one_item():
    assert gini(np.full(50, 3)) == pytest.approx(0)
    assert gini(np.eye(50)[7]) == pytest.approx(1 - 1 / 50)


def test_gini_is_the_mean_difference_of_two_counts_over_twice_their_mean():
    counts = np.random.default_rng(0).poisson(3, 40)
    differences = [abs(one - other) for one in counts for other in counts]
    assert gini(counts) == pytest.approx(np.mean(differences) / (2 * counts.mean()))


def test_gini_is_over_all_candidates_those_without_a_recommendation_too():
    assert beside_accuracy(TOP, background())["gini"] == pytest.approx(gini(np.array([2, 2, 0, 1, 1, 0])))


def test_diversity_is_the_mean_over_lists_of_one_less_the_mean_cosine_of_their_pairs():
    content, lists = background().content, []
    for row in TOP[:2]:
        items = [item for item in row if item]
        pairs = [(one, other) for one in items for other in items if one != other]
        lists.append(np.mean([1 - float(content[one] @ content[other]) for one, other in pairs]))
    assert diversity(TOP, content) == pytest.approx(np.mean(lists), abs=1e-6)


def test_lists_of_one_thing_are_not_diverse_and_of_strangers_wholly():
    alike, strangers = torch.ones(NUM_ITEMS + 1, 1), torch.eye(NUM_ITEMS + 1)
    assert diversity(TOP, alike) == pytest.approx(0)
    assert diversity(TOP, strangers) == pytest.approx(1)


def test_novelty_is_in_bits_of_the_share_of_clicks_with_one_added_to_each():
    shares = {1: 3 / 11, 2: 3 / 11, 4: 1 / 11, 5: 1 / 11}
    expected = np.mean([-math.log2(shares[item]) for item in (1, 2, 4, 2, 1, 5)])
    assert beside_accuracy(TOP, background())["novelty"] == pytest.approx(expected)


def test_the_share_of_recommended_items_without_a_click():
    assert beside_accuracy(TOP, background())["unclicked"] == pytest.approx(2 / 6)
    assert beside_accuracy(TOP, background(train=((1, 2, 4, 5),)))["unclicked"] == 0


def test_the_order_of_a_list_and_of_the_viewers_counts_for_nothing():
    turned = np.ascontiguousarray(TOP[::-1, ::-1])
    assert beside_accuracy(turned, background()) == pytest.approx(beside_accuracy(TOP, background()))


def test_without_a_recommendation_there_is_no_figure():
    assert all(math.isnan(value) for value in beside_accuracy(0 * TOP, background()).values())


def test_seeds_are_averaged_and_without_kept_lists_nothing_is_said():
    other = np.array([[4, 5, 6]] * 3, np.int32)
    each = [beside_accuracy(top, background()) for top in (TOP, other)]
    found = over_seeds([ranks(TOP), ranks(other)], background(), ddof=1)
    for figure in FIGURES:
        one, two = (values[figure] for values in each)
        assert found[figure] == pytest.approx({"mean": (one + two) / 2, "sd": abs(one - two) / math.sqrt(2)})
    assert over_seeds([ranks(TOP)], background(), ddof=1)["gini"]["sd"] == 0
    assert over_seeds([ranks(TOP), ranks(None)], background()) is None
