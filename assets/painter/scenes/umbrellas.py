"""People with umbrellas in the rain: along a wet street, from straight above, and close from behind."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import HEIGHT, SCREEN, WIDTH, backdrop, box, ellipse, glow, linear, mix, paint, shade, smooth
from assets.painter.props_urban import BOTTOM, LEFT, RIGHT, TOP, Skyline, down, fill, lamp_post, placed, walker
from assets.painter.props_urban_umbrella import Umbrellas, umbrella
from assets.painter.scenes.base import Words

TOPIC = "city"
WORDS = Words(
    subjects=("umbrellas in the rain", "people under umbrellas", "a rainy crowd", "a walker with an umbrella"),
    actions=(
        "rain drumming on umbrellas",
        "umbrellas passing each other",
        "drops running off the rim",
        "reflections trembling in puddles",
    ),
    places=("on a wet street", "in the pouring rain", "across the square", "on the way home"),
    tags=("umbrella", "rain", "city", "rainyday", "puddles", "street"),
)


class Painter(Umbrellas):
    """Compositions: walkers in a wet street; umbrella tops from above; one large umbrella from behind."""

    def setup(self, rng: np.random.Generator) -> None:
        self.accents = [str(a) for a in rng.permutation(self.light.accents)]
        light = self.light
        self.coats = [
            mix(light.near, c, share)
            for c, share in zip([*self.accents, light.key], (0.25, 0.4, 0.3, 0.3), strict=True)
        ]
        self.pave = mix(mix(light.near, light.middle, 0.45), "#5c6068", 0.25)
        self.city = Skyline(rng, 292, 90, 200, 0.5 if light.dark else 0.25)
        self.drops = rng.uniform([-60, 0, 0.6], [320, 1, 1.4], (110, 3))
        self.rings = rng.uniform([-20, 0, 0, 0.6], [276, 1, 1, 1.3], (34, 4))
        self.people = [
            (float(x), int(rng.integers(3)), rng.uniform(0, 6), rng.uniform(0.85, 1.2))
            for x in np.linspace(0, 1, 8) + rng.uniform(-0.04, 0.04, 8)
        ]
        self.crowd = rng.uniform([0, 0, 22, 0], [1, 1, 33, math.tau], (15, 4))
        self.slant, self.lamps = rng.uniform(0.06, 0.2), bool(rng.random() < 0.7)
        self.bokeh = rng.uniform([-20, 60, 8, 0], [276, 300, 26, 6], (22, 4))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        (self._street, self._above, self._behind)[self.composition](canvas, t)

    def _rain(self, canvas: skia.Canvas, t: float, length: float = 20.0, alpha: float = 0.5) -> None:
        for layer in (0, 1):  # fine far rain, then bold near rain
            path = skia.Path()
            for x, start, size in self.drops[layer::2]:
                y = ((start + (1.5 + 0.7 * size) * t) % 1) * (HEIGHT + 120) - 60
                at, long = x - self.slant * (y - 200), length * size * (0.7 + 0.5 * layer)
                path.moveTo(at, y)
                path.lineTo(at - self.slant * long, y + long)
            canvas.drawPath(
                path, paint(mix(self.light.key, "#ffffff", 0.4), alpha * (0.6 + 0.4 * layer), stroke=0.8 + 0.6 * layer)
            )

    def _puddle_rings(self, canvas: skia.Canvas, t: float, top: float, flat: float) -> None:
        """Draw rings that spread where drops fall on the wet ground."""
        for x, depth, start, size in self.rings:
            q = (start + 1.3 * t) % 1
            y = top + (HEIGHT + 10 - top) * depth
            radius = (3 + 15 * q) * size * (1 if flat == 1 else 0.35 + 0.8 * depth)
            ellipse(canvas, x, y, radius, radius * flat, paint(self.light.key, 0.75 * (1 - q), stroke=1.1))
            if flat < 1 and q < 0.3:  # the splash itself
                canvas.drawLine(x, y, x - 2, y - 9 * size * q / 0.3, paint(self.light.key, 0.8, stroke=1))
                canvas.drawLine(x, y, x + 4, y - 6 * size * q / 0.3, paint(self.light.key, 0.8, stroke=1))

    def _person(self, canvas: skia.Canvas, x: float, y: float, tall: float, accent: int, phase: float) -> None:
        """Draw a walker and the umbrella over the head, bobbing with the steps."""
        light = self.light
        walker(canvas, x, y, tall, self.coats[accent], phase, light.key)
        bob = -0.02 * tall * abs(math.sin(phase))
        canvas.drawLine(
            x + tall * 0.1,
            y - tall * 0.6,
            x + tall * 0.02,
            y - tall * 1.35 + bob,
            paint(light.near, stroke=tall * 0.022),
        )
        umbrella(canvas, x + tall * 0.02, y - tall * 0.95 + bob, tall * 0.47, self.accents[accent], light.key)

    def _walkers(self, canvas: skia.Canvas, t: float, rows: tuple) -> None:
        for row, (y, tall, pace) in enumerate(rows):
            for k, (place, accent, phase, size) in enumerate(self.people[row :: len(rows)]):
                way = 1 if (k + row) % 2 else -1
                x = (place * 400 + way * pace * t) % 400 - 72
                self._person(canvas, x, y + 4 * (k % 2), tall * size, accent, phase + 6.5 * t)

    def _street(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        backdrop(canvas, light, 300)
        self.city.draw(canvas, mix(light.far, light.middle, 0.25), light.horizon, light.key, 0.55)
        glow(canvas, 128, 280, 190, light.horizon, 0.6)
        self._pavement(canvas, 290)
        rows = ((318, 72, 24), (384, 128, 36))
        canvas.saveLayerAlpha(
            skia.Rect.MakeLTRB(-10, 318, WIDTH + 10, HEIGHT + 10), 85
        )  # mirror images on the wet ground
        for row, (y, tall, pace) in enumerate(rows):
            with placed(canvas, 0, 2 * y):
                canvas.scale(1, -1)
                self._mirror_row(canvas, t, row, y, tall, pace)
        canvas.restore()
        if self.lamps:
            for x, tall in ((24, 200), (214, 170)):
                lamp_post(canvas, x, 322, tall, shade(light.near, -0.2), mix(light.key, "#ffffff", 0.5))
                glow(canvas, x + tall * 0.18, 322 - tall, 74, light.key, 0.9)
        self._walkers(canvas, t, rows)
        self._puddle_rings(canvas, t, 306, 0.3)
        self._rain(canvas, t)

    def _mirror_row(self, canvas: skia.Canvas, t: float, row: int, y: float, tall: float, pace: float) -> None:
        for k, (place, accent, _, size) in enumerate(self.people[row::2]):
            x = (place * 400 + (1 if (k + row) % 2 else -1) * pace * t) % 400 - 72 + 2 * math.sin(7 * t + k)
            box(
                canvas,
                x - tall * 0.13 * size,
                y - tall * 0.8 * size,
                x + tall * 0.13 * size,
                y - 4,
                paint(self.coats[accent]),
                6,
            )
            umbrella(canvas, x, y - tall * 0.95 * size, tall * 0.47 * size, self.accents[accent], self.light.key)

    def _pavement(self, canvas: skia.Canvas, top: float) -> None:
        light = self.light
        fill(canvas, top, BOTTOM, [mix(self.pave, light.horizon, 0.7), self.pave, shade(self.pave, -0.4)], [0, 0.3, 1])
        for k in range(7):
            y = top + 4 + k * k * 3.4
            canvas.drawLine(LEFT, y, RIGHT, y, paint(shade(self.pave, -0.5), 0.35, stroke=0.8))
        for k in range(-8, 9):
            canvas.drawLine(128 + k * 24, top, 128 + k * 92, BOTTOM, paint(shade(self.pave, -0.5), 0.3, stroke=0.8))
        for k in range(6):  # puddles hold the sky
            x, y = (k * 83) % 300 - 20, top + 30 + (k * 47) % 110
            ellipse(canvas, x, y, 46, 7, down(y - 7, y + 7, (light.horizon, 0.15), (light.key, 0.5)))

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        canvas.drawRect(
            skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM),
            paint(
                shader=linear((0, TOP), (WIDTH, BOTTOM), [mix(self.pave, light.horizon, 0.35), shade(self.pave, -0.3)])
            ),
        )
        self._paving(canvas)
        self._puddle_rings(canvas, t, -10, 1.0)
        for k, (place, along, half, phase) in enumerate(self.crowd):
            lane, way = k % 5, 1 if k % 2 else -1
            y = ((k // 5) / 3 * 620 + along * 90 + way * (42 + 14 * place) * t) % 620 - 80
            self._top(canvas, t, 14 + lane * 57 + 9 * place, y, half, k, phase, way)
        for x, start, size in self.drops[:60]:  # drops fall away from the eye
            q = (start + 1.9 * t) % 1
            px, py = 128 + (x - 128) * (1.5 - 0.7 * q), 224 + ((start * 977) % 448 - 224) * (1.5 - 0.7 * q)
            canvas.drawLine(
                px,
                py,
                px + (128 - px) * 0.06,
                py + (224 - py) * 0.06,
                paint("#ffffff", 0.6 * (1 - q), stroke=1.3 * size),
            )

    def _paving(self, canvas: skia.Canvas) -> None:
        """Draw paving slabs and shining puddles from above."""
        light = self.light
        joints = skia.Path()
        for k in range(22):
            y = TOP + k * 30
            joints.moveTo(LEFT, y)
            joints.lineTo(RIGHT, y)
            for i in range(9):
                joints.moveTo(LEFT + i * 56 + 28 * (k % 2), y)
                joints.lineTo(LEFT + i * 56 + 28 * (k % 2), y + 30)
        canvas.drawPath(joints, paint(shade(self.pave, -0.5), 0.45, stroke=1.2))
        for k in range(4):  # shining puddles
            x, y = (k * 97 + 30) % 256, 50 + k * 112
            pool = smooth(
                [(x - 52, y), (x - 18, y - 24), (x + 36, y - 15), (x + 54, y + 8), (x + 8, y + 24)], close=True
            )
            canvas.drawPath(
                pool,
                paint(shader=linear((x - 50, y - 24), (x + 50, y + 24), [(light.key, 0.5), (light.horizon, 0.12)])),
            )

    def _behind(self, canvas: skia.Canvas, t: float) -> None:
        light, sway = self.light, 2.5 * math.sin(3.2 * t)
        backdrop(canvas, light, 330)
        for x, y, size, phase in self.bokeh:  # street lights out of focus
            colour = self.accents[int(phase) % 3]
            canvas.drawCircle(
                x, y, size, paint(colour, 0.2 + 0.1 * math.sin(2.5 * t + phase), blend=SCREEN if light.dark else None)
            )
            canvas.drawCircle(x, y, size, paint(light.key, 0.25, stroke=1))
        self._pavement(canvas, 318)
        self._walkers(canvas, t, ((342, 88, 22),))
        self._rain(canvas, t, 16, 0.35)
        self._figure(canvas, t, 128 + sway, 236 + abs(sway))
        self._puddle_rings(canvas, t, 350, 0.3)
        self._rain(canvas, t, 30, 0.55)
