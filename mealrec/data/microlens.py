"""Reading a catalogue in MicroLens's on-disk form.

`*pairs.tsv` (user<TAB>item item ..., oldest first) and `*titles.csv` (header item,title) are required;
`topics.csv` (item,topic; no header needed) and `held_out.txt` (items that training must not see) may be absent.
The planted truth of the sample catalogue is never read here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.errors import DataFormatError


@dataclass(frozen=True)
class Catalogue:
    """Items in the order of the title file, and what each user watched, oldest first (raw ids)."""

    item_ids: tuple[str, ...]
    titles: dict[str, str]
    topics: dict[str, str]
    held_out: frozenset[str]
    histories: dict[str, tuple[str, ...]]

    @property
    def index(self) -> dict[str, int]:
        """Map a raw id to its item index; 0 is padding, so items count from 1."""
        return {item_id: number for number, item_id in enumerate(self.item_ids, 1)}

    @property
    def trainable(self) -> np.ndarray:
        """Return [N] bool: the items that training may see."""
        return np.array([item_id not in self.held_out for item_id in self.item_ids])


def read_catalogue(folder: Path | str) -> Catalogue:
    """Read a catalogue's tables; raises DataFormatError that names the file, the line and what was expected."""
    folder = Path(folder)
    titles = dict(_rows(_one(folder, "*titles.csv"), header=("item", "title")))
    topics_path, held_out_path = folder / "topics.csv", folder / "held_out.txt"
    topics = dict(_rows(topics_path, header=("item", "topic"))) if topics_path.exists() else {}
    held_out = frozenset(held_out_path.read_text().split()) if held_out_path.exists() else frozenset()
    histories = _read_pairs(_one(folder, "*pairs.tsv"), titles)
    return Catalogue(tuple(titles), titles, topics, held_out, histories)


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DataFormatError(f"{folder} must hold exactly one file named {pattern}, found {names}")
    return found[0]


def _rows(path: Path, header: tuple[str, str]) -> list[tuple[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if rows and tuple(rows[0]) == header:
        rows = rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or not row[0]:
            raise DataFormatError(f"{path.name}, row {number}: expected {','.join(header)}, got {','.join(row)!r}")
    return [(row[0], row[1]) for row in rows]


def _read_pairs(path: Path, titles: dict[str, str]) -> dict[str, tuple[str, ...]]:
    histories = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        user, tab, items = line.partition("\t")
        watched = tuple(items.split())
        if not (user and tab and watched):
            raise DataFormatError(f"{path.name}, line {number}: expected user<TAB>item item ..., got {line[:60]!r}")
        unknown = next((item for item in watched if item not in titles), None)
        if unknown is not None:
            raise DataFormatError(f"{path.name}, line {number}: item {unknown!r} has no row in the title file")
        histories[user] = watched
    if not histories:
        raise DataFormatError(f"{path.name} holds no interactions")
    return histories
