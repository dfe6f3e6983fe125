"""A six-wheeled rover: crossing cratered plains, close beside its wheels, and from straight above."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    Stars,
    backdrop,
    box,
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    radial,
    ridge,
    shade,
)
from assets.painter.props_urban import BOTTOM, LEFT, RIGHT, TOP, across, down, fill, placed
from assets.painter.props_urban_rover import RoverParts
from assets.painter.scenes.base import Words

TOPIC = "space"
WORDS = Words(
    subjects=(
        "a six-wheeled rover",
        "a rover on a far world",
        "an explorer robot",
        "a rover among craters",
        "a lonely rover",
    ),
    actions=(
        "the rover rolling over rocks",
        "wheels kicking up dust",
        "its camera mast looking around",
        "leaving tracks between craters",
    ),
    places=("on a cratered plain", "on another world", "below two small moons", "at a crater's edge"),
    tags=("rover", "space", "robot", "exploration", "craters", "mission"),
)


class Painter(RoverParts):
    """Compositions: side on across the plain; close and large; from above with its tracks and shadow."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        first, second, third = (str(a) for a in rng.permutation(light.accents))
        self.hull, self.trim, self.lamp = mix("#f3efe9", first, 0.2), second, third
        self.soil = mix(mix(light.middle, light.far, 0.45), light.horizon, 0.18)
        self.stars, self.hills = Stars(rng, 60, 220), (ridge(rng, 218, 26), ridge(rng, 246, 12))
        self.craters = rng.uniform([0, 0, 0.6], [1, 1, 1.3], (22, 3))
        self.stones = rng.uniform([0, 0, 0.5], [1, 1, 1.6], (46, 3))
        self.bumps = rng.uniform(0, math.tau, 3)
        self.dust = rng.uniform([0, 0.6, 0], [1, 1.3, math.tau], (26, 3))
        self.moon, self.panel = rng.uniform(50, 200), bool(rng.random() < 0.5)
        self.pace, self.heading = rng.uniform(34, 52), rng.uniform(-16, 16)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        (self._plain, self._close, self._above)[self.composition](canvas, t)

    def _sky(self, canvas: skia.Canvas, t: float, horizon: float) -> None:
        """Draw the sky with two moons and hills that drift past slowly."""
        light = self.light
        backdrop(canvas, light, horizon)
        if light.dark:
            self.stars.draw(canvas, t, 0.9)
        for x, y, size in ((self.moon, 92, 19), ((self.moon + 90) % 180 + 30, 134, 8)):
            glow(canvas, x, y, size * 3.4, light.key, 0.5)
            stops = [light.key, mix(light.key, light.middle, 0.35), mix(light.middle, light.top, 0.4)]
            canvas.drawCircle(x, y, size, paint(shader=radial((x - size * 0.5, y - size * 0.5), size * 1.8, stops)))
        for k, hill in enumerate(self.hills):
            xs = np.arange(LEFT, RIGHT + 8, 8)
            crest = [(float(x), hill(float(x) + t * (5 + 7 * k)) + horizon - 262) for x in xs]
            colour = mix(light.horizon, self.soil, 0.4 + 0.25 * k)
            path = polygon([(LEFT, BOTTOM), *crest, (RIGHT + 8, BOTTOM)])
            canvas.drawPath(
                path, down(horizon - 60, horizon + 20, shade(colour, -0.25), mix(colour, light.horizon, 0.5))
            )

    def _crater(self, canvas: skia.Canvas, x: float, y: float, rx: float, ry: float, colour) -> None:
        """Draw a crater lit from the left: shaded near wall, bright far wall, a raised rim."""
        ellipse(canvas, x, y, rx * 1.14, ry * 1.2, paint(shade(colour, 0.2)))
        ellipse(canvas, x + rx * 0.03, y + ry * 0.06, rx * 1.06, ry * 1.1, paint(shade(colour, -0.1)))
        ellipse(
            canvas,
            x,
            y,
            rx,
            ry,
            paint(
                shader=linear(
                    (x - rx, y), (x + rx, y), [shade(colour, -0.6), shade(colour, -0.35), shade(colour, 0.22)]
                )
            ),
        )

    def _ground(self, canvas: skia.Canvas, t: float, top: float) -> None:
        """Draw the plain: haze to the horizon, craters and stones that pass faster the nearer they are."""
        light = self.light
        fill(
            canvas, top, BOTTOM, [mix(self.soil, light.horizon, 0.55), self.soil, shade(self.soil, -0.45)], [0, 0.3, 1]
        )
        for place, depth, size in sorted(map(tuple, self.craters), key=lambda crater: crater[1]):
            near = 0.06 + depth**1.6
            x = RIGHT - (place * 460 + self.pace * t * (0.3 + 1.1 * near)) % 460
            tone = mix(self.soil, shade(self.soil, -0.35), near)
            self._crater(
                canvas, x, top + 6 + (HEIGHT - top) * near, 34 * size * (0.25 + near), 8.5 * size * (0.25 + near), tone
            )
        for place, depth, size in self.stones:
            near = 0.06 + depth
            x = RIGHT - (place * 460 + self.pace * t * (0.3 + 1.1 * near)) % 460
            self._stone(canvas, x, top + 8 + (HEIGHT - top) * near, size * (1.4 + 5 * near))

    def _stone(self, canvas: skia.Canvas, x: float, y: float, size: float) -> None:
        ellipse(canvas, x + size * 0.7, y + size * 0.35, size * 1.3, size * 0.35, paint("#000000", 0.3))
        body = polygon(
            [
                (x - size, y + size * 0.4),
                (x - size * 0.7, y - size * 0.4),
                (x, y - size * 0.8),
                (x + size * 0.8, y - size * 0.3),
                (x + size, y + size * 0.4),
            ]
        )
        canvas.drawPath(body, across(x - size, x + size, shade(self.soil, 0.4), shade(self.soil, -0.55)))

    def _dust_trail(self, canvas: skia.Canvas, t: float, x: float, y: float, size: float) -> None:
        for start, scale, phase in self.dust:
            q = (start + 0.85 * t) % 1
            at, up = x - q * 92 * size, y - (24 * q * scale + 4 * math.sin(phase)) * size
            canvas.drawCircle(
                at, up, (2.5 + 11 * q) * scale * size, paint(mix(self.soil, self.light.key, 0.45), 0.5 * (1 - q))
            )

    def _plain(self, canvas: skia.Canvas, t: float) -> None:
        self._sky(canvas, t, 262)
        self._ground(canvas, t, 262)
        for k in range(30):  # the tracks behind
            x = 92 - ((k * 9 + self.pace * t * 1.2) % 270)
            box(canvas, x, 347, x + 5, 350, paint(shade(self.soil, -0.5), 0.7), 1)
        self._dust_trail(canvas, t, 74, 344, 0.8)
        self._rover(canvas, t, 1.0, 348)

    def _close(self, canvas: skia.Canvas, t: float) -> None:
        self._sky(canvas, t, 300)
        self._ground(canvas, t, 300)
        with placed(canvas, -9, 0):
            self._dust_trail(canvas, t, 70, 366, 1.3)
            self._rover(canvas, t, 1.34, 372)
        for k in range(3):  # large stones roll by in front
            x = RIGHT - (k * 150 + self.pace * t * 2.2) % 450
            self._stone(canvas, x, 432, 20 + 7 * k)

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        light, way = self.light, self.pace * t
        sun = [mix(self.soil, light.horizon, 0.4), self.soil, shade(self.soil, -0.3)]
        canvas.drawRect(
            skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=linear((LEFT, TOP), (RIGHT, BOTTOM), sun))
        )
        with placed(canvas, 128, 224, 1, self.heading):
            for place, depth, size in self.craters:
                y = (depth * 640 + way) % 640 - 320
                radius = size * (10 + 26 * ((place * 7) % 1))
                x = (place - 0.5) * 360
                if abs(x) < radius + 48:  # the rover steers between craters
                    x = math.copysign(radius * 1.2 + 52, x)
                self._crater(canvas, x, y, radius, radius, self.soil)
            for place, depth, size in self.stones:
                x = (place - 0.5) * 380
                self._stone(canvas, x + (30 if abs(x) < 40 else 0), (depth * 640 + way) % 640 - 320, size * 3)
            for side in (-34, 34):  # tyre prints
                for k in range(30):
                    y = 30 + (k * 11 + way) % 330
                    box(canvas, side - 7, y, side + 7, y + 4, paint(shade(self.soil, -0.4), 0.75), 1)
            self._from_above(canvas, t, way)
