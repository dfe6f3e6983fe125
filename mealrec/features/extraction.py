"""From items to a finished feature store, resumable at any item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mealrec.features.items import Batch, ExtractConfig, ItemEncoder
from mealrec.features.store import (
    ABSENT,
    CLIPS,
    DONE,
    FAILED,
    PENDING,
    TITLE_SEGMENTS,
    FeatureStore,
    StoreLayout,
    finish,
    resume_or_create,
)

BATCH = {CLIPS: 8, TITLE_SEGMENTS: 256}  # items a forward pass, of clips and of texts alone


def extract_title_segments(
    catalogue_titles: dict[str, str],
    out: Path,
    text_encoder_name: str = "minilm",
    num_frames: int = 5,
    device: str = "auto",
) -> FeatureStore:
    """Return the store of titles and title segments in `out`; what is there already is not made again.

    `catalogue_titles` is {item_id: title}, in the store's order. Raises DataFormatError where `out` holds another
    store.
    """
    config = ExtractConfig(TITLE_SEGMENTS, text=text_encoder_name, num_frames=num_frames, device=device)
    return extract(catalogue_titles, None, out, config)


def extract(
    titles: dict[str, str], data: Path | None, out: Path, config: ExtractConfig, batch_size: int | None = None
) -> FeatureStore:
    """Make, or go on with, the store of these titles and of the clips under `data`; return it opened."""
    encoder = ItemEncoder(data, config)
    layout = layout_for(titles, encoder)
    arrays = resume_or_create(out, layout)
    batches = list(pending_batches(titles, arrays, config.frames, batch_size or BATCH[config.frames]))
    failures = write_batches(arrays, layout, encoded_ahead(encoder, batches), sum(len(b["row"]) for b in batches))
    finish(out, layout, arrays, failures)
    return FeatureStore.open(out)


def layout_for(titles: dict[str, str], encoder: ItemEncoder) -> StoreLayout:
    """Return what the store of these titles, made by this encoder, looks like."""
    config, text = encoder.config, encoder.text
    video = (f"{TITLE_SEGMENTS}:{text.name}", text.checksum)
    if encoder.video is not None:
        video = (encoder.video.name, encoder.video.checksum)
    return StoreLayout(
        item_ids=tuple(titles),
        visual_width=encoder.visual_width,
        text_width=text.width,
        num_frames=config.num_frames,
        interval_s=config.interval_s,
        encoders={
            "video": {"name": video[0], "sha256": video[1]},
            "text": {"name": text.name, "sha256": text.checksum},
        },
        frames=config.frames,
        titles_sha256=hashlib.sha256(json.dumps(list(titles.values())).encode()).hexdigest(),
    )


def pending_batches(
    titles: dict[str, str], arrays: dict[str, np.ndarray], frames: str, batch_size: int
) -> Iterator[Batch]:
    """Yield the items that lack something, in order; clips that were broken or not there are tried again."""
    settled = (DONE,) if frames == CLIPS else (DONE, ABSENT)
    texts = np.array(list(titles.values()), object)
    lacks_text = np.array([bool(title.strip()) for title in texts], bool) & ~arrays["has_text"]
    lacks_clip = ~np.isin(arrays["clip_state"], settled)
    pending = np.flatnonzero(lacks_text | lacks_clip)
    ids = np.array(list(titles), object)
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
    with ThreadPoolExecutor(1) as pool:
        waiting = None
        for batch in [*batches, None]:
            following = batch and (batch, pool.submit(encoder.decode, batch))
            if waiting:
                yield encoder.encode(waiting[0], waiting[1].result())
            waiting = following


def write_batches(
    arrays: dict[str, np.ndarray], layout: StoreLayout, encoded: Iterable[Batch], total: int
) -> dict[str, str]:
    """Write batches as they come; return {item_id: reason} of the broken clips.

    What says that a row is done is written after the row itself: a run killed in between does it again.
    """
    failures = {}
    with tqdm(total=total, unit="item", smoothing=0.05) as bar:
        for batch in encoded:
            rows, worded, seen = batch["row"], batch["has_text"], batch["state"] == DONE
            arrays["text"][rows[worded]] = batch["text"][worded]
            for name in ("frames", "global_visual", "times_s"):
                arrays[name][rows[seen]] = batch[name][seen]
            arrays["has_text"][rows[worded]] = True
            asked = batch["state"] != PENDING
            arrays["clip_state"][rows[asked]] = batch["state"][asked]
            for index in np.flatnonzero(batch["state"] == FAILED):
                failures[layout.item_ids[rows[index]]] = str(batch["reason"][index])
            bar.update(len(rows))
    return failures
