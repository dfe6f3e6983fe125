"""The encoders' hidden states, layer by layer: two memory-mapped arrays beside a feature store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from tqdm import tqdm

from mealrec.errors import DataFormatError
from mealrec.features.items import ExtractConfig, ItemEncoder
from mealrec.features.segments import split_title
from mealrec.features.store import (
    CLIPS,
    GLOBAL_VISUAL,
    MANIFEST,
    TITLE_SEGMENTS,
    FeatureStore,
    reserve,
)
from mealrec.video.frames import SampledFrames

HIDDEN = "hidden.json"
FORMAT_VERSION = 1
POOLING = {
    CLIPS: "the mean over a clip's frames and patches",
    TITLE_SEGMENTS: "the mean over a title's segments",
}
BATCH = {CLIPS: 8, TITLE_SEGMENTS: 256}
AGAIN = "run the same `python -m mealrec extract` command with --hidden-states"


@dataclass(frozen=True)
class HiddenStates:
    """What each layer of the frozen encoders made of N items, in the order of `item_ids`.

    `visual` [N, layers + 1, V] and `text` [N, layers + 1, H] float16, the embeddings first, each
    the mean over its tokens; an item without a clip or a title has a row of zeros. Where title
    segments stand for frames, `visual` is the text encoder's mean over them. `manifest` names the
    encoders and the pooling.
    """

    item_ids: tuple[str, ...]
    visual: np.ndarray
    text: np.ndarray
    manifest: dict

    @property
    def shape(self) -> dict[str, int]:
        """Return the dimensions that a model is built by; a layer is counted once it has made
        something."""
        (_, visual, visual_width), (_, text, text_width) = self.visual.shape, self.text.shape
        return {
            "visual_layers": visual - 1,
            "visual_width": visual_width,
            "text_layers": text - 1,
            "text_width": text_width,
        }

    @classmethod
    def open(cls, folder: str | Path) -> HiddenStates:
        """Map the hidden states beside a finished feature store into memory.

        Raises DataFormatError naming what is missing, unfinished, of the wrong shape or made for
        other features.
        """
        folder = Path(folder)
        store, manifest = FeatureStore.open(folder), _read_manifest(folder)
        if not manifest.get("complete"):
            raise DataFormatError(
                f"The hidden states in {folder} were not finished: {AGAIN} again."
            )
        if manifest["made_for"] != _made_for(folder):
            raise DataFormatError(
                f"The hidden states in {folder} are of other features than lie there: {AGAIN} again."
            )
        arrays = {
            name: _open_array(folder, name, manifest["shapes"][name]) for name in ("visual", "text")
        }
        return cls(store.item_ids, manifest=manifest, **arrays)

    def of(self, item_ids: Sequence[str]) -> HiddenStates:
        """Return the rows of these items; raises DataFormatError where one is missing."""
        if tuple(item_ids) == self.item_ids:
            return self
        place = {item: number for number, item in enumerate(self.item_ids)}
        if missing := [item for item in item_ids if item not in place]:
            raise DataFormatError(
                f"{len(missing)} items have no hidden states, {missing[0]} first: {AGAIN}."
            )
        rows = np.array([place[item] for item in item_ids])
        return HiddenStates(tuple(item_ids), self.visual[rows], self.text[rows], self.manifest)


def write_hidden(
    titles: dict[str, str], data: Path | None, out: Path, config: ExtractConfig
) -> HiddenStates:
    """Write the hidden states of every item of the finished store in `out`; those there and whole
    are kept.

    `titles` and `config` are those the store was made with. A run that is killed begins anew.
    Raises DataFormatError where no encoder has seen frames, or a clip of the store cannot be
    decoded any more.
    """
    store = FeatureStore.open(out)
    if config.frames == GLOBAL_VISUAL:
        raise DataFormatError(
            "--hidden-states with --frames global-visual: a file of features has no layers; encode clips or segments."
        )
    if is_complete(out):
        return HiddenStates.open(out)
    encoder = ItemEncoder(data, config)
    seer = encoder.video or encoder.text
    width = encoder.video.hidden_width if encoder.video else encoder.text.width
    shapes = {
        "visual": (len(titles), seer.layers + 1, width),
        "text": (len(titles), encoder.text.layers + 1, encoder.text.width),
    }
    manifest = {
        "format_version": FORMAT_VERSION,
        "complete": False,
        "made_for": _made_for(out),
        "encoders": {
            name: store.manifest["encoders"][key]
            for name, key in (("visual", "video"), ("text", "text"))
        },
        "pooling": {"visual": POOLING[config.frames], "text": "the mean over a title's tokens"},
        "shapes": {name: list(shape) for name, shape in shapes.items()},
    }
    _write_manifest(out, manifest)
    arrays = {
        name: open_memmap(_path(out, name), mode="w+", dtype=np.float16, shape=shape)
        for name, shape in shapes.items()
    }
    for name in arrays:
        reserve(_path(out, name))
    _fill(arrays, titles, store, encoder)
    sums = {name: _checksum(array) for name, array in arrays.items()}
    _write_manifest(out, manifest | {"sha256": sums, "complete": True})
    return HiddenStates.open(out)


def is_complete(folder: Path) -> bool:
    """Return whether the folder holds finished hidden states of its very features, unchanged
    since."""
    try:
        found = HiddenStates.open(folder)
    except DataFormatError:
        return False
    return all(
        found.manifest["sha256"][name] == _checksum(getattr(found, name))
        for name in ("visual", "text")
    )


def _fill(
    arrays: dict[str, np.ndarray], titles: dict[str, str], store: FeatureStore, encoder: ItemEncoder
) -> None:
    ids, size = list(titles), BATCH[encoder.config.frames]
    with tqdm(total=len(ids), unit="item", desc="hidden states") as bar:
        for start in range(0, len(ids), size):
            rows = slice(start, min(start + size, len(ids)))
            texts = [titles[item_id] for item_id in ids[rows]]
            if encoder.video is None:
                arrays["text"][rows], arrays["visual"][rows] = _of_segments(texts, encoder)
            else:
                arrays["text"][rows] = encoder.text.hidden_states(texts)[0]
                seen = start + np.flatnonzero(store.has_frames[rows])
                if len(seen):
                    arrays["visual"][seen] = _of_clips([ids[row] for row in seen], encoder)
            bar.update(len(texts))
    for array in arrays.values():
        array.flush()


def _of_segments(texts: list[str], encoder: ItemEncoder) -> tuple[np.ndarray, np.ndarray]:
    """Return the states [B, layers + 1, H] of titles, and of each title's segments the mean."""
    count = encoder.config.num_frames
    segments = [split_title(text, count) or [""] * count for text in texts]
    states, _ = encoder.text.hidden_states(
        texts + [segment for found in segments for segment in found]
    )
    whole, parts = states[: len(texts)], states[len(texts) :]
    return whole, parts.reshape(len(texts), count, *parts.shape[1:]).mean(1)


