"""An uploaded video as a row of features: known by its content alone, as a new item is."""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.bundle.contents import GLOBAL_VISUAL, TITLE_SEGMENTS, BundleContents, check_encoder
from mealrec.bundle.manifest import CatalogueItem
from mealrec.bundle.media import THUMBNAIL_HEIGHT
from mealrec.errors import BundleError, RequestError, VideoError
from mealrec.explain.trace import RankedItem
from mealrec.features.visual import Sight, sights
from mealrec.features.weights import pick_device
from mealrec.types import ItemFeatures
from mealrec.video.frames import SampledFrames, sample_frames, scaled_down
from mealrec.video.limits import DecodeLimits

if TYPE_CHECKING:
    from mealrec.features.text import TextEncoder
    from mealrec.features.visual import VisualEncoder

NEAREST = 10
# Every drawn clip is as near to another, one photograph in 15 of something else too (docs/eyes.md).
ALIKE = 0.65
# Catalogue frames compared at a time: a million clips are no reason for a gigabyte.
ROWS = 2**16
# The encoder takes far less; a frame of 4096 x 4096 would cost it 200 MB as floats.
ENCODED_HEIGHT = 1080
# Others wait behind a visitor.
UPLOAD_LIMITS = DecodeLimits(cpu_s=4.0, timeout_s=120.0, max_memory_bytes=2 * 2**30)
DECODERS = 2

MAX_TITLE = 500
MARKUP = re.compile(r"<[A-Za-z/!?]")
# Control, direction, half characters, private, line ends.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
# Emoji and several scripts are written with them.
JOINERS = "\u200c\u200d"

_INSTEAD = "Pick clips of the catalogue instead, or open a bundle that was made from clips."
REFUSALS = {
    TITLE_SEGMENTS: "This bundle was made from titles alone: segments of each title stand in for "
    "frames, so there is no video encoder that could place an uploaded clip among its items. "
    f"{_INSTEAD}",
    GLOBAL_VISUAL: "This bundle was made from given visual features, without the encoder that made "
    f"them, so an uploaded clip cannot be placed among its items. {_INSTEAD}",
}
Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Upload:
    """A visitor's video, ready to stand in a history under its `upload_id`; equal to itself alone.

    `times_s` [K] and `thumbnails` K x [H, W, 3] uint8: the sampled frames; `features`: one row, no
    padding; `nearest`: the catalogue's items that look most alike, scored by cosine. `sights` [K]:
    what the encoder sees in each frame, likeliest first; () where it has no names for what it sees.
    `likeness` [K]: each frame's cosine with the catalogue's nearest frame. `resembles`: is one of
    them near enough to say that the catalogue shows such things; None where the encoder tells no
    classes apart, so that no measured limit holds.
    """

    upload_id: str
    title: str
    times_s: np.ndarray
    thumbnails: tuple[np.ndarray, ...]
    features: ItemFeatures
    nearest: tuple[RankedItem, ...]
    sights: tuple[tuple[Sight, ...], ...] = ()
    likeness: tuple[float, ...] = ()
    resembles: bool | None = None

    def to_dict(self) -> dict:
        """Return what docs/api.md says of /encode, in plain types."""
        # The chances come as numpy's numbers, which JSON does not know.
        sights_of_frames = []
        for seen in self.sights:
            sights_of_frames.append(
                [{"name": sight.name, "chance": float(sight.chance)} for sight in seen]
            )
        return {
            "upload_id": self.upload_id,
            "title": self.title,
            "times_s": [float(time) for time in self.times_s],
            "sights": sights_of_frames,
            "resembles": self.resembles,
            "nearest": [vars(item) for item in self.nearest],
        }


