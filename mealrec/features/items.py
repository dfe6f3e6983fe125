"""Items to features, a batch at a time: what a run on one machine and every actor of a run on
many share."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.data.clips import clip_path
from mealrec.errors import VideoError
from mealrec.features.encoder import VisualEncoder, open_encoder
from mealrec.features.segments import split_title
from mealrec.features.store import ABSENT, CLIPS, DONE, FAILED, PENDING, TITLE_SEGMENTS
from mealrec.features.text import TextEncoder
from mealrec.video.frames import SampledFrames, sample_frames

Batch = dict[str, np.ndarray]


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
        self.data, self.config = data, config
        self.text = TextEncoder.from_pretrained(config.text, config.device)
        self.video: VisualEncoder | None = None
        self.visual_width = self.text.width
        if config.frames == CLIPS:
            self.video = open_encoder(config.encoder, config.device, config.num_frames)
            self.visual_width = self.video.width

    def __call__(self, batch: Batch) -> Batch:
        """Decode and encode a batch."""
        return self.encode(batch, self.decode(batch))

    def decode(self, batch: Batch) -> list[SampledFrames | VideoError | None]:
        """Return the frames of each clip that the batch needs, or why there are none (None: no
        such file)."""
        if self.video is None:
            return []
        with ThreadPoolExecutor(self.config.jobs) as pool:
            return list(pool.map(self._decode_clip, batch["item_id"][batch["needs_clip"]].tolist()))

    def encode(self, batch: Batch, clips: Sequence[SampledFrames | VideoError | None]) -> Batch:
        """Return the features of a batch whose clips are decoded."""
        size, frames = len(batch["row"]), self.config.num_frames
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
        if self.config.frames == TITLE_SEGMENTS:
            self._encode_segments(batch, made)
        else:
            self._encode_titles(batch, made)
            self._encode_clips(np.flatnonzero(batch["needs_clip"]), clips, made)
        return made

    def _decode_clip(self, item_id: str) -> SampledFrames | VideoError | None:
        path = clip_path(self.data, item_id)
        if not path.is_file():
            return None
        try:
            return sample_frames(
                path, num_frames=self.config.num_frames, interval_s=self.config.interval_s
            )
        except VideoError as error:
            return error

    def _encode_titles(self, batch: Batch, made: Batch) -> None:
        rows = batch["needs_text"]
        made["text"][rows], made["has_text"][rows] = self.text.encode(batch["title"][rows].tolist())

    def _encode_segments(self, batch: Batch, made: Batch) -> None:
        """Encode titles and their segments together: a title without hashtags is its own
        segment."""
        count = self.config.num_frames
        titles = batch["title"].tolist()
        segments = [split_title(title, count) for title in titles]
        rows = [row for row, found in enumerate(segments) if found]
        texts = [titles[row] for row in rows] + [
            segment for row in rows for segment in segments[row]
        ]
        features, _ = self.text.encode(texts)
        made["text"][rows], made["has_text"][rows] = features[: len(rows)], True
        made["frames"][rows] = features[len(rows) :].reshape(len(rows), count, self.visual_width)
        means = made["frames"][rows].mean(1)
        made["global_visual"][rows] = means / np.maximum(
            np.linalg.norm(means, axis=1, keepdims=True), 1e-12
        )
        made["times_s"][rows], made["state"][rows] = np.arange(count), DONE

    def _encode_clips(
        self, rows: np.ndarray, clips: Sequence[SampledFrames | VideoError | None], made: Batch
    ) -> None:
        found = dict(zip(rows.tolist(), clips, strict=False))
        for row, clip in found.items():
            if isinstance(clip, VideoError):
                made["state"][row], made["reason"][row] = FAILED, str(clip)
        seen = [row for row, clip in found.items() if isinstance(clip, SampledFrames)]
        if seen:
            made["frames"][seen], made["global_visual"][seen] = self.video.encode(
                [found[row].frames for row in seen]
            )
            made["times_s"][seen] = np.stack([found[row].times_s for row in seen])
            made["state"][seen] = DONE
