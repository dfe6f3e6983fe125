"""Clips and titles in MicroLens's on-disk form: `clips/<id>.mp4` and `titles.csv` (item,title)."""

from __future__ import annotations

import csv
from pathlib import Path

from mealrec.errors import DataFormatError

CLIP_FOLDER = "clips"


def read_titles(data: Path) -> dict[str, str]:
    """Return {item_id: title} of `titles.csv` or MicroLens's own `*_titles.csv`, in the file's order.

    Raises DataFormatError where there is no such file, or its header is another.
    """
    files = sorted(data.glob("*titles.csv"))
    if not files:
        raise DataFormatError(f"{data} holds no titles.csv: point --data at a folder with titles.csv and clips/.")
    with files[0].open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if not {"item", "title"} <= set(rows.fieldnames or ()):
            raise DataFormatError(f"{files[0]} has the columns {rows.fieldnames}: item,title are expected.")
        return {row["item"]: row["title"] for row in rows}


def read_held_out(data: Path) -> frozenset[str]:
    """Return the ids in `held_out.txt` (clips that training must never see); none without the file."""
    path = data / "held_out.txt"
    return frozenset(path.read_text().split()) if path.is_file() else frozenset()


def clip_path(data: Path, item_id: str) -> Path:
    """Return where an item's clip lies."""
    return data / CLIP_FOLDER / f"{item_id}.mp4"
