"""The clips on offer, as a visitor looks for them: by words, by topic, page by page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.look.markup import file_url
from mealrec.bundle.manifest import (
    CatalogueItem,
    MediaFolder,
    media_folder,
    read_items,
    read_manifest,
)

PAGE_SIZE = 27


@dataclass(frozen=True)
class Page:
    """One page of a search: `number` of `count` counts from 1, `total` is how many clips match."""

    items: tuple[CatalogueItem, ...]
    number: int
    count: int
    total: int


class Catalogue:
    """The clips that a visitor can pick from: `media` has their files, `topics` are (name, count).

    `variants` names the bundle's models, where that is known.
    """

    def __init__(
        self, items: Sequence[CatalogueItem], media: MediaFolder, variants: Sequence[str] = ()
    ) -> None:
        self.media = media
        self.variants = tuple(variants)
        self._items = {item.item_id: item for item in items}
        # What a search looks through, in lower case once and for all.
        self._words = {}
        for item in items:
            words = f"{item.title} {item.topic} {item.item_id}"
            self._words[item.item_id] = words.casefold()
        # Addresses, looked up once: no card asks the disk again.
        self._posters = {item_id: file_url(media.poster_path(item_id)) for item_id in self._items}
        self._clips = {item_id: file_url(media.clip_path(item_id)) for item_id in self._items}
        # A catalogue without topics has no chips.
        counts = Counter(item.topic for item in items if item.topic)
        self.topics: tuple[tuple[str, int], ...] = tuple(sorted(counts.items()))

    @classmethod
    def from_bundle(cls, bundle: Path) -> Catalogue:
        """Read a bundle's catalogue without its model, so that the page can be drawn at once.

        Raises:
            BundleError: the manifest or the catalogue cannot be read.
        """
        items = read_items(bundle)
        return cls(items, media_folder(bundle, items), read_manifest(bundle)["models"])

    @classmethod
    def empty(cls) -> Catalogue:
        """Return a catalogue without clips, for a page whose files are not there yet."""
        return cls((), MediaFolder(Path(), ()))

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> CatalogueItem | None:
        """Return the clip of this id, or None."""
        return self._items.get(item_id)

    def poster(self, item_id: str) -> str:
        """Return where the page finds a clip's picture, "" where there is none."""
        return self._posters[item_id]

    def clip(self, item_id: str) -> str:
        """Return where the page finds a clip that browsers play, "" where there is none."""
        return self._clips[item_id]

    def page(self, words: str = "", topic: str = "", number: int = 1) -> Page:
        """Return one page of the clips that hold every word and have the topic; "" means any."""
        # Narrow the clips down.
        found = [item for item in self._items.values() if not topic or item.topic == topic]
        for word in words.casefold().split():
            found = [item for item in found if word in self._words[item.item_id]]

        # Cut the page out, the nearest one where there is none of this number.
        count = max(1, math.ceil(len(found) / PAGE_SIZE))
        number = min(max(number, 1), count)
        shown = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        return Page(tuple(shown), number, count, len(found))
