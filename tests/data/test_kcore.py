"""The k-core against a plain walk that takes one user or item away at a time."""

from __future__ import annotations

import numpy as np
import pytest

from mealrec.data.published.rows import k_core, largest_k


def one_at_a_time(pairs, k_users, k_items):
    pairs = set(pairs)
    while True:
        for side, k in ((0, k_users), (1, k_items)):
            ids = [pair[side] for pair in pairs]
            weak = next((name for name in ids if ids.count(name) < k), None)
            if weak is not None:
                pairs = {pair for pair in pairs if pair[side] != weak}
                break
        else:
            return pairs


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("k_users", "k_items"), [(1, 1), (2, 2), (3, 3), (4, 1), (0, 4)])
def test_the_core_is_that_of_a_plain_walk(seed, k_users, k_items):
    rng = np.random.default_rng(seed)
    pairs = sorted({(int(u), int(i)) for u, i in zip(rng.integers(0, 15, 60), rng.integers(0, 20, 60), strict=True)})
    users, items = np.array(pairs).T
    kept = k_core(users, items, k_users, k_items)
    assert {pair for pair, keep in zip(pairs, kept, strict=True) if keep} == one_at_a_time(pairs, k_users, k_items)


def test_one_removal_brings_about_the_next():
    """A chain: without its end no link is strong enough."""
    users, items = np.array([0, 0, 1, 1, 2, 2, 3]), np.array([0, 1, 1, 2, 2, 3, 3])
    assert not k_core(users, items, 2, 2).any()
    assert k_core(users, items, 1, 2).sum() == 6


def test_no_rows_give_no_core():
    assert k_core(np.zeros(0, int), np.zeros(0, int), 4, 4).shape == (0,)


def test_the_largest_k_is_the_last_that_leaves_a_row():
    users, items = (side.ravel() for side in np.meshgrid(range(3), range(5)))
    assert largest_k(users, items, 9) == 3 and largest_k(users, items, 3) == 2
    assert largest_k(users[:0], items[:0], 9) == 0
