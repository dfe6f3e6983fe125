"""Contact sheets of motifs, for looking at what the painters draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import skia

from assets.painter.canvas import HEIGHT, LIGHTS, WIDTH
from assets.painter.scenes import motif


def still(name: str, seed: int, time_s: float, width: int = 256) -> np.ndarray:
    """Return one RGB frame [height, width, 3] of a motif; the seed fixes its whole variation."""
    rng = np.random.default_rng(seed)
    painter = motif(name).Painter
    scene = painter(rng, LIGHTS[seed % len(LIGHTS)], seed % painter.compositions)
    height = round(width * HEIGHT / WIDTH)
    surface = skia.Surface(width, height)
    with surface as canvas:
        canvas.scale(width / WIDTH, height / HEIGHT)
        scene.paint_frame(canvas, time_s)
    return surface.toarray(colorType=skia.kRGBA_8888_ColorType)[:, :, :3]


def contact_sheet(names: Sequence[str], columns: int = 6, width: int = 128, gap: int = 6) -> np.ndarray:
    """Return one RGB picture: a row a motif, a column a variation (light, framing and time all differ)."""
    height = round(width * HEIGHT / WIDTH)
    sheet = np.full((len(names) * (height + gap) + gap, columns * (width + gap) + gap, 3), 18, np.uint8)
    for row, name in enumerate(names):
        for column in range(columns):
            top, left = gap + row * (height + gap), gap + column * (width + gap)
            sheet[top : top + height, left : left + width] = still(name, column + 7 * row, 0.4 + 0.6 * column, width)
    return sheet
