"""The frames that pretraining draws from, and the clips they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mealrec.errors import DataFormatError
from mealrec.features.catalogue import CLIP_FOLDER, clip_path, read_held_out
from mealrec.features.frames import sample_frames

POOL_SIZE = 192


@dataclass(frozen=True)
class FramePool:
    """Frames of many clips: `frames` [C, J, S, S, 3] uint8 (squashed to a square), `times_s` [C, J]."""

    item_ids: tuple[str, ...]
    frames: np.ndarray
    times_s: np.ndarray

    @classmethod
    def read(cls, data: Path, item_ids: Sequence[str], num_frames: int, interval_s: float, jobs: int = 2) -> FramePool:
        """Decode `num_frames` frames J of every clip named, `interval_s` apart or closer."""

        def decode(item_id: str):
            path, size = clip_path(data, item_id), (POOL_SIZE, POOL_SIZE)
            return sample_frames(path, num_frames=num_frames, interval_s=interval_s, size=size)

        with ThreadPoolExecutor(jobs) as pool:
            clips = list(tqdm(pool.map(decode, item_ids), total=len(item_ids), unit="clip", desc="decoding"))
        return cls(tuple(item_ids), np.stack([c.frames for c in clips]), np.stack([c.times_s for c in clips]))


def split_clips(data: Path) -> tuple[list[str], list[str]]:
    """Return (training ids, held-out ids) of the clips in a folder, each sorted.

    Raises DataFormatError where there is no clip to train on.
    """
    present = {path.stem for path in (data / CLIP_FOLDER).glob("*.mp4")}
    held_out = read_held_out(data) & present
    if not present - held_out:
        raise DataFormatError(f"{data / CLIP_FOLDER} holds no clips to train on: point --data at a folder with some.")
    return sorted(present - held_out), sorted(held_out)


def clips_checksum(data: Path, item_ids: Sequence[str]) -> str:
    """Return one sha256 over the named clips' bytes, in order."""
    digest = hashlib.sha256()
    for item_id in item_ids:
        digest.update(hashlib.sha256(clip_path(data, item_id).read_bytes()).digest())
    return digest.hexdigest()
