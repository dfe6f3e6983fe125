"""Reading MicroLens as its publishers offer it, in both forms of its titles and both of its pairs.

Where microlens.py reads the project's own form and stops at the first fault, this counts faults and
goes on.
"""

from __future__ import annotations

import csv
from pathlib import Path

from mealrec.data.published.log import check_fit
from mealrec.data.published.source import Source
from mealrec.data.tables import columns, read_csv, read_lines
from mealrec.errors import DataFormatError

TITLES = ("{}_titles.csv", "{}_title_en.csv", "titles.csv")
PAIRS = ("{}_pairs.tsv", "pairs.tsv", "{}_pairs.csv", "pairs.csv")
TOPICS = "tags_to_summary.csv"


def read_microlens(folder: Path, name: str) -> Source:
    """Read a folder of official files (`name` is MicroLens-50k or MicroLens-100k).

    Where the pairs lie there twice the .tsv is read: its order is the published one, while the
    clock of the .csv leaves ties. Raises DataFormatError where pairs or titles are missing, or a
    file is no text at all.
    """
    source = Source()
    pairs = source.choose(folder, "pairs", [pattern.format(name) for pattern in PAIRS])
    titles = source.choose(folder, "titles", [pattern.format(name) for pattern in TITLES])
    (_read_tsv if pairs.suffix == ".tsv" else _read_timed)(source, pairs)
    _read_texts(source, source.titles, titles, "title")
    items = set(source.items)
    check_fit(len(items & source.titles.keys()), len(source.titles), len(items), titles, pairs)
    if (folder / TOPICS).is_file():
        source.files["topics"] = TOPICS
        _read_texts(source, source.topics, folder / TOPICS, "topic")
    source.find_media("clips", folder / "clips", folder / f"{name}_videos")
    source.find_media("posters", folder / "posters")
    return source


def _read_tsv(source: Source, path: Path) -> None:
    """Read `user<TAB>item item ...`: an item's place is its time."""
    source.timed, seen = False, set()
    for line, text in read_lines(path):
        user, _, items = text.partition("\t")
        if not (user and items.split()):
            source.malformed.add(path, line, f"expected user<TAB>item item ..., got {text[:60]!r}")
        elif user in seen:
            source.malformed.add(path, line, f"a second row of user {user}; the first one counts")
        else:
            seen.add(user)
            for place, item in enumerate(items.split()):
                source.add(path, line, user, item, str(place))


def _read_timed(source: Source, path: Path) -> None:
    """Read rows of `user,item,timestamp` under that header."""
    rows = read_csv(path)
    _, header = next(rows, (1, []))
    places = columns(path, header, ("user", "item", "timestamp"))
    for line, row in rows:
        if len(row) == len(header):
            source.add(path, line, *(row[place] for place in places))
        else:
            source.malformed.add(
                path, line, f"expected {len(header)} fields, got {len(row)}: {','.join(row)[:60]!r}"
            )


def _read_texts(source: Source, texts: dict[str, str], path: Path, kind: str) -> None:
    """Read `item,text`: CSV under a header that names both; without one, unquoted and split at
    the first comma only."""
    _, first = next(read_lines(path), (1, ""))
    names = [name.strip() for name in next(csv.reader([first]), [])]
    if not {"item", kind} & {*names}:
        for line, text in read_lines(path):
            item, comma, rest = text.partition(",")
            if comma:
                source.add_text(texts, path, line, item, rest)
            else:
                source.malformed.add(path, line, f"expected item,{kind}, got {text[:60]!r}")
        _check_index(texts, path, kind)
        return
    rows, place = read_csv(path), columns(path, names, ("item", kind))
    next(rows)
    for line, row in rows:
        if len(row) == len(names):
            source.add_text(texts, path, line, *(row[number] for number in place))
        else:
            source.malformed.add(
                path, line, f"expected {','.join(names)}, got {','.join(row)[:60]!r}"
            )


def _check_index(texts: dict[str, str], path: Path, kind: str) -> None:
    """Raise DataFormatError where the ids are rows' numbers and the ids stand behind them, as
    pandas writes a table."""
    counted = all(item == str(number) for number, item in enumerate(texts))
    if (
        texts
        and counted
        and all(text.partition(",")[0].strip().isdecimal() for text in texts.values())
    ):
        raise DataFormatError(
            f"{path}, line 1: expected item,{kind}, got rows' numbers before the items (0,{texts['0'][:40]}): "
            f"write the table without its index, or give it the header item,{kind}."
        )
