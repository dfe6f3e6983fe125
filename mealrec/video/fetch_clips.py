"""Clips one by one: fetched, transcoded, the original dropped; a broken one is skipped."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock

from tqdm import tqdm

from mealrec.data.catalogue import clip_path
from mealrec.data.fetching.download import FileRefusedError, Patience, Transfer, download
from mealrec.errors import FetchError, VideoError
from mealrec.video.frames import CLIP_LIMITS, transcode_clip

ORIGINALS = "originals"
POSTERS = "posters"
# For the check of free space; an original of MicroLens has 2 to 4 MiB.
ASSUMED_CLIP_BYTES = 4 * 2**20
# Clips in a row that the server does not have: the folder has moved, and asking on would be rude.
DEAD_AFTER = 20


class ClipFetcher:
    """Fetches one clip at a time, while earlier ones are being transcoded.

    `address` is that of the clips' folder; the originals are dropped, but for `keep_original`.
    """

    def __init__(self, address: str, out: Path, keep_original: bool, patience: Patience):
        self._address = address
        self._out = out
        self._keep_original = keep_original
        self._patience = patience

        # Downloads in vain, one after the other, and what ended them for all threads.
        self._turn = Lock()
        self._in_vain = 0
        self._end: FetchError | None = None
        self._failures: dict[str, str] = {}

    def fetch_all(self, item_ids: Sequence[str], jobs: int = 2) -> dict[str, str]:
        """Fetch clips, `jobs` in work at a time; return {item_id: reason} of those that failed.

        Raises FetchError where the address does not answer, or has none of DEAD_AFTER clips in a
        row.
        """
        with ThreadPoolExecutor(jobs) as pool:
            for _ in tqdm(pool.map(self._fetch, item_ids), total=len(item_ids), unit="clip"):
                pass
        with suppress(OSError):  # kept originals stay in it
            (self._out / ORIGINALS).rmdir()
        return dict(sorted(self._failures.items(), key=lambda entry: int(entry[0])))

    def _fetch(self, item_id: str) -> None:
        """Make clips/<id>.mp4 and posters/<id>.webp, from originals/<id>.mp4 where that is there.

        A failure is noted; raises FetchError when the address is dead.
        """
        # An original that was put there by hand is used, and stays.
        original = self._out / ORIGINALS / f"{item_id}.mp4"
        poster = self._out / POSTERS / f"{item_id}.webp"
        brought = not original.exists()
        if brought and not self._download(item_id, original):
            return

        # One that no decoder can read is this clip's fault alone.
        try:
            transcode_clip(original, clip_path(self._out, item_id), poster)
        except VideoError as error:
            self._failures[item_id] = str(error)
        finally:
            if brought and not self._keep_original:
                original.unlink(missing_ok=True)

    def _download(self, item_id: str, original: Path) -> bool:
        """Return whether the clip came; one download at a time."""
        url = f"{self._address}{item_id}.mp4"
        transfer = Transfer(url, original, max_bytes=CLIP_LIMITS.max_bytes)
        with self._turn:
            # Another thread may have found the address dead.
            if self._end is not None:
                raise self._end
            try:
                download(transfer, self._patience)
            except FileRefusedError as error:
                self._failures[item_id] = str(error)
                self._in_vain += 1
                if self._in_vain >= DEAD_AFTER:
                    reason = f"{error}; {self._in_vain} clips in a row did not come"
                    raise self._dead(reason) from error
                return False
            except FetchError as error:
                raise self._dead(str(error)) from error
            self._in_vain = 0
        return True

    def _dead(self, reason: str) -> FetchError:
        """Return the error that ends the run, for every other thread too."""
        by_hand = self._out / ORIGINALS / "<id>.mp4"
        self._end = FetchError(
            f"{reason}.\nRun it again later, name a mirror with --base-url, or put clips by hand "
            f"as {by_hand}."
        )
        return self._end


def missing_clips(out: Path, item_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the items without a transcoded clip."""
    return tuple(item_id for item_id in item_ids if not clip_path(out, item_id).exists())
