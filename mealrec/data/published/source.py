"""What a published dataset holds, as its reader found it: rows, titles, and every row that could
not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mealrec.data.tables import WORD
from mealrec.errors import DataFormatError

NAMED = 10


class Malformed:
    """Rows that could not be read: all counted, the first ten named."""

    def __init__(self) -> None:
        self.count, self.first = 0, []

    def add(self, path: Path, line: int, problem: str) -> None:
        """Count a row; remember where it stands while it is one of the first ten."""
        self.count += 1
        if len(self.first) < NAMED:
            self.first.append({"file": path.name, "line": line, "problem": problem})

    def report(self) -> dict:
        """Return the count and the named rows in a form that JSON can hold."""
        return {"count": self.count, "first": self.first}


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

    def add(self, path: Path, line: int, user: str, item: str, time: str) -> bool:
        """Add a row, or count it as malformed and return False.

        An id must be one word without slashes, since it names files; a time must be a finite
        number.
        """
        moment = number(time)
        if not (WORD.fullmatch(user) and WORD.fullmatch(item)):
            self.malformed.add(
                path,
                line,
                f"expected a user and an item of one word each, got {user!r} and {item!r}",
            )
        elif moment is None:
            self.malformed.add(path, line, f"expected a number as the time, got {time!r}")
        else:
            self.users.append(user)
            self.items.append(item)
            self.times.append(moment)
            return True
        return False

    def add_text(self, texts: dict[str, str], path: Path, line: int, item: str, text: str) -> None:
        """Add a title or a topic of an item that has none yet."""
        if not WORD.fullmatch(item):
            self.malformed.add(path, line, f"expected an item of one word, got {item[:60]!r}")
        elif item in texts:
            self.malformed.add(path, line, f"a second row for item {item}; the first one counts")
        else:
            texts[item] = text

    def choose(self, folder: Path, role: str, names: Sequence[str]) -> Path:
        """Return the first of the named files that exists and note the others; raises
        DataFormatError without any."""
        found = [folder / name for name in names if (folder / name).is_file()]
        if not found:
            raise DataFormatError(
                f"{folder} holds no file with the {role}: expected one of {', '.join(names)}."
            )
        self.files[role] = found[0].name
        self.notes += [f"{spare.name} lies there too and was not read" for spare in found[1:]]
        return found[0]

    def find_media(self, kind: str, *folders: Path) -> None:
        """Note the first of the folders that exists as the one with the clips or the posters."""
        found = next((folder for folder in folders if folder.is_dir()), None)
        if found is not None:
            self.media[kind] = found


def number(text: str) -> float | None:
    """Return a finite number, None where `text` is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
