"""Plain clips by decord: those of which it can only see what a player shows.

It follows no display matrix, chooses among tracks by a rule of its own, keeps silent about what it
has patched up, and has no wheels for some machines. So it decodes where nothing of that can matter,
and PyAV decodes all else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import av
import numpy as np

from mealrec.video.decoding import set_up_decoder
from mealrec.video.limits import DecodeLimits
from mealrec.video.orientation import is_shown_as_stored, pixel_aspect
from mealrec.video.tracks import Timetable, open_video, played_stream

CONTAINERS = ("mov", "matroska")
CODECS = ("h264", "vp8", "vp9")
# It skips no frame on the way to a moment: of larger ones that takes too long.
MOST_PIXELS = 1920 * 1088
SAME_TIME_S = 1e-3
ALIKE = 4.0  # levels of 255: two decoders differ in the rounding of colours alone


def plain_frames(
    path: str, demuxer: str, table: Timetable, indices: np.ndarray, limits: DecodeLimits
) -> np.ndarray | None:
    """Return the frames `indices` [K] as pictures [K, H, W, 3] uint8, None where PyAV has to.

    None where a player would turn, mirror or stretch the picture, there is a choice of tracks,
    anything is damaged, or decord is not installed, lists other times, or shows another first frame
    than PyAV.
    """
    # Is it plain by all that PyAV tells?
    if demuxer not in CONTAINERS or table.is_torn or table.is_numbered:
        return None
    first = _first_picture(path, demuxer, limits)
    if first is None:
        return None
    try:
        import decord  # its libraries load only where a file needs them
    except ImportError:
        return None

    # Decode the first frame too, to compare it.
    try:
        with _said() as said:
            reader = decord.VideoReader(path, num_threads=1)
            starts_s = np.asarray(reader.get_frame_timestamp(range(len(reader))))[:, 0]
            if len(starts_s) != len(table.starts_s):
                return None
            if np.abs(starts_s - table.starts_s).max() > SAME_TIME_S:
                return None
            pictures = reader.get_batch([0, *indices.tolist()]).asnumpy()
            is_silent = not said()
    except (decord.DECORDError, RuntimeError, ValueError, IndexError):
        return None

    # Trust it where it had nothing to complain of and sees the same first frame.
    if not is_silent or pictures.shape[1:] != first.shape:
        return None
    difference = np.abs(pictures[0].astype(int) - first).mean()
    return pictures[1:] if difference < ALIKE else None


def _first_picture(path: str, demuxer: str, limits: DecodeLimits) -> np.ndarray | None:
    """Return PyAV's picture of the first frame [H, W, 3]; None where the clip is not plain."""
    with open_video(path, demuxer) as container:
        stream = played_stream(container)
        if len(container.streams.video) > 1 or stream.codec_context.name not in CODECS:
            return None
        if stream.width * stream.height > MOST_PIXELS:
            return None
        set_up_decoder(stream, limits)
        try:
            frame = next(container.decode(stream), None)
        except av.error.FFmpegError:
            return None
        if frame is None or frame.is_corrupt:
            return None
        if not is_shown_as_stored(frame, pixel_aspect(stream, limits.max_side)):
            return None
        return frame.to_ndarray(format="rgb24").astype(int)


@contextmanager
def _said() -> Iterator[Callable[[], bytes]]:
    """Yield a function that returns what was written to standard error: FFmpeg's complaints."""
    heard, told = os.pipe()
    before = os.dup(2)

    def said() -> bytes:
        try:
            return os.read(heard, 1)
        except BlockingIOError:
            return b""

    try:
        # Whoever says more than a pipe holds must not wait for a reader.
        os.set_blocking(heard, False)
        os.set_blocking(told, False)
        os.dup2(told, 2)
        yield said
    finally:
        os.dup2(before, 2)
        for descriptor in (heard, told, before):
            os.close(descriptor)
