"""Places out of doors for the pet motifs: a meadow and a jungle."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    SCREEN,
    Colour,
    Light,
    below,
    glow,
    linear,
    mix,
    paint,
    polygon,
    ridge,
)
from assets.painter.props_home import BOTTOM, LEFT, RIGHT, TOP, leaf, oval


class Meadow:
    """An open landscape: sky with a sun, hazy ridges, trees and a lawn with blades of grass."""

    def __init__(self, rng: np.random.Generator, light: Light, ground: float = 300.0):
        self.light, self.ground = light, ground
        self.ridges = [ridge(rng, ground - lift, size) for lift, size in ((62, 26), (34, 16), (4, 5))]
        self.sun = (float(rng.uniform(50, 206)), float(rng.uniform(70, 140)), float(rng.uniform(16, 28)))
        self.trees = [
            (float(rng.uniform(-40, 296)), float(rng.uniform(22, 46))) for _ in range(int(rng.integers(3, 8)))
        ]
        self.blades = np.column_stack([rng.uniform(LEFT, RIGHT, 90), rng.uniform(0, 1, 90), rng.uniform(-0.5, 0.5, 90)])
        self.clouds = [
            (float(rng.uniform(-20, 276)), float(rng.uniform(40, 150)), float(rng.uniform(0.5, 1.1))) for _ in range(3)
        ]

    def grass(self) -> Colour:
        """Return the lawn's middle tone."""
        return mix(mix(self.light.far, self.light.accents[2], 0.25), self.light.horizon, 0.2)

    def draw(self, canvas: skia.Canvas, t: float, scroll: float = 0.0) -> None:
        """Paint the landscape; `scroll` (pixels) moves its layers by their depth."""
        light = self.light
        tones = linear((0, TOP), (0, self.ground), [light.top, light.middle, light.horizon], [0, 0.55, 1])
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        glow(canvas, self.sun[0], self.sun[1], 130, light.key, 0.6)
        canvas.drawCircle(*self.sun, paint(light.key))
        for x, y, size in self.clouds:
            for dx, dy, half in ((-22, 3, 24), (0, -4, 30), (24, 3, 22)):
                cloud = oval(x + 4 * t + dx * size, y + dy * size, half * size, 8 * size)
                canvas.drawPath(cloud, paint(light.key, 0.3))
        for depth, skyline in enumerate(self.ridges[:2]):
            canvas.drawPath(
                below(lambda x, s=skyline, d=depth: s(x + scroll * 0.15 * (d + 1)), 9),
                paint(mix(light.far, light.horizon, 0.5 - 0.3 * depth)),
            )
        self._trees(canvas, t, scroll * 0.5)
        self._lawn(canvas, t, scroll)

    def _trees(self, canvas: skia.Canvas, t: float, scroll: float) -> None:
        light = self.light
        for x, size in self.trees:
            x = (x - scroll + 60) % 376 - 60
            foot, lean = self.ground + 4, 2 * math.sin(1.6 * t + x)
            canvas.drawLine(x, foot, x + lean * 0.4, foot - size, paint(light.near, stroke=size * 0.12))
            for dx, dy, part in ((-0.35, 0.9, 0.55), (0.35, 1.0, 0.5), (0, 1.4, 0.62)):
                crown = oval(x + lean + dx * size, foot - dy * size, part * size, part * size)
                tones = linear(
                    (x - size, foot - 2 * size), (x + size, foot), [mix(light.far, light.key, 0.35), light.near]
                )
                canvas.drawPath(crown, paint(shader=tones))

    def _lawn(self, canvas: skia.Canvas, t: float, scroll: float) -> None:
        light, grass = self.light, self.grass()
        tones = linear(
            (0, self.ground),
            (0, HEIGHT),
            [mix(grass, light.horizon, 0.35), grass, mix(grass, light.near, 0.6)],
            [0, 0.35, 1],
        )
        canvas.drawPath(below(lambda x: self.ridges[2](x + scroll), 9), paint(shader=tones))
        for x, depth, lean in self.blades:
            y = self.ground + 14 + depth * (HEIGHT - self.ground)
            x = (x - scroll * (0.7 + depth) - LEFT) % (RIGHT - LEFT) + LEFT
            tip = 5 + 10 * depth
            colour = mix(grass, light.key if lean > 0 else light.near, 0.4)
            canvas.drawLine(
                x,
                y,
                x + tip * (lean + 0.25 * math.sin(2.4 * t + x * 0.05)),
                y - tip,
                paint(colour, 0.6, stroke=1 + depth),
            )


class Jungle:
    """Foliage in haze with falling light, and dark leaves for the foreground."""

    def __init__(self, rng: np.random.Generator, light: Light):
        self.light = light
        self.leaves = [
            (
                float(rng.uniform(-30, 286)),
                float(rng.uniform(-10, 430)),
                float(rng.uniform(-180, 180)),
                float(rng.uniform(60, 120)),
                float(rng.uniform(0, 1)),
            )
            for _ in range(22)
        ]

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint hazy foliage, deeper leaves paler, with shafts of light falling through."""
        light = self.light
        tones = linear(
            (0, TOP),
            (60, BOTTOM),
            [light.top, light.middle, mix(light.middle, light.horizon, 0.5), mix(light.far, light.near, 0.5)],
        )
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        glow(canvas, 90, 130, 190, light.key, 0.5)
        for x, y, angle, length, depth in sorted(self.leaves, key=lambda item: item[4]):
            edge = min(1.0, abs(x - 128) / 120)
            colour = mix(mix(light.middle, light.horizon, 0.35), light.far, 0.15 + 0.5 * depth * edge)
            leaf(canvas, x, y, angle + 4 * math.sin(1.4 * t + x), length, length * 0.2, colour)
        for k in range(3):
            x = 10 + 70 * k + 8 * math.sin(0.8 * t + k)
            shaft = linear((x, 0), (x + 90, 380), [(light.key, 0.2), (light.key, 0.0)])
            canvas.drawPath(
                polygon([(x, TOP), (x + 26, TOP), (x + 150, 420), (x + 80, 420)]), paint(shader=shaft, blend=SCREEN)
            )

    def foreground(self, canvas: skia.Canvas, t: float) -> None:
        """Paint large dark leaves at the frame's edge."""
        dark = mix(self.light.near, self.light.far, 0.25)
        for x, y, angle in (
            (-14, 448, 22),
            (-20, 400, 48),
            (30, 470, 4),
            (272, 452, -24),
            (280, 410, -52),
            (232, 474, -6),
            (-16, -20, 140),
            (276, -24, -138),
        ):
            leaf(canvas, x, y, angle + 5 * math.sin(1.7 * t + y), 120, 24, dark)
