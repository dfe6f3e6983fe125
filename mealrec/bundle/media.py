"""The catalogue's clips, pictures and frames: files next to the bundle, decoded when asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from mealrec.bundle.manifest import MediaFolder
from mealrec.errors import VideoError
from mealrec.video.frames import SampledFrames, sample_frames, scaled_down

THUMBNAIL_HEIGHT = 224
# A clip's pictures take up to a megabyte, and visitors look at the same few clips.
REMEMBERED_CLIPS = 64
DECODED_AT_ONCE = 2


class Media(MediaFolder):
    """A bundle's media folder, and the K frames of its clips that the model saw."""

    def __init__(self, folder: Path, item_ids: Iterable[str], num_frames: int, interval_s: float):
        super().__init__(folder, item_ids)
        self._num_frames = num_frames
        self._interval_s = interval_s
        self._thumbnails = lru_cache(REMEMBERED_CLIPS)(self._decode)
        self._turns = threading.Semaphore(DECODED_AT_ONCE)  # each decodes in a process of its own

    def frame_thumbnails(self, item_id: str) -> list[np.ndarray]:
        """Return an item's K sampled frames [H, W, 3] uint8; none where its clip cannot be read."""
        return list(self._thumbnails(item_id))

    def sampled(self, path: Path, **settings) -> SampledFrames:
        """Return the K frames of any video as this bundle's clips were sampled.

        `settings` as in `sample_frames`. Raises VideoError for an unusable video.
        """
        return sample_frames(
            path, num_frames=self._num_frames, interval_s=self._interval_s, **settings
        )

    def _decode(self, item_id: str) -> tuple[np.ndarray, ...]:
        # Whatever is wrong with the file, the page then shows the moments without pictures.
        path = self.decodable_path(item_id)
        if path is None:
            return ()
        try:
            with self._turns:
                sampled = self.sampled(path)
        except VideoError:
            return ()
        return scaled_down(sampled.frames, THUMBNAIL_HEIGHT)
