"""The counts behind the comparison with MicroLens."""

import pytest

from mealrec.data.statistics import describe


def test_counts_of_a_small_world():
    statistics = describe([["a", "b"], ["a", "c"], ["a"], ["a", "b", "c", "d"]])
    assert (statistics["users"], statistics["items"], statistics["interactions"]) == (4, 4, 9)
    assert statistics["mean_length"] == 2.25 and statistics["longest"] == 4
    assert statistics["length_quartiles"] == [1.75, 2.0, 2.5]
    assert statistics["sparsity"] == pytest.approx(1 - 9 / 16)
    assert statistics["top_tenth_share"] == pytest.approx(4 / 9)


def test_gini_is_zero_for_equal_popularity_and_high_for_one_favourite():
    equal = describe([["a", "b"], ["b", "a"]])
    skewed = describe([["a"]] * 97 + [["b"], ["c"], ["d"]])
    assert equal["popularity_gini"] == pytest.approx(0)
    assert skewed["popularity_gini"] == pytest.approx(0.72, abs=0.01)
