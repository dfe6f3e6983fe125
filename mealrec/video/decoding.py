"""Pixels of a few frames of one video, as a player shows them; runs inside the worker processes
only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np

from mealrec.errors import VideoError
from mealrec.video.confinement import check_time
from mealrec.video.orientation import pixel_aspect, shown_size, upright
from mealrec.video.probe import DecodeLimits
from mealrec.video.tracks import SLACK_S, Timetable, open_video, packets, played_stream

# Frames that no other needs are skipped on the way to a moment, up to so many frames before it:
# within one group of frames that depend on each other (8 at most in what cameras make) nothing is
# left out.
LEAD_FRAMES = 8
SKIPPING_CODECS = ("h264", "hevc")


@dataclass(frozen=True)
class Shown:
    """A decoded frame and when it appears (seconds); `is_clean`: nothing that it is made from
    was damaged."""

    start_s: float
    frame: av.VideoFrame
    is_clean: bool


def decode_frames(
    playhead: Playhead,
    table: Timetable,
    targets_s: np.ndarray,
    near_s: float,
    max_height: int | None = None,
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the pictures [K, H, W, 3] uint8 that are on screen at `targets_s` [K], upright, and
    their whole size.

    `targets_s` ascends and is in the stream's own clock; `max_height`: scaled down to fit. The size
    is (height, width) before that. A damaged frame is replaced by the nearest undamaged one, as far
    as `near_s` seconds away. Raises VideoError where a moment has none.
    """
    pictures, size, last, picture = [], (0, 0), None, None
    longest_s = near_s + table.usual_s if table.is_torn else np.inf
    for target_s, index in zip(targets_s, table.on_screen(targets_s), strict=True):
        seen = playhead.seen_at(int(index), near_s)
        if seen is None or target_s - seen.start_s > longest_s:  # what was lost stood here
            continue
        if seen is not last:
            last, picture = seen, upright(seen.frame, playhead.aspect, max_height)
            size = shown_size(seen.frame, playhead.aspect)
        pictures.append(picture)
    if not pictures:
        raise VideoError(
            "Nothing of the video can be decoded: it is damaged, encrypted, or its codec is unknown here, so export it "
            "again."
        )
    if len(pictures) < len(targets_s):
        seen = f"{len(pictures)} of {len(targets_s)} moments"
        raise VideoError(
            f"The video is damaged: only {seen} can be seen as they are, so export it again."
        )
    if len({picture.shape for picture in pictures}) > 1:
        raise VideoError("The video changes its size between the moments: export it in one size.")
    return np.stack(pictures), size


