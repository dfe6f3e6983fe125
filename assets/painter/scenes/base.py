"""What every scene shares: its random variation, its light, its camera and its finish."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import skia

from assets.painter.canvas import HEIGHT, LIGHTS, WIDTH, Light, paint, radial


@dataclass(frozen=True)
class Words:
    """What a title may say of a motif.

    `subjects`: noun phrases in lower case ("a bowl of ramen"); `actions`: clauses that can follow or
    stand alone ("steam rising over the broth"); `places`: adverbials ("in a tiny kitchen");
    `tags`: hashtags without '#', lower case, no spaces.
    """

    subjects: tuple[str, ...]
    actions: tuple[str, ...]
    places: tuple[str, ...]
    tags: tuple[str, ...]


class Scene:
    """One shot of one motif: all chance is drawn at the start, `draw(canvas, t)` is then deterministic.

    A subclass sets `compositions` (how many framings it has, 3 or more), fixes its variation in
    `setup(rng)` and paints the whole frame at time t in `draw(canvas, t)`. `self.light` is the palette,
    `self.composition` the framing, `self.rng` must not be used after setup.
    """

    compositions = 3
    can_mirror = True

    def __init__(self, rng: np.random.Generator, light: Light | None = None, composition: int | None = None):
        self.light = light or LIGHTS[rng.integers(len(LIGHTS))]
        self.composition = int(rng.integers(self.compositions)) if composition is None else composition
        self.speed = float(rng.uniform(0.8, 1.35))
        self.mirror = bool(self.can_mirror and rng.random() < 0.5)
        self.zoom, self.zoom_rate = float(rng.uniform(1.02, 1.12)), float(rng.uniform(-0.02, 0.05))
        self.pan = rng.uniform(-6, 6, 2)
        self.pan_rate = rng.uniform(-5, 5, 2)
        self.tilt = float(rng.uniform(-1.5, 1.5))
        self.setup(rng)

    def setup(self, rng: np.random.Generator) -> None:
        """Draw the variation of this shot."""

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the frame at scene time t (seconds)."""
        raise TypeError(f"{type(self).__module__} must define draw(canvas, t)")

    def paint_frame(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the frame at clip time t through the camera, with a soft vignette."""
        canvas.save()
        zoom = max(1.0, self.zoom + self.zoom_rate * t)
        canvas.translate(WIDTH / 2, HEIGHT / 2)
        canvas.scale(-zoom if self.mirror else zoom, zoom)
        canvas.rotate(self.tilt)
        dx, dy = np.clip(self.pan + self.pan_rate * t, -16, 16)
        canvas.translate(float(dx) - WIDTH / 2, float(dy) - HEIGHT / 2)
        self.draw(canvas, t * self.speed)
        canvas.restore()
        stops = [("#000000", 0.0), ("#000000", 0.0), ("#000000", 0.3)]
        vignette = paint(shader=radial((WIDTH / 2, HEIGHT / 2), 300, stops, [0, 0.55, 1]))
        canvas.drawRect(skia.Rect.MakeWH(WIDTH, HEIGHT), vignette)
