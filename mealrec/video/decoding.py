"""Pixels of a few frames of one video, as a player shows them; runs in worker processes only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np

from mealrec.errors import VideoError
from mealrec.video.limits import DecodeLimits, check_time
from mealrec.video.orientation import pixel_aspect, shown_size, upright
from mealrec.video.tracks import SLACK_S, Timetable, open_video, packets, played_stream

# Frames that no other needs are skipped on the way to a moment, up to so many frames before it:
# within one group of frames that depend on each other (8 at most in what cameras make) nothing is
# left out.
LEAD_FRAMES = 8
SKIPPING_CODECS = ("h264", "hevc")


@dataclass(frozen=True)
class Shown:
    """A decoded frame and when it appears; `is_clean`: nothing that it is made from was damaged."""

    start_s: float
    frame: av.VideoFrame
    is_clean: bool


def decode_frames(
    playhead: Playhead,
    table: Timetable,
    targets_s: np.ndarray,
    near_s: float,
    max_height: int | None,
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the pictures [K, H, W, 3] uint8 on screen at `targets_s` [K], and their whole size.

    `targets_s` ascends and is in the stream's own clock; `max_height`: scaled down to fit. The
    pictures are upright, and the size is (height, width) before scaling. A damaged frame is
    replaced by the nearest undamaged one, as far as `near_s` seconds away. Raises VideoError where
    a moment has none.
    """
    # In a torn file, what seems to stay for longer stands before frames that are lost.
    longest_s = near_s + table.usual_s if table.is_torn else np.inf
    pictures = []
    size = (0, 0)
    last = None
    picture = None
    for target_s, index in zip(targets_s, table.on_screen(targets_s), strict=True):
        shown = playhead.seen_at(int(index), near_s)
        if shown is None or target_s - shown.start_s > longest_s:
            continue
        # A frame that stays for several moments is turned once.
        if shown is not last:
            picture = upright(shown.frame, playhead.aspect, max_height)
            size = shown_size(shown.frame, playhead.aspect)
            last = shown
        pictures.append(picture)

    # Every moment, in one size?
    if not pictures:
        raise VideoError(
            "Nothing of the video can be decoded: it is damaged, encrypted, or its codec is "
            "unknown here, so export it again."
        )
    if len(pictures) < len(targets_s):
        raise VideoError(
            f"The video is damaged: only {len(pictures)} of {len(targets_s)} moments can be seen "
            "as they are, so export it again."
        )
    if len({picture.shape for picture in pictures}) > 1:
        raise VideoError("The video changes its size between the moments: export it in one size.")
    return np.stack(pictures), size


def set_up_decoder(stream: av.VideoStream, limits: DecodeLimits) -> None:
    """Have a track decoded in one thread, within the limits, and turned as a player turns it."""
    stream.thread_type = "NONE"
    stream.codec_context.options = {
        "max_pixels": str(limits.max_side**2),
        # A player asks the container, not the codec.
        "side_data_prefer_packet": "displaymatrix",
    }