class UploadEncoder:
    """Encodes videos with the encoders that made the bundle's features; loads them on first use."""

    def __init__(self, bundle: Path, contents: BundleContents, device: str):
        """Prepare; `device` is looked up when the encoders are loaded ("auto": CUDA if there)."""
        self._bundle = bundle
        self._contents = contents
        self._device = device
        self._loading = threading.Lock()
        # Whoever turns away must not leave workers to pile up.
        self._decoders = threading.BoundedSemaphore(DECODERS)

    @property
    def refusal(self) -> str:
        """Say why no video can be encoded; "" where one can."""
        return REFUSALS.get(self._contents.frames_from, "")

    def encode(
        self,
        path: str | Path,
        title: str = "",
        progress: Progress | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> Upload:
        """Decode and encode a video; see Recommender.encode_upload."""
        # Refuse what cannot be before anything is decoded.
        if self.refusal:
            raise RequestError(self.refusal)
        title = checked_title(title)

        def report(stage: str, fraction: float) -> None:
            if cancel is not None and cancel():
                raise RequestError("The upload was cancelled: choose the video again to go on.")
            if progress is not None:
                progress(stage, fraction)

        # Decode, then encode.
        sampled = self._sampled(path, report, cancel)
        features, seen = self._features(sampled, title, report)

        # What it looks like among the catalogue's.
        catalogue = self._contents.features
        visual = features.global_visual[0]
        likeness = nearest_frames(features.frames[0], catalogue)
        return Upload(
            upload_id=f"upload-{secrets.token_hex(12)}",
            title=title,
            times_s=sampled.times_s,
            thumbnails=scaled_down(sampled.frames, THUMBNAIL_HEIGHT),
            features=features,
            nearest=nearest(visual, catalogue, self._contents.catalogue),
            sights=seen,
            likeness=likeness,
            resembles=max(likeness, default=0.0) >= ALIKE if seen else None,
        )

    def _sampled(
        self, path: str | Path, report: Progress, cancel: Callable[[], bool] | None
    ) -> SampledFrames:
        # Whoever waits for a decoder can cancel as soon as it is free.
        with self._decoders:
            report("decoding", 0.0)
            try:
                sampled = sample_frames(
                    path,
                    num_frames=self._num_frames,
                    interval_s=self._contents.interval_s,
                    max_height=ENCODED_HEIGHT,
                    cancelled=cancel,
                    limits=UPLOAD_LIMITS,
                )
            except VideoError:
                if cancel is not None and cancel():
                    # Says that it was cancelled, which is why it ended.
                    report("decoding", 0.0)
                raise
        report("decoding", 1.0)
        return sampled

    def _features(
        self, sampled: SampledFrames, title: str, report: Progress
    ) -> tuple[ItemFeatures, tuple[tuple[Sight, ...], ...]]:
        report("encoding", 0.0)
        with self._loading:
            video, text = self._encoders
        report("encoding", 0.3)

        # The frames, each and as a whole, and what the encoder sees in them.
        made, overall = video.encode(sampled.frames[None])
        seen = sights(made[0], video.labels, video.temperature) if video.labels else ()
        report("encoding", 0.9)

        # The title, and all of it as the bundle's features are: without an ID.
        words, has_text = text.encode([title])
        normalisation = self._contents.normalisation
        yes = torch.ones(1, dtype=torch.bool)
        features = ItemFeatures(
            global_visual=normalisation.visual(torch.from_numpy(overall)),
            frames=normalisation.visual(torch.from_numpy(made)),
            text=normalisation.text(torch.from_numpy(words)),
            has_visual=yes,
            has_text=torch.from_numpy(has_text),
            has_id=~yes,
        )
        report("encoding", 1.0)
        return features, seen

    @cached_property
    def _encoders(self) -> tuple[VisualEncoder, TextEncoder]:
        # transformers takes seconds to import: a question without an upload does without it.
        from mealrec.features.encoder import open_encoder
        from mealrec.features.text import TextEncoder

        wanted = self._contents.encoders
        device = pick_device(self._device)
        source = check_encoder(self._bundle, wanted["video"])
        video = open_encoder(source, device, self._num_frames)
        text = TextEncoder.from_pretrained(check_encoder(self._bundle, wanted["text"]), device)

        # Of the same name, they may still be others than those that made the features.
        for kind, encoder in (("video", video), ("text", text)):
            expected = wanted[kind]["sha256"]
            if encoder.checksum != expected:
                raise BundleError(
                    f"The {kind} encoder {encoder.name} is not the one that the bundle was made "
                    f"with (sha256 {encoder.checksum[:12]}… where {expected[:12]}… is expected): "
                    "install that one."
                )
        return video, text

    @property
    def _num_frames(self) -> int:
        return self._contents.times_s.shape[1]


def quiet_transformers() -> None:
    """Keep the encoders' loading off the terminal."""
    from transformers.utils import logging

    logging.disable_progress_bar()


def checked_title(title: str) -> str:
    """Return a visitor's title without the spaces around it.

    Raises RequestError for what is no text, too long, holds markup, or characters that nobody sees.
    """
    if not isinstance(title, str):
        raise RequestError(f"title: text is expected, a {type(title).__name__} came.")

    # One line that a page can show, of signs that a reader sees.
    if len(title) > MAX_TITLE:
        raise RequestError(
            f"title: at most {MAX_TITLE} characters are expected, {len(title)} came: shorten it."
        )
    title = title.strip()
    for letter in title:
        if letter not in JOINERS and unicodedata.category(letter) in INVISIBLE:
            raise RequestError(
                f"title: a line of visible text is expected, the character U+{ord(letter):04X} "
                "came: take it out."
            )

    # Pages escape it anyway; nobody means it as a title.
    markup = MARKUP.search(title)
    if markup:
        raise RequestError(
            f"title: plain text is expected, markup ({markup[0]}…) came: write it without."
        )
    return title


def nearest(
    visual: Tensor, features: ItemFeatures, catalogue: Sequence[CatalogueItem]
) -> tuple[RankedItem, ...]:
    """Return the items whose global visual features lie nearest to `visual` [V], best first.

    Their scores are cosines; an item that shows nothing has -1.
    """
    # Whole clips are compared, without padding.
    likeness = F.cosine_similarity(features.global_visual[1:], visual, dim=-1)
    likeness = likeness.masked_fill(~features.has_visual[1:], -1.0)
    scores, places = likeness.topk(min(NEAREST, len(likeness)))
    found = []
    for score, place in zip(scores.tolist(), places.tolist(), strict=True):
        item = catalogue[place]
        found.append(RankedItem(item.item_id, item.title, item.topic, score, len(found) + 1))
    return tuple(found)


def nearest_frames(frames: Tensor, features: ItemFeatures) -> tuple[float, ...]:
    """Return each frame's [K, V] cosine with the catalogue's nearest frame.

    -1 where the catalogue shows nothing.
    """
    # No frame of the catalogue, no likeness.
    best = torch.full((len(frames),), -1.0)
    shown = features.has_visual.nonzero().flatten()
    if not len(shown):
        return tuple(best.tolist())

    # A part of the catalogue's frames at a time.
    asked = F.normalize(frames, dim=-1)
    for rows in shown.split(max(1, ROWS // features.frames.shape[1])):
        known = F.normalize(features.frames[rows].flatten(0, 1), dim=-1)
        best = torch.maximum(best, (asked @ known.T).amax(1))
    return tuple(best.tolist())
