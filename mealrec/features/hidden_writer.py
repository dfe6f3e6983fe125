"""Write the encoders' hidden states into the folder of a feature store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from mealrec.errors import DataFormatError
from mealrec.features.hidden import (
    ARRAYS,
    FORMAT_VERSION,
    HIDDEN,
    HiddenStates,
    is_complete,
    made_for,
)
from mealrec.features.items import BATCH, ExtractConfig, ItemEncoder
from mealrec.features.store import (
    CLIPS,
    GLOBAL_VISUAL,
    TITLE_SEGMENTS,
    FeatureStore,
    array_path,
    checksum,
    create_array,
)
from mealrec.features.text import split_title
from mealrec.video.frames import SampledFrames
from mealrec.writing import write_json

POOLING = {
    CLIPS: "the mean over a clip's frames and patches",
    TITLE_SEGMENTS: "the mean over a title's segments",
}


def write_hidden(
    titles: dict[str, str], data: Path | None, out: Path, config: ExtractConfig
) -> HiddenStates:
    """Write the hidden states of every item of the finished store in `out`.

    Those there and whole are kept. `titles` and `config` are those the store was made with. A run
    that is killed begins again. Raises DataFormatError where no encoder has seen frames, or a clip
    of the store cannot be decoded any more.
    """
    # Is there anything to do?
    store = FeatureStore.open(out)
    if config.frames == GLOBAL_VISUAL:
        raise DataFormatError(
            "--hidden-states with --frames global-visual: a file of features has no layers; encode "
            "clips or segments."
        )
    if is_complete(out):
        return HiddenStates.open(out)

    # Say what will be written. Segments are texts: both arrays are then the text encoder's.
    encoder = ItemEncoder(data, config)
    text = (len(titles), encoder.text.layers + 1, encoder.text.width)
    shapes = {"visual": text, "text": text}
    if encoder.video:
        shapes["visual"] = (len(titles), encoder.video.layers + 1, encoder.video.hidden_width)
    made_by = store.manifest["encoders"]
    manifest = {
        "format_version": FORMAT_VERSION,
        "complete": False,
        "made_for": made_for(out),
        "encoders": {"visual": made_by["video"], "text": made_by["text"]},
        "pooling": {"visual": POOLING[config.frames], "text": "the mean over a title's tokens"},
        "shapes": {name: list(shape) for name, shape in shapes.items()},
    }
    write_json(out / HIDDEN, manifest)

    # Write it.
    arrays = {}
    for name, file in ARRAYS.items():
        arrays[name] = create_array(array_path(out, file), shapes[name], np.float16)
    fill(arrays, titles, store, encoder)
    sums = {name: checksum(array) for name, array in arrays.items()}
    write_json(out / HIDDEN, manifest | {"sha256": sums, "complete": True})
    return HiddenStates.open(out)


def fill(
    arrays: dict[str, np.ndarray], titles: dict[str, str], store: FeatureStore, encoder: ItemEncoder
) -> None:
    """Write every item's states into the `arrays`, batch by batch."""
    ids = list(titles)
    size = BATCH[encoder.config.frames]
    with tqdm(total=len(ids), unit="item", desc="hidden states") as bar:
        for start in range(0, len(ids), size):
            rows = slice(start, min(start + size, len(ids)))
            texts = [titles[item_id] for item_id in ids[rows]]
            # Segments are texts as their titles are; clips have an encoder of their own.
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
    # The titles, then all their segments, in one call; an empty title has empty ones.
    count = encoder.config.num_frames
    asked = list(texts)
    for text in texts:
        asked += split_title(text, count) or [""] * count
    states, _ = encoder.text.hidden_states(asked)

    # Apart again.
    whole = states[: len(texts)]
    parts = states[len(texts) :].reshape(len(texts), count, *states.shape[1:])
    return whole, parts.mean(1)


def _of_clips(item_ids: list[str], encoder: ItemEncoder) -> np.ndarray:
    # They could be decoded once: that they cannot now is no reason for a row of zeros.
    clips = encoder.clips(item_ids)
    for item_id, clip in zip(item_ids, clips, strict=True):
        if not isinstance(clip, SampledFrames):
            raise DataFormatError(
                f"The clip of item {item_id} was encoded once and is now {clip or 'gone'}: extract "
                "the features again."
            )
    return encoder.video.hidden_states([clip.frames for clip in clips])
