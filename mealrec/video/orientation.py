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

from mealrec.video.limits import fitted

SQUARE = Fraction(1)
STRANGEST_ASPECT = 8  # pixels that are wider or higher than this say nothing of a picture


@dataclass(frozen=True)
class Orientation:
    """What turns a stored picture into the shown one: first transposed, then mirrored."""

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False


def orientation(matrix: tuple[int, int, int, int]) -> Orientation:
    """Return the nearest of the eight orientations to a display matrix (a, b, c, d).

    A point (x, y) of the stored picture, y downwards, is shown at (ax + cy, bx + dy). A matrix
    without a direction, zeros above all, means nothing: upright.
    """
    # Without a direction; then the larger pair says which side is up.
    a, b, c, d = matrix
    if a * d == b * c:
        return Orientation()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, a < 0, d < 0)
    return Orientation(True, c < 0, b < 0)


def frame_orientation(frame: av.VideoFrame) -> Orientation:
    """Return how the header asks to turn a decoded frame."""
    # Rows of three: the first two numbers of the first two rows turn the picture.
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    return orientation((a, b, c, d))


def pixel_aspect(stream: av.VideoStream, max_side: int) -> Fraction:
    """Return how wide a stored pixel is shown next to its height; 1 where that makes no sense."""
    aspect = stream.sample_aspect_ratio or SQUARE
    if not 1 / STRANGEST_ASPECT <= aspect <= STRANGEST_ASPECT:
        return SQUARE

    # Nor may it stretch a picture past the limit.
    longest = max(_stretched(stream.width, stream.height, aspect))
    return aspect if longest <= max_side else SQUARE


def shown_size(frame: av.VideoFrame, aspect: Fraction) -> tuple[int, int]:
    """Return (rows, columns) of a frame as a player shows it."""
    width, height = _stretched(frame.width, frame.height, aspect)
    return (width, height) if frame_orientation(frame).transposed else (height, width)


def upright(frame: av.VideoFrame, aspect: Fraction, max_height: int | None = None) -> np.ndarray:
    """Return a frame's pixels [H, W, 3] uint8 RGB as shown, scaled down to fit `max_height`."""
    asked = frame_orientation(frame)
    rows, columns = shown_size(frame, aspect)
    if max_height is not None:
        rows, columns = fitted(rows, columns, max_height)

    # Scale before turning, which copies the pixels: most of what 4K costs.
    width, height = (rows, columns) if asked.transposed else (columns, rows)
    if (width, height) != (frame.width, frame.height):
        frame = frame.reformat(width, height, "rgb24", interpolation="AREA")

    # Transposed, then mirrored.
    pixels = frame.to_ndarray(format="rgb24")
    if asked.transposed:
        pixels = pixels.swapaxes(0, 1)
    if asked.flipped:
        pixels = pixels[::-1]
    if asked.mirrored:
        pixels = pixels[:, ::-1]
    return pixels


def is_shown_as_stored(frame: av.VideoFrame, aspect: Fraction) -> bool:
    """Tell whether a player neither turns nor stretches a frame."""
    return aspect == 1 and frame_orientation(frame) == Orientation()


def _stretched(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Return (width, height) with square pixels; never fewer in a direction than are stored."""
    if aspect >= 1:
        return round(width * aspect), height
    return width, round(height / aspect)
