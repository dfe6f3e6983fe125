"""A dataset's interactions as whole numbers: their order, the slice `small`, the k-core."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.data.published.kcore import k_core, largest_k
from mealrec.data.published.source import Source
from mealrec.errors import DataFormatError


@dataclass(frozen=True)
class SmallSlice:
    """How many users the slice `small` draws, and how many of each one's latest interactions it
    keeps."""

    users: int = 12_000
    latest: int | None = 10


@dataclass(frozen=True)
class Rows:
    """Interactions as whole numbers [R] into the two lists of ids, by user, each user's oldest
    first."""

    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    users: np.ndarray
    items: np.ndarray
    times: np.ndarray

    def pick(self, chosen: np.ndarray) -> Rows:
        """Return the rows where `chosen` [R] bool is true; the lists of ids stay whole."""
        return Rows(
            self.user_ids, self.item_ids, self.users[chosen], self.items[chosen], self.times[chosen]
        )


def chronological(source: Source, data: Path) -> tuple[Rows, int]:
    """Return the rows by user and time, ties in the order of the file, and how many repeats were
    dropped."""
    if not source.users:
        first = next(
            (
                f"; {row['file']}, line {row['line']}: {row['problem']}"
                for row in source.malformed.first
            ),
            "",
        )
        raise DataFormatError(
            f"{data} holds no interaction: {source.malformed.count} malformed rows{first}."
        )
    user_ids, users = _numbered(source.users)
    item_ids, items = _numbered(source.items)
    times = np.asarray(source.times)
    order = np.lexsort((times, users))
    _, first = np.unique(users[order] * len(item_ids) + items[order], return_index=True)
    kept = order[np.sort(first)]
    return Rows(user_ids, item_ids, users[kept], items[kept], times[kept]), len(order) - len(kept)


def _numbered(ids: list[str]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the different ids in natural order, and each id's place among them [R]."""
    different = tuple(sorted(set(ids), key=natural))
    place = {name: number for number, name in enumerate(different)}
    return different, np.fromiter((place[name] for name in ids), np.int64, len(ids))


def natural(name: str) -> tuple[bool, int, str]:
    """Return a sorting key: whole numbers by value, then all other ids by letter."""
    whole = name.isascii() and name.isdecimal()
    return not whole, int(name) if whole else 0, name


def small_slice(rows: Rows, small: SmallSlice, seed: int) -> tuple[Rows, str]:
    """Return the latest rows of a sample of users, and the recipe in words."""
    count = min(small.users, len(rows.user_ids))
    drawn = random.Random(seed).sample(range(len(rows.user_ids)), count)
    chosen = np.isin(rows.users, drawn)
    words = f"{count:,} of {len(rows.user_ids):,} users, drawn by random.Random({seed}).sample from their ids in order"
    if small.latest is None:
        return rows.pick(chosen), words
    ends = np.searchsorted(rows.users, rows.users, side="right")
    chosen &= ends - np.arange(len(rows.users)) <= small.latest
    return rows.pick(chosen), f"{words}; then the latest {small.latest} interactions of each"


def keep_core(rows: Rows, k_users: int, k_items: int) -> Rows:
    kept = k_core(rows.users, rows.items, k_users, k_items)
    if not kept.any():
        largest = largest_k(rows.users, rows.items, max(k_users, k_items))
        raise DataFormatError(
            f"nothing is left of {len(rows.users):,} interactions where every user must keep {k_users} and every item "
            f"{k_items}; the largest k that leaves any is {largest}."
        )
    return rows.pick(kept)


def core_in_words(k: int, k_items: int) -> str:
    if k_items == k:
        return f"the {k}-core: every user and every item keeps {k} interactions or more"
    return f"every user keeps {k} interactions or more, every item {k_items}"


def by_user(rows: Rows, values: list) -> dict[str, tuple]:
    """Return {user: the values of the user's rows} of one value a row."""
    users, starts = np.unique(rows.users, return_index=True)
    ends = [*starts[1:], len(values)]
    return {
        rows.user_ids[user]: tuple(values[a:b])
        for user, a, b in zip(users, starts, ends, strict=True)
    }
