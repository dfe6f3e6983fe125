"""Where a bundle's files lie, and which of them its manifest may name. Needs no model: the page
reads it first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mealrec.data.tables import FILE_NAME as ITEM_ID
from mealrec.errors import BundleError

REBUILD = "make the bundle anew with `python -m mealrec bundle`"
CLIPS, POSTERS, COVERS, SOURCES = "clips", "posters", "covers", "sources"
MEDIA, ENCODERS = "media", "encoders"
"""Folders of a bundle's own tree that its manifest does not list file by file."""


def bundle_root(bundle: str | Path) -> Path:
    """Return the folder that holds everything a bundle may name.

    A bundle at <project>/checkpoints/<name> may name files of its project; any other holds all it
    needs itself.
    """
    bundle = Path(bundle).resolve()
    project = bundle.parent.parent
    return project if bundle.parent.name == "checkpoints" and project != project.parent else bundle


def project_path(bundle: str | Path, relative: str) -> Path:
    """Return where a manifest's relative path leads: inside `bundle_root`.

    Raises BundleError for an absolute or escaping path.
    """
    root, target = bundle_root(bundle), (Path(bundle).resolve() / relative).resolve()
    if Path(relative).is_absolute() or not target.is_relative_to(root):
        raise BundleError(
            f"The manifest of {bundle} names {relative!r}, which lies outside {root}: {REBUILD}."
        )
    return target


class MediaFolder:
    """A media folder: clips/<id>.mp4, and for the pictures posters/<id>.webp or covers/<id>.jpg.

    Knows the given ids only. Any of the files may be missing.
    """

    def __init__(self, folder: Path, item_ids: Iterable[str]):
        self._folder = folder
        self._item_ids = frozenset(item_id for item_id in item_ids if ITEM_ID.fullmatch(item_id))

    @property
    def served(self) -> list[Path]:
        """Return the folders that a page may hand out."""
        return [self._folder / name for name in (CLIPS, POSTERS, COVERS)]

    def clip_path(self, item_id: str) -> Path | None:
        """Return an item's clip, which a browser plays, or None where there is none."""
        return self._existing(item_id, f"{CLIPS}/{item_id}.mp4")

    def poster_path(self, item_id: str) -> Path | None:
        """Return an item's poster or cover, or None where there is neither."""
        return self._existing(item_id, f"{POSTERS}/{item_id}.webp", f"{COVERS}/{item_id}.jpg")

    def decodable_path(self, item_id: str) -> Path | None:
        """Return the file to decode an item's frames from: its clip, or a source that no browser
        plays."""
        return self._existing(item_id, f"{CLIPS}/{item_id}.mp4", f"{SOURCES}/{item_id}.mp4")

    def _existing(self, item_id: str, *names: str) -> Path | None:
        if item_id not in self._item_ids:
            return None
        return next((path for name in names if (path := self._folder / name).is_file()), None)
