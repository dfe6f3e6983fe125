"""The video track that a player plays, and when each of its frames is shown; no frame is
decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import av
import av.logging
import numpy as np
from av.stream import Disposition

from mealrec.errors import VideoError
from mealrec.video.confinement import check_time
from mealrec.video.probe import DecodeLimits, encrypted

MAX_RATE = 1000.0  # frames a second, counted; slow motion is recorded at up to 960
# containers round timestamps; a frame that starts this much late still counts as shown
SLACK_S = 1e-4
# covers, alpha planes
NOT_PLAYED = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.dependent


@dataclass(frozen=True)
class Keyframe:
    """A frame that decoding can start at: when it is shown, and the stamp in the stream's clock to
    seek to.

    Where frames are numbered, `start_s` may be that of a frame shown a little earlier.
    """

    start_s: float
    stamp: int


@dataclass(frozen=True)
class Timetable:
    """When each frame of a video appears.

    `starts_s` [F] ascending, in the stream's own clock; `duration_s` from the first frame's start
    to the last frame's end; `stated_s` how long the header says it is, 0 where it does not;
    `keyframes` ascending; `is_numbered`: the container stores frames without a time of display
    (AVI), so that the n-th one given out by the decoder is shown at the n-th time; `is_torn`: parts
    of the file could not be read, so that a frame that seems to be on screen for long may stand
    before others that are lost.
    """

    starts_s: np.ndarray
    duration_s: float
    stated_s: float
    keyframes: tuple[Keyframe, ...]
    is_numbered: bool = False
    is_torn: bool = False

    def on_screen(self, targets_s: np.ndarray) -> np.ndarray:
        """Return which frame [K] is on screen at each of `targets_s` [K], the first where none
        is yet."""
        return np.maximum(np.searchsorted(self.starts_s, targets_s + SLACK_S, side="right") - 1, 0)

    @property
    def usual_s(self) -> float:
        """How long a frame usually stays on screen."""
        return (
            float(np.median(np.diff(self.starts_s))) if len(self.starts_s) > 1 else self.duration_s
        )


def open_video(path: str, demuxer: str) -> av.container.InputContainer:
    """Open the file with exactly this demuxer; nothing inside the file can make it open another."""
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
    if not streams:
        if not container.streams:
            raise VideoError(
                "The video tells nothing of what it holds: it is damaged or cut off, so export it again."
            )
        raise VideoError(
            "The file has no picture, only sound or other data: choose a clip that shows something."
        )
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise VideoError(
            "The video's codec is unknown here, or its header damaged or cut off: export it as H.264."
        )
    # A camera's preview is a track of one frame; where no track is enabled, as in AVI, all are.
    return min(
        known, key=lambda stream: (not stream.disposition & Disposition.default, stream.frames == 1)
    )


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
    if not shown:
        raise VideoError(
            "The video holds no readable frame: it is damaged or cut off, so export it again."
        )
    if len(shown) == 1 and (demuxer == "gif" or (demuxer == "mov" and not is_timed)):
        raise VideoError("This is a picture, not a video: choose a clip that moves.")
    # AVI stores no times of display, and what libavformat makes up for B-frames is not in their
    # order.
    is_numbered = any(p.pts is None or (demuxer == "avi" and p.pts != p.dts) for p in shown)
    starts_s = np.sort([float((p.dts if is_numbered else p.pts) * p.time_base) for p in shown])
    last_duration = float((shown[-1].duration or 0) * shown[-1].time_base)
    # told by the header's rate, which may be anything, or not at all
    if demuxer != "mov" and len(starts_s) > 1:
        usual_s = float(np.median(np.diff(starts_s)))
        last_duration = last_duration if usual_s / 2 <= last_duration <= 2 * usual_s else usual_s
    duration_s = float(starts_s[-1] - starts_s[0]) + last_duration
    if duration_s and len(starts_s) / duration_s > 1.01 * MAX_RATE:
        raise VideoError(
            f"The video has {len(starts_s) / duration_s:.0f} frames a second: export it at a usual rate."
        )
    is_torn = is_torn or any(packet.is_corrupt for packet in shown)
    return Timetable(
        starts_s,
        duration_s,
        stated_s,
        _keyframes(shown, demuxer, is_numbered),
        is_numbered,
        is_torn,
    )


def packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """Yield the stream's packets up to its end, or up to where the file was cut off."""
    found = container.demux(stream)
    while True:
        try:
            packet = next(found, None)
        except av.error.FFmpegError:
            return
        if packet is None:
            return
        if packet.size:
            yield packet


@dataclass(frozen=True)
class _Packet:
    """What is kept of a packet, so that its bytes are not."""

    pts: int | None
    dts: int | None
    duration: int | None
    time_base: float
    is_keyframe: bool
    is_corrupt: bool


@contextmanager
def _reported_errors() -> Iterator[list[tuple[int, str, str]]]:
    """Collect FFmpeg's errors (level, source, words): a demuxer tells in no other way that it
    skipped what it met."""
    level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
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
    first = None
    for packet in packets(container, stream):
        check_time(limits)
        if packet.has_sidedata("encryption_info"):
            raise VideoError(encrypted("CENC"))
        stamp = packet.dts if packet.pts is None else packet.pts
        if packet.is_discard or stamp is None:
            continue
        start_s = float(stamp * packet.time_base)
        first = start_s if first is None else first
        _check_duration(start_s - first, limits)
        dts = stamp if packet.dts is None else packet.dts
        yield _Packet(
            packet.pts,
            dts,
            packet.duration,
            packet.time_base,
            packet.is_keyframe,
            packet.is_corrupt,
        )


def _keyframes(shown: list[_Packet], demuxer: str, is_numbered: bool) -> tuple[Keyframe, ...]:
    # MPEG-TS is searched by times of decoding, which come before those of display.
    by_dts = is_numbered or demuxer == "mpegts"
    found = {
        float((p.dts if is_numbered else p.pts) * p.time_base): p.dts if by_dts else p.pts
        for p in shown
        if p.is_keyframe
    }
    return tuple(Keyframe(start_s, found[start_s]) for start_s in sorted(found))


def _check_header(
    container: av.container.InputContainer, stream: av.VideoStream, limits: DecodeLimits
) -> None:
    width, height = stream.width, stream.height
    if not min(width, height):
        raise VideoError(
            "The video does not tell its size: it is damaged or cut off, so export it again."
        )
    if max(width, height) > limits.max_side:
        raise VideoError(
            f"The video is {width} x {height} pixels and the limit is {limits.max_side} a side: scale it down first."
        )
    seconds = [float(stream.duration * stream.time_base)] if stream.duration else []
    seconds += [container.duration / av.time_base] if container.duration else []
    _check_duration(min(seconds, default=0.0), limits)


def _check_duration(seconds: float, limits: DecodeLimits) -> None:
    if not math.isfinite(seconds) or seconds > limits.max_duration_s:
        raise VideoError(
            f"The video is {seconds / 60:.1f} minutes long and the limit is {limits.max_duration_s / 60:g}: cut it."
        )