def _of_clips(item_ids: list[str], encoder: ItemEncoder) -> np.ndarray:
    batch = {"item_id": np.array(item_ids, object), "needs_clip": np.ones(len(item_ids), bool)}
    clips = encoder.decode(batch)
    for item_id, clip in zip(item_ids, clips, strict=True):
        if not isinstance(clip, SampledFrames):
            raise DataFormatError(
                f"The clip of item {item_id} was encoded once and is now {clip or 'gone'}: extract the features again."
            )
    return encoder.video.hidden_states([clip.frames for clip in clips])


def _path(folder: Path, name: str) -> Path:
    return folder / f"hidden_{name}.npy"


def _open_array(folder: Path, name: str, shape: list[int]) -> np.ndarray:
    file = _path(folder, name)
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{file} is missing or damaged: {AGAIN} again.") from error
    if list(array.shape) != shape or array.dtype != np.float16:
        raise DataFormatError(
            f"{file} has {array.dtype} {list(array.shape)} and {HIDDEN} says float16 {shape}: {AGAIN} again."
        )
    return array


def _read_manifest(folder: Path) -> dict:
    try:
        manifest = json.loads((folder / HIDDEN).read_text())
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{folder} holds no hidden states: {AGAIN}.") from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise DataFormatError(
            f"The hidden states in {folder} have format {manifest.get('format_version')} and {FORMAT_VERSION} is "
            f"expected: {AGAIN} again."
        )
    return manifest


def _write_manifest(folder: Path, manifest: dict) -> None:
    whole = folder / f"{HIDDEN}.part"
    whole.write_text(json.dumps(manifest, indent=1) + "\n")
    whole.replace(folder / HIDDEN)


def _made_for(folder: Path) -> str:
    """Return what changes with every feature of the store: its manifest holds the checksums of
    the arrays."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _checksum(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
