"""Clips and titles in MicroLens's on-disk form: `clips/<id>.mp4` and `titles.csv` (item,title)."""

from __future__ import annotations

from pathlib import Path

from mealrec.data.catalogue import read_words

CLIP_FOLDER = "clips"


def read_held_out(data: Path) -> frozenset[str]:
    """Return the ids in `held_out.txt` (clips that training must never see); none without the
    file."""
    path = data / "held_out.txt"
    return frozenset(read_words(path)) if path.is_file() else frozenset()


def clip_path(data: Path, item_id: str) -> Path:
    """Return where an item's clip lies."""
    return data / CLIP_FOLDER / f"{item_id}.mp4"
