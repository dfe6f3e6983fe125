"""A Ferris wheel's rims, lamps, cabins and stand."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import box, glow, mix, paint, shade
from assets.painter.props_urban import curved, down, placed, tube
from assets.painter.scenes.base import Scene


class WheelParts(Scene):
    """A Ferris wheel's rims, lamps, cabins and stand.

    The painter that inherits sets in `setup`: steel, accents, cabins, lamps, turn, phase, double.
    """

    def _cabin(self, canvas: skia.Canvas, x: float, y: float, size: float, accent: str, rock: float) -> None:
        """Draw a cabin hanging from (x, y): roof, lit window with two riders, body with a highlight."""
        with placed(canvas, x, y, size, rock):
            canvas.drawLine(0, 0, 0, 6, paint(shade(self.steel, -0.3), stroke=2.2))
            box(canvas, -12, 8, 12, 32, down(8, 22, self.light.key, mix(self.light.key, accent, 0.4)), 5)
            for at in (-5, 5):
                canvas.drawCircle(at, 17, 3.2, paint(shade(self.light.near, -0.2)))
                box(canvas, at - 4, 19, at + 4, 26, paint(shade(self.light.near, -0.2)), 3)
            box(canvas, -13, 22, 13, 34, paint(shader=tube(-13, 13, accent)), 5)
            box(canvas, -1.2, 9, 1.2, 24, paint(shade(accent, -0.3)))
            canvas.drawPath(curved("-14 11, -9 5, 0 3, 9 5, 14 11", close=True), paint(shader=tube(-14, 14, accent)))

    def _wheel(self, canvas: skia.Canvas, t: float, radius: float, squash: float = 1.0, cabin: float = 0.8) -> None:
        """Draw the wheel about (0, 0): two rims, spokes, chasing lamps, then the cabins, which stay upright."""
        angle = self.phase + self.turn * t
        steel, dim = self.steel, shade(self.steel, -0.4)
        for rim, width, colour in ((1.0, 4.2, dim), (1.0, 2.4, steel), (0.86, 1.8, steel), (0.34, 1.6, dim)):
            frame = skia.Rect.MakeLTRB(-radius * rim * squash, -radius * rim, radius * rim * squash, radius * rim)
            canvas.drawOval(frame, paint(colour, stroke=width * radius / 100))
        spokes, braces, step = skia.Path(), skia.Path(), math.tau / self.cabins
        for k in range(self.cabins):
            a, b = angle + k * step, angle + (k + 0.5) * step
            spokes.moveTo(0, 0)
            spokes.lineTo(radius * math.cos(a) * squash, radius * math.sin(a))
            braces.moveTo(radius * 0.86 * math.cos(a) * squash, radius * 0.86 * math.sin(a))
            braces.lineTo(radius * math.cos(b) * squash, radius * math.sin(b))
            braces.lineTo(radius * 0.86 * math.cos(a + step) * squash, radius * 0.86 * math.sin(a + step))
        canvas.drawPath(spokes, paint(mix(steel, dim, 0.4), stroke=1.5 * radius / 100))
        canvas.drawPath(braces, paint(steel, stroke=1.0 * radius / 100))
        self._lights(canvas, t, radius, squash, angle)
        for k in range(self.cabins):
            a = angle + k * step
            rock = 9 * math.sin(2.6 * t + k * 1.3)
            at = radius * math.cos(a) * squash, radius * math.sin(a)
            self._cabin(canvas, *at, cabin * radius / 100, self.accents[k % 3], rock)

    def _lights(self, canvas: skia.Canvas, t: float, radius: float, squash: float, angle: float) -> None:
        count = self.cabins * self.lamps
        for k in range(count):
            a = angle + k * math.tau / count
            on = 0.5 + 0.5 * math.sin(9 * t - k * math.tau / self.lamps)
            x, y = radius * math.cos(a) * squash, radius * math.sin(a)
            canvas.drawCircle(
                x, y, (1.1 + 1.3 * on) * radius / 100, paint(mix(self.accents[1], "#ffffff", 0.7 * on), 0.5 + 0.5 * on)
            )
            if self.double:
                canvas.drawCircle(
                    x * 0.6,
                    y * 0.6,
                    (0.8 + on) * radius / 100,
                    paint(mix(self.accents[2], "#ffffff", 0.5), 0.3 + 0.7 * on),
                )
        glow(canvas, 0, 0, radius * 0.5, self.accents[1], 0.7)
        for size, colour in ((0.13, self.accents[0]), (0.09, shade(self.accents[0], 0.4)), (0.045, self.light.near)):
            canvas.drawCircle(0, 0, radius * size, paint(colour))

    def _stand(self, canvas: skia.Canvas, x: float, y: float, foot: float, spread: float) -> None:
        """Draw the two A-frames that carry the hub at (x, y)."""
        for side in (-1, 1):
            canvas.drawLine(x, y, x + side * spread, foot, paint(shade(self.steel, -0.45), stroke=7))
            canvas.drawLine(x - 1, y, x + side * spread - 1, foot, paint(shade(self.steel, 0.1), stroke=2.5))
        for share in (0.4, 0.7):
            half, level = spread * share, y + (foot - y) * share
            canvas.drawLine(x - half, level, x + half, level, paint(shade(self.steel, -0.3), stroke=2.2))
