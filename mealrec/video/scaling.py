"""Frames made smaller, in the decoding process and out of it. Needs neither a decoder nor torch."""

from __future__ import annotations

import numpy as np

# widths in heights: what is wider is scaled down to that, so that no frame costs more than it shows
WIDEST = 4


def fitted(rows: int, columns: int, height: int) -> tuple[int, int]:
    """Return (rows, columns) of a picture scaled to fit `height` and WIDEST times that, never
    up, in proportion."""
    scale = min(1.0, height / rows, WIDEST * height / columns)
    return max(1, round(rows * scale)), max(1, round(columns * scale))


def scaled_down(frames: np.ndarray, height: int) -> tuple[np.ndarray, ...]:
    """Return frames [K, H, W, 3] uint8 scaled to fit `height` and WIDEST times that, never up,
    in proportion."""
    rows, columns = frames.shape[1:3]
    target = fitted(rows, columns, height)
    if target == (rows, columns):
        return tuple(frames)
    from PIL import Image  # most pictures need no scaling

    return tuple(
        np.asarray(Image.fromarray(frame).resize(target[::-1], Image.Resampling.BOX))
        for frame in frames
    )
