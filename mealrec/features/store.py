"""Features on disk: memory-mapped arrays, and a manifest that says what they are and who made
them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from mealrec.errors import DataFormatError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
PENDING, DONE, FAILED, ABSENT, GIVEN = range(5)
CLIPS, TITLE_SEGMENTS, GLOBAL_VISUAL = FRAME_SOURCES = ("clips", "title-segments", "global-visual")


@dataclass(frozen=True)
class StoreLayout:
    """What a store holds: sizes, and what made it.

    `encoders`: name and sha256 of `video` and `text` (and of the file that gives `global_visual`,
    where one does), and of a `video` that tells classes apart its `class_temperature`: see
    `holds_class_roots`; `frames`: what stands for a frame (see docs/features.md); `titles_sha256`:
    of the titles encoded.
    """

    item_ids: tuple[str, ...]
    visual_width: int
    text_width: int
    num_frames: int
    interval_s: float
    encoders: dict
    frames: str = CLIPS
    titles_sha256: str = ""

    def arrays(self) -> dict[str, tuple[tuple[int, ...], type]]:
        """Return each array's shape and type."""
        items, frames = len(self.item_ids), self.num_frames
        return {
            "global_visual": ((items, self.visual_width), np.float32),
            "frames": ((items, frames, self.visual_width), np.float32),
            "text": ((items, self.text_width), np.float32),
            "times_s": ((items, frames), np.float32),
            "clip_state": ((items,), np.uint8),
            "has_text": ((items,), np.bool_),
        }

    def manifest(self) -> dict:
        """Return the JSON form."""
        return {"format_version": FORMAT_VERSION, **vars(self), "item_ids": list(self.item_ids)}


@dataclass(frozen=True)
class FeatureStore:
    """Features of N items, in the order of `item_ids`.

    `global_visual` [N, V], `frames` [N, K, V], `text` [N, H], `times_s` [N, K] (seconds into the
    clip; of title segments their place 0..K-1), `has_visual`, `has_text` [N] bool; rows without a
    clip or a title are zeros and hold no data. `has_frames` [N] is false, too, where
    `global_visual` came from a file and every frame repeats it. `manifest` also names the encoders
    and `failures` {item_id: why its clip could not be read}.
    """

    item_ids: tuple[str, ...]
    global_visual: np.ndarray
    frames: np.ndarray
    text: np.ndarray
    times_s: np.ndarray
    has_visual: np.ndarray
    has_text: np.ndarray
    has_frames: np.ndarray
    manifest: dict

    @classmethod
    def open(cls, path: str | Path) -> FeatureStore:
        """Map a finished store into memory.

        Raises DataFormatError naming what is missing, unfinished or of the wrong shape.
        """
        path = Path(path)
        manifest = read_manifest(path)
        if not manifest.get("complete"):
            raise DataFormatError(
                f"{path} was not finished: run the same `extract` command again to go on."
            )
        arrays = open_arrays(path, layout_of(manifest), mode="r")
        states = arrays.pop("clip_state")
        seen, given = np.asarray(states == DONE), np.asarray(states == GIVEN)
        return cls(
            tuple(manifest["item_ids"]),
            has_visual=seen | given,
            has_frames=seen,
            manifest=manifest,
            **arrays,
        )


def holds_class_roots(manifest: dict) -> bool:
    """Return whether a store's visual features are square roots of class probabilities, see
    VisualEncoder."""
    return "class_temperature" in manifest["encoders"].get("video", {})


def check_items(store: FeatureStore, item_ids: Sequence[str], features: Path, data: Path) -> None:
    """Raise DataFormatError where a store holds other items than a catalogue's, or them in
    another order."""
    if store.item_ids == tuple(item_ids):
        return
    odd = sorted({*store.item_ids} ^ {*item_ids})
    differs = (
        f"{len(odd):,} stand in one alone, {odd[0]} first" if odd else "the same in another order"
    )
    raise DataFormatError(
        f"{features} holds other items than {data} ({len(store.item_ids):,} there, {len(item_ids):,} here; {differs}): "
        f"name the data that the features were made of, or extract those of {data}."
    )


