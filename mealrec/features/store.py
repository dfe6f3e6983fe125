"""Features on disk: memory-mapped arrays, and a manifest that says what they are."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from mealrec.errors import DataFormatError
from mealrec.writing import write_json

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
AGAIN = "extract the features again"
# What became of an item's clip: `given` features came from a file.
PENDING, DONE, FAILED, ABSENT, GIVEN = range(5)
# What stands for a frame.
CLIPS = "clips"
TITLE_SEGMENTS = "title-segments"
GLOBAL_VISUAL = "global-visual"
FRAME_SOURCES = (CLIPS, TITLE_SEGMENTS, GLOBAL_VISUAL)


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
        # The features, when each frame was seen, and what became of clip and title.
        items = len(self.item_ids)
        frames = self.num_frames
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

        # The clips' states say which rows hold data.
        arrays = open_arrays(path, layout_of(manifest), mode="r")
        states = arrays.pop("clip_state")
        is_decoded = np.asarray(states == DONE)
        is_given = np.asarray(states == GIVEN)
        return cls(
            tuple(manifest["item_ids"]),
            has_visual=is_decoded | is_given,
            has_frames=is_decoded,
            manifest=manifest,
            **arrays,
        )


def holds_class_roots(manifest: dict) -> bool:
    """Tell whether a store's visual features are class probabilities' roots, see VisualEncoder."""
    return "class_temperature" in manifest["encoders"].get("video", {})


def check_items(store: FeatureStore, item_ids: Sequence[str], features: Path, data: Path) -> None:
    """Raise DataFormatError where a store holds other items than a catalogue, or in other order."""
    if store.item_ids == tuple(item_ids):
        return

    # Say what differs: other items, or their order alone.
    odd = sorted({*store.item_ids} ^ {*item_ids})
    if odd:
        differs = f"{len(odd):,} stand in one alone, {odd[0]} first"
    else:
        differs = "the same in another order"
    raise DataFormatError(
        f"{features} holds other items than {data} ({len(store.item_ids):,} there, "
        f"{len(item_ids):,} here; {differs}): name the data that the features were made of, or "
        f"extract those of {data}."
    )


def resume_or_create(path: Path, layout: StoreLayout) -> dict[str, np.ndarray]:
    """Return the writable maps of a store begun with this very layout, or of a new one.

    Raises DataFormatError where the folder holds a store of another layout.
    """
    if not (path / MANIFEST).is_file():
        return create_arrays(path, layout)

    # Is it the same store that was begun?
    found = vars(layout_of(read_manifest(path)))
    other = [name for name, value in vars(layout).items() if found[name] != value]
    if other:
        raise DataFormatError(
            f"{path} holds features of other {', '.join(other)}: choose another --out, or delete "
            "it first."
        )

    # A killed run may not have taken all its room yet.
    for name in layout.arrays():
        if array_path(path, name).is_file():
            reserve(array_path(path, name))
    return open_arrays(path, layout, mode="r+")


def create_arrays(path: Path, layout: StoreLayout) -> dict[str, np.ndarray]:
    """Start a store of zeros and an unfinished manifest; return its writable maps."""
    is_new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    arrays = {}

    # All the room at once: a full disk is told of now, not after hours of encoding.
    try:
        for name, (shape, dtype) in layout.arrays().items():
            arrays[name] = create_array(array_path(path, name), shape, dtype)
        reopen(path, layout)
    except OSError as error:
        # No room: an unfinished store would only take it from what is tried next.
        for name in layout.arrays():
            array_path(path, name).unlink(missing_ok=True)
        if is_new:
            path.rmdir()
        error.filename = error.filename or str(path)
        raise
    return arrays


def open_arrays(path: Path, layout: StoreLayout, mode: str) -> dict[str, np.ndarray]:
    """Map a store's arrays ("r", or "r+" to go on writing).

    Raises DataFormatError for a missing file or a shape that the manifest does not give.
    """
    return {
        name: open_array(array_path(path, name), shape, dtype, mode)
        for name, (shape, dtype) in layout.arrays().items()
    }


def reopen(path: Path, layout: StoreLayout) -> None:
    """Mark a store unfinished, finished or not as it was: its rows are about to change."""
    write_json(path / MANIFEST, {**layout.manifest(), "complete": False})


def finish(
    path: Path, layout: StoreLayout, arrays: dict[str, np.ndarray], failures: dict[str, str]
) -> None:
    """Flush the maps and mark the store finished; `failures` maps item ids to reasons."""
    # The rows first, then the word that they are all there.
    for array in arrays.values():
        array.flush()
    made = {
        "failures": failures,
        "sha256": {name: checksum(array) for name, array in arrays.items()},
    }
    write_json(path / MANIFEST, {**layout.manifest(), **made, "complete": True})


def is_complete(path: Path) -> bool:
    """Tell whether the store was finished.

    Raises DataFormatError where an array is no longer what it was then.
    """
    manifest = read_manifest(path)
    if not manifest.get("complete"):
        return False

    # And is it still what was written then?
    arrays = open_arrays(path, layout_of(manifest), mode="r")
    sums = manifest.get("sha256", {})
    damaged = [name for name, digest in sums.items() if checksum(arrays[name]) != digest]
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
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFormatError(
            f"{path} holds no readable {MANIFEST}: make the features with `python -m mealrec "
            "extract`."
        ) from error

    # Of another form nothing else can be trusted.
    if manifest.get("format_version") != FORMAT_VERSION:
        raise DataFormatError(
            f"{path} has format {manifest.get('format_version')} and {FORMAT_VERSION} is expected: "
            "extract again."
        )
    return manifest


def layout_of(manifest: dict) -> StoreLayout:
    """Return the layout a manifest describes.

    Raises DataFormatError naming the fields that are missing.
    """
    # A field with a default may be missing: earlier stores did without it.
    described = {}
    missing = []
    for field in fields(StoreLayout):
        if field.name in manifest:
            described[field.name] = manifest[field.name]
        elif field.default is MISSING:
            missing.append(field.name)
    if missing:
        raise DataFormatError(f"The features' {MANIFEST} lacks {', '.join(missing)}: {AGAIN}.")
    return StoreLayout(**described | {"item_ids": tuple(manifest["item_ids"])})


def array_path(folder: Path, name: str) -> Path:
    """Return where an array lies."""
    return folder / f"{name}.npy"


def create_array(path: Path, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    """Return a writable map of zeros with its whole room on the disk taken; see `reserve`."""
    array = open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    reserve(path)
    return array


def reserve(path: Path) -> None:
    """Take a file's whole room on the disk, or raise OSError.

    Written through a map, a full disk would kill the process without a word.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            cannot_reserve = error.errno in (errno.EINVAL, errno.EOPNOTSUPP)  # the file system
            if not cannot_reserve:
                raise


def open_array(
    path: Path, shape: tuple[int, ...], dtype: type, mode: str, remedy: str = AGAIN
) -> np.ndarray:
    """Map an array, or raise DataFormatError where it is not there or another than stated."""
    # A file that was cut off fails to map; one of another run maps well and has another shape.
    try:
        array = open_memmap(path, mode=mode)
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{path} is missing or damaged: {remedy}.") from error
    if array.shape != shape or array.dtype != dtype:
        raise DataFormatError(
            f"{path} has {array.dtype} {list(array.shape)} and the manifest says "
            f"{np.dtype(dtype)} {list(shape)}: {remedy}."
        )
    return array


def checksum(array: np.ndarray) -> str:
    """Return the sha256 of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def checksum_of_texts(texts: Iterable[str]) -> str:
    """Return the sha256 of titles in their order, as a store's `titles_sha256` holds it."""
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()
