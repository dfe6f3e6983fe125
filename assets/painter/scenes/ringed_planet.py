"""A planet with broad rings: whole in space, rising over a moon's rocks, and from close above its rings."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    SCREEN,
    Stars,
    below,
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
from assets.painter.props_urban_planet import PlanetParts
from assets.painter.scenes.base import Words

TOPIC = "space"
WORDS = Words(
    subjects=(
        "a ringed planet",
        "the rings of a giant",
        "a gas giant and its moons",
        "a banded planet",
        "a ring system",
    ),
    actions=(
        "moons circling the rings",
        "storms drifting along the bands",
        "ice glittering in the rings",
        "a comet crossing behind the planet",
    ),
    places=("in deep space", "seen from its moon", "far from the sun", "at the edge of the rings"),
    tags=("planet", "rings", "space", "astronomy", "moons", "gasgiant"),
)


class Painter(PlanetParts):
    """Compositions: planet, rings and moons; rising over a rocky moon; close to the ring plane."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        first, second, third = (str(a) for a in rng.permutation(light.accents))
        self.body, self.ring, self.moon_colour = mix(first, light.middle, 0.15), mix(second, light.key, 0.35), third
        self.bands = rng.uniform([0.4, -0.42, 0], [1, 0.42, math.tau], (11, 3))
        self.lanes = rng.uniform(0.25, 1, 13)
        self.lanes[rng.integers(5, 8)] = 0.04  # the dark gap
        self.tilt_angle, self.flat = rng.uniform(-26, -12), rng.uniform(0.22, 0.34)
        self.radius, self.stars = rng.uniform(52, 60), Stars(rng, 120, BOTTOM)
        self.moons = rng.uniform([1.0, 0.7, 0], [1.25, 1.3, math.tau], (3, 3))
        self.rocks = rng.uniform([0, 0, 0.4, 0], [1, 1, 1, math.tau], (90, 4))
        self.crest = (ridge(rng, 330, 26, 7), ridge(rng, 380, 22, 7))
        self.craters = rng.uniform([-20, 0.1, 7], [276, 0.9, 26], (12, 3))
        self.comet, self.storm = rng.uniform(40, 90), rng.uniform(0, 1)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        light = self.light
        fill(
            canvas,
            TOP,
            BOTTOM,
            [light.top, mix(light.top, light.middle, 0.6), mix(light.middle, light.horizon, 0.35)],
            [0, 0.55, 1],
        )
        self._nebula(canvas)
        self.stars.draw(canvas, t, 0.95)
        (self._portrait, self._moonrise, self._ring_plane)[self.composition](canvas, t)

    def _nebula(self, canvas: skia.Canvas) -> None:
        for k, (x, y, size) in enumerate(((40, 60, 150), (220, 170, 130), (70, 360, 170))):
            glow(canvas, x, y, size, self.light.horizon if k % 2 else self.moon_colour, 0.3)

    def _portrait(self, canvas: skia.Canvas, t: float) -> None:
        self._comet(canvas, t, 60 + self.comet)
        self._foreground_moon(canvas, t)
        with placed(canvas, 128, 214, 0.72 * self.radius / 56, self.tilt_angle):
            orbits = []
            for k, (away, size, phase) in enumerate(self.moons):
                angle = phase + (1.6 - 0.3 * k) * t
                orbits.append((124 * away * math.cos(angle), (74 + 22 * k) * math.sin(angle), 8 * size))
            for x, y, size in orbits:
                if y < 0:
                    self._moon(canvas, x, y, size)
            self._system(canvas, t, 66, self.flat)
            for x, y, size in orbits:
                if y >= 0:
                    self._moon(canvas, x, y, size)

    def _foreground_moon(self, canvas: skia.Canvas, t: float) -> None:
        """Draw the cratered rim of a near moon below, turning, with ice drifting over it."""
        light, radius = self.light, 300.0
        colour = mix(light.near, self.moon_colour, 0.22)
        with placed(canvas, 150, 662):
            stops = [shade(colour, -0.55), shade(colour, -0.3), mix(colour, light.key, 0.3)]
            canvas.drawCircle(0, 0, radius, paint(shader=radial((0, 0), radius, stops, [0, 0.82, 1])))
            for _, depth, size in self.craters:
                with placed(canvas, 0, 0, 1, (depth - 0.5) * 110 + 5 * t + size):
                    y = 6 + 1.9 * size - radius
                    ellipse(canvas, 0, y, size, size * 0.34, paint(shade(colour, -0.6)))
                    ellipse(canvas, 0, y + 2, size * 0.92, size * 0.28, paint(shade(colour, 0.1)))
            canvas.drawCircle(0, 0, radius, paint(light.key, 0.75, stroke=1.8))
        for place, depth, size, phase in self.rocks[:16]:
            x = (place * 400 + (20 + 70 * depth) * t) % 400 - 70
            y = 322 + 50 * depth + 12 * math.sin(phase)
            self._boulder(canvas, x, y, size * (2 + 7 * depth), phase + t, mix(light.far, self.ring, 0.6))

    def _comet(self, canvas: skia.Canvas, t: float, y: float) -> None:
        x = -30 + (90 * t + self.storm * 200) % 330
        tail = polygon([(x, y - 2.4), (x - 95, y - 34), (x - 80, y - 24), (x, y + 2.4)])
        canvas.drawPath(
            tail,
            paint(shader=linear((x - 95, y - 30), (x, y), [(self.light.key, 0), (self.light.key, 0.8)]), blend=SCREEN),
        )
        glow(canvas, x, y, 16, self.light.key, 0.9)
        canvas.drawCircle(x, y, 2.6, paint("#ffffff"))

    def _moonrise(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        with placed(canvas, 128, 206 - 7 * t, 1.0, self.tilt_angle * 1.5):
            self._system(canvas, t, 72, self.flat)
        self._moon(canvas, 58 + 16 * t, 96, 9)
        glow(canvas, 128, 330, 190, light.key, 0.35)
        far, near = mix(light.far, light.middle, 0.4), mix(light.near, light.far, 0.3)
        canvas.drawPath(below(self.crest[0], 9), down(300, 400, mix(far, light.horizon, 0.35), far))
        canvas.drawPath(below(self.crest[1], 7), down(360, BOTTOM, near, shade(near, -0.5)))
        edge = [(x, self.crest[1](x)) for x in range(int(LEFT), int(RIGHT), 7)]
        canvas.drawPath(polygon(edge, close=False), paint(light.key, 0.55, stroke=1.6))
        for x, depth, size in self.craters:
            y = self.crest[1](x) + 14 + 70 * depth
            ellipse(canvas, x, y, size, size * 0.3, paint(shade(near, -0.45)))
            ellipse(canvas, x, y + 1.6, size * 0.94, size * 0.25, paint(shade(near, 0.08)))
        self._lander(canvas, t)

    def _lander(self, canvas: skia.Canvas, t: float) -> None:
        """Draw a small probe on the moon, its dish turning and its lamp blinking."""
        light, x = self.light, 74.0
        y = self.crest[1](x) + 6
        for dx in (-12, 0, 12):
            canvas.drawLine(x + dx * 0.4, y - 13, x + dx, y, paint(shade(light.near, -0.3), stroke=1.8))
        box(canvas, x - 8, y - 22, x + 8, y - 11, across(x - 8, x + 8, self.ring, shade(self.ring, -0.5)), 2)
        with placed(canvas, x + 2, y - 28, 1, 30 * math.sin(1.8 * t)):
            ellipse(canvas, 0, 0, 9, 4, paint(shade(self.moon_colour, 0.3)))
            canvas.drawLine(0, 0, 0, -7, paint(light.key, stroke=1.2))
        glow(canvas, x - 5, y - 24, 13, self.moon_colour, 0.5 + 0.5 * math.sin(8 * t))

    def _ring_plane(self, canvas: skia.Canvas, t: float) -> None:
        """Skim the rings: the globe half above them, boulders of ice passing in front."""
        light = self.light
        with placed(canvas, 128, 188, 1, -7):
            self._system(canvas, t, 96, 0.2 + 0.1 * self.flat)
        self._moon(canvas, 52 + 7 * t, 92, 12)
        for place, depth, size, phase in sorted(self.rocks[:44], key=lambda rock: rock[1]):
            x = (place * 420 + (26 + 120 * depth) * t) % 420 - 80
            y = 262 + 150 * depth**1.3 + 14 * math.sin(phase)
            self._boulder(
                canvas,
                x,
                y,
                size * (2 + 17 * depth**2),
                phase + t * (1.5 - size),
                mix(light.far, self.ring, 0.35 + 0.4 * depth),
            )

    def _boulder(self, canvas: skia.Canvas, x: float, y: float, size: float, angle: float, colour) -> None:
        corners = [
            (
                x + size * (1 + 0.25 * math.sin(k * 5 + size * 9)) * math.cos(angle + k * 1.047),
                y + size * 0.8 * math.sin(angle + k * 1.047),
            )
            for k in range(6)
        ]
        stops = [shade(colour, 0.55), colour, shade(colour, -0.6)]
        canvas.drawPath(polygon(corners), paint(shader=linear((x - size, y - size), (x + size * 0.7, y + size), stops)))
