"""Timestamps and pixels of a few frames of one video; runs inside the worker process only.

decord decodes where its timetable agrees with the container's; PyAV decodes the rest: what decord cannot
open (AV1, GIF), where it counts frames that are never shown (edit lists), and HEVC, where it lands frames
too late after a seek into an open group of pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np

from mealrec.errors import VideoError
from mealrec.features.probe import DecodeLimits

DECORD_CONTAINERS, DECORD_CODECS = ("mov", "matroska"), ("h264", "vp8", "vp9")
SLACK_S = 1e-4  # containers round timestamps; a frame that starts this much late still counts as shown


@dataclass(frozen=True)
class Timetable:
    """When each frame of a video appears.

    `starts_s` [F] ascending, in the stream's own clock; `duration_s` from the first frame's start to the
    last frame's end; `codec` as FFmpeg names it; `stated_s` how long the header says it is, 0 where it does not.
    """

    starts_s: np.ndarray
    duration_s: float
    codec: str
    stated_s: float


def open_video(path: str, demuxer: str) -> av.container.InputContainer:
    """Open the file with exactly this demuxer; nothing inside the file can make it open another."""
    try:
        return av.open(path, format=demuxer, options={"protocol_whitelist": "file"})
    except (av.error.FFmpegError, ValueError) as error:
        raise VideoError("The video cannot be opened: it is damaged or cut off, so export it again.") from error


def read_timetable(path: str, demuxer: str, limits: DecodeLimits) -> Timetable:
    """Check the header against the limits, then list all frames' times without decoding one.

    Raises VideoError where there is no picture, or a limit is passed.
    """
    with open_video(path, demuxer) as container:
        stream = _picture_stream(container)
        _check_header(container, stream, limits)
        starts, latest, last_duration, codec = [], -math.inf, 0.0, stream.codec_context.name
        stated_s = float(stream.duration * stream.time_base) if stream.duration else 0.0
        for packet in _packets(container, stream):
            stamp = packet.dts if packet.pts is None else packet.pts
            if packet.is_discard or stamp is None:
                continue
            starts.append(float(stamp * packet.time_base))
            last_duration = float((packet.duration or 0) * packet.time_base)
            latest = max(latest, starts[-1])
            _check_duration(latest - starts[0], limits)
    if not starts:
        raise VideoError("The video holds no readable frame: it is damaged or cut off, so export it again.")
    starts_s = np.sort(np.asarray(starts))
    if not last_duration and len(starts_s) > 1:  # MPEG-TS does not tell
        last_duration = float(np.median(np.diff(starts_s)))
    return Timetable(starts_s, float(starts_s[-1] - starts_s[0]) + last_duration, codec, stated_s)


def decode_frames(path: str, demuxer: str, table: Timetable, targets_s: np.ndarray, limits: DecodeLimits) -> np.ndarray:
    """Return the pictures [K, H, W, 3] uint8 that are on screen at `targets_s` [K], upright.

    `targets_s` ascends and is in the stream's own clock. Raises VideoError where nothing decodes.
    """
    if demuxer in DECORD_CONTAINERS and table.codec in DECORD_CODECS:
        frames = _decode_with_decord(path, table, targets_s)
        if frames is not None:
            return frames
    return _decode_with_pyav(path, demuxer, targets_s, limits)


def all_frames(path: str, demuxer: str, limits: DecodeLimits) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield (start in seconds, frame) of the whole video in the order of display; what is damaged is left out."""
    with open_video(path, demuxer) as container:
        yield from _decoded(container, limits, None)


