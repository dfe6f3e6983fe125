"""One still of a motif: what contact sheets and tests look at."""

from __future__ import annotations

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
