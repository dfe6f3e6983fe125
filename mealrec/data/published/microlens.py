"""Reading MicroLens as its publishers offer it, in both forms of its titles and of its pairs.

Where `data/catalogue.py` reads the project's own form and stops at the first fault, this counts
faults and goes on.
"""

from __future__ import annotations

import csv
from pathlib import Path

from mealrec.data.catalogue import CLIP_FOLDER
from mealrec.data.published.source import Source
from mealrec.data.tables import SHOWN, columns, read_lines
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

    # The clicks, and what they are of.
    if pairs.suffix == ".tsv":
        _read_tsv(source, pairs)
    else:
        _read_timed(source, pairs)
    _read_texts(source, source.titles, titles, "title")
    source.check_titles(titles, pairs)
    if (folder / TOPICS).is_file():
        source.files["topics"] = TOPICS
        _read_texts(source, source.topics, folder / TOPICS, "topic")

    # Clips and pictures, under our name of the folder or the publishers'.
    source.find_media("clips", folder / CLIP_FOLDER, folder / f"{name}_videos")
    source.find_media("posters", folder / "posters")
    return source


def _read_tsv(source: Source, path: Path) -> None:
    """Read `user<TAB>item item ...`: an item's place is its time."""
    # A place in a list is no clock.
    source.timed = False
    seen = set()
    for line, text in read_lines(path):
        user, _, items = text.partition("\t")
        if not (user and items.split()):
            problem = f"expected user<TAB>item item ..., got {text[:SHOWN]!r}"
            source.malformed.add(path, line, problem)
        elif user in seen:
            source.malformed.add(path, line, f"a second row of user {user}; the first one counts")
        else:
            seen.add(user)
            for place, item in enumerate(items.split()):
                source.add(path, line, user, item, str(place))


def _read_timed(source: Source, path: Path) -> None:
    """Read rows of `user,item,timestamp` under that header."""
    header, rows = source.table(path)
    user, item, time = columns(path, header, ("user", "item", "timestamp"))
    for line, row in rows:
        source.add(path, line, row[user], row[item], row[time])


def _read_texts(source: Source, texts: dict[str, str], path: Path, kind: str) -> None:
    """Read `item,text`: CSV under a header that names both, else split at the first comma only."""
    # With a header that names the columns?
    _, first = next(read_lines(path), (1, ""))
    names = [name.strip() for name in next(csv.reader([first]), [])]
    if "item" in names or kind in names:
        item, text = columns(path, names, ("item", kind))
        _, rows = source.table(path)
        for line, row in rows:
            source.add_text(texts, path, line, row[item], row[text])
        return

    # Without a header nothing is quoted.
    for line, whole in read_lines(path):
        item, comma, rest = whole.partition(",")
        if comma:
            source.add_text(texts, path, line, item, rest)
        else:
            source.malformed.add(path, line, f"expected item,{kind}, got {whole[:SHOWN]!r}")
    _check_index(texts, path, kind)


def _check_index(texts: dict[str, str], path: Path, kind: str) -> None:
    """Raise DataFormatError where rows' numbers stand before the ids, as pandas writes a table."""
    # A table with its index: 0, 1, 2 … first, and behind each comma another number.
    counted = all(item == str(number) for number, item in enumerate(texts))
    if not texts or not counted:
        return
    if all(text.partition(",")[0].strip().isdecimal() for text in texts.values()):
        raise DataFormatError(
            f"{path}, line 1: expected item,{kind}, got rows' numbers before the items "
            f"(0,{texts['0'][:40]}): write the table without its index, or give it the header "
            f"item,{kind}."
        )
