"""Reading a click log of one's own: one CSV file of clicks, and beside it clips, pictures,
titles and topics."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mealrec.data.catalogue import matched
from mealrec.data.published.source import Source, number
from mealrec.data.tables import Ids, columns, read_csv, read_texts, unspread
from mealrec.errors import DataFormatError

CLICKS = ("clicks.csv", "log.csv", "interactions.csv", "pairs.csv")
TIMES = ("time", "timestamp")
LEAST_MATCH = 0.5


def read_log(path: Path) -> Source:
    """Read a folder with one of CLICKS (header user,item,time, columns in any order), or such a
    file.

    A time is a number or an ISO date; without the column the order of the rows counts. `titles.csv`
    (item,title), `topics.csv`, `clips/<id>.mp4`, `posters/` and `covers/` beside it are taken along
    where they are there. The ids are those of the clips' files, where a number is written otherwise
    in the tables. Raises DataFormatError where clicks are missing, or titles and clips do not fit
    them.
    """
    path, source = Path(path), Source()
    if path.is_file():
        folder, table = path.parent, path
        source.files["pairs"] = path.name
    else:
        folder, table = path, source.choose(path, "clicks", CLICKS)
    clips = {clip.stem for clip in (folder / "clips").glob("*.mp4")}
    _read_clicks(source, table, Ids(clips))
    items = dict.fromkeys(source.items)
    for kind, texts in (("title", source.titles), ("topic", source.topics)):
        if (file := folder / f"{kind}s.csv").is_file():
            source.files[f"{kind}s"] = file.name
            texts |= _fitting(
                read_texts(file, kind, source.notes), items, file, table, source.notes
            )
    _check_clips(source, items, clips, folder)
    for kind in ("clips", "posters", "covers"):
        source.find_media(kind, folder / kind)
    return source


def _read_clicks(source: Source, path: Path, clips: Ids) -> None:
    rows = read_csv(path)
    _, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    user, item = columns(
        path, names, ("user", "item"), ", which its first line should name, with commas between"
    )
    time = next((names.index(name) for name in TIMES if name in names), None)
    source.timed = time is not None
    if time is None:
        source.notes.append(f"{path.name} has no column time: the order of its rows counts")
    for line, row in rows:
        if not any(field.strip() for field in row):
            continue
        if len(row) != len(names):
            source.malformed.add(
                path, line, f"expected {len(names)} fields, got {len(row)}: {','.join(row)[:60]!r}"
            )
            continue
        spelt = row[item].strip()
        source.add(
            path,
            line,
            row[user].strip(),
            clips.find(spelt) or unspread(spelt),
            _moment(row, time, line),
        )
    if clips.respelt:
        source.notes.append(
            f"{clips.respelt} clicks name a clip otherwise than its file ({clips.example})"
        )


def _moment(row: list[str], time: int | None, line: int) -> str:
    """Return a row's time as a number in a text: as it stands there, or the seconds of a date."""
    if time is None:
        return str(line)
    text = row[time].strip()
    if number(text) is not None:
        return text
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text  # told as malformed
    return str((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def _fitting(
    texts: dict[str, str], items: dict, file: Path, clicks: Path, notes: list[str]
) -> dict[str, str]:
    found = matched(texts, Ids(items), file.name, notes)
    check_fit(len(found), len(texts), len(items), file, clicks)
    return found


def check_fit(found: int, texts: int, items: int, file: Path, clicks: Path) -> None:
    """Raise DataFormatError where a file of titles names other items than the clicks do: its ids
    were misread."""
    if found < LEAST_MATCH * min(texts, items):
        raise DataFormatError(
            f"{file} names {texts:,} items and {clicks.name} {items:,}, of which only {found:,} are the same: expected "
            "the same ids in both; look at the first columns, and at what the header calls them."
        )


def _check_clips(source: Source, items: dict, clips: set[str], folder: Path) -> None:
    without = [item for item in items if item not in clips]
    if items and len(without) == len(items):
        if clips:
            raise DataFormatError(
                f"{folder / 'clips'} holds {len(clips):,} clips and none of a clicked item: expected {without[0]}.mp4 "
                f"and the like, got {min(clips)}.mp4; name the files after the items."
            )
        if not any(title.strip() for title in source.titles.values()):
            raise DataFormatError(
                f"{folder} holds neither clips/{without[0]}.mp4 and the like nor titles.csv of the clicked items: add "
                "one of them, there is nothing to recommend by."
            )
    elif without:
        source.notes.append(
            f"{len(without):,} of {len(items):,} items have no clip ({without[0]}.mp4 first)"
        )
    if strangers := sorted(clips - items.keys()):
        source.notes.append(
            f"{len(strangers):,} clips were never clicked and stay out ({strangers[0]}.mp4 first)"
        )
