"""Clips that visitors brought: kept in memory for a while, each under a name that nobody can
guess."""

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
    """How much is kept and for how long.

    Uploads in all, their bytes in all, uploads of one visit, seconds without use, seconds after the
    visit's end (a page that is loaded anew comes back within them).
    """

    uploads: int = 256
    total_bytes: int = 256 * 2**20
    a_visit: int = 16
    lifetime_s: float = 3600.0
    grace_s: float = 300.0


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
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._drop_stale()
            return len(self._entries)

    def add(self, upload: Upload, visit: str = "") -> None:
        """Keep an upload under its own id, which the recommender draws at random; `visit` is
        whose it is."""
        with self._lock:
            self._entries[upload.upload_id] = _Entry(
                upload, visit, self._clock() + self._bounds.lifetime_s
            )
            self._drop_stale()
            own = [entry for entry in self._entries.values() if visit and entry.visit == visit]
            self._drop_first(own, len(own) - self._bounds.a_visit)
            self._drop_first(self._entries.values(), len(self._entries) - self._bounds.uploads)
            while len(self._entries) > 1 and self._bytes() > self._bounds.total_bytes:
                self._drop_first(self._entries.values(), 1)

    def get(self, upload_id: str) -> Upload | None:
        """Return the upload, or None where it is unknown or its time is over."""
        with self._lock:
            self._drop_stale()
            entry = self._entries.get(upload_id)
            if entry is None:
                return None
            entry.ends = self._clock() + self._bounds.lifetime_s
            return entry.upload

    def pick(self, item_ids: Iterable[str]) -> dict[str, Upload]:
        """Return the uploads among these ids that are still here."""
        found = {
            item_id: self.get(item_id) for item_id in item_ids if item_id.startswith(UPLOAD_PREFIX)
        }
        return {upload_id: upload for upload_id, upload in found.items() if upload is not None}

    def adopt(self, item_ids: Iterable[str], visit: str) -> None:
        """Make the uploads among these ids those of a visit: a page that was loaded anew holds
        them."""
        with self._lock:
            for item_id in item_ids:
                if item_id in self._entries:
                    self._entries[item_id].visit = visit

    def leave(self, visit: str) -> None:
        """Let a visit's uploads go in a moment: its page was closed, or loaded anew."""
        with self._lock:
            soon = self._clock() + self._bounds.grace_s
            for entry in self._entries.values():
                if visit and entry.visit == visit:
                    entry.ends = min(entry.ends, soon)

    def _bytes(self) -> int:
        return sum(
            sum(frame.nbytes for frame in entry.upload.thumbnails)
            for entry in self._entries.values()
        )

    def _drop_stale(self) -> None:
        now = self._clock()
        self._entries = {key: entry for key, entry in self._entries.items() if entry.ends > now}

    def _drop_first(self, entries: Iterable[_Entry], count: int) -> None:
        for entry in sorted(entries, key=lambda entry: entry.ends)[: max(0, count)]:
            del self._entries[entry.upload.upload_id]
