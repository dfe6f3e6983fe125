"""Umbrellas from the side and from above, and a figure under one."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import ellipse, linear, mix, paint, radial, shade, smooth
from assets.painter.props_urban import BOTTOM, across, clipped, curved, placed
from assets.painter.scenes.base import Scene


def umbrella(canvas: skia.Canvas, x: float, y: float, half: float, colour, rim) -> None:
    """Draw an open umbrella from the side: scalloped panels, ribs, a lit edge; (x, y) is the rim's middle."""
    with placed(canvas, x, y, half / 50):
        canvas.drawLine(0, -40, 0, -52, paint(shade(colour, -0.6), stroke=2.4))
        dome = skia.Path()
        dome.moveTo(-50, 0)
        dome.cubicTo(-46, -30, -22, -43, 0, -43)
        dome.cubicTo(22, -43, 46, -30, 50, 0)
        for right in (50, 25, 0, -25):
            dome.quadTo(right - 12.5, -11, right - 25, 0)
        canvas.drawPath(
            dome, paint(shader=linear((-40, -40), (40, 4), [shade(colour, 0.38), colour, shade(colour, -0.45)]))
        )
        with clipped(canvas, dome):
            canvas.drawPath(curved("0 -43, -9 -26, -11 0, -25 2, -24 -22", close=True), paint("#ffffff", 0.12))
            canvas.drawPath(curved("0 -43, 24 -28, 27 0, 52 4, 44 -26", close=True), paint("#000000", 0.16))
        for end in (-25, 0, 25):
            canvas.drawPath(
                smooth([(0, -43), (end * 0.72, -25), (end, -1)]), paint(shade(colour, -0.4), 0.7, stroke=1.2)
            )
        canvas.drawPath(curved("-49 -3, -41 -22, -22 -38, 0 -42.5"), paint(rim, 0.8, stroke=1.8))


class Umbrellas(Scene):
    """Umbrellas from the side and from above, and a figure under one.

    The painter that inherits sets in `setup`: accents and coats.
    """

    def _top(
        self, canvas: skia.Canvas, t: float, x: float, y: float, half: float, k: int, phase: float, way: int
    ) -> None:
        """Draw an umbrella from above: eight panels, shaded round, over swinging feet and a long shadow."""
        colour, sway = self.accents[k % 3], math.sin(6.5 * t + phase)
        ellipse(canvas, x + 12, y + 15, half, half, paint("#000000", 0.28))
        for side in (-1, 1):
            ellipse(
                canvas,
                x + side * 6,
                y + way * (half * 0.72 + 9 * sway * side),
                4.2,
                8,
                paint(shade(self.light.near, -0.4)),
            )
        with placed(canvas, x + 1.2 * sway, y, half, math.degrees(phase) + 5 * sway):
            tips = [(math.cos(i * math.tau / 8), math.sin(i * math.tau / 8)) for i in range(8)]
            for i, (a, b) in enumerate(zip(tips, [*tips[1:], tips[0]], strict=True)):
                sun = math.cos((i + 0.5) * math.tau / 8 + phase + 2.3)
                panel = skia.Path()
                panel.moveTo(0, 0)
                panel.lineTo(*a)
                panel.quadTo((a[0] + b[0]) * 0.45, (a[1] + b[1]) * 0.45, *b)
                panel.close()
                pale = "#ffffff" if i % 2 and k % 4 == 0 else colour
                canvas.drawPath(panel, paint(shade(mix(colour, pale, 0.75), 0.32 * sun if sun > 0 else 0.42 * sun)))
            for a in tips:
                canvas.drawLine(0, 0, *a, paint(shade(colour, -0.5), 0.7, stroke=0.035))
                canvas.drawCircle(*a, 0.06, paint(self.light.key))
            canvas.drawCircle(0, 0, 0.1, paint(shade(colour, -0.6)))

    def _figure(self, canvas: skia.Canvas, t: float, x: float, y: float) -> None:
        """Draw a person from behind in a raincoat under a large umbrella that drips."""
        light, coat = self.light, self.coats[1]
        body = smooth(
            [
                (x - 26, y + 20),
                (x - 44, y + 42),
                (x - 54, y + 130),
                (x - 60, BOTTOM),
                (x + 60, BOTTOM),
                (x + 54, y + 130),
                (x + 44, y + 42),
                (x + 26, y + 20),
            ],
            close=True,
        )
        canvas.drawPath(body, across(x - 58, x + 58, shade(coat, 0.4), coat, shade(coat, -0.45)))
        for at in (-22, 16):
            fold = smooth([(x + at * 0.4, y + 60), (x + at, y + 130), (x + at * 1.3, BOTTOM)])
            canvas.drawPath(fold, paint(shade(coat, -0.45), 0.6, stroke=2.5))
        canvas.drawLine(x + 22, y + 74, x + 10, y - 70, paint(shade(light.near, -0.3), stroke=4))
        head = smooth([(x - 22, y + 22), (x - 25, y - 6), (x, y - 28), (x + 25, y - 6), (x + 22, y + 22)], close=True)
        canvas.drawPath(
            head, paint(shader=radial((x - 12, y - 14), 56, [shade(coat, 0.45), shade(coat, -0.1), shade(coat, -0.5)]))
        )
        canvas.drawPath(
            smooth([(x + 44, y + 50), (x + 46, y + 82), (x + 22, y + 72)]), paint(shade(coat, -0.25), stroke=17)
        )
        canvas.drawPath(
            smooth([(x - 27, y + 22), (x - 44, y + 44), (x - 55, y + 134)]), paint(light.key, 0.7, stroke=2)
        )
        umbrella(canvas, x + 8, y - 14, 94, self.accents[0], light.key)
        self._drips(canvas, t, x, y)

    def _drips(self, canvas: skia.Canvas, t: float, x: float, y: float) -> None:
        """Draw rain that splashes on the umbrella and runs off its rim."""
        light = self.light
        for k in range(9):  # drops run off the scallops
            q = (k * 0.37 + 1.25 * t) % 1
            at = x + 8 - 94 + k * 23.5
            canvas.drawOval(
                skia.Rect.MakeXYWH(at - 1.6, y - 14 + 150 * q * q, 3.2, 6 + 6 * q), paint(light.key, 0.95 * (1 - q))
            )
        for k in range(14):  # splashes on the fabric
            q, at = (k * 0.61 + 2.2 * t) % 1, (k * 53) % 150 - 75
            top = y - 20 - 76 * math.sqrt(max(0.0, 1 - (at / 94) ** 2))
            canvas.drawCircle(x + 8 + at + 5 * q, top - 9 * q, 1.5 * (1 - q) + 0.3, paint("#ffffff", 0.9 * (1 - q)))