def resize(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return frames [K, H, W, 3] scaled to [K, height, width, 3] by area averaging."""
    pictures = [av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24") for frame in frames]
    return np.stack([p.reformat(width, height, interpolation="AREA").to_ndarray() for p in pictures])


def _picture_stream(container: av.container.InputContainer) -> av.VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            return stream
    if not container.streams:
        raise VideoError("The video tells nothing of what it holds: it is damaged or cut off, so export it again.")
    raise VideoError("The file has no picture, only sound or other data: choose a clip that shows something.")


def _check_header(container: av.container.InputContainer, stream: av.VideoStream, limits: DecodeLimits) -> None:
    width, height = stream.width, stream.height
    if not min(width, height):
        raise VideoError("The video does not tell its size: it is damaged or cut off, so export it again.")
    if max(width, height) > limits.max_side:
        raise VideoError(
            f"The video is {width} x {height} pixels and the limit is {limits.max_side} a side: scale it down first."
        )
    rate = stream.average_rate
    if rate is not None and not 0 <= float(rate) < 1000:
        raise VideoError(f"The video claims {float(rate):g} frames a second: export it at a usual rate.")
    seconds = [float(stream.duration * stream.time_base)] if stream.duration else []
    seconds += [container.duration / av.time_base] if container.duration else []
    _check_duration(min(seconds, default=0.0), limits)


def _check_duration(seconds: float, limits: DecodeLimits) -> None:
    if not math.isfinite(seconds) or seconds > limits.max_duration_s:
        raise VideoError(
            f"The video is {seconds / 60:.1f} minutes long and the limit is {limits.max_duration_s / 60:g}: cut it."
        )


def _packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """Yield the stream's packets up to its end, or up to where the file was cut off."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            return
        if packet is None:
            return
        if packet.size:
            yield packet


def _decode_with_decord(path: str, table: Timetable, targets_s: np.ndarray) -> np.ndarray | None:
    """Return the frames, or None where decord fails or counts other frames than the container shows."""
    import decord  # its shared libraries load only where a file needs them

    try:
        reader = decord.VideoReader(path, num_threads=1)
        starts_s = np.asarray(reader.get_frame_timestamp(range(len(reader))))[:, 0]
        if len(starts_s) != len(table.starts_s) or np.abs(starts_s - table.starts_s).max() > 1e-3:
            return None
        indices = np.searchsorted(table.starts_s, targets_s + SLACK_S, side="right") - 1
        return reader.get_batch(np.maximum(indices, 0).tolist()).asnumpy()
    except (decord.DECORDError, RuntimeError, ValueError, IndexError):
        return None


def _decode_with_pyav(path: str, demuxer: str, targets_s: np.ndarray, limits: DecodeLimits) -> np.ndarray:
    for seek_s in (float(targets_s[0]), None):  # where seeking lands too late, decode from the start
        with open_video(path, demuxer) as container:
            frames = _pick(_decoded(container, limits, seek_s), targets_s, strict=seek_s is not None)
        if frames:
            return np.stack(frames)
    raise VideoError("No frame of the video can be decoded: it is damaged or its codec is unknown here.")


def _decoded(
    container: av.container.InputContainer, limits: DecodeLimits, seek_s: float | None
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield (start in seconds, frame) in the order of display, from the keyframe before `seek_s` on."""
    stream = _picture_stream(container)
    stream.thread_type = "NONE"
    stream.codec_context.options = {"max_pixels": str(limits.max_side**2)}
    try:
        if seek_s is not None:
            container.seek(int(seek_s / stream.time_base), stream=stream)
    except av.error.FFmpegError:
        return
    for packet in chain(_packets(container, stream), (None,)):
        try:
            frames = stream.codec_context.decode(packet)
        except av.error.FFmpegError:
            continue  # like a player: a damaged packet is skipped
        # frames held back to the end come without a time base of their own
        yield from ((float(frame.pts * stream.time_base), frame) for frame in frames if frame.pts is not None)


def _pick(decoded: Iterable[tuple[float, av.VideoFrame]], targets_s: np.ndarray, strict: bool) -> list[np.ndarray]:
    """Return for each target the last frame that starts by then; [] if `strict` and the first starts later."""
    pictures, shown = [], None
    for start_s, frame in decoded:
        if shown is None and strict and start_s > targets_s[0] + SLACK_S:
            return []
        while shown is not None and start_s > targets_s[len(pictures)] + SLACK_S:
            pictures.append(upright(shown))
            if len(pictures) == len(targets_s):
                return pictures
        shown = frame
    if shown is not None:
        pictures += [upright(shown)] * (len(targets_s) - len(pictures))
    return pictures


def upright(frame: av.VideoFrame) -> np.ndarray:
    """Return a frame's pixels [H, W, 3] uint8 RGB, turned as the header asks."""
    return np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
