"""The row of Table 1, and what a ranking must cope with, counted by hand on a small world."""

from __future__ import annotations

import pytest

from mealrec.data.catalogue import Catalogue
from mealrec.data.statistics import statistics, table
from tests.data.published import WORLD


def catalogue_of(*histories):
    items = sorted({item for history in histories for item in history})
    users = {f"u{number}": tuple(history) for number, history in enumerate(histories)}
    return Catalogue(tuple(items), dict.fromkeys(items, ""), {}, frozenset(), users)


def test_sizes_are_those_of_the_histories():
    found = statistics(catalogue_of(*WORLD.values()))
    assert (found["users"], found["items"], found["interactions"]) == (4, 5, 10)
    assert found["mean_length"] == 2.5 and found["longest"] == 3
    assert found["sparsity"] == pytest.approx(0.5)


def test_items_that_no_training_sequence_holds_are_counted_among_those_tested():
    """Trained on: a b c and b c. Tested on: c (known), f (unknown), f (unknown)."""
    found = statistics(catalogue_of("abcdc", "bcef", "adf"))
    assert found["test_rows"] == 3
    assert found["unseen_test_items"] == pytest.approx(1 / 2) and found["unseen_test_rows"] == pytest.approx(2 / 3)


def test_without_a_test_row_no_share_is_unseen():
    assert statistics(catalogue_of("a", "b"))["unseen_test_items"] == 0


def test_the_table_has_a_row_a_dataset():
    lines = table(
        {"one": statistics(catalogue_of("abc")), "two": statistics(catalogue_of(*WORLD.values()))}
    ).splitlines()
    assert len(lines) == 4 and lines[3].startswith("| two | 4 | 5 | 10 | 2.50 | 50.00% |")
    assert {line.count("|") for line in lines} == {10}
