"""A dataset's interactions as whole numbers: their order, the slice `small`, the k-core."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.data.published.source import Source
from mealrec.errors import DataFormatError


@dataclass(frozen=True)
class SmallSlice:
    """How many users the slice `small` draws, and how many latest interactions of each it keeps."""

    users: int = 12_000
    latest: int | None = 10


@dataclass(frozen=True)
class Rows:
    """Interactions by user, each user's oldest first.

    `users` and `items` [M] are places in the two lists of ids, `times` [M] timestamps.
    """

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    users: np.ndarray
    items: np.ndarray
    times: np.ndarray

    def pick(self, chosen: np.ndarray) -> Rows:
        """Return the rows where `chosen` [M] bool is true; the lists of ids stay whole."""
        users = self.users[chosen]
        return Rows(self.user_ids, self.item_ids, users, self.items[chosen], self.times[chosen])

    def by_user(self, values: list) -> dict[str, tuple]:
        """Return {user: the values of the user's rows} of one value a row."""
        # Rows are sorted by user: a user's reach to where the next one begins.
        users, starts = np.unique(self.users, return_index=True)
        ends = [*starts[1:], len(values)]
        found = {}
        for user, start, end in zip(users, starts, ends, strict=True):
            found[self.user_ids[user]] = tuple(values[start:end])
        return found


def chronological(source: Source, data: Path) -> tuple[Rows, int]:
    """Return the rows by user and time, and how many repeats were dropped.

    Rows of one time keep the order of the file; of a user's rows with one item the first is kept.
    """
    # Nothing at all: the first bad row may say why.
    if not source.users:
        first = ""
        for row in source.malformed.first[:1]:
            first = f"; {row['file']}, line {row['line']}: {row['problem']}"
        raise DataFormatError(
            f"{data} holds no interaction: {source.malformed.count} malformed rows{first}."
        )

    # Sort by user and time; a stable sort leaves ties as they are.
    user_ids, users = _numbered(source.users)
    item_ids, items = _numbered(source.items)
    times = np.asarray(source.times)
    order = np.lexsort((times, users))

    # One number a pair of user and item: each pair's first place is kept.
    pairs = users[order] * len(item_ids) + items[order]
    _, first_places = np.unique(pairs, return_index=True)
    kept = order[np.sort(first_places)]
    repeats = len(order) - len(kept)
    return Rows(user_ids, item_ids, users[kept], items[kept], times[kept]), repeats


def _numbered(ids: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the different ids in natural order, and each id's place among them [M]."""
    different = tuple(sorted(set(ids), key=natural))
    place = {name: number for number, name in enumerate(different)}
    return different, np.fromiter((place[name] for name in ids), np.int64, len(ids))


def natural(name: str) -> tuple[bool, int, str]:
    """Return a sorting key: whole numbers by value, then all other ids by letter."""
    # False sorts before True.
    if name.isascii() and name.isdecimal():
        return False, int(name), name
    return True, 0, name


def small_slice(rows: Rows, small: SmallSlice, seed: int) -> tuple[Rows, str]:
    """Return the latest rows of a sample of users, and the recipe in words."""
    # Users drawn from their ids in natural order: the same for everybody who has the same data.
    users = len(rows.user_ids)
    count = min(small.users, users)
    drawn = random.Random(seed).sample(range(users), count)
    chosen = np.isin(rows.users, drawn)
    words = (
        f"{count:,} of {users:,} users, drawn by random.Random({seed}).sample from their ids in "
        "order"
    )

    # A user's latest rows are the last ones before the next user's begin.
    if small.latest is not None:
        ends = np.searchsorted(rows.users, rows.users, side="right")
        chosen &= ends - np.arange(len(rows.users)) <= small.latest
        words = f"{words}; then the latest {small.latest} interactions of each"
    return rows.pick(chosen), words


def keep_core(rows: Rows, k_users: int, k_items: int) -> tuple[Rows, str]:
    """Return the rows of the k-core, and what it is in words.

    Raises DataFormatError where nothing is left.
    """
    # Where nothing is left, say which k would leave something.
    kept = k_core(rows.users, rows.items, k_users, k_items)
    if not kept.any():
        largest = largest_k(rows.users, rows.items, max(k_users, k_items))
        raise DataFormatError(
            f"nothing is left of {len(rows.users):,} interactions where every user must keep "
            f"{k_users} and every item {k_items}; the largest k that leaves any is {largest}."
        )

    # The recipe.
    if k_items == k_users:
        words = (
            f"the {k_users}-core: every user and every item keeps {k_users} interactions or more"
        )
    else:
        words = f"every user keeps {k_users} interactions or more, every item {k_items}"
    return rows.pick(kept), words


def k_core(users: np.ndarray, items: np.ndarray, k_users: int, k_items: int) -> np.ndarray:
    """Return which of M rows are left [M] bool; their order does not matter.

    Every user and every item that is left has that many rows or more among those that are left.

    Args: users, items: [M] whole numbers from 0, each row an interaction. k_users, k_items: the
        least number of rows a user and an item must keep; 1 or less keeps all.
    """
    # A row that goes takes a click from its user and its item, so repeat until none goes.
    kept = np.ones(len(users), bool)
    while True:
        by_user = np.bincount(users[kept], minlength=users.max(initial=-1) + 1)
        by_item = np.bincount(items[kept], minlength=items.max(initial=-1) + 1)
        left = kept & (by_user[users] >= k_users) & (by_item[items] >= k_items)
        if left.sum() == kept.sum():
            return kept
        kept = left


def largest_k(users: np.ndarray, items: np.ndarray, below: int) -> int:
    """Return the largest k under `below` whose core holds a row, 0 where none does."""
    for k in range(below - 1, 0, -1):
        if k_core(users, items, k, k).any():
            return k
    return 0
