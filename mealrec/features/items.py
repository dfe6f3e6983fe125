"""Items to features, a batch at a time, as a run on one machine and every actor of many do it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.data.catalogue import clip_path
from mealrec.errors import VideoError
from mealrec.features.encoder import open_encoder
from mealrec.features.store import (
    ABSENT,
    CLIPS,
    DONE,
    FAILED,
    GLOBAL_VISUAL,
    PENDING,
    TITLE_SEGMENTS,
)
from mealrec.features.text import TextEncoder, split_title
from mealrec.features.visual import VisualEncoder
from mealrec.video.frames import SampledFrames, sample_frames

# Items a forward pass: clips, or texts alone.
BATCH = {CLIPS: 8, TITLE_SEGMENTS: 256, GLOBAL_VISUAL: 256}
Batch = dict[str, np.ndarray]
Clip = SampledFrames | VideoError | None
"""A clip's frames, or why there are none; None where there is no such file."""


@dataclass(frozen=True)
class ExtractConfig:
    """What is made of an item, and with which encoders.

    `frames` is one of `FRAME_SOURCES`; `interval_s` seconds lie between the `num_frames` K frames
    of a clip; `jobs` clips are decoded at a time.
    """

    frames: str = CLIPS
    encoder: str = "checkpoints/encoder"
    text: str = "minilm"
    num_frames: int = 5
    interval_s: float = 1.0
    device: str = "auto"
    jobs: int = 2


class ItemEncoder:
    """Both encoders, loaded once, over batches of items.

    A batch going in: `row`, `item_id`, `title`, `needs_text`, `needs_clip` [B]. Coming out: `row`
    [B], `text` [B, H] where `has_text`, `frames` [B, K, V], `global_visual` [B, V], `times_s` [B,
    K] where `state` is DONE, and `reason` where it is FAILED; `state` is PENDING where no clip was
    asked for.
    """

    def __init__(self, data: Path | None, config: ExtractConfig):
        self.data = data
        self.config = config
        self.text = TextEncoder.from_pretrained(config.text, config.device)
        self.video: VisualEncoder | None = None
        self.visual_width = self.text.width
        if config.frames == CLIPS:
            self.video = open_encoder(config.encoder, config.device, config.num_frames)
            self.visual_width = self.video.width

    def __call__(self, batch: Batch) -> Batch:
        """Decode and encode a batch."""
        return self.encode(batch, self.decode(batch))

    def decode(self, batch: Batch) -> list[Clip]:
        """Return each clip that the batch needs."""
        if self.video is None:
            return []
        return self.clips(batch["item_id"][batch["needs_clip"]].tolist())

    def clips(self, item_ids: list[str]) -> list[Clip]:
        """Return each item's clip, several decoded at a time."""
        with ThreadPoolExecutor(self.config.jobs) as pool:
            return list(pool.map(self._decode_clip, item_ids))

    def encode(self, batch: Batch, clips: Sequence[Clip]) -> Batch:
        """Return the features of a batch whose clips are decoded."""
        # Zeros, until something is known.
        size = len(batch["row"])
        frames = self.config.num_frames
        made = {
            "row": batch["row"],
            "text": np.zeros((size, self.text.width), np.float32),
            "has_text": np.zeros(size, bool),
            "frames": np.zeros((size, frames, self.visual_width), np.float32),
            "global_visual": np.zeros((size, self.visual_width), np.float32),
            "times_s": np.zeros((size, frames), np.float32),
            "state": np.where(batch["needs_clip"], ABSENT, PENDING).astype(np.uint8),
            "reason": np.full(size, "", object),
        }

        # Segments come with their titles.
        if self.config.frames == TITLE_SEGMENTS:
            self._encode_segments(batch["title"].tolist(), made)
            return made

        # Titles and clips, each where the store lacks it.
        rows = batch["needs_text"]
        made["text"][rows], made["has_text"][rows] = self.text.encode(batch["title"][rows].tolist())
        if clips:
            self._encode_clips(np.flatnonzero(batch["needs_clip"]).tolist(), clips, made)
        return made

    def _decode_clip(self, item_id: str) -> Clip:
        path = clip_path(self.data, item_id)
        if not path.is_file():
            return None
        try:
            return sample_frames(
                path, num_frames=self.config.num_frames, interval_s=self.config.interval_s
            )
        except VideoError as error:
            return error

    def _encode_segments(self, titles: list[str], made: Batch) -> None:
        """Encode titles and their segments together: one without hashtags is its own segment."""
        # The titles that are there, then all their segments.
        count = self.config.num_frames
        segments = [split_title(title, count) for title in titles]
        rows = [row for row, found in enumerate(segments) if found]
        texts = [titles[row] for row in rows]
        for row in rows:
            texts += segments[row]
        features, _ = self.text.encode(texts)
        made["text"][rows] = features[: len(rows)]
        made["has_text"][rows] = True

        # The summary is the mean segment, of unit length as every text's feature is.
        frames = features[len(rows) :].reshape(len(rows), count, self.visual_width)
        means = frames.mean(1)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        made["frames"][rows] = frames
        made["global_visual"][rows] = means / np.maximum(lengths, 1e-12)
        made["times_s"][rows] = np.arange(count)
        made["state"][rows] = DONE

    def _encode_clips(self, rows: list[int], clips: Sequence[Clip], made: Batch) -> None:
        """Encode the clips of these rows that could be decoded."""
        # Which were decoded, and why the others were not.
        seen = []
        decoded = []
        for row, clip in zip(rows, clips, strict=True):
            if isinstance(clip, SampledFrames):
                seen.append(row)
                decoded.append(clip)
            elif clip is not None:
                made["state"][row] = FAILED
                made["reason"][row] = str(clip)

        # All clips in one call.
        if seen:
            frames, global_visual = self.video.encode([clip.frames for clip in decoded])
            made["frames"][seen] = frames
            made["global_visual"][seen] = global_visual
            made["times_s"][seen] = np.stack([clip.times_s for clip in decoded])
            made["state"][seen] = DONE
