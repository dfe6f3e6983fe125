"""The track that a player plays, and when each of its frames is shown; no frame is decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import av
import av.logging
import numpy as np
from av.stream import Disposition

from mealrec.errors import VideoError
from mealrec.video.limits import DecodeLimits, check_time
from mealrec.video.probe import encrypted

MAX_RATE = 1000.0  # frames a second, counted; slow motion is recorded at up to 960
# Containers round timestamps; a frame that starts this much late still counts as shown.
SLACK_S = 1e-4
# Covers, alpha planes.
NOT_PLAYED = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.dependent


@dataclass(frozen=True)
class Keyframe:
    """A frame that decoding can start at.

    It is shown at `start_s`, and `stamp` is what to seek to in the stream's clock. Where frames are
    numbered, `start_s` may be that of a frame shown a little earlier.
    """

    start_s: float
    stamp: int


@dataclass(frozen=True)
class Timetable:
    """When each frame of a video appears.

    `starts_s` [F] ascending, in the stream's own clock; `duration_s` from the first frame's start
    to the last frame's end; `stated_s` how long the header says it is, 0 where it does not;
    `usual_s` how long a frame usually stays on screen; `keyframes` ascending; `is_numbered`: the
    container stores frames without a time of display (AVI), so that the n-th one given out by the
    decoder is shown at the n-th time; `is_torn`: parts of the file could not be read, so that a
    frame that seems to be on screen for long may stand before others that are lost.
    """

    starts_s: np.ndarray
    duration_s: float
    stated_s: float
    usual_s: float
    keyframes: tuple[Keyframe, ...]
    is_numbered: bool
    is_torn: bool

    def on_screen(self, targets_s: np.ndarray) -> np.ndarray:
        """Return which frame [K] is on screen at each of `targets_s` [K], at least the first."""
        begun = np.searchsorted(self.starts_s, targets_s + SLACK_S, side="right")
        return np.maximum(begun - 1, 0)


def open_video(path: str, demuxer: str) -> av.container.InputContainer:
    """Open the file with exactly this demuxer; nothing in the file can make it open another."""
    try:
        return av.open(path, format=demuxer, options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, ValueError) as error:
        raise VideoError(
            "The video cannot be opened: it is damaged or cut off, so export it again."
        ) from error


def played_stream(container: av.container.InputContainer) -> av.VideoStream:
    """Return the first track that is enabled, of those that are no cover, thumbnail or mask.

    Raises VideoError where the file has no picture, or none whose codec is known.
    """
    streams = [stream for stream in container.streams.video if not stream.disposition & NOT_PLAYED]
    if not container.streams:
        raise VideoError(
            "The video tells nothing of what it holds: it is damaged or cut off, so export it "
            "again."
        )
    if not streams:
        raise VideoError(
            "The file has no picture, only sound or other data: choose a clip that shows something."
        )
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise VideoError(
            "The video's codec is unknown here, or its header damaged or cut off: export it as "
            "H.264."
        )

    def order(stream: av.VideoStream) -> tuple[bool, bool]:
        # A camera's preview is a track of one frame; where no track is enabled, as in AVI, all are.
        is_disabled = not stream.disposition & Disposition.default
        return is_disabled, stream.frames == 1

    return min(known, key=order)


def read_timetable(path: str, demuxer: str, limits: DecodeLimits) -> Timetable:
    """Check the header against the limits, then list all frames' times without decoding one.

    Raises VideoError where there is no picture or only one still, it is encrypted, or a limit is
    passed.
    """
    with _reported_errors() as reported, open_video(path, demuxer) as container:
        stream = played_stream(container)
        _check_header(container, stream, limits)
        shown = list(_shown_packets(container, stream, limits))
        stated_s = float(stream.duration * stream.time_base) if stream.duration else 0.0
        is_timed = bool(stream.duration or container.duration)
        is_torn = any(source.split(",")[0] == demuxer for _, source, _ in reported)

    # Does it move?
    if not shown:
        raise VideoError(
            "The video holds no readable frame: it is damaged or cut off, so export it again."
        )
    may_be_still = demuxer == "gif" or (demuxer == "mov" and not is_timed)
    if len(shown) == 1 and may_be_still:
        raise VideoError("This is a picture, not a video: choose a clip that moves.")

    # AVI stores no times of display, and what libavformat makes up for B-frames is not in their
    # order.
    is_numbered = any(p.pts is None or (demuxer == "avi" and p.pts != p.dts) for p in shown)
    starts_s = np.sort([packet.start_s(is_numbered) for packet in shown])

    # How long the last frame stays is told by the header's rate, which may be anything, or not at
    # all.
    last_s = float((shown[-1].duration or 0) * shown[-1].time_base)
    usual_s = float(np.median(np.diff(starts_s))) if len(starts_s) > 1 else last_s
    if demuxer != "mov" and not usual_s / 2 <= last_s <= 2 * usual_s:
        last_s = usual_s
    duration_s = float(starts_s[-1] - starts_s[0]) + last_s
    rate = len(starts_s) / duration_s if duration_s else 0.0
    if rate > 1.01 * MAX_RATE:
        raise VideoError(f"The video has {rate:.0f} frames a second: export it at a usual rate.")
    return Timetable(
        starts_s,
        duration_s,
        stated_s,
        usual_s,
        _keyframes(shown, demuxer, is_numbered),
        is_numbered,
        is_torn or any(packet.is_corrupt for packet in shown),
    )


def packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """Yield the stream's packets up to its end, or up to where the file was cut off."""
    # Where reading fails, what came before still counts.
    found = container.demux(stream)
    while True:
        try:
            packet = next(found, None)
        except av.error.FFmpegError:
            return
        if packet is None:
            return
        if packet.size:  # the last one only ends the stream
            yield packet


