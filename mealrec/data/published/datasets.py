"""The datasets that `prepare` knows: how each is read, and how its slice `small` is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mealrec.data.published.log import read_log
from mealrec.data.published.microlens import read_microlens
from mealrec.data.published.recbole import read_inter
from mealrec.data.published.rows import SmallSlice
from mealrec.data.published.shortvideo import read_shortvideo
from mealrec.data.published.source import Source


@dataclass(frozen=True)
class Dataset:
    """A dataset's reader, its slice `small`, whether a rule chooses its positive rows, and how it
    is kept.

    `k_items` is the least number of clicks of an item where none is asked for, None for as many as
    of a user; `is_own` says that it is somebody's own data, which bears the name that they give it.
    """

    read: Callable[..., Source]
    small: SmallSlice
    has_rules: bool = False
    k_items: int | None = None
    is_own: bool = False

    def source(self, data: Path, positive: str | None) -> Source:
        """Read the folder or file; `positive` names the rule, None stands for the default."""
        return self.read(data, positive) if self.has_rules and positive else self.read(data)


DATASETS = {
    "microlens-50k": Dataset(partial(read_microlens, name="MicroLens-50k"), SmallSlice(12_000, 10)),
    "microlens-100k": Dataset(
        partial(read_microlens, name="MicroLens-100k"), SmallSlice(12_000, 10)
    ),
    # Its users watch ten times as much as MicroLens's: fewer of them, and their whole histories.
    "shortvideo": Dataset(read_shortvideo, SmallSlice(4_000, None), has_rules=True),
    "recbole": Dataset(read_inter, SmallSlice(12_000, 10)),
    # MealRec knows a clip by its content: one that few have watched is no reason to leave it out of
    # one's own page.
    "log": Dataset(read_log, SmallSlice(12_000, 10), k_items=1, is_own=True),
}
