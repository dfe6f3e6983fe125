"""Clips that visitors brought: kept in memory for a while, each under a name that nobody can guess."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from app.state import UPLOAD_PREFIX

if TYPE_CHECKING:
    from mealrec.recommender.uploads import Upload


class UploadStore:
    """A bounded store of uploads; its key is a capability, so who does not hold it finds nothing.

    The least recently used upload goes first when `capacity` is reached, and each goes after
    `lifetime_s` seconds without use.
    """

    def __init__(
        self, capacity: int = 256, lifetime_s: float = 6 * 3600, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity = capacity
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, Upload]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, upload: Upload) -> None:
        """Keep an upload under its own id, which the recommender draws at random."""
        with self._lock:
            self._drop_stale()
            self._entries[upload.upload_id] = (self._clock(), upload)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)

    def get(self, upload_id: str) -> Upload | None:
        """Return the upload, or None where it is unknown or its time is over."""
        with self._lock:
            self._drop_stale()
            if upload_id not in self._entries:
                return None
            upload = self._entries.pop(upload_id)[1]
            self._entries[upload_id] = (self._clock(), upload)
            return upload

    def pick(self, item_ids: Iterable[str]) -> dict[str, Upload]:
        """Return the uploads among these ids that are still here."""
        found = {item_id: self.get(item_id) for item_id in item_ids if item_id.startswith(UPLOAD_PREFIX)}
        return {upload_id: upload for upload_id, upload in found.items() if upload is not None}

    def _drop_stale(self) -> None:
        oldest = self._clock() - self._lifetime_s
        while self._entries and next(iter(self._entries.values()))[0] < oldest:
            self._entries.popitem(last=False)