@dataclass(frozen=True)
class _Packet:
    """What is kept of a packet, so that its bytes are not."""

    pts: int | None
    dts: int
    duration: int | None
    time_base: Fraction
    is_keyframe: bool
    is_corrupt: bool

    def start_s(self, is_numbered: bool) -> float:
        """Return the time of display, of numbered frames that of decoding."""
        return float((self.dts if is_numbered else self.pts) * self.time_base)


@contextmanager
def _reported_errors() -> Iterator[list[tuple[int, str, str]]]:
    """Collect FFmpeg's errors (level, source, words).

    A demuxer tells in no other way that it skipped what it met.
    """
    level = av.logging.get_level()
    skips = av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)  # the same words are another file's, too
    try:
        with av.logging.Capture() as reported:
            yield reported
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skips)


def _shown_packets(
    container: av.container.InputContainer, stream: av.VideoStream, limits: DecodeLimits
) -> Iterator[_Packet]:
    """Yield the packets of frames that are shown, within the limits."""
    first_s = None
    for packet in packets(container, stream):
        check_time(limits)
        if packet.has_sidedata("encryption_info"):
            raise VideoError(encrypted("CENC"))
        # What an edit list hides, or what has no time at all, is not shown.
        stamp = packet.dts if packet.pts is None else packet.pts
        if packet.is_discard or stamp is None:
            continue
        start_s = float(stamp * packet.time_base)
        if first_s is None:
            first_s = start_s
        _check_duration(start_s - first_s, limits)
        yield _Packet(
            packet.pts,
            stamp if packet.dts is None else packet.dts,
            packet.duration,
            packet.time_base,
            packet.is_keyframe,
            packet.is_corrupt,
        )


def _keyframes(shown: list[_Packet], demuxer: str, is_numbered: bool) -> tuple[Keyframe, ...]:
    # MPEG-TS is searched by times of decoding, which come before those of display.
    by_dts = is_numbered or demuxer == "mpegts"
    stamps = {}
    for packet in shown:
        if packet.is_keyframe:
            stamps[packet.start_s(is_numbered)] = packet.dts if by_dts else packet.pts
    return tuple(Keyframe(start_s, stamps[start_s]) for start_s in sorted(stamps))


def _check_header(
    container: av.container.InputContainer, stream: av.VideoStream, limits: DecodeLimits
) -> None:
    width = stream.width
    height = stream.height
    if not width or not height:
        raise VideoError(
            "The video does not tell its size: it is damaged or cut off, so export it again."
        )
    if max(width, height) > limits.max_side:
        raise VideoError(
            f"The video is {width} x {height} pixels and the limit is {limits.max_side} a side: "
            "scale it down first."
        )

    # The shorter of the two that a header may state.
    stated = []
    if stream.duration:
        stated.append(float(stream.duration * stream.time_base))
    if container.duration:
        stated.append(container.duration / av.time_base)
    _check_duration(min(stated, default=0.0), limits)


def _check_duration(seconds: float, limits: DecodeLimits) -> None:
    if not math.isfinite(seconds) or seconds > limits.max_duration_s:
        raise VideoError(
            f"The video is {seconds / 60:.1f} minutes long and the limit is "
            f"{limits.max_duration_s / 60:g}: cut it."
        )
