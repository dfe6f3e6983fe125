"""`python -m mealrec extract`: clips and titles to a feature store."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mealrec.errors import DataFormatError, VideoError
from mealrec.features.catalogue import clip_path, read_titles
from mealrec.features.frames import SampledFrames, sample_frames
from mealrec.features.store import (
    ABSENT,
    DONE,
    FAILED,
    MANIFEST,
    PENDING,
    StoreLayout,
    create_arrays,
    finish,
    layout_of,
    open_arrays,
    read_manifest,
)
from mealrec.features.text import TextEncoder
from mealrec.features.video import VideoEncoder

CHUNK = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with titles.csv and clips/<id>.mp4")
    parser.add_argument("--encoder", default="checkpoints/encoder", help="VideoMAE directory or hub id")
    parser.add_argument("--text", default="minilm", help='BERT directory, hub id, or "minilm"')
    parser.add_argument("--out", type=Path, required=True, help="feature store to write, or to go on with")
    parser.add_argument("--num-frames", type=int, default=5, help="frames a clip (K)")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between frames")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    parser.add_argument("--jobs", type=int, default=2, help="clips decoded at a time")


def run(arguments: argparse.Namespace) -> int:
    """Extract features of every item; an item whose clip is broken is noted and skipped."""
    titles = read_titles(arguments.data)
    video = VideoEncoder.from_pretrained(arguments.encoder, arguments.device, arguments.num_frames)
    text = TextEncoder.from_pretrained(arguments.text, arguments.device)
    layout = StoreLayout(
        item_ids=tuple(titles),
        visual_width=video.width,
        text_width=text.width,
        num_frames=arguments.num_frames,
        interval_s=arguments.interval,
        encoders={kind: {"name": e.name, "sha256": e.checksum} for kind, e in (("video", video), ("text", text))},
    )
    arrays = _resume_or_create(arguments.out, layout)
    arrays["text"][:], arrays["has_text"][:] = text.encode(list(titles.values()))
    failures = _extract_clips(arguments.data, layout, video, arrays, arguments.jobs)
    finish(arguments.out, layout, arrays, failures)
    states = arrays["clip_state"]
    print(f"{(states == DONE).sum()} clips, {(states == ABSENT).sum()} without a file, {len(failures)} unreadable")
    for item_id, reason in failures.items():
        print(f"  {item_id}: {reason}")
    return 0


def _resume_or_create(path: Path, layout: StoreLayout) -> dict[str, np.ndarray]:
    if not (path / MANIFEST).is_file():
        return create_arrays(path, layout)
    if layout_of(read_manifest(path)) != layout:
        raise DataFormatError(
            f"{path} holds features of other items, encoders or settings: choose another --out, or delete it first."
        )
    return open_arrays(path, layout, mode="r+")


def _extract_clips(
    data: Path, layout: StoreLayout, encoder: VideoEncoder, arrays: dict[str, np.ndarray], jobs: int
) -> dict[str, str]:
    """Fill the rows that are still pending or failed; return {item_id: reason} of the broken clips."""
    states, failures = arrays["clip_state"], {}
    rows = [row for row, state in enumerate(states) if state in (PENDING, FAILED)]

    def decode(row: int) -> SampledFrames | VideoError | None:
        path = clip_path(data, layout.item_ids[row])
        if not path.is_file():
            return None
        try:
            return sample_frames(path, num_frames=layout.num_frames, interval_s=layout.interval_s)
        except VideoError as error:
            return error

    with ThreadPoolExecutor(jobs) as pool:
        # a chunk at a time: decoded clips are large, and decoding runs ahead of encoding
        clips = chain.from_iterable(pool.map(decode, rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK))
        for row, clip in tqdm(zip(rows, clips, strict=True), total=len(rows), unit="clip"):
            if clip is None:
                states[row] = ABSENT
            elif isinstance(clip, VideoError):
                states[row], failures[layout.item_ids[row]] = FAILED, str(clip)
            else:
                features, overall = encoder.encode(clip.frames[None])
                arrays["frames"][row], arrays["global_visual"][row] = features[0], overall[0]
                arrays["times_s"][row], states[row] = clip.times_s, DONE  # the state last: a killed run redoes it
    return failures
