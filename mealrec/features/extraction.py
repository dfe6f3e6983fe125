"""From items to a finished feature store, resumable at any item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from mealrec.errors import DataFormatError
from mealrec.features.distributed import RayConfig, encoded_on_ray
from mealrec.features.given import GivenVisual
from mealrec.features.items import Batch, ExtractConfig, ItemEncoder
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
    finish,
    is_complete,
    reopen,
    resume_or_create,
)

# items a forward pass: clips, or texts alone
BATCH = {CLIPS: 8, TITLE_SEGMENTS: 256, GLOBAL_VISUAL: 256}


class Named(NamedTuple):
    """What features were made from, where that is no encoder."""

    name: str
    checksum: str


def extract_title_segments(
    catalogue_titles: dict[str, str],
    out: Path,
    text_encoder_name: str = "minilm",
    num_frames: int = 5,
    device: str = "auto",
) -> FeatureStore:
    """Return the store of titles and title segments in `out`; what is there already is not made
    again.

    `catalogue_titles` is {item_id: title}, in the store's order. Raises DataFormatError where `out`
    holds another store.
    """
    config = ExtractConfig(
        TITLE_SEGMENTS, text=text_encoder_name, num_frames=num_frames, device=device
    )
    return extract(catalogue_titles, None, out, config)


def extract(
    titles: dict[str, str],
    data: Path | None,
    out: Path,
    config: ExtractConfig,
    *,
    batch_size: int | None = None,
    global_visual: Path | None = None,
    ray: RayConfig | None = None,
) -> FeatureStore:
    """Make, or go on with, the store of these titles and of the clips under `data`; return it
    opened.

    `global_visual`: a file with v_i of items that have no readable clip; `ray`: where to encode, if
    not here.
    """
    encoder, given = ItemEncoder(data, config), global_visual and GivenVisual.open(global_visual)
    layout = layout_for(titles, encoder, given)
    arrays = resume_or_create(out, layout)
    batches = list(
        pending_batches(titles, arrays, config.frames, batch_size or BATCH[config.frames])
    )
    if batches or not is_complete(out):
        reopen(out, layout)
        encoded = (
            encoded_on_ray(data, config, batches, ray) if ray else encoded_ahead(encoder, batches)
        )
        failures = write_batches(
            arrays, layout, encoded, sum(len(batch["row"]) for batch in batches)
        )
        if given:
            write_given(arrays, layout, given)
        finish(out, layout, arrays, failures)
    return FeatureStore.open(out)


def layout_for(
    titles: dict[str, str], encoder: ItemEncoder, given: GivenVisual | None
) -> StoreLayout:
    """Return what the store of these titles looks like; raises DataFormatError where the sources
    do not fit."""
    config, text = encoder.config, encoder.text
    _check_sources(encoder, given)
    made_by = {
        CLIPS: encoder.video,
        TITLE_SEGMENTS: Named(f"{TITLE_SEGMENTS}:{text.name}", text.checksum),
        GLOBAL_VISUAL: given and Named(f"{GLOBAL_VISUAL}:{given.path.name}", given.checksum),
    }
    sources = {"video": made_by[config.frames], "text": text}
    if given:
        sources["global_visual"] = Named(given.path.name, given.checksum)
    encoders = {
        kind: {"name": source.name, "sha256": source.checksum} for kind, source in sources.items()
    }
    if encoder.video and encoder.video.temperature:
        encoders["video"]["class_temperature"] = encoder.video.temperature
    return StoreLayout(
        item_ids=tuple(titles),
        visual_width=given.width if given else encoder.visual_width,
        text_width=text.width,
        num_frames=config.num_frames,
        interval_s=config.interval_s,
        encoders=encoders,
        frames=config.frames,
        titles_sha256=hashlib.sha256(json.dumps(list(titles.values())).encode()).hexdigest(),
    )


def _check_sources(encoder: ItemEncoder, given: GivenVisual | None) -> None:
    frames = encoder.config.frames
    if frames == GLOBAL_VISUAL and not given:
        raise DataFormatError(
            "--frames global-visual repeats the features of a file: name it with --global-visual."
        )
    if frames == TITLE_SEGMENTS and given:
        raise DataFormatError(
            "--frames title-segments puts frames into the space of texts, where a file of visual features has no "
            "place: leave --global-visual out, or choose --frames global-visual."
        )
    if given and encoder.video and given.width != encoder.video.width:
        raise DataFormatError(
            f"{given.path} has features of {given.width} numbers and {encoder.video.name} makes {encoder.video.width}: "
            "name the encoder that made the file (--encoder MCG-NJU/videomae-base), or choose --frames global-visual."
        )


def pending_batches(
    titles: dict[str, str], arrays: dict[str, np.ndarray], frames: str, batch_size: int
) -> Iterator[Batch]:
    """Yield the items that lack something, in order; clips that were broken or not there are
    tried again."""
    settled = (DONE,) if frames == CLIPS else (DONE, ABSENT, GIVEN)
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

    What says that a row is done is written after the row itself: a run killed in between does it
    again.
    """
    failures = {}
    with tqdm(total=total, unit="item", smoothing=0.05) as bar:
        for batch in encoded:
            rows, worded, seen = batch["row"], batch["has_text"], batch["state"] == DONE
            arrays["text"][rows[worded]] = batch["text"][worded]
            if seen.any():
                for name in ("frames", "global_visual", "times_s"):
                    arrays[name][rows[seen]] = batch[name][seen]
            arrays["has_text"][rows[worded]] = True
            asked = batch["state"] != PENDING
            arrays["clip_state"][rows[asked]] = batch["state"][asked]
            for index in np.flatnonzero(batch["state"] == FAILED):
                failures[layout.item_ids[rows[index]]] = str(batch["reason"][index])
            bar.update(len(rows))
    return failures


def write_given(arrays: dict[str, np.ndarray], layout: StoreLayout, given: GivenVisual) -> None:
    """Give every item without a readable clip its v_i from the file, and repeat it in each of
    its frames."""
    for start in range(0, len(layout.item_ids), 1024):
        states = arrays["clip_state"][start : start + 1024]
        rows = start + np.flatnonzero(states != DONE)
        features = given.of([layout.item_ids[row] for row in rows])
        arrays["global_visual"][rows], arrays["frames"][rows] = features, features[:, None]
        states[states != DONE] = GIVEN
