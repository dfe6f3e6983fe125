"""Text files as people's programs write them; faults are named with their line."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mealrec.errors import DataFormatError

WORD = re.compile(r"[^\s/\\]{1,200}")
FILE_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,64}")
"""An id that can name an item's files, and so be shown and served."""

NUMBER = re.compile(r"0*([0-9]{1,18})(?:\.0+)?")
AS_UTF8 = 'save it as UTF-8 (in Excel: "CSV UTF-8")'
SHOWN = 60  # letters of a faulty line that an error repeats


class Ids:
    """The item ids of a catalogue, found under the spellings of a spreadsheet too.

    It makes 5.0 of 5 and 7 of 007. `respelt` counts what was found so, and `example` is the first
    of it in words.
    """

    def __init__(self, known: Collection[str]):
        self.known = known
        self.respelt = 0
        self.example = ""
        self._by_number: dict[str, str | None] | None = None

    def find(self, text: str) -> str | None:
        """Return the id that a text stands for, None where none or several ids may be meant."""
        if text in self.known:
            return text

        # The table of numbers is made only where an id is not found as it stands.
        if self._by_number is None:
            self._by_number = self._numbered()
        found = self._by_number.get(whole_number(text) or "")
        if found is not None:
            self.note(text, found)
        return found

    def note(self, text: str, item: str) -> None:
        """Count an id that was read as another."""
        self.respelt += 1
        self.example = self.example or f"{text} as {item}"

    def _numbered(self) -> dict[str, str | None]:
        """Return {whole number: the id of that number, None where there are several}."""
        # Of 7 and 007 either may be meant.
        found: dict[str, str | None] = {}
        for item in self.known:
            number = whole_number(item)
            if number is not None:
                found[number] = None if number in found else item
        return found


def whole_number(text: str) -> str | None:
    """Return the digits that an id comes to as a whole number, None where it is none."""
    found = NUMBER.fullmatch(text)
    return found[1] if found else None


def unspread(text: str) -> str:
    """Return an id as it was before a spreadsheet made 5.0 of 5."""
    if "." not in text:
        return text
    return whole_number(text) or text


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, line without its end); raises DataFormatError for what is no text."""
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if "\0" in line:
                raise _zero_bytes(path, number)
            yield number, line.rstrip("\r\n")


def read_csv(path: Path, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the row's first line, fields).

    With `strict` anything but a comma behind a closing quote is an error too, since it hides a
    quote that never closed. Raises DataFormatError for what is no text or no CSV.
    """
    # A row with line ends in quotes is named by its first line.
    line = 0
    try:
        with _opened(path, newline="") as file:
            reader = csv.reader(file, strict=strict)
            for row in reader:
                if any("\0" in field for field in row):
                    raise _zero_bytes(path, line + 1)
                yield line + 1, row
                line = reader.line_num
    except csv.Error as error:
        raise DataFormatError(
            f"{path}, line {line + 1}: no readable CSV ({error}): close the quotes, and double "
            "those inside a field."
        ) from error


def columns(path: Path, header: list[str], needed: Iterable[str], why: str = "") -> list[int]:
    """Return where the needed columns stand; raises DataFormatError that lists what came."""
    missing = [name for name in needed if name not in header]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise DataFormatError(
            f"{path} lacks the column{plural} {', '.join(missing)}{why}; it has: "
            f"{', '.join(header)}."
        )
    return [header.index(name) for name in needed]