def resize(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return frames [K, H, W, 3] scaled to [K, height, width, 3] by area averaging."""
    scaled = []
    for frame in frames:
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
        scaled.append(picture.reformat(width, height, interpolation="AREA").to_ndarray())
    return np.stack(scaled)


class Playhead:
    """The played track of a video, decoded from keyframe to keyframe.

    What lies between moments is passed over. `aspect`: how wide a stored pixel is shown next to its
    height.
    """

    def __init__(self, path: str, demuxer: str, table: Timetable, limits: DecodeLimits):
        self._path = path
        self._demuxer = demuxer
        self._table = table
        self._limits = limits
        self._container = None
        self._open()
        self.aspect = pixel_aspect(self._stream, limits.max_side)

    def __enter__(self) -> Playhead:
        return self

    def __exit__(self, *_) -> None:
        self._container.close()

    def seen_at(self, index: int, near_s: float) -> Shown | None:
        """Return what is on screen when frame `index` starts.

        Where that is damaged it is the nearest undamaged frame within `near_s` seconds, else None.
        """
        wanted_s = float(self._table.starts_s[index])
        lead_s = float(self._table.starts_s[max(0, index - LEAD_FRAMES)])

        # Go on from where the last moment was, if that is the quickest way.
        if self._lies_ahead(wanted_s):
            seen = self._advance(wanted_s, near_s, lead_s)
            if seen is not None:
                return seen

        # From the keyframe before, skipping what no other frame needs; where that does not do, from
        # the one before that, then from the start, skipping nothing.
        all_the_way = len(self._table.keyframes) + 1
        for keyframes_back, is_skipping in ((1, True), (2, False), (all_the_way, False)):
            is_start = self._seek(wanted_s, keyframes_back)
            seen = self._advance(wanted_s, near_s, lead_s if is_skipping else -np.inf)
            if self._came_late and not is_start:
                continue  # it was no keyframe, or decoding from there recovers too slowly
            if seen is not None or not is_skipping:
                return seen
        return None

    def frames(self) -> Iterator[Shown]:
        """Yield the frames from here on in order; what cannot be decoded is left out."""
        return self._decoding

    def _open(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container = open_video(self._path, self._demuxer)
        self._stream = played_stream(self._container)
        set_up_decoder(self._stream, self._limits)
        self._restart()
        self._is_fresh = True  # nothing has been read yet

    def _restart(self) -> None:
        self._decoding = self._decoded()
        self._last: Shown | None = None  # the last undamaged frame up to the moment
        self._ahead: Shown | None = None  # the first one beyond it
        self._skip_before_s = -np.inf
        self._came_late = False
        self._is_fresh = False

    def _lies_ahead(self, wanted_s: float) -> bool:
        """Tell whether decoding on leads to a moment, with no keyframe between that is quicker."""
        if self._last is None or wanted_s < self._last.start_s:
            return False
        now = self._ahead or self._last
        limit_s = wanted_s + SLACK_S
        return not any(now.start_s < key.start_s <= limit_s for key in self._table.keyframes)

    def _seek(self, wanted_s: float, keyframes_back: int) -> bool:
        """Go to the n-th keyframe up to a moment; return whether that is the start of the file."""
        before = [key for key in self._table.keyframes if key.start_s <= wanted_s + SLACK_S]
        if len(before) > keyframes_back:
            self._is_fresh = False
            with suppress(av.error.FFmpegError):
                self._container.seek(before[-keyframes_back].stamp, stream=self._stream)
                self._restart()
                return False

        # None is left before that, or the file cannot be searched. Opening looks into the first
        # frames, which costs as much as decoding some.
        if not self._is_fresh:
            self._open()
        return True

    def _advance(self, wanted_s: float, near_s: float, skip_before_s: float) -> Shown | None:
        """Decode up to a moment, and beyond it where nothing before it is undamaged and near."""
        self._skip_before_s = skip_before_s
        self._is_fresh = False
        is_first = self._last is None
        while True:
            # The next frame, kept while it is beyond the moment.
            if self._ahead is None:
                self._ahead = next(self._decoding, None)
            ahead = self._ahead
            if ahead is None:
                break

            # Where even the first one is too late, this was no place to begin.
            is_beyond = ahead.start_s > wanted_s + SLACK_S
            if is_first and is_beyond:
                self._came_late = True
            is_first = False

            # Stop beyond the moment once something undamaged is at hand, or nothing near is left.
            if is_beyond:
                is_far = ahead.start_s - wanted_s > near_s
                if self._is_near(wanted_s, near_s) or ahead.is_clean or is_far:
                    break
            elif ahead.is_clean:
                self._last = ahead
            self._ahead = None

        # What was before the moment, else what comes soon after.
        if self._is_near(wanted_s, near_s):
            return self._last
        if ahead is not None and ahead.is_clean and ahead.start_s - wanted_s <= near_s:
            return ahead
        return None

    def _is_near(self, wanted_s: float, near_s: float) -> bool:
        """Tell whether the last undamaged frame can stand for a moment."""
        return self._last is not None and wanted_s - self._last.start_s <= near_s + SLACK_S

    def _decoded(self) -> Iterator[Shown]:
        """Yield the frames in the order of display, from where the container stands.

        A frame is damaged where the decoder says so, and everything after it up to the next
        undamaged keyframe.
        """
        codec = self._stream.codec_context
        time_base = self._stream.time_base
        is_numbered = self._table.is_numbered
        is_clean = True
        number = 0
        for packet in chain(packets(self._container, self._stream), (None,)):
            check_time(self._limits)

            # On the way to a moment, frames that no other needs are left out.
            if packet is not None and packet.pts is not None and codec.name in SKIPPING_CODECS:
                is_early = float(packet.pts * time_base) < self._skip_before_s
                codec.skip_frame = "NONREF" if is_early and not is_numbered else "DEFAULT"
            try:
                frames = codec.decode(packet)
            except av.error.FFmpegError:  # like a player: a damaged packet is skipped
                is_clean = False
                continue
            for frame in frames:
                is_clean = not frame.is_corrupt and (is_clean or frame.key_frame)
                if is_numbered:
                    number = self._number(frame, number)
                    yield Shown(float(self._table.starts_s[number]), frame, is_clean)
                # Frames held back to the end come without a time base of their own.
                elif frame.pts is not None:
                    yield Shown(float(frame.pts * time_base), frame, is_clean)

    def _number(self, frame: av.VideoFrame, last: int) -> int:
        """Return which frame in the order of display this is, where only decoding is timed.

        A decoder gives out one frame for each that it takes in, after as many as it has to hold
        back.
        """
        starts_s = self._table.starts_s
        if frame.dts is None:  # taken in at the end of the file
            number = last + 1
        else:
            taken_s = float(frame.dts * self._stream.time_base)
            taken_in = int(np.searchsorted(starts_s, taken_s - SLACK_S))
            number = taken_in - self._stream.codec_context.reorder_depth
        return min(max(number, 0), len(starts_s) - 1)
