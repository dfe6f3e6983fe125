"""What a published dataset holds, as its reader found it, and every row that could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mealrec.data.tables import SHOWN, WORD, read_csv
from mealrec.errors import DataFormatError

NAMED = 10  # malformed rows: enough to see what is wrong with a file
LEAST_MATCH = 0.5  # of the smaller file's items


class Malformed:
    """Rows that could not be read: all counted, the first ten named."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[dict] = []

    def add(self, path: Path, line: int, problem: str) -> None:
        """Count a row; remember where it stands while it is one of the first ten."""
        self.count += 1
        if len(self.first) < NAMED:
            self.first.append({"file": path.name, "line": line, "problem": problem})


@dataclass
class Source:
    """A dataset's rows in the order of the file, and its titles.

    `times` holds a timestamp a row where `timed`, else the row's place in its user's list. `files`
    maps a role to the file's name, `media` maps clips and posters to their folders, `notes` says
    what a reader chose or missed, and `passed_over` counts the rows that are in order but not
    wanted.
    """

    users: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    timed: bool = True
    titles: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    malformed: Malformed = field(default_factory=Malformed)
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    media: dict[str, Path] = field(default_factory=dict)
    passed_over: int = 0

    def choose(self, folder: Path, role: str, names: Sequence[str]) -> Path:
        """Return the first of the named files that exists, else raise DataFormatError.

        The others that lie there are noted.
        """
        # The names come in the order of preference.
        found = [folder / name for name in names if (folder / name).is_file()]
        if not found:
            raise DataFormatError(
                f"{folder} holds no file with the {role}: expected one of {', '.join(names)}."
            )
        self.files[role] = found[0].name
        self.notes += [f"{spare.name} lies there too and was not read" for spare in found[1:]]
        return found[0]

    def table(
        self, path: Path, skips_blank: bool = False
    ) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
        """Return a CSV file's header, and its rows of as many fields with their lines."""
        rows = read_csv(path)
        _, header = next(rows, (1, []))
        if skips_blank:
            rows = (row for row in rows if any(field.strip() for field in row[1]))
        return header, self.whole_rows(path, rows, len(header))

    def whole_rows(
        self, path: Path, rows: Iterable[tuple[int, list[str]]], width: int, between: str = ","
    ) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of `width` fields; the others are malformed."""
        for line, row in rows:
            if len(row) == width:
                yield line, row
            else:
                came = between.join(row)[:SHOWN]
                problem = f"expected {width} fields, got {len(row)}: {came!r}"
                self.malformed.add(path, line, problem)

    def add(self, path: Path, line: int, user: str, item: str, time: str) -> bool:
        """Add a row, or count it as malformed and return False.

        An id must be one word without slashes, since it names files; a time must be a finite
        number.
        """
        # Is it a row at all?
        if not (WORD.fullmatch(user) and WORD.fullmatch(item)):
            problem = f"expected a user and an item of one word each, got {user!r} and {item!r}"
            self.malformed.add(path, line, problem)
            return False
        moment = number(time)
        if moment is None:
            self.malformed.add(path, line, f"expected a number as the time, got {time!r}")
            return False

        self.users.append(user)
        self.items.append(item)
        self.times.append(moment)
        return True

    def add_text(self, texts: dict[str, str], path: Path, line: int, item: str, text: str) -> None:
        """Add a title or a topic of an item that has none yet."""
        if not WORD.fullmatch(item):
            self.malformed.add(path, line, f"expected an item of one word, got {item[:SHOWN]!r}")
        elif item in texts:
            self.malformed.add(path, line, f"a second row for item {item}; the first one counts")
        else:
            texts[item] = text

    def find_media(self, kind: str, *folders: Path) -> None:
        """Note the first of the folders that exists as the one with the clips or the posters."""
        for folder in folders:
            if folder.is_dir():
                self.media[kind] = folder
                return

    def check_titles(self, file: Path, clicks: Path) -> None:
        """Raise DataFormatError where a file of titles names other items than the clicks do."""
        items = set(self.items)
        check_fit(len(items & self.titles.keys()), len(self.titles), len(items), file, clicks)


def check_fit(found: int, texts: int, items: int, file: Path, clicks: Path) -> None:
    """Raise DataFormatError where few of a file's items were found: its ids were misread."""
    if found < LEAST_MATCH * min(texts, items):
        raise DataFormatError(
            f"{file} names {texts:,} items and {clicks.name} {items:,}, of which only {found:,} "
            "are the same: expected the same ids in both; look at the first columns, and at what "
            "the header calls them."
        )


def number(text: str) -> float | None:
    """Return a finite number, None where `text` is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
