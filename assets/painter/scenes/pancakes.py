"""Pancakes: a stack with syrup running down, seen from the side and from above, and one flipped in the pan."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import WIDTH, box, ellipse, glow, linear, mix, paint, radial, shade, smooth
from assets.painter.props_play import (
    FRAME,
    Room,
    Steam,
    ball_body,
    halo,
    lit,
    ribbon,
    shuffled_accents,
    soft_shadow,
    table,
    wash,
)
from assets.painter.scenes.base import Scene, Words

TOPIC = "food"
WORDS = Words(
    subjects=("a stack of pancakes", "fluffy pancakes", "pancakes with syrup", "a very tall stack", "sunday pancakes"),
    actions=(
        "syrup dripping down the sides",
        "butter melting on top",
        "one flipped high",
        "berries on everything",
        "the last drop of syrup",
    ),
    places=("at the breakfast table", "in a roadside diner", "in pyjamas", "on a slow morning"),
    tags=("pancakes", "syrup", "brunch", "breakfast", "flapjacks", "butter"),
)


class Painter(Scene):
    """Stack from the side, stack from high up, flip in the pan."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accent, self.second, self.third = shuffled_accents(light, rng)
        self.room, self.steam = Room(rng, light, self.third), Steam(rng, 6, 52)
        self.crumb = mix(light.key, self.accent, 0.3)
        self.crust = shade(mix(self.accent, light.near, 0.32), -0.05)
        self.syrup = shade(mix(light.near, self.second, 0.5), -0.1)
        self.plate = mix(light.key, light.far, float(rng.uniform(0.05, 0.3)))
        self.layers = [(rng.uniform(-5, 5), rng.uniform(0.93, 1.04)) for _ in range(int(rng.integers(5, 8)))]
        self.drips = rng.uniform((-0.93, 0.35, 0, 4), (0.93, 1, 6, 7), (8, 4)).tolist()
        self.berries = [(k + rng.uniform(-0.3, 0.3), rng.uniform(8, 11)) for k in range(int(rng.integers(4, 7)))]
        self.pool = rng.uniform(0.86, 1.08, 11).tolist()
        self.spots = [(rng.uniform(0, math.tau), math.sqrt(rng.uniform(0, 0.8)), rng.uniform(3, 11)) for _ in range(16)]

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._stack, self._above, self._flip)[self.composition](canvas, t)

    def _stack(self, canvas: skia.Canvas, t: float) -> None:
        """Side view: a tall stack, syrup poured on top and running down."""
        self.room.draw(canvas, t, 280)
        table(canvas, self.light, 272, self.third)
        soft_shadow(canvas, 142, 368, 132, 30, 0.6)
        ellipse(canvas, 128, 364, 112, 24, paint(shade(self.plate, -0.4)))
        ellipse(canvas, 128, 359, 112, 24, lit(self.light, self.plate, (16, 0), (240, 0), 0.9, 0.25))
        ellipse(canvas, 128, 358, 88, 16, paint(shade(self.plate, -0.2), 0.6))
        top = 350 - 21 * len(self.layers)
        for k, (shift, size) in enumerate(self.layers):
            self._cake(canvas, 128 + shift, 350 - 21 * k, 82 * size)
        self._syrup_coat(canvas, 128, top + 9, 80, t)
        self._stream(canvas, top, t)
        self._topping(canvas, 128, top + 4, t)
        self._jug(canvas, 178, top - 118)
        self.steam.draw(canvas, 110, top + 6, 140, t, self.light.key, 0.9)

    def _cake(self, canvas, x, y, r) -> None:
        """Draw one pancake edge-on: pale crumb between two browned faces."""
        ellipse(canvas, x, y + 4, r, 17, paint(shade(self.crust, -0.45)))
        box(canvas, x - r, y - 21, x + r, y + 13, lit(self.light, self.crumb, (x - r, 0), (x + r, 0), 0.4, 0.4), 15)
        for k in range(12):
            a = math.pi * (k + 0.5) / 12
            canvas.drawCircle(x - r * 0.94 * math.cos(a), y - 2 + 9 * math.sin(a), 1.3, paint(self.crust, 0.5))
        ellipse(canvas, x, y - 12, r, 15, paint(shade(self.crust, -0.15)))
        face = radial((x - r * 0.3, y - 16), r * 1.4, [mix(self.crust, self.light.key, 0.35), self.crust])
        ellipse(canvas, x, y - 14, r * 0.97, 14, paint(shader=face))

    def _syrup_coat(self, canvas, x, y, r, t) -> None:
        """Pour a glossy pool over the top with tongues that creep down the sides."""
        depth = 21 * len(self.layers) - 8
        gloss = paint(mix(self.syrup, self.light.key, 0.6), 0.6, stroke=1.7)
        for at, reach, phase, width in self.drips:
            cx, edge = x + at * r, y - 16 + 13 * math.sqrt(1 - at * at)
            end = edge + depth * reach * (0.55 + 0.45 * ((0.3 * t + phase / 6) % 1))
            tongue = ribbon(
                [(cx, edge - 4), (cx, (edge + end) / 2), (cx, end)], [width * 1.5, width * 0.75, width * 0.8]
            )
            canvas.drawPath(tongue, paint(self.syrup, 0.93))
            ellipse(canvas, cx, end, width * 1.05, width * 1.35, paint(self.syrup))
            canvas.drawLine(cx - width * 0.3, edge + 3, cx - width * 0.3, end, gloss)
            canvas.drawCircle(cx - width * 0.3, end - 1, 1.7, paint("#ffffff", 0.9))
        pool = halo((x - 26, y - 20), 100, [mix(self.syrup, self.light.key, 0.45), self.syrup])
        ellipse(canvas, x, y - 16, r * 0.97, 13, pool)
        ellipse(canvas, x - 30, y - 20, 26, 3.2, paint("#ffffff", 0.35))

    def _stream(self, canvas, top, t) -> None:
        """Let a thin stream of syrup coil onto the stack."""
        u = np.linspace(0, 1, 16)
        spine = np.column_stack([140 + 4 * u**3 * np.sin(8 * t + 9 * u), top - 92 + 84 * u])
        canvas.drawPath(ribbon(spine, [4.5, 2.2, 2.0, 3.4]), paint(mix(self.syrup, self.second, 0.25)))
        canvas.drawPath(ribbon(spine - [0.8, 0], [1.2, 0.6]), paint(self.light.key, 0.75))
        for k in range(3):
            grow = (0.9 * t + k / 3) % 1
            ring = paint(mix(self.syrup, self.light.key, 0.5), 0.7 * (1 - grow), stroke=1.6)
            ellipse(canvas, 140, top - 8, 5 + 26 * grow, 2 + 5 * grow, ring)

    def _jug(self, canvas, x, y) -> None:
        """Draw the syrup jug tipped over the stack."""
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(-52)
        handle = smooth([(24, -20), (52, -18), (50, 16), (26, 24)])
        canvas.drawPath(handle, paint(mix(self.light.near, self.third, 0.4), stroke=7))
        outline = [(-24, -32), (-16, -20), (-30, 6), (-26, 38), (0, 44), (28, 38), (30, 6), (18, -20), (20, -30)]
        glass = smooth(outline, close=True)
        canvas.drawPath(glass, lit(self.light, mix(self.syrup, self.second, 0.2), (-28, 0), (30, 0), 0.5, 0.3))
        canvas.drawPath(glass, paint(self.light.key, 0.6, stroke=1.6))
        canvas.drawLine(-18, 4, -16, 28, paint("#ffffff", 0.7, stroke=3))
        canvas.restore()

    def _topping(self, canvas, x, y, t) -> None:
        """Set a sliding pat of butter and berries on top."""
        slide = 5 * math.sin(1.7 * t)
        for k in range(3):
            bx = x - 52 + k * 24
            ball_body(canvas, bx, y - 17 - (7 if k == 1 else 0), 9.5, self.third, self.light)
            canvas.drawCircle(bx - 3, y - 21 - (7 if k == 1 else 0), 2, paint("#ffffff", 0.8))
        canvas.save()
        canvas.translate(x + 42 + slide, y - 15)
        canvas.rotate(7 * math.sin(1.7 * t))
        butter = mix(self.light.key, self.accent, 0.12)
        box(canvas, -16, -9, 16, 6, paint(shade(butter, -0.22)), 3)
        box(canvas, -16, -13, 16, -2, paint(butter), 4)
        canvas.restore()

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From high up: the stack on its plate, a puddle of syrup spreading over the edge."""
        light, x, y = self.light, 128, 224
        cloth = linear((0, 0), (WIDTH, 448), [mix(light.far, light.horizon, 0.45), mix(light.near, light.far, 0.5)])
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), paint(shader=cloth))
        for k in range(-3, 14):
            box(canvas, k * 40 - 60, -90, k * 40 - 42, 540, paint(light.key, 0.1))
            box(canvas, -90, k * 40, 346, k * 40 + 18, paint(light.key, 0.1))
        soft_shadow(canvas, x + 14, y + 46, 132, 112, 0.6)
        ellipse(canvas, x, y + 32, 108, 90, lit(light, self.plate, (40, 130), (220, 350), 0.9, 0.3))
        ellipse(canvas, x, y + 32, 93, 76, paint(shade(self.plate, -0.25), 0.5, stroke=3))
        for k, (shift, size) in enumerate(self.layers[:5]):
            self._layer(canvas, x + 1.6 * shift, y + 36 - 15 * k, 80 * size)
        top = y + 36 - 15 * (len(self.layers[:5]) - 1)
        self._puddle(canvas, x, top, t)
        for a, size in self.berries:
            bx, by = x + 97 * math.cos(a), y + 34 + 80 * math.sin(a)
            soft_shadow(canvas, bx + 3, by + 4, size * 1.3, size * 1.2, 0.5)
            ball_body(canvas, bx, by, size, self.third, light)
            canvas.drawCircle(bx - 0.3 * size, by - 0.35 * size, 1.8, paint("#ffffff", 0.8))
        self._fork(canvas, 238, 250)

    def _layer(self, canvas, x, y, r) -> None:
        """Draw one pancake of the stack from a high angle: pale wall below, browned face above."""
        ry = 0.8 * r
        soft_shadow(canvas, x + 2, y + 16, r * 1.06, ry * 1.06, 0.7)
        ellipse(canvas, x, y + 13, r, ry, paint(shade(self.crust, -0.3)))
        ellipse(canvas, x, y + 9, r, ry, lit(self.light, self.crumb, (x - r, 0), (x + r, 0), 0.5, 0.25))
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(1, 0.8)
        self._face(canvas, 0, 0, r)
        canvas.restore()

    def _face(self, canvas, x, y, r) -> None:
        """Draw a browned pancake face: pale rim, darker middle, mottled."""
        canvas.drawCircle(x, y, r, lit(self.light, self.crumb, (x - r, y - r), (x + r, y + r), 0.4, 0.3))
        brown = [mix(self.crust, self.light.key, 0.28), self.crust, shade(self.crust, -0.25)]
        canvas.drawCircle(x, y, r - 5, halo((x - 18, y - 20), r * 1.3, brown))
        mottle = paint(mix(self.crumb, self.crust, 0.45), 0.35)
        for a, q, size in self.spots:
            canvas.drawCircle(x + r * 0.8 * q * math.cos(a), y + r * 0.8 * q * math.sin(a), size * 0.8, mottle)

    def _puddle(self, canvas, x, y, t) -> None:
        """Draw the lobed syrup puddle, the stream that feeds it, its ripples and the butter."""
        points = []
        for k, size in enumerate(self.pool):
            a, reach = k / 11 * math.tau, 60 * size + 3.5 * math.sin(2.6 * t + 2 * k)
            points.append((x + reach * math.cos(a), y + 0.8 * reach * math.sin(a)))
        shape = smooth(points, close=True)
        for k in (2, 3, 5):
            cx, edge = points[k]
            end = edge + 28 + 9 * k % 20 + 9 * math.sin(0.9 * t + k)
            tongue = ribbon([(cx, edge - 14), (cx, edge + 4), (cx, end)], [12, 6, 6.5])
            canvas.drawPath(tongue, paint(self.syrup))
            ellipse(canvas, cx, end, 7.5, 9, paint(self.syrup))
            canvas.drawCircle(cx - 2, end - 1, 1.8, paint("#ffffff", 0.85))
        canvas.drawPath(shape, halo((x - 16, y - 18), 74, [mix(self.syrup, self.light.key, 0.42), self.syrup]))
        canvas.drawPath(shape, paint(mix(self.syrup, self.light.key, 0.55), 0.6, stroke=1.6))
        end = (x + 16 + 18 * math.cos(2.4 * t), y - 14 + 12 * math.sin(2.4 * t))
        for k in range(3):
            grow = (0.9 * t + k / 3) % 1
            canvas.drawCircle(*end, 4 + 22 * grow, paint(self.light.key, 0.5 * (1 - grow), stroke=1.5))
        self._butter_above(canvas, x - 14, y + 8, t)
        stream = ribbon([end, (end[0] + 16, end[1] - 90), (end[0] + 58, end[1] - 330)], [4.5, 2.8, 4])
        canvas.drawPath(stream, paint(mix(self.syrup, self.second, 0.3)))
        canvas.drawPath(smooth([(x - 34, y - 22), (x - 18, y - 33), (x + 2, y - 35)]), paint("#ffffff", 0.7, stroke=3))

    def _butter_above(self, canvas, x, y, t) -> None:
        """Draw the pat of butter, slowly turning as it melts."""
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(20 + 9 * math.sin(2 * t))
        butter = mix(self.light.key, self.accent, 0.12)
        soft_shadow(canvas, 3, 5, 26, 24, 0.5)
        box(canvas, -15, -13, 15, 14, paint(shade(butter, -0.22)), 4)
        box(canvas, -15, -15, 15, 11, paint(butter), 4)
        canvas.restore()

    def _fork(self, canvas, x, y) -> None:
        """Lay a fork by the plate."""
        steel = wash((x - 10, 0), (x + 10, 0), [self.light.key, mix(self.light.far, self.light.near, 0.4)])
        box(canvas, x - 3, y, x + 3, y + 110, steel, 3)
        box(canvas, x - 11, y - 20, x + 11, y + 6, steel, 8)
        for k in range(4):
            box(canvas, x - 11 + k * 6, y - 52, x - 7.5 + k * 6, y - 12, steel, 2)

    def _flip(self, canvas: skia.Canvas, t: float) -> None:
        """A pancake turns over in the air above a pan on the flame."""
        self.room.draw(canvas, t, 340)
        table(canvas, self.light, 330, self.third)
        self._finished(canvas, 196, 322)
        beat = (0.75 * t) % 1
        height = 4 * beat * (1 - beat)
        for k in range(11):
            x = 74 + k * 10.8
            tall = 13 + 6 * math.sin(17 * t + 2.2 * k)
            band = ribbon([(x, 384), (x + math.sin(11 * t + k), 384 - tall)], [4.5, 0.5])
            canvas.drawPath(band, paint(mix(self.accent, self.light.key, 0.4), 0.9))
        box(canvas, 40, 384, 216, 394, paint(shade(self.light.near, -0.4)), 4)
        dip = -8 * max(0.0, 1 - 6 * min(beat, 1 - beat))
        self._pan(canvas, 122, 344 + dip)
        glow(canvas, 128, 250, 150, self.light.key, 0.25)
        y = 330 + dip - 205 * height
        for side in (-1, 1):
            wind = [(122 + side * 74, y + 44), (122 + side * 80, y + 14), (122 + side * 72, y - 18)]
            canvas.drawPath(smooth(wind), paint(self.light.key, 0.5 * height, stroke=2.4))
        self._flying(canvas, 122, y, 360 * beat)
        self.steam.draw(canvas, 122, 336, 200, t, self.light.key, 0.8)

    def _finished(self, canvas, x, y) -> None:
        """Stack the pancakes that are done on a plate behind the pan, butter on top."""
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(0.5, 0.5)
        soft_shadow(canvas, 10, 22, 124, 30, 0.6)
        ellipse(canvas, 0, 16, 106, 22, lit(self.light, self.plate, (-106, 0), (106, 0), 0.9, 0.3))
        for k, (shift, size) in enumerate(self.layers[:5]):
            self._cake(canvas, 2 * shift, 4 - 21 * k, 78 * size)
        box(canvas, -17, -112, 17, -96, paint(mix(self.light.key, self.accent, 0.12)), 4)
        canvas.restore()

    def _pan(self, canvas, x, y) -> None:
        """Draw a frying pan with its handle."""
        dark = shade(mix(self.light.near, self.light.far, 0.3), -0.2)
        grip = wash((0, y - 5), (0, y + 9), [mix(dark, self.light.key, 0.4), dark])
        box(canvas, x + 70, y - 5, x + 210, y + 9, grip, 7)
        ellipse(canvas, x, y + 18, 70, 17, paint(shade(dark, -0.4)))
        ellipse(canvas, x, y + 6, 84, 24, lit(self.light, dark, (x - 84, 0), (x + 84, 0), 0.5, 0.4))
        ellipse(canvas, x, y, 84, 22, paint(mix(dark, self.light.key, 0.35)))
        inside = halo((x - 20, y), 90, [mix(dark, self.light.horizon, 0.25), shade(dark, -0.4)])
        ellipse(canvas, x, y + 2, 79, 19, inside)

    def _flying(self, canvas, x, y, angle) -> None:
        """Draw the tumbling pancake: its face foreshortens as it turns over."""
        turn = math.sin(math.radians(angle))
        squash = 0.22 + 0.6 * abs(turn)
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(16 * turn)
        canvas.scale(1, squash)
        thick = 14 / max(squash, 0.3)
        canvas.drawCircle(0, thick, 62, paint(shade(self.crumb, -0.35)))
        canvas.drawCircle(0, thick * 0.5, 62, paint(self.crumb))
        self._face(canvas, 0, 0, 62)
        canvas.restore()
