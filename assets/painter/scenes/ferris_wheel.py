"""A Ferris wheel: over a fairground, huge from below its rim, and mirrored in water from the side."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import SCREEN, Stars, backdrop, box, glow, mix, paint, polygon, shade, smooth
from assets.painter.props_urban import BOTTOM, LEFT, RIGHT, Skyline, curved, down, fill, placed
from assets.painter.props_urban_wheel import WheelParts
from assets.painter.scenes.base import Words

TOPIC = "city"
WORDS = Words(
    subjects=("a ferris wheel", "the big wheel", "the fairground wheel", "a giant wheel with cabins"),
    actions=(
        "cabins rising over the roofs",
        "the wheel turning slowly",
        "lights chasing round the rim",
        "gondolas rocking gently",
    ),
    places=("at the fairground", "by the river", "above the city", "on the pier"),
    tags=("ferriswheel", "fairground", "city", "skyline", "ride", "lights"),
)


class Painter(WheelParts):
    """Compositions: frontal over the fair; close from below the rim; slanted, mirrored in water."""

    def setup(self, rng: np.random.Generator) -> None:
        self.accents = [str(a) for a in rng.permutation(self.light.accents)]
        self.cabins = int(rng.integers(10, 14)) + 5 * (self.composition == 1)
        self.steel = (
            mix("#f4f1ee", self.accents[0], 0.25) if self.light.dark else mix(self.light.near, self.accents[0], 0.35)
        )
        self.turn = rng.uniform(0.28, 0.45) * rng.choice([-1, 1])
        self.phase, self.lamps = rng.uniform(0, 6), int(rng.integers(3, 6))
        self.city = Skyline(rng, 372, 40, 128, 0.5 if self.light.dark else 0.2)
        self.stars = Stars(rng, 50, 260)
        self.tents = [
            (float(x), rng.uniform(44, 64), rng.uniform(34, 50), int(rng.integers(3)))
            for x in np.arange(-40, 310, 58) + rng.uniform(-8, 8, 7)
        ]
        self.clouds = rng.uniform([-60, 70, 0.6], [300, 240, 1.2], (5, 3))
        self.double = bool(rng.random() < 0.6)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        (self._fair, self._below, self._river)[self.composition](canvas, t)

    def _sky(self, canvas: skia.Canvas, t: float, horizon: float) -> None:
        light = self.light
        backdrop(canvas, light, horizon)
        if light.dark:
            self.stars.draw(canvas, t, 0.8)
        for x, y, size in self.clouds:
            with placed(canvas, (x + 9 * t * size + 60) % 380 - 60, y, size):
                cloud = curved(
                    "-48 8, -42 -1, -28 -2, -20 -12, -4 -15, 7 -8, 18 -11, 29 -3, 41 -1, 48 8, 0 9", close=True
                )
                canvas.drawPath(cloud, down(-14, 9, (light.key, 0.6), (light.horizon, 0.12)))

    def _fair(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        self._sky(canvas, t, 380)
        glow(canvas, 128, 206, 190, light.key, 0.35)
        self.city.draw(canvas, mix(light.far, light.middle, 0.35), light.horizon, light.key, 0.5)
        self._stand(canvas, 128, 210, 384, 62)
        with placed(canvas, 128, 210):
            self._wheel(canvas, t, 100)
        fill(canvas, 380, BOTTOM, [mix(light.near, light.horizon, 0.3), light.near])
        self._tents(canvas)
        self._bunting(canvas, t)
        dark = shade(light.near, -0.4)
        for k in range(11):  # the crowd strolls by
            x = (k * 37 + (9 + 5 * (k % 3)) * t * (1 if k % 2 else -1)) % 340 - 42
            size, hop = 0.85 + 0.12 * (k % 4), abs(math.sin(5 * t + k))
            canvas.drawCircle(x, 416 - hop, 4.6 * size, paint(dark))
            box(canvas, x - 6 * size, 421 - hop, x + 6 * size, 460, paint(dark), 5)

    def _tents(self, canvas: skia.Canvas) -> None:
        """Draw striped stalls with scalloped roofs and lit counters."""
        light = self.light
        for x, wide, tall, accent in self.tents:
            half, top = wide / 2, 412 - tall
            box(canvas, x - half * 0.86, top + 16, x + half * 0.86, 416, paint(mix(light.near, light.key, 0.4)), 2)
            box(canvas, x - half * 0.86, 400, x + half * 0.86, 416, paint(shade(self.accents[accent], -0.35)))
            for k in range(6):
                left, right = x - half + k * wide / 6, x - half + (k + 1) * wide / 6
                colour = self.accents[accent] if k % 2 else mix("#ffffff", light.key, 0.5)
                flap = polygon([(x, top - 14), (right, top + 16), ((left + right) / 2, top + 22), (left, top + 16)])
                canvas.drawPath(flap, paint(shade(colour, -0.09 * k * 0.6)))
            canvas.drawLine(x, top - 14, x, top - 24, paint(light.near, stroke=1.2))
            canvas.drawPath(
                polygon([(x, top - 24), (x + 10, top - 21), (x, top - 18)]), paint(self.accents[(accent + 1) % 3])
            )

    def _bunting(self, canvas: skia.Canvas, t: float) -> None:
        """Draw a string of bulbs sagging across the foreground."""
        for y, sag in ((352, 16), (338, 26)):
            rope = [
                (x, y + sag * math.sin((x + 90) / 436 * math.pi * 3) ** 2 + 1.5 * math.sin(2 * t + x))
                for x in range(-90, 347, 14)
            ]
            canvas.drawPath(smooth(rope), paint(self.light.near, 0.9, stroke=1.1))
            for k, (x, level) in enumerate(rope):
                on = 0.55 + 0.45 * math.sin(5 * t + k * 2.1)
                canvas.drawCircle(
                    x, level + 2.5, 2.4, paint(mix(self.accents[k % 3], "#ffffff", 0.5 * on), 0.6 + 0.4 * on)
                )

    def _below(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        self._sky(canvas, t, 448)
        glow(canvas, 60, 120, 200, light.key, 0.5)
        self._stand(canvas, 150, 330, 640, 120)
        with placed(canvas, 150, 330):
            self._wheel(canvas, t, 205, cabin=0.92)
        for x, height in ((-30, 90), (20, 52), (226, 64), (270, 100)):  # roofs in the foreground
            box(
                canvas,
                x - 34,
                440 - height,
                x + 34,
                BOTTOM,
                down(340, BOTTOM, mix(light.near, light.far, 0.4), light.near),
            )
            for k in range(6):
                pane = skia.Rect.MakeXYWH(x - 26 + (k % 3) * 20, 450 - height + (k // 3) * 18, 8, 10)
                canvas.drawRect(pane, paint(light.key, 0.75))

    def _river(self, canvas: skia.Canvas, t: float) -> None:
        light, shore = self.light, 316
        self._sky(canvas, t, shore)
        glow(canvas, 128, 250, 170, light.key, 0.5)
        with placed(canvas, 0, shore - 372):
            self.city.draw(canvas, mix(light.far, light.middle, 0.3), light.horizon, light.key, 0.55)
        self._slanted(canvas, t)
        deep = [mix(light.horizon, light.middle, 0.5), mix(light.middle, light.top, 0.5), light.near]
        fill(canvas, shore, BOTTOM, deep)
        canvas.save()
        canvas.clipRect(skia.Rect.MakeLTRB(LEFT, shore, RIGHT, BOTTOM))
        canvas.translate(0, 2 * shore)
        canvas.scale(1, -1)
        canvas.saveLayerAlpha(skia.Rect.MakeLTRB(40, 140, 226, shore), 95)
        self._slanted(canvas, t)
        canvas.restore()
        canvas.restore()
        self._ripples(canvas, t, shore)
        box(
            canvas,
            LEFT,
            shore - 7,
            RIGHT,
            shore + 3,
            down(shore - 7, shore + 3, mix(light.near, light.key, 0.35), light.near),
        )
        for k in range(16):  # lamps on the quay
            x = -70 + k * 27
            canvas.drawLine(x, shore - 7, x, shore - 19, paint(light.near, stroke=1.3))
            canvas.drawCircle(x, shore - 20, 2.2, paint(mix(self.accents[1], "#ffffff", 0.6)))

    def _slanted(self, canvas: skia.Canvas, t: float) -> None:
        self._stand(canvas, 132, 196, 314, 46)
        with placed(canvas, 132, 196):
            self._wheel(canvas, t, 96, squash=0.68)

    def _ripples(self, canvas: skia.Canvas, t: float, shore: float) -> None:
        for k in range(38):
            depth = (k / 38) ** 1.4
            y, half = shore + 7 + 140 * depth, (8 + 26 * depth) * (0.7 + 0.3 * math.sin(3 * t + k * 1.7))
            x = 132 + (k * 61 % 220 - 110) + 7 * math.sin(1.9 * t + k)
            colour = (self.light.key, self.accents[k % 3])[k % 2]
            box(canvas, x - half, y, x + half, y + 1 + 1.6 * depth, paint(colour, 0.5, blend=SCREEN), 1)