def resize(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return frames [K, H, W, 3] scaled to [K, height, width, 3] by area averaging."""
    pictures = [
        av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24") for frame in frames
    ]
    return np.stack(
        [p.reformat(width, height, interpolation="AREA").to_ndarray() for p in pictures]
    )


class Playhead:
    """The played track of a video, decoded from keyframe to keyframe: what lies between moments is
    passed over.

    `aspect`: how wide a stored pixel is shown next to its height.
    """

    def __init__(self, path: str, demuxer: str, table: Timetable, limits: DecodeLimits):
        """Open the file."""
        self._path, self._demuxer, self._table, self._limits = path, demuxer, table, limits
        self._container = None
        self._open()
        self.aspect = pixel_aspect(self._stream, limits.max_side)

    def __enter__(self) -> Playhead:
        return self

    def __exit__(self, *_) -> None:
        self._container.close()

    def seen_at(self, index: int, near_s: float) -> Shown | None:
        """Return what is on screen when frame `index` starts, else what is undamaged nearest to
        it, else None."""
        wanted_s = float(self._table.starts_s[index])
        lead_s = float(self._table.starts_s[max(0, index - LEAD_FRAMES)])
        if self._lies_ahead(wanted_s):
            seen = self._advance(wanted_s, near_s, lead_s)
            if seen is not None:
                return seen
        for keyframes_back, is_skipping in (
            (1, True),
            (2, False),
            (len(self._table.keyframes) + 1, False),
        ):
            is_start = self._seek(wanted_s, keyframes_back)
            seen = self._advance(wanted_s, near_s, lead_s if is_skipping else -np.inf)
            if self._came_late and not is_start:
                continue  # it was no keyframe, or decoding from there recovers too slowly
            if seen is not None or not is_skipping:
                return seen
        return None

    def frames(self) -> Iterator[Shown]:
        """Yield the frames of the whole video in the order of display; what cannot be decoded is
        left out."""
        self._start()
        return self._decoding

    def _open(self) -> None:
        if self._container is not None:
            self._container.close()
        self._container = open_video(self._path, self._demuxer)
        self._stream = played_stream(self._container)
        self._stream.thread_type = "NONE"
        self._stream.codec_context.options = {
            "max_pixels": str(self._limits.max_side**2),
            # a player asks the container, not the codec
            "side_data_prefer_packet": "displaymatrix",
        }
        self._restart()
        self._is_fresh = True  # nothing has been read yet

    def _start(self) -> None:
        if not self._is_fresh:
            # opening looks into the first frames, which costs as much as decoding some
            self._open()

    def _restart(self) -> None:
        self._decoding = self._decoded()
        self._last: Shown | None = None  # the last undamaged frame up to the moment
        self._ahead: Shown | None = None  # the first one beyond it
        self._skip_before_s, self._came_late, self._is_fresh = -np.inf, False, False

    def _lies_ahead(self, wanted_s: float) -> bool:
        """Tell whether decoding on leads to a moment, and no keyframe lies between that would be
        quicker."""
        if self._last is None:
            return False
        now_s = self._last.start_s if self._ahead is None else self._ahead.start_s
        return self._last.start_s <= wanted_s and not any(
            now_s < key.start_s <= wanted_s + SLACK_S for key in self._table.keyframes
        )

    def _seek(self, wanted_s: float, keyframes_back: int) -> bool:
        """Go to the n-th keyframe up to a moment; return whether that is the start of the file."""
        before = [key for key in self._table.keyframes if key.start_s <= wanted_s + SLACK_S]
        if len(before) > keyframes_back:
            self._is_fresh = False
            try:
                self._container.seek(before[-keyframes_back].stamp, stream=self._stream)
                self._restart()
                return False
            except av.error.FFmpegError:
                pass
        self._start()
        return True

    def _advance(self, wanted_s: float, near_s: float, skip_before_s: float) -> Shown | None:
        """Decode up to a moment, and beyond it where nothing before it is undamaged and near."""
        self._skip_before_s, self._is_fresh = skip_before_s, False
        first = self._last is None
        while True:
            if self._ahead is None:
                self._ahead = next(self._decoding, None)
            ahead = self._ahead
            if ahead is None:
                break
            if first and ahead.start_s > wanted_s + SLACK_S:
                self._came_late = True
            first = False
            if ahead.start_s > wanted_s + SLACK_S:
                if (
                    self._is_near(wanted_s, near_s)
                    or ahead.is_clean
                    or ahead.start_s - wanted_s > near_s
                ):
                    break
            elif ahead.is_clean:
                self._last = ahead
            self._ahead = None
        if self._is_near(wanted_s, near_s):
            return self._last
        return (
            ahead
            if ahead is not None and ahead.is_clean and ahead.start_s - wanted_s <= near_s
            else None
        )

    def _is_near(self, wanted_s: float, near_s: float) -> bool:
        return self._last is not None and wanted_s - self._last.start_s <= near_s + SLACK_S

    def _decoded(self) -> Iterator[Shown]:
        """Yield the frames in the order of display, from where the container stands.

        A frame is damaged where the decoder says so, and everything after it up to the next
        undamaged keyframe.
        """
        codec, time_base, is_clean, number = (
            self._stream.codec_context,
            self._stream.time_base,
            True,
            0,
        )
        for packet in chain(packets(self._container, self._stream), (None,)):
            check_time(self._limits)
            if packet is not None and packet.pts is not None and codec.name in SKIPPING_CODECS:
                is_early = float(packet.pts * time_base) < self._skip_before_s
                codec.skip_frame = (
                    "NONREF" if is_early and not self._table.is_numbered else "DEFAULT"
                )
            try:
                frames = codec.decode(packet)
            except av.error.FFmpegError:  # like a player: a damaged packet is skipped
                is_clean = False
                continue
            for frame in frames:
                is_clean = not frame.is_corrupt and (is_clean or frame.key_frame)
                if self._table.is_numbered:
                    number = self._number(frame, number)
                    yield Shown(float(self._table.starts_s[number]), frame, is_clean)
                # frames held back to the end come without a time base of their own
                elif frame.pts is not None:
                    yield Shown(float(frame.pts * time_base), frame, is_clean)

    def _number(self, frame: av.VideoFrame, last: int) -> int:
        """Return which frame in the order of display this is, where only the order of decoding is
        stored.

        A decoder gives out one frame for each that it takes in, after as many as it has to hold
        back.
        """
        if frame.dts is None:  # taken in at the end of the file
            number = last + 1
        else:
            taken_in = np.searchsorted(
                self._table.starts_s, float(frame.dts * self._stream.time_base) - SLACK_S
            )
            number = int(taken_in) - self._stream.codec_context.reorder_depth
        return min(max(number, 0), len(self._table.starts_s) - 1)
