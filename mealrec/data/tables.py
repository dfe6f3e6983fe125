"""Text files as people's programs write them: their letters, lines and fields, and faults named
with their line."""

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


class Ids:
    """The item ids of a catalogue, found under other spellings too: what a spreadsheet makes of 5
    is 5.0, of 007 is 7.

    `respelt` counts what was found so, and `example` is the first of it in words.
    """

    def __init__(self, known: Collection[str]):
        self.known, self.respelt, self.example = known, 0, ""
        self._by_number: dict[str, str | None] | None = None

    def find(self, text: str) -> str | None:
        """Return the id that a text stands for, None where there is none, or more than one of
        that number."""
        if text in self.known:
            return text
        if self._by_number is None:
            self._by_number = {}
            for item in self.known:
                if number := whole_number(item):
                    self._by_number[number] = None if number in self._by_number else item
        found = self._by_number.get(whole_number(text) or "")
        if found is not None:
            self.note(text, found)
        return found

    def note(self, text: str, item: str) -> None:
        """Count an id that was read as another."""
        self.respelt += 1
        self.example = self.example or f"{text} as {item}"


def whole_number(text: str) -> str | None:
    """Return the digits that an id comes to as a whole number, None where it is none."""
    found = NUMBER.fullmatch(text)
    return found[1] if found else None


def unspread(text: str) -> str:
    """Return an id as it was before a spreadsheet made 5.0 of 5."""
    return (whole_number(text) or text) if "." in text else text


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, line without its end); raises DataFormatError naming the line that is
    no readable text."""
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if "\0" in line:
                raise DataFormatError(
                    f"{path}, line {number}: expected text, got zero bytes; {AS_UTF8}."
                )
            yield number, line.rstrip("\r\n")


def read_csv(path: Path, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the row's first line, fields); raises DataFormatError where the quotes never
    close.

    With `strict` anything but a comma behind a closing quote is an error too, since it hides a
    quote that never closed.
    """
    line = 0
    try:
        with _opened(path, newline="") as file:
            reader = csv.reader(file, strict=strict)
            for row in reader:
                if any("\0" in field for field in row):
                    raise DataFormatError(
                        f"{path}, line {line + 1}: expected text, got zero bytes; {AS_UTF8}."
                    )
                yield line + 1, row
                line = reader.line_num
    except csv.Error as error:
        raise DataFormatError(
            f"{path}, line {line + 1}: no readable CSV ({error}): close the quotes, and double those inside a field."
        ) from error


def columns(path: Path, header: list[str], needed: Iterable[str], why: str = "") -> list[int]:
    """Return where the needed columns stand; raises DataFormatError that lists the columns that
    came."""
    missing = [name for name in needed if name not in header]
    if missing:
        raise DataFormatError(
            f"{path} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}{why}; it has: {', '.join(header)}."
        )
    return [header.index(name) for name in needed]


def read_texts(path: Path, kind: str, notes: list[str]) -> dict[str, str]:
    """Return {item: text} of a CSV file with the columns item and `kind`, in any order, or without
    a header.

    A comma without quotes around it belongs to the text where that stands last. What is passed over
    is told in `notes`. Raises DataFormatError naming the first line that is anything else.
    """
    rows = [
        (line, row)
        for line, row in read_csv(path, strict=True)
        if any(field.strip() for field in row)
    ]
    place, width = _header(path, kind, rows, notes)
    if width is not None:
        rows = rows[1:]
    width = width or 2
    rows = [(line, _without_empty_end(row, width)) for line, row in rows]
    # What every row has is a column without a name, no comma in a text.
    joins = place[1] == width - 1 and any(len(row) <= width for _, row in rows)
    texts: dict[str, str] = {}
    joined = twice = 0
    ids = Ids(texts)
    for line, row in rows:
        if len(row) > width and joins:
            row, joined = [*row[: width - 1], ",".join(row[width - 1 :])], joined + 1
        elif len(row) != width:
            raise DataFormatError(
                f"{path}, line {line}: expected item,{kind}, got {','.join(row)[:60]!r}: name every column in the first"
                f" line, and put quotes around a {kind} with commas."
            )
        item, text = _item(path, line, row[place[0]].strip(), ids), row[place[1]]
        twice += item in texts
        texts.setdefault(item, text)
    notes += [f"joined {joined} {kind}s with commas and no quotes"] * bool(joined)
    notes += [
        f"passed over {twice} second rows of an item in {path.name} (the first counts)"
    ] * bool(twice)
    notes += [f"read ids otherwise than {path.name} writes them ({ids.example})"] * bool(
        ids.respelt
    )
    return texts


def _header(
    path: Path, kind: str, rows: list[tuple[int, list[str]]], notes: list[str]
) -> tuple[tuple[int, int], int | None]:
    """Return where item and text stand, and how many columns the header names, None where there
    is no header."""
    if not rows:
        raise DataFormatError(f"{path} is empty: expected a row item,{kind} for each item.")
    names = [field.strip().lower() for field in rows[0][1]]
    if {"item", kind} & set(names):
        item, text = columns(path, names, ("item", kind))
        others = [name or "(no name)" for name in names if name not in ("item", kind)]
        notes += [f"did not need the column {', '.join(others)} of {path.name}"] * bool(others)
        return (item, text), len(names)
    others = [row[0] for _, row in rows[1:]]
    if others and not _has_digit(rows[0][1][0]) and all(map(_has_digit, others)):
        raise DataFormatError(
            f"{path}, line {rows[0][0]}: expected the header item,{kind}, got {','.join(rows[0][1])[:60]!r}: name "
            "the columns so, with a comma between."
        )
    return (0, 1), None


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
            f"{path}, line {line}: expected an item id of one word, got {text[:60]!r}."
        )
    if (plain := unspread(text)) != text:
        ids.note(text, plain)
    return plain


@contextmanager
def _opened(path: Path, newline: str | None = None) -> Iterator[TextIO]:
    """Open a text in UTF-8, or in UTF-16 where its first bytes say so; raises DataFormatError
    where it is neither."""
    with path.open("rb") as file:
        wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    try:
        with path.open(encoding="utf-16" if wide else "utf-8-sig", newline=newline) as file:
            yield file
    except UnicodeError as error:
        line, text = (0, "") if wide else _first_foreign(path)
        where = f", line {line}" if line else ""
        got = f" (is it Latin-1? {text!r})" if text else f" ({error})"
        raise DataFormatError(
            f"{path}{where}: expected UTF-8, got another encoding{got}; {AS_UTF8}."
        ) from error


def _first_foreign(path: Path) -> tuple[int, str]:
    """Return the number of the first line that is no UTF-8, and what it would be in Latin-1."""
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return number, raw.decode("latin-1").strip()[:60]
    return 0, ""
