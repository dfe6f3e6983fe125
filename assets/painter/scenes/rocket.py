"""A rocket launch: lift-off beside its tower, the climb through the clouds, the arc above the planet."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    SCREEN,
    Stars,
    backdrop,
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
    smooth,
)
from assets.painter.props_urban import BOTTOM, LEFT, RIGHT, down, fill, placed, smoke
from assets.painter.props_urban_rocket import RocketParts
from assets.painter.scenes.base import Words

TOPIC = "space"
WORDS = Words(
    subjects=("a rocket launch", "a rocket on its pad", "a climbing rocket", "the lift-off", "a crewed launch"),
    actions=(
        "engines roaring at lift-off",
        "smoke rolling over the pad",
        "the booster climbing through the clouds",
        "flames trailing below the engines",
    ),
    places=("at the launch site", "above the clouds", "on the coast", "high over the planet"),
    tags=("rocket", "launch", "liftoff", "space", "countdown", "engine"),
)


class Painter(RocketParts):
    """Compositions: lift-off beside the tower; a close climb through clouds; an arc above the planet's rim."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        first, second, third = rng.permutation(light.accents)
        self.hull = mix("#f6f4f2", first, 0.12)
        self.trim, self.flame, self.tower = str(second), mix(str(third), light.key, 0.25), str(first)
        self.boosters, self.girth = bool(rng.random() < 0.6), rng.uniform(0.9, 1.15)
        self.bands = int(rng.integers(1, 4))
        self.x, self.start, self.climb = rng.uniform(118, 150), rng.uniform(0, 0.5), rng.uniform(9, 15)
        self.lean = rng.uniform(9, 17)
        self.hills, self.stars = (ridge(rng, 330, 12), ridge(rng, 352, 8)), Stars(rng, 70, 300)
        self.puffs = rng.uniform([-1, 0, 0.7, 0], [1, 1, 1.3, math.tau], (54, 4))
        self.clouds = rng.uniform([-30, 0, 0.7], [286, 1, 1.4], (9, 3))
        self.people = rng.uniform(0.8, 1.2, 14)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        (self._lift_off, self._climb, self._orbit)[self.composition](canvas, t)

    def _lift_off(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        backdrop(canvas, light, 360)
        if light.dark:
            self.stars.draw(canvas, t, 0.8)
        flown = max(0.0, t - self.start)
        y = max(278.0, 346 - 14 * flown - self.climb * flown**2)
        canvas.drawPath(below(self.hills[0]), paint(light.far))
        canvas.drawPath(below(self.hills[1]), paint(mix(light.far, light.near, 0.5)))
        self._tower(canvas, self.x - 66)
        fill(canvas, 366, BOTTOM, [mix(light.near, light.horizon, 0.3), light.near])
        glow(canvas, self.x, min(y + 60, 385), 230, self.flame, 0.55)
        trail = polygon([(self.x - 9, y + 20), (self.x + 9, y + 20), (self.x + 26, 392), (self.x - 26, 392)])
        smoke_lit = mix(light.key, self.flame, 0.2)
        canvas.drawPath(trail, down(y, 392, (self.flame, 0.9), (smoke_lit, 0.8)))
        with placed(canvas, self.x + 0.7 * math.sin(43 * t), y, 0.98):
            self._rocket(canvas, t)
        self._ground_smoke(canvas, t, flown)
        self._crowd(canvas, t)

    def _tower(self, canvas: skia.Canvas, x: float) -> None:
        """Draw the service tower: a lattice with two arms and a lamp on top."""
        light = self.light
        steel = paint(mix(light.near, self.tower, 0.3), stroke=2.6)
        thin = paint(mix(light.near, self.tower, 0.2), stroke=1.1)
        for side in (-11, 11):
            canvas.drawLine(x + side, 118, x + side, 372, steel)
        for y in range(122, 370, 20):
            canvas.drawLine(x - 11, y, x + 11, y + 20, thin)
            canvas.drawLine(x + 11, y, x - 11, y + 20, thin)
            canvas.drawLine(x - 11, y, x + 11, y, thin)
        for y in (168, 236):
            box(canvas, x + 11, y, x + 38, y + 6, paint(mix(light.near, self.tower, 0.4)), 2)
        canvas.drawLine(x, 118, x, 92, steel)
        glow(canvas, x, 92, 22, self.flame, 0.9)
        canvas.drawCircle(x, 92, 2.4, paint(mix(self.flame, "#ffffff", 0.7)))

    def _ground_smoke(self, canvas: skia.Canvas, t: float, flown: float) -> None:
        light, puffs = self.light, []
        spread = 46 + 60 * min(1.0, 0.35 + flown * 0.5)
        for place, height, size, phase in self.puffs[:40]:
            x = self.x + place * spread * 1.35 + 5 * math.sin(1.7 * t + phase)
            lift = (1 - abs(place)) ** 0.7 * 30 * height
            puffs.append(
                (
                    x,
                    392 - lift + 3 * math.sin(3.1 * t + phase),
                    size * (13 + 8 * min(1, flown)) * (1.2 - 0.4 * abs(place)),
                )
            )
        puffs.sort(key=lambda puff: puff[1])
        smoke(canvas, puffs, mix(light.key, self.flame, 0.12), mix(light.middle, light.near, 0.35))
        glow(canvas, self.x, 376, 80, self.flame, 0.55)

    def _crowd(self, canvas: skia.Canvas, t: float) -> None:
        """Draw onlookers in the foreground, some waving."""
        dark = paint(shade(self.light.near, -0.45))
        box(canvas, LEFT, 436, RIGHT, BOTTOM, dark)
        for k, size in enumerate(self.people):
            x, y = -20 + k * 22 + 6 * math.sin(k * 9.1), 432 - 2 * abs(math.sin(4 * t + k * 1.9))
            canvas.drawCircle(x, y - 9 * size, 5 * size, dark)
            ellipse(canvas, x, y + 6, 9 * size, 11 * size, dark)
            if k % 3 == 1:
                hand = x + 9 + 3 * math.sin(9 * t + k)
                canvas.drawLine(x + 5, y, hand, y - 18, paint(shade(self.light.near, -0.45), stroke=3))

    def _climb(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        backdrop(canvas, light, HEIGHT)
        glow(canvas, 205, 70, 170, light.key, 0.6)
        if light.dark:
            self.stars.draw(canvas, t, 0.7)
        self._passing_clouds(canvas, t, 0, 170, 0.75)
        lean = self.lean
        with placed(canvas, 112 - lean * 0.4 + 1.5 * math.sin(33 * t), 318 + 6 * math.sin(1.4 * t), 1.16, lean):
            self._trail(canvas, t, 26)
            self._rocket(canvas, t)
        self._passing_clouds(canvas, t, 1, 330, 1.0)

    def _trail(self, canvas: skia.Canvas, t: float, wide: float) -> None:
        """Draw the smoke left behind, flowing down and widening."""
        puffs = []
        for place, along, size, _ in self.puffs:
            q = (along + 0.75 * t) % 1
            puffs.append((place * wide * (0.3 + q), 84 + 190 * q, size * (8 + 18 * q)))
        smoke(canvas, puffs, mix(self.light.key, self.flame, 0.2), mix(self.light.middle, self.light.near, 0.2))

    def _passing_clouds(self, canvas: skia.Canvas, t: float, layer: int, rate: float, size: float) -> None:
        light = self.light
        for x, start, scale in self.clouds[layer::2]:
            if layer and 60 < x < 196:  # near clouds pass at the sides, so that the rocket stays in view
                x += 130 if x > 128 else -130
            y = (start * 620 + rate * t) % 620 - 90
            lumps = ((-34, 4, 17), (-14, -6, 23), (12, -9, 26), (36, 3, 18), (2, 8, 20))
            puffs = [(x + a * size * scale, y + b * size * scale, r * size * scale) for a, b, r in lumps]
            smoke(canvas, puffs, mix(light.key, light.horizon, 0.35 - 0.3 * layer), mix(light.middle, light.far, 0.3))

    def _orbit(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        fill(canvas, -90, BOTTOM, [mix(light.near, light.top, 0.4), light.top, light.middle], [0, 0.5, 1])
        self.stars.draw(canvas, t, 0.95)
        self._planet_rim(canvas, t)
        flown = 1 - math.exp(-0.5 * t)
        with placed(canvas, 90 + 26 * flown, 266 - 36 * flown, 0.86, 34):
            for k in range(3):  # the exhaust fans out in thin air
                half = 96 - 26 * k + 6 * math.sin(9 * t + k)
                fan = smooth([(-9, 2), (-half * 0.7, 120), (-half, 250), (half, 250), (half * 0.7, 120), (9, 2)])
                stops = [(mix(self.flame, "#ffffff", 0.3 * k), 0.5), (light.key, 0.12), (light.key, 0)]
                canvas.drawPath(fan, paint(shader=linear((0, 0), (0, 235), stops), blend=SCREEN))
            self._trail(canvas, t, 20)
            for place, along, size, phase in self.puffs:  # ice shed by the hull
                y = -230 + 460 * ((along + 1.1 * t) % 1)
                canvas.drawCircle(place * 62 + 4 * math.sin(phase + 5 * t), y, 1.7 * size, paint(self.light.key, 0.8))
            self._rocket(canvas, t)

    def _planet_rim(self, canvas: skia.Canvas, t: float) -> None:
        """Draw the planet's curved edge with its air and slow cloud bands."""
        light, x, y, radius = self.light, 128, 830, 470
        air = [(light.key, 0), (light.key, 0), (light.horizon, 0.9), (light.horizon, 0)]
        canvas.drawCircle(x, y, radius + 46, paint(shader=radial((x, y), radius + 46, air, [0, 0.85, 0.915, 1])))
        ball = radial(
            (x, y), radius, [light.near, mix(light.far, light.near, 0.4), light.middle, light.key], [0, 0.8, 0.975, 1]
        )
        canvas.drawCircle(x, y, radius, paint(shader=ball))
        for k in range(11):
            angle = -math.pi / 2 + ((k * 0.113 + 0.03 * t) % 0.9) - 0.45
            away = radius - 22 - (k * 37) % 80
            with placed(canvas, x + away * math.cos(angle), y + away * math.sin(angle), 1, math.degrees(angle) + 90):
                ellipse(canvas, 0, 0, 26 + 9 * math.sin(k * 5), 3.5, paint(light.horizon, 0.45))
