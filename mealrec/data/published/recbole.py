"""RecBole's atomic files: tab-separated under name:type fields; .inter, and .item for titles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mealrec.data.catalogue import CLIP_FOLDER, Catalogue
from mealrec.data.published.source import Source
from mealrec.data.tables import columns, read_lines
from mealrec.errors import DataFormatError

HEADER = "user_id:token\titem_id:token\ttimestamp:float\n"


def read_inter(path: Path) -> Source:
    """Read a .inter file, or the one in a folder, and the titles of the .item file of its name.

    Without a timestamp a row's place in the file is its time. Every row counts, whatever its
    rating. Raises DataFormatError where there is no such file, or more than one, or user_id or
    item_id are missing.
    """
    path = _inter_file(path)
    source = Source(files={"pairs": path.name})

    # The interactions.
    names, rows = _read_atomic(source, path)
    user, item = columns(path, names, ("user_id", "item_id"))
    source.timed = "timestamp" in names
    time = names.index("timestamp") if source.timed else None
    if "rating" in names:
        source.notes.append("every row counts as an interaction, whatever its rating")
    for line, row in rows:
        moment = str(line) if time is None else row[time]
        source.add(path, line, row[user], row[item], moment)

    # What belongs to the items.
    _read_titles(source, path.with_suffix(".item"), path)
    source.find_media("clips", path.parent / CLIP_FOLDER)
    source.find_media("posters", path.parent / "posters")
    return source


def write_inter(
    catalogue: Catalogue, path: Path, times: dict[str, tuple[float, ...]] | None = None
) -> None:
    """Write every interaction as a row; without `times` its place in the history is its time."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for user, items in catalogue.histories.items():
            moments = times[user] if times else range(len(items))
            for item, time in zip(items, moments, strict=True):
                # Whole seconds without ".0", all else to the last digit.
                plain = str(int(time)) if time == int(time) else repr(time)
                file.write(f"{user}\t{item}\t{plain}\n")


def _inter_file(path: Path) -> Path:
    if path.is_file():
        return path
    found = sorted(path.glob("*.inter"))
    if len(found) != 1:
        names = ", ".join(file.name for file in found) or "none"
        raise DataFormatError(
            f"expected a .inter file or a folder with exactly one, found {names} in {path}."
        )
    return found[0]


def _read_atomic(source: Source, path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the names of the fields without their types, and the well-formed rows."""
    rows = ((line, text.split("\t")) for line, text in read_lines(path))
    _, header = next(rows, (1, [""]))
    names = [name.partition(":")[0] for name in header]
    return names, source.whole_rows(path, rows, len(names), between="\t")


def _read_titles(source: Source, path: Path, interactions: Path) -> None:
    if not path.is_file():
        return
    # Datasets call it title, movie_title, item_title …
    names, rows = _read_atomic(source, path)
    field = next((name for name in names if name.endswith("title")), None)
    if field is None:
        source.notes.append(f"{path.name} has no field with titles; it has: {', '.join(names)}")
        return

    source.files["titles"] = path.name
    item, title = columns(path, names, ("item_id", field))
    for line, row in rows:
        source.add_text(source.titles, path, line, row[item], row[title])
    source.check_titles(path, interactions)
