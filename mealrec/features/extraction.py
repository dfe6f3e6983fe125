"""From items to a finished feature store, resumable at any item."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mealrec.errors import DataFormatError
from mealrec.features.items import BATCH, Batch, ExtractConfig, ItemEncoder
from mealrec.features.store import (
    ABSENT,
    CLIPS,
    DONE,
    FAILED,
    GIVEN,
    GLOBAL_VISUAL,
    PENDING,
    TITLE_SEGMENTS,
    FeatureStore,
    StoreLayout,
    checksum_of_texts,
    finish,
    is_complete,
    reopen,
    resume_or_create,
)

ROWS_AT_ONCE = 1024  # of a file's features: a large one is never in memory as a whole


@dataclass(frozen=True)
class GivenVisual:
    """Visual features from a file, where there are no clips to encode.

    An array [M, V] whose row i holds the v_i of item i + 1, as MicroLens publishes it.
    """

    path: Path
    features: np.ndarray
    checksum: str

    @classmethod
    def open(cls, path: Path) -> GivenVisual:
        """Map the file; raises DataFormatError where it is no array [M, V] of real numbers."""
        # A pickled array could run code, so none is read.
        try:
            features = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DataFormatError(f"{path} is no readable .npy file: {error}") from error
        if features.ndim != 2 or not np.issubdtype(features.dtype, np.floating):
            raise DataFormatError(
                f"{path} holds {features.dtype} {list(features.shape)}: floats [items, width] are "
                "expected, where row i belongs to item i + 1."
            )
        return cls(path, features, hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def width(self) -> int:
        """V."""
        return self.features.shape[1]

    def of(self, item_ids: Sequence[str]) -> np.ndarray:
        """Return [B, V] float32; raises DataFormatError for an item without a finite row."""
        # Items count from 1.
        count = len(self.features)
        rows = []
        for item_id in item_ids:
            row = int(item_id) - 1 if item_id.isdecimal() else -1
            if not 0 <= row < count:
                raise DataFormatError(
                    f"{self.path} has {count} rows, for the items 1 to {count}: item {item_id!r} "
                    "has none. Take the file that belongs to this catalogue."
                )
            rows.append(row)

        # A row of NaN would spread over a whole training.
        features = np.asarray(self.features[rows], np.float32)
        broken = np.flatnonzero(~np.isfinite(features).all(1))
        if len(broken):
            raise DataFormatError(
                f"{self.path} holds no finite numbers for item {item_ids[broken[0]]!r}."
            )
        return features


def extract(
    titles: dict[str, str],
    data: Path | None,
    out: Path,
    config: ExtractConfig,
    *,
    batch_size: int | None = None,
    global_visual: Path | None = None,
    encode_elsewhere: Callable[[list[Batch]], Iterable[Batch]] | None = None,
) -> FeatureStore:
    """Make, or go on with, the store of these titles and of the clips under `data`.

    `titles` is {item_id: title} in the store's order; `global_visual`: a file with v_i of items
    that have no readable clip; `encode_elsewhere` encodes batches in the place of this process.
    Returns the store opened; raises DataFormatError where `out` holds another, or the sources do
    not fit.
    """
    # What is asked for, and what is there already?
    encoder = ItemEncoder(data, config)
    given = GivenVisual.open(global_visual) if global_visual else None
    layout = layout_for(titles, encoder, given)
    arrays = resume_or_create(out, layout)

    # Encode what is missing; a whole store is left as it is.
    size = batch_size or BATCH[config.frames]
    batches = list(pending_batches(titles, arrays, config.frames, size))
    if batches or not is_complete(out):
        reopen(out, layout)
        if encode_elsewhere is None:
            encoded = encoded_ahead(encoder, batches)
        else:
            encoded = encode_elsewhere(batches)
        total = sum(len(batch["row"]) for batch in batches)
        failures = write_batches(arrays, layout, encoded, total)
        if given:
            write_given(arrays, layout, given)
        finish(out, layout, arrays, failures)
    return FeatureStore.open(out)


def layout_for(
    titles: dict[str, str], encoder: ItemEncoder, given: GivenVisual | None
) -> StoreLayout:
    """Return what the store of these titles looks like.

    Raises DataFormatError where the sources do not fit.
    """
    # Do the sources go together?
    _check_sources(encoder, given)
    config = encoder.config
    text = encoder.text

    # Who made what: an encoder, or what stands in for frames.
    if config.frames == CLIPS:
        video = {"name": encoder.video.name, "sha256": encoder.video.checksum}
        if encoder.video.temperature:
            video["class_temperature"] = encoder.video.temperature
    elif config.frames == TITLE_SEGMENTS:
        video = {"name": f"{TITLE_SEGMENTS}:{text.name}", "sha256": text.checksum}
    else:
        video = {"name": f"{GLOBAL_VISUAL}:{given.path.name}", "sha256": given.checksum}
    encoders = {"video": video, "text": {"name": text.name, "sha256": text.checksum}}
    if given:
        encoders["global_visual"] = {"name": given.path.name, "sha256": given.checksum}

    return StoreLayout(
        item_ids=tuple(titles),
        visual_width=given.width if given else encoder.visual_width,
        text_width=text.width,
        num_frames=config.num_frames,
        interval_s=config.interval_s,
        encoders=encoders,
        frames=config.frames,
        titles_sha256=checksum_of_texts(titles.values()),
    )


def _check_sources(encoder: ItemEncoder, given: GivenVisual | None) -> None:
    # Repeated features need a file; segments are no pictures, so that no file goes with them.
    frames = encoder.config.frames
    if frames == GLOBAL_VISUAL and not given:
        raise DataFormatError(
            "--frames global-visual repeats the features of a file: name it with --global-visual."
        )
    if frames == TITLE_SEGMENTS and given:
        raise DataFormatError(
            "--frames title-segments puts frames into the space of texts, where a file of visual "
            "features has no place: leave --global-visual out, or choose --frames global-visual."
        )
    # Clips and the file fill rows of one array.
    if given and encoder.video and given.width != encoder.video.width:
        raise DataFormatError(
            f"{given.path} has features of {given.width} numbers and {encoder.video.name} makes "
            f"{encoder.video.width}: name the encoder that made the file (--encoder "
            "MCG-NJU/videomae-base), or choose --frames global-visual."
        )


def pending_batches(
    titles: dict[str, str], arrays: dict[str, np.ndarray], frames: str, batch_size: int
) -> Iterator[Batch]:
    """Yield the items that lack something, in order.

    Clips that were broken or not there are tried again.
    """
    # A settled clip is not looked at again; new clip files may have come since.
    settled = (DONE,) if frames == CLIPS else (DONE, ABSENT, GIVEN)
    ids = np.array(list(titles), object)
    texts = np.array(list(titles.values()), object)
    has_title = np.array([bool(title.strip()) for title in texts], bool)
    lacks_text = has_title & ~arrays["has_text"]
    lacks_clip = ~np.isin(arrays["clip_state"], settled)

    # In batches, as `ItemEncoder` takes them.
    pending = np.flatnonzero(lacks_text | lacks_clip)
    for start in range(0, len(pending), batch_size):
        row = pending[start : start + batch_size]
        yield {
            "row": row,
            "item_id": ids[row],
            "title": texts[row],
            "needs_text": lacks_text[row],
            "needs_clip": lacks_clip[row],
        }


def encoded_ahead(encoder: ItemEncoder, batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield encoded batches; the next one is decoded meanwhile."""
    # One batch waits for the encoder while the thread decodes the one behind it.
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for batch in batches:
            following = (batch, pool.submit(encoder.decode, batch))
            if waiting:
                yield encoder.encode(waiting[0], waiting[1].result())
            waiting = following
        if waiting:
            yield encoder.encode(waiting[0], waiting[1].result())


