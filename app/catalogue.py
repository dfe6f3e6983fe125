"""The clips on offer: search, topics, pages, and where their posters and videos lie."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mealrec.errors import BundleError

PAGE_SIZE = 24


class Media(Protocol):
    """Where a clip's files lie; None where the catalogue has none."""

    def clip_path(self, item_id: str) -> Path | None: ...

    def poster_path(self, item_id: str) -> Path | None: ...


class Item(Protocol):
    """One clip of the catalogue."""

    item_id: str
    title: str
    topic: str
    held_out: bool


@dataclass(frozen=True)
class Entry:
    """A clip read from the bundle's files before the model is there; `held_out` from its training."""

    item_id: str
    title: str
    topic: str
    held_out: bool = False


@dataclass(frozen=True)
class Page:
    """One page of a search: `number` of `count` counts from 1, `total` is how many clips match."""

    items: tuple[Item, ...]
    number: int
    count: int
    total: int


class FolderMedia:
    """Posters and clips in a folder of MicroLens's form: posters/<id>.webp and clips/<id>.mp4."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def clip_path(self, item_id: str) -> Path | None:
        """Return the clip's path, or None where there is none."""
        return _existing(self._folder / "clips" / f"{item_id}.mp4")

    def poster_path(self, item_id: str) -> Path | None:
        """Return the poster's path, or None where there is none."""
        return _existing(self._folder / "posters" / f"{item_id}.webp")


class Catalogue:
    """The clips that a visitor can pick from."""

    def __init__(self, items: Sequence[Item], media: Media) -> None:
        self._items = {item.item_id: item for item in items}
        self._words = {item.item_id: f"{item.title} {item.topic} {item.item_id}".casefold() for item in items}
        self.media = media
        counts = Counter(item.topic for item in items if item.topic)
        self.topics: tuple[tuple[str, int], ...] = tuple(sorted(counts.items()))

    @classmethod
    def from_bundle(cls, bundle: Path) -> Catalogue:
        """Read a bundle's catalogue without the model, so that the page can be drawn at once.

        Raises:
            BundleError: the files are missing or have another form.
        """
        try:
            rows = json.loads((bundle / "catalogue.json").read_text(encoding="utf-8"))
            return cls([Entry(**row) for row in rows], FolderMedia(media_folder(bundle)))
        except (OSError, ValueError, TypeError) as error:
            raise BundleError(f"{bundle} holds no readable catalogue: point MEALREC_BUNDLE to a bundle.") from error

    @classmethod
    def empty(cls) -> Catalogue:
        """Return a catalogue without clips, for a page whose files are not there yet."""
        return cls((), FolderMedia(Path()))

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> Item | None:
        """Return the clip of this id, or None."""
        return self._items.get(item_id)

    def page(self, words: str = "", topic: str = "", number: int = 1, size: int = PAGE_SIZE) -> Page:
        """Return one page of the clips that hold every word and have the topic; "" means any."""
        needles = words.casefold().split()
        found = [
            item
            for item_id, item in self._items.items()
            if (not topic or item.topic == topic) and all(needle in self._words[item_id] for needle in needles)
        ]
        count = max(1, math.ceil(len(found) / size))
        number = min(max(number, 1), count)
        return Page(tuple(found[(number - 1) * size : number * size]), number, count, len(found))


def media_folder(bundle: Path) -> Path:
    """Return the folder of clips/ and posters/ that a bundle's manifest names.

    Raises:
        BundleError: there is no readable manifest, or its folder lies outside the bundle's project.
    """
    try:
        relative = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["media"]
        folder = (bundle / relative).resolve()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BundleError(f"{bundle} holds no readable manifest: point MEALREC_BUNDLE to a bundle.") from error
    if not folder.is_relative_to(bundle.resolve().parent.parent):
        raise BundleError(f"{bundle / 'manifest.json'} names media outside its project: make the bundle anew.")
    return folder


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
