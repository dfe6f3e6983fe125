"""A rocket with its boosters and flame."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import SCREEN, box, glow, mix, paint, polygon, radial, shade, smooth
from assets.painter.props_urban import angular, curved, down, tube
from assets.painter.scenes.base import Scene


class RocketParts(Scene):
    """A rocket with its boosters and flame.

    The painter that inherits sets in `setup`: hull, trim and flame colours, girth, boosters, bands.
    """

    def _rocket(self, canvas: skia.Canvas, t: float) -> None:
        """Draw the rocket upright, its nozzle at (0, 0), 200 tall, with its flame below."""
        self._flame(canvas, t)
        wide = 17 * self.girth
        if self.boosters:
            for side in (-1, 1):
                at = side * wide * 1.5
                nose = smooth([(at - 9, -6), (at - 9, -82), (at, -104), (at + 9, -82), (at + 9, -6)])
                canvas.drawPath(nose, paint(shader=tube(at - 9, at + 9, mix(self.hull, self.trim, 0.25))))
                box(canvas, at - 9, -34, at + 9, -24, paint(shader=tube(at - 9, at + 9, self.trim)))
        for side in (-1, 1):  # swept fins
            fin = polygon(
                [(side * wide * 0.8, -60), (side * wide * 2.1, -14), (side * wide * 2.1, 6), (side * wide * 0.8, -8)]
            )
            canvas.drawPath(fin, paint(shade(self.trim, 0.1 if side < 0 else -0.4)))
        canvas.drawPath(angular("-8 -8, 8 -8, 12 5, -12 5"), paint(shader=tube(-12, 12, "#5a5f6b")))
        self._hull(canvas, wide)

    def _hull(self, canvas: skia.Canvas, wide: float) -> None:
        body = skia.Path()
        body.moveTo(-wide * 0.8, -4)
        body.cubicTo(-wide * 1.25, -70, -wide * 1.1, -150, 0, -200)
        body.cubicTo(wide * 1.1, -150, wide * 1.25, -70, wide * 0.8, -4)
        body.close()
        canvas.drawPath(body, paint(shader=tube(-wide * 1.1, wide * 1.1, self.hull)))
        canvas.save()
        canvas.clipPath(body, skia.ClipOp.kIntersect, True)
        trim = paint(shader=tube(-wide * 1.1, wide * 1.1, self.trim))
        box(canvas, -wide * 2, -210, wide * 2, -160, trim)
        for k in range(self.bands):
            box(canvas, -wide * 2, -52 - 14 * k, wide * 2, -45 - 14 * k, trim)
        for y in (-84, -128, -158):  # seams between the stages
            canvas.drawLine(-wide * 2, y, wide * 2, y, paint("#000000", 0.25, stroke=1))
        box(canvas, -wide * 2, -26, wide * 2, 0, paint(self.flame, 0.35, blend=SCREEN))
        canvas.restore()
        canvas.drawCircle(0, -124, 9, paint(shade(self.trim, -0.35)))
        canvas.drawCircle(0, -124, 6.5, paint(shader=radial((-2, -127), 10, [self.light.horizon, self.light.near])))
        canvas.drawPath(curved("-4 -128, -1 -129.5, 2 -129"), paint("#ffffff", 0.9, stroke=1.4))

    def _flame(self, canvas: skia.Canvas, t: float) -> None:
        beat = 1 + 0.1 * math.sin(31 * t) + 0.07 * math.sin(47 * t + 1)
        glow(canvas, 0, 40, 120, self.flame, 0.75)
        at = (-26 * self.girth, 0.0, 26 * self.girth) if self.boosters else (0.0,)
        for x in at:
            for colour, size in (
                (self.flame, 1.0),
                (mix(self.flame, "#ffffff", 0.55), 0.68),
                (mix(self.flame, "#ffffff", 0.95), 0.4),
            ):
                long, half = (105 if x == 0 else 70) * size * beat, (13 if x == 0 else 9) * (0.4 + 0.6 * size)
                sway = 4 * math.sin(23 * t + x)
                tongue = smooth(
                    [
                        (x - half * 0.7, 0),
                        (x - half, long * 0.3),
                        (x + sway, long),
                        (x + half, long * 0.3),
                        (x + half * 0.7, 0),
                    ]
                )
                canvas.drawPath(tongue, down(0, long, colour, (colour, 0.85), (colour, 0.15)))
