"""Clips that visitors brought: kept in memory for a while, each under a name nobody can guess."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mealrec.recommender.uploads import Upload

UPLOAD_PREFIX = "upload-"


@dataclass(frozen=True)
class Bounds:
    """How much is kept and for how long."""

    uploads: int = 256
    total_bytes: int = 256 * 2**20
    a_visit: int = 16  # uploads of one visit
    lifetime_s: float = 3600.0  # without use
    grace_s: float = 300.0  # after the visit's end; a page that is loaded again is back within it


@dataclass
class _Entry:
    upload: Upload
    visit: str
    ends: float


class UploadStore:
    """A bounded store of uploads; its key is a capability, so who does not hold it finds nothing.

    What goes soonest makes room: the least recently used, after those of visits that have ended.
    """

    def __init__(
        self, bounds: Bounds | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin empty; `clock` gives the time in seconds."""
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._drop_stale()
            return len(self._entries)

    def add(self, upload: Upload, visit: str = "") -> None:
        """Keep an upload under its own id, which is drawn at random; `visit` is whose it is."""
        bounds = self._bounds
        with self._lock:
            ends = self._clock() + bounds.lifetime_s
            self._entries[upload.upload_id] = _Entry(upload, visit, ends)

            # Make room: in the visit, in number, and in bytes, where the new one stays.
            self._drop_stale()
            own = [entry for entry in self._entries.values() if visit and entry.visit == visit]
            self._drop_first(own, len(own) - bounds.a_visit)
            self._drop_first(self._entries.values(), len(self._entries) - bounds.uploads)
            while len(self._entries) > 1 and self._bytes() > bounds.total_bytes:
                self._drop_first(self._entries.values(), 1)

    def get(self, upload_id: str) -> Upload | None:
        """Return the upload, or None where it is unknown or its time is over."""
        with self._lock:
            self._drop_stale()
            entry = self._entries.get(upload_id)
            if entry is None:
                return None
            # Used just now, so it stays for another while.
            entry.ends = self._clock() + self._bounds.lifetime_s
            return entry.upload

    def adopt(self, item_ids: Iterable[str], visit: str) -> None:
        """Make the uploads among these ids a visit's: a page that was loaded again holds them."""
        with self._lock:
            for item_id in item_ids:
                if item_id in self._entries:
                    self._entries[item_id].visit = visit

    def leave(self, visit: str) -> None:
        """Let a visit's uploads go in a moment: its page was closed, or loaded again."""
        with self._lock:
            soon = self._clock() + self._bounds.grace_s
            for entry in self._entries.values():
                if visit and entry.visit == visit:
                    entry.ends = min(entry.ends, soon)

    def _bytes(self) -> int:
        # Pictures are what weighs; the vectors are small next to them.
        uploads = [entry.upload for entry in self._entries.values()]
        return sum(frame.nbytes for upload in uploads for frame in upload.thumbnails)

    def _drop_stale(self) -> None:
        now = self._clock()
        self._entries = {key: entry for key, entry in self._entries.items() if entry.ends > now}

    def _drop_first(self, entries: Iterable[_Entry], count: int) -> None:
        for entry in sorted(entries, key=lambda entry: entry.ends)[: max(0, count)]:
            del self._entries[entry.upload.upload_id]