def read_texts(path: Path, kind: str, notes: list[str]) -> dict[str, str]:
    """Return {item: text} of a CSV file with the columns item and `kind`, or without a header.

    The columns stand in any order. A comma without quotes around it belongs to the text where that
    stands last. What is passed over is told in `notes`. Raises DataFormatError naming the first
    line that is anything else.
    """
    rows = [
        (line, row)
        for line, row in read_csv(path, strict=True)
        if any(field.strip() for field in row)
    ]
    if not rows:
        raise DataFormatError(f"{path} is empty: expected a row item,{kind} for each item.")

    # Where do item and text stand?
    item_column, text_column, width = _header(path, kind, rows, notes)
    if width is None:
        width = 2
    else:
        rows = rows[1:]
    rows = [(line, _without_empty_end(row, width)) for line, row in rows]

    # Extra commas belong to a text that stands last.
    joined = 0
    if text_column == width - 1:
        rows, joined = _joined(rows, width)

    # An item's first row counts.
    texts: dict[str, str] = {}
    ids = Ids(texts)
    twice = 0
    for line, row in rows:
        if len(row) != width:
            raise DataFormatError(
                f"{path}, line {line}: expected item,{kind}, got {','.join(row)[:SHOWN]!r}: name "
                f"every column in the first line, and put quotes around a {kind} with commas."
            )
        item = _item(path, line, row[item_column].strip(), ids)
        if item in texts:
            twice += 1
        else:
            texts[item] = row[text_column]

    # What was mended or passed over.
    if joined:
        notes.append(f"joined {joined} {kind}s with commas and no quotes")
    if twice:
        notes.append(
            f"passed over {twice} second rows of an item in {path.name} (the first counts)"
        )
    if ids.respelt:
        notes.append(f"read ids otherwise than {path.name} writes them ({ids.example})")
    return texts


def _header(
    path: Path, kind: str, rows: list[tuple[int, list[str]]], notes: list[str]
) -> tuple[int, int, int | None]:
    """Return where item and text stand, and the header's width, None where there is no header."""
    line, first = rows[0]

    # A header names at least one of the two columns.
    names = [field.strip().lower() for field in first]
    if "item" in names or kind in names:
        item, text = columns(path, names, ("item", kind))
        others = [name or "(no name)" for name in names if name not in ("item", kind)]
        if others:
            notes.append(f"did not need the column {', '.join(others)} of {path.name}")
        return item, text, len(names)

    # A first field without a digit over ids that all have one is a header in other words.
    ids = [row[0] for _, row in rows[1:]]
    if ids and all(map(_has_digit, ids)) and not _has_digit(first[0]):
        raise DataFormatError(
            f"{path}, line {line}: expected the header item,{kind}, got "
            f"{','.join(first)[:SHOWN]!r}: name the columns so, with a comma between."
        )
    return 0, 1, None


def _joined(
    rows: list[tuple[int, list[str]]], width: int
) -> tuple[list[tuple[int, list[str]]], int]:
    """Return the rows, each that is too long joined at its end by commas, and how many were.

    Where every row is too long, the commas make a column without a name: then none is joined.
    """
    too_long = sum(len(row) > width for _, row in rows)
    if too_long == len(rows):
        return rows, 0
    last = width - 1
    joined = []
    for line, row in rows:
        if len(row) > width:
            row = [*row[:last], ",".join(row[last:])]
        joined.append((line, row))
    return joined, too_long


def _without_empty_end(row: list[str], width: int) -> list[str]:
    """Return a row without the empty fields that a spreadsheet puts behind its last column."""
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    return row


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() for letter in text)


def _item(path: Path, line: int, text: str, ids: Ids) -> str:
    """Return the id that a row names: a whole number that a spreadsheet wrote as 5.0 is 5."""
    if not WORD.fullmatch(text):
        raise DataFormatError(
            f"{path}, line {line}: expected an item id of one word, got {text[:SHOWN]!r}."
        )
    plain = unspread(text)
    if plain != text:
        ids.note(text, plain)
    return plain


@contextmanager
def _opened(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """Open a text in UTF-8, or UTF-16 where its first bytes say so, else raise DataFormatError."""
    with path.open("rb") as file:
        is_wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

    # An error while the caller reads comes back here, too.
    try:
        with path.open(encoding="utf-16" if is_wide else "utf-8-sig", newline=newline) as file:
            yield file
    except UnicodeError as error:
        # Where it happened is known of UTF-8 alone, which is read line by line.
        where = ""
        got = str(error)
        line, text = (0, "") if is_wide else _first_foreign(path)
        if line:
            where = f", line {line}"
        if text:
            got = f"is it Latin-1? {text!r}"
        raise DataFormatError(
            f"{path}{where}: expected UTF-8, got another encoding ({got}); {AS_UTF8}."
        ) from error


def _first_foreign(path: Path) -> tuple[int, str]:
    """Return the number of the first line that is no UTF-8, and what it would be in Latin-1."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return number, raw.decode("latin-1").strip()[:SHOWN]
    return 0, ""


def _zero_bytes(path: Path, line: int) -> DataFormatError:
    return DataFormatError(f"{path}, line {line}: expected text, got zero bytes; {AS_UTF8}.")
