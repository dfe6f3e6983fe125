"""The datasets that `prepare` knows: how each is read, and how its slice `small` is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mealrec.data.microlens_raw import read_microlens
from mealrec.data.recbole import read_inter
from mealrec.data.rows import SmallSlice
from mealrec.data.shortvideo import read_shortvideo
from mealrec.data.source import Source


@dataclass(frozen=True)
class Dataset:
    """A dataset's reader, its slice `small`, and whether a rule chooses its positive rows."""

    read: Callable[..., Source]
    small: SmallSlice
    has_rules: bool = False

    def source(self, data: Path, positive: str | None) -> Source:
        """Read the folder or file; `positive` names the rule, None stands for the default."""
        return self.read(data, positive) if self.has_rules and positive else self.read(data)


DATASETS = {
    "microlens-50k": Dataset(partial(read_microlens, name="MicroLens-50k"), SmallSlice(12_000, 10)),
    "microlens-100k": Dataset(partial(read_microlens, name="MicroLens-100k"), SmallSlice(12_000, 10)),
    # Its users watch ten times as much as MicroLens's: fewer of them, and their whole histories.
    "shortvideo": Dataset(read_shortvideo, SmallSlice(4_000, None), has_rules=True),
    "recbole": Dataset(read_inter, SmallSlice(12_000, 10)),
}
