"""The clips on offer: search, topics, pages, and where their posters and videos lie."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mealrec.bundle.places import MediaFolder, project_path
from mealrec.errors import BundleError

PAGE_SIZE = 27


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
    """A clip read from the bundle's files before the model is there; `held_out` from its
    training."""

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


class Catalogue:
    """The clips that a visitor can pick from."""

    def __init__(self, items: Sequence[Item], media: Media, variants: Sequence[str] = ()) -> None:
        """Hold the clips; `variants` names the bundle's models, where that is known."""
        self.variants = tuple(variants)
        self._items = {item.item_id: item for item in items}
        self._words = [
            (item, f"{item.title} {item.topic} {item.item_id}".casefold()) for item in items
        ]
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
            entries, manifest = [Entry(**row) for row in rows], _manifest(bundle)
            media = MediaFolder(media_folder(bundle), (entry.item_id for entry in entries))
            return cls(entries, media, manifest.get("models", ()))
        except BundleError:
            raise
        except (OSError, ValueError, TypeError) as error:
            raise BundleError(
                f"{bundle} holds no readable catalogue: point MEALREC_BUNDLE to a bundle."
            ) from error

    @classmethod
    def empty(cls) -> Catalogue:
        """Return a catalogue without clips, for a page whose files are not there yet."""
        return cls((), MediaFolder(Path(), ()))

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> Item | None:
        """Return the clip of this id, or None."""
        return self._items.get(item_id)

    def page(
        self, words: str = "", topic: str = "", number: int = 1, size: int = PAGE_SIZE
    ) -> Page:
        """Return one page of the clips that hold every word and have the topic; "" means any."""
        found = self._words
        if topic:
            found = [pair for pair in found if pair[0].topic == topic]
        for needle in words.casefold().split():
            found = [pair for pair in found if needle in pair[1]]
        count = max(1, math.ceil(len(found) / size))
        number = min(max(number, 1), count)
        return Page(
            tuple(item for item, _ in found[(number - 1) * size : number * size]),
            number,
            count,
            len(found),
        )


def media_folder(bundle: Path) -> Path:
    """Return the folder of clips and pictures that a bundle's manifest names.

    Raises:
        BundleError: there is no readable manifest, or its folder is none that the bundle may name.
    """
    return project_path(bundle, _manifest(bundle)["media"])


def served_folders(bundle: Path) -> list[Path]:
    """Return the only folders that a page of this bundle hands out."""
    return MediaFolder(media_folder(bundle), ()).served


def _manifest(bundle: Path) -> dict:
    try:
        manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
        if not isinstance(manifest["media"], str):
            raise TypeError("media is no text")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{bundle} holds no readable manifest: point MEALREC_BUNDLE to a bundle."
        ) from error
    return manifest
