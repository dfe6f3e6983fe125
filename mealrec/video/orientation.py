"""How a player shows a stored picture: turned, mirrored and stretched as the container asks.

The one place that decides it, for every container and codec: FFmpeg hands the display matrix of MP4
and MOV, the pose and projection of Matroska and the orientation in a codec's own headers over with
the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.sidedata.sidedata import Type

from mealrec.video.scaling import fitted

STRANGEST_ASPECT = 8  # pixels that are wider or higher than this say nothing of a picture


@dataclass(frozen=True)
class Orientation:
    """What turns a stored picture into the shown one: rows and columns swapped first, then
    mirrored."""

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False


def orientation(matrix: tuple[int, int, int, int]) -> Orientation:
    """Return the nearest of the eight orientations to a display matrix (a, b, c, d).

    A point (x, y) of the stored picture, y downwards, is shown at (ax + cy, bx + dy). A matrix
    without a direction, zeros above all, means nothing: upright.
    """
    a, b, c, d = matrix
    if a * d == b * c:
        return Orientation()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, a < 0, d < 0)
    return Orientation(True, c < 0, b < 0)


def frame_orientation(frame: av.VideoFrame) -> Orientation:
    """Return how the header asks to turn a decoded frame."""
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    return orientation((a, b, c, d))


def pixel_aspect(stream: av.VideoStream, max_side: int) -> Fraction:
    """Return how wide a stored pixel is shown next to its height; 1 where that is not told or
    makes no sense."""
    aspect = stream.sample_aspect_ratio or Fraction(1)
    if not 1 / STRANGEST_ASPECT <= aspect <= STRANGEST_ASPECT:
        return Fraction(1)
    return (
        aspect if max(_shown_size(stream.width, stream.height, aspect)) <= max_side else Fraction(1)
    )


def shown_size(frame: av.VideoFrame, aspect: Fraction) -> tuple[int, int]:
    """Return (rows, columns) of a frame as a player shows it."""
    width, height = _shown_size(frame.width, frame.height, aspect)
    return (width, height) if frame_orientation(frame).transposed else (height, width)


def upright(
    frame: av.VideoFrame, aspect: Fraction = Fraction(1), max_height: int | None = None
) -> np.ndarray:
    """Return a frame's pixels [H, W, 3] uint8 RGB as a player shows them, scaled down to fit
    `max_height`."""
    asked, (rows, columns) = frame_orientation(frame), shown_size(frame, aspect)
    if max_height is not None:
        rows, columns = fitted(rows, columns, max_height)
    width, height = (rows, columns) if asked.transposed else (columns, rows)
    # scaled before it is copied: most of what 4K costs
    if (width, height) != (frame.width, frame.height):
        frame = frame.reformat(width, height, "rgb24", interpolation="AREA")
    pixels = frame.to_ndarray(format="rgb24")
    if asked.transposed:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if asked.flipped else 1, :: -1 if asked.mirrored else 1]


def is_shown_as_stored(frame: av.VideoFrame, aspect: Fraction) -> bool:
    """Tell whether a player neither turns nor stretches a frame."""
    return aspect == 1 and frame_orientation(frame) == Orientation()


def _shown_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return (width, height) with square pixels; never fewer in a direction, so that nothing is
    lost."""
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