def reserve(path: Path) -> None:
    """Take a file's whole room on the disk: written through a map, a full disk would kill the
    process without a word.

    Raises OSError where there is no room.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            # a file system that cannot reserve
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise


def write_store(
    path: str | Path,
    layout: StoreLayout,
    *,
    frames: np.ndarray,
    text: np.ndarray,
    times_s: np.ndarray,
    has_visual: Sequence[bool],
    has_text: Sequence[bool],
) -> FeatureStore:
    """Write a whole store at once (an item's `global_visual` is its frames' mean) and return it
    opened."""
    arrays = create_arrays(Path(path), layout)
    arrays["frames"][:], arrays["global_visual"][:] = frames, frames.mean(1)
    arrays["text"][:], arrays["times_s"][:], arrays["has_text"][:] = text, times_s, has_text
    arrays["clip_state"][:] = np.where(has_visual, DONE, ABSENT)
    finish(Path(path), layout, arrays, failures={})
    return FeatureStore.open(path)


def create_arrays(path: Path, layout: StoreLayout) -> dict[str, np.ndarray]:
    """Start a store of zeros and an unfinished manifest; return its writable maps."""
    is_new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    arrays = {}
    try:
        for name, (shape, dtype) in layout.arrays().items():
            arrays[name] = open_memmap(path / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)
            reserve(path / f"{name}.npy")
        reopen(path, layout)
    # no room: an unfinished store would only take it from what is tried next
    except OSError as error:
        for name in (*(f"{name}.npy" for name in layout.arrays()), f"{MANIFEST}.part"):
            (path / name).unlink(missing_ok=True)
        if is_new:
            path.rmdir()
        error.filename = error.filename or str(path)
        raise
    return arrays


def open_arrays(path: Path, layout: StoreLayout, mode: str) -> dict[str, np.ndarray]:
    """Map a store's arrays ("r", or "r+" to go on writing).

    Raises DataFormatError for a missing file or a shape that the manifest does not give.
    """
    arrays = {}
    for name, (shape, dtype) in layout.arrays().items():
        file = path / f"{name}.npy"
        try:
            array = open_memmap(file, mode=mode)
        except (OSError, ValueError) as error:
            raise DataFormatError(
                f"{file} is missing or damaged: extract the features again."
            ) from error
        if array.shape != shape or array.dtype != dtype:
            raise DataFormatError(
                f"{file} has {array.dtype} {list(array.shape)} and the manifest says {np.dtype(dtype)} {list(shape)}: "
                "extract the features again."
            )
        arrays[name] = array
    return arrays


def resume_or_create(path: Path, layout: StoreLayout) -> dict[str, np.ndarray]:
    """Return the writable maps of a store begun with this very layout, or of a new one.

    Raises DataFormatError where the folder holds a store of another layout.
    """
    if not (path / MANIFEST).is_file():
        return create_arrays(path, layout)
    found = layout_of(read_manifest(path))
    if found != layout:
        other = ", ".join(
            name for name, value in vars(layout).items() if vars(found)[name] != value
        )
        raise DataFormatError(
            f"{path} holds features of other {other}: choose another --out, or delete it first."
        )
    for name in layout.arrays():
        if (path / f"{name}.npy").is_file():
            reserve(path / f"{name}.npy")
    return open_arrays(path, layout, mode="r+")


def finish(
    path: Path, layout: StoreLayout, arrays: dict[str, np.ndarray], failures: dict[str, str]
) -> None:
    """Flush the maps and mark the store finished; `failures` maps item ids to reasons."""
    for array in arrays.values():
        array.flush()
    made = {
        "failures": failures,
        "sha256": {name: _checksum(array) for name, array in arrays.items()},
    }
    _write_manifest(path, {**layout.manifest(), **made, "complete": True})


def reopen(path: Path, layout: StoreLayout) -> None:
    """Mark a store unfinished, finished or not as it was: its rows are about to change."""
    _write_manifest(path, {**layout.manifest(), "complete": False})


def is_complete(path: Path) -> bool:
    """Return whether the store was finished; raises DataFormatError where an array is no longer
    what it was then."""
    manifest = read_manifest(path)
    if not manifest.get("complete"):
        return False
    arrays = open_arrays(path, layout_of(manifest), mode="r")
    damaged = [
        name
        for name, digest in manifest.get("sha256", {}).items()
        if _checksum(arrays[name]) != digest
    ]
    if damaged:
        raise DataFormatError(
            f"{path} was changed after it was finished ({', '.join(damaged)}): extract again."
        )
    return True


def read_manifest(path: Path) -> dict:
    """Return a store's manifest.

    Raises DataFormatError where it is missing, damaged or of another format version.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise DataFormatError(
            f"{path} holds no readable {MANIFEST}: make the features with `python -m mealrec extract`."
        ) from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise DataFormatError(
            f"{path} has format {manifest.get('format_version')} and {FORMAT_VERSION} is expected: extract again."
        )
    return manifest


def layout_of(manifest: dict) -> StoreLayout:
    """Return the layout a manifest describes.

    Raises DataFormatError naming the fields that are missing.
    """
    described = {
        field.name: manifest[field.name] for field in fields(StoreLayout) if field.name in manifest
    }
    missing = [
        f.name for f in fields(StoreLayout) if f.name not in described and f.default is MISSING
    ]
    if missing:
        raise DataFormatError(
            f"The features' {MANIFEST} lacks {', '.join(missing)}: extract the features again."
        )
    return StoreLayout(**described | {"item_ids": tuple(manifest["item_ids"])})


def _checksum(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def _write_manifest(path: Path, manifest: dict) -> None:
    whole = path / f"{MANIFEST}.part"  # a kill in the middle leaves the old manifest
    whole.write_text(json.dumps(manifest, indent=1) + "\n")
    whole.replace(path / MANIFEST)
