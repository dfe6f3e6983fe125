"""The k-core: every user and every item that is left has k interactions or more among those that
are left."""

from __future__ import annotations

import numpy as np


def k_core(users: np.ndarray, items: np.ndarray, k_users: int, k_items: int) -> np.ndarray:
    """Return which of R rows are left [R] bool; their order does not matter.

    Args: users, items: [R] whole numbers from 0, each row an interaction. k_users, k_items: the
        least number of rows a user and an item must keep; 1 or less keeps all.
    """
    kept = np.ones(len(users), bool)
    while True:
        by_user = np.bincount(users[kept], minlength=users.max(initial=-1) + 1)
        by_item = np.bincount(items[kept], minlength=items.max(initial=-1) + 1)
        left = kept & (by_user[users] >= k_users) & (by_item[items] >= k_items)
        if left.sum() == kept.sum():
            return kept
        kept = left


def largest_k(users: np.ndarray, items: np.ndarray, below: int) -> int:
    """Return the largest k under `below` whose core holds a row, 0 where there are no rows at
    all."""
    return next((k for k in range(below - 1, 0, -1) if k_core(users, items, k, k).any()), 0)
