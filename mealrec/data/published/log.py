"""Reading a click log of one's own: clicks in a CSV file, and what lies next to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mealrec.data.catalogue import CLIP_FOLDER, clip_ids, foreign_clips, matched
from mealrec.data.published.source import Source, check_fit, number
from mealrec.data.tables import Ids, columns, read_texts, unspread
from mealrec.errors import DataFormatError

CLICKS = ("clicks.csv", "log.csv", "interactions.csv", "pairs.csv")
TIMES = ("time", "timestamp")


def read_log(path: Path) -> Source:
    """Read a folder with one of CLICKS, or such a file: CSV under the header user,item,time.

    The columns stand in any order; a time is a number or an ISO date, and without its column the
    order of the rows counts. `titles.csv` (item,title), `topics.csv`, `clips/<id>.mp4`, `posters/`
    and `covers/` are taken along where they are there. The ids are those of the clips' files, where
    a number is written otherwise in the tables. Raises DataFormatError where clicks are missing, or
    titles and clips do not fit them.
    """
    # The clicks, whose ids are those of the clips' files.
    source = Source()
    if path.is_file():
        folder = path.parent
        table = path
        source.files["pairs"] = path.name
    else:
        folder = path
        table = source.choose(path, "clicks", CLICKS)
    clips = clip_ids(folder)
    _read_clicks(source, table, Ids(clips))

    # Titles and topics of the clicked items.
    items = dict.fromkeys(source.items)
    for kind, texts in (("title", source.titles), ("topic", source.topics)):
        file = folder / f"{kind}s.csv"
        if not file.is_file():
            continue
        source.files[f"{kind}s"] = file.name
        read = read_texts(file, kind, source.notes)
        texts |= matched(read, Ids(items), file.name, source.notes)
        check_fit(len(texts), len(read), len(items), file, table)

    # Clips and pictures.
    _check_clips(source, items, clips, folder)
    for kind in (CLIP_FOLDER, "posters", "covers"):
        source.find_media(kind, folder / kind)
    return source


def _read_clicks(source: Source, path: Path, clips: Ids) -> None:
    # Which column is which? People write them in capitals, too.
    header, rows = source.table(path, skips_blank=True)
    names = [name.strip().lower() for name in header]
    why = ", which its first line should name, with commas between"
    user, item = columns(path, names, ("user", "item"), why)
    time = next((names.index(name) for name in TIMES if name in names), None)
    source.timed = time is not None
    if time is None:
        source.notes.append(f"{path.name} has no column time: the order of its rows counts")

    # A clip's file says how its id is spelt.
    for line, row in rows:
        spelt = row[item].strip()
        found = clips.find(spelt) or unspread(spelt)
        moment = str(line) if time is None else _seconds(row[time].strip())
        source.add(path, line, row[user].strip(), found, moment)
    if clips.respelt:
        source.notes.append(
            f"{clips.respelt} clicks name a clip otherwise than its file ({clips.example})"
        )


def _seconds(text: str) -> str:
    """Return a time as a number in a text: as it stands there, or the seconds of a date."""
    if number(text) is not None:
        return text
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text  # told as malformed
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return str(found.timestamp())


def _check_clips(source: Source, items: dict, clips: set[str], folder: Path) -> None:
    """Raise DataFormatError where the clicked items have neither clips nor titles; note the odd."""
    # Without any clip of a clicked item, the titles have to do.
    without = [item for item in items if item not in clips]
    if items and len(without) == len(items):
        if clips:
            raise foreign_clips(folder, clips, without[0], "a clicked item")
        if not any(title.strip() for title in source.titles.values()):
            raise DataFormatError(
                f"{folder} holds neither {CLIP_FOLDER}/{without[0]}.mp4 and the like nor "
                "titles.csv of the clicked items: add one of them, there is nothing to recommend "
                "by."
            )
    elif without:
        source.notes.append(
            f"{len(without):,} of {len(items):,} items have no clip ({without[0]}.mp4 first)"
        )

    # Clips that nobody has clicked.
    strangers = sorted(clips - items.keys())
    if strangers:
        source.notes.append(
            f"{len(strangers):,} clips were never clicked and stay out ({strangers[0]}.mp4 first)"
        )