def write_batches(
    arrays: dict[str, np.ndarray], layout: StoreLayout, encoded: Iterable[Batch], total: int
) -> dict[str, str]:
    """Write batches as they come; return {item_id: reason} of the broken clips."""
    failures = {}
    with tqdm(total=total, unit="item", smoothing=0.05) as bar:
        for batch in encoded:
            # What each row holds.
            rows = batch["row"]
            has_text = batch["has_text"]
            is_seen = batch["state"] == DONE
            arrays["text"][rows[has_text]] = batch["text"][has_text]
            if is_seen.any():
                for name in ("frames", "global_visual", "times_s"):
                    arrays[name][rows[is_seen]] = batch[name][is_seen]

            # What says that a row is done comes after the row itself: a run killed in between does
            # it again.
            arrays["has_text"][rows[has_text]] = True
            was_asked = batch["state"] != PENDING
            arrays["clip_state"][rows[was_asked]] = batch["state"][was_asked]

            # Why a clip has none.
            for index in np.flatnonzero(batch["state"] == FAILED):
                failures[layout.item_ids[rows[index]]] = str(batch["reason"][index])
            bar.update(len(rows))
    return failures


def write_given(arrays: dict[str, np.ndarray], layout: StoreLayout, given: GivenVisual) -> None:
    """Give every item without a readable clip its v_i, repeated in each of its frames."""
    for start in range(0, len(layout.item_ids), ROWS_AT_ONCE):
        states = arrays["clip_state"][start : start + ROWS_AT_ONCE]
        is_missing = states != DONE
        rows = start + np.flatnonzero(is_missing)
        features = given.of([layout.item_ids[row] for row in rows])
        arrays["global_visual"][rows] = features
        arrays["frames"][rows] = features[:, None]
        states[is_missing] = GIVEN
