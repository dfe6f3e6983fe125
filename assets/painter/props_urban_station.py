"""A metro station's halls, platforms and track beds."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import SCREEN, box, ellipse, glow, mix, paint, polygon, shade
from assets.painter.props_urban import BOTTOM, LEFT, RIGHT, TOP, across, down, spot_shadow, walker
from assets.painter.scenes.base import Scene

VANISH = (196.0, 186.0)


class Station(Scene):
    """A metro station's halls, platforms and track beds.

    The painter that inherits sets in `setup`: wall, lamp, accents, number of the line.
    """

    def _trackbed(self, canvas: skia.Canvas, cx: float, cy: float) -> None:
        bed = polygon([(cx - 24, cy + 30), (cx + 24, cy + 30), (cx + 150, BOTTOM), (cx - 150, BOTTOM)])
        canvas.drawPath(bed, down(cy, BOTTOM, mix(self.light.near, self.wall, 0.4), shade(self.light.near, -0.2)))
        for k in range(11):
            y = cy + 40 + k * k * 2.6
            half = 16 + (y - cy - 30) * 0.34
            box(canvas, cx - half, y, cx + half, y + 2 + 0.9 * k, paint(mix(self.light.near, self.accents[2], 0.16)), 1)
        for side in (-1, 1):
            rail = polygon(
                [
                    (cx + side * 11, cy + 30),
                    (cx + side * 13, cy + 30),
                    (cx + side * 92, BOTTOM),
                    (cx + side * 80, BOTTOM),
                ]
            )
            canvas.drawPath(rail, down(cy, BOTTOM, self.lamp, mix("#8d929c", self.light.key, 0.4)))

    def _light_on_rails(self, canvas: skia.Canvas, cx: float, y: float) -> None:
        pool = polygon([(cx - 40, y - 6), (cx + 40, y - 6), (cx + 120, BOTTOM), (cx - 120, BOTTOM)])
        canvas.drawPath(pool, down(y, BOTTOM, (self.lamp, 0.6), (self.lamp, 0.05), blend=SCREEN))

    def _edges(self, canvas: skia.Canvas, t: float, cx: float, cy: float) -> None:
        """Draw the platforms left and right, with their bright edge and a few people."""
        light = self.light
        for side in (-1, 1):
            far, near = (cx + side * 38, cy + 34), (cx + side * 128, BOTTOM)
            top = polygon(
                [far, near, (cx + side * 400, BOTTOM), (cx + side * 400, cy + 110), (cx + side * 62, cy + 26)]
            )
            canvas.drawPath(
                top, down(cy + 30, BOTTOM, mix(self.wall, light.key, 0.55), mix(self.wall, light.near, 0.45))
            )
            stripe = [
                (far[0] + side, far[1]),
                (near[0] + side * 10, near[1]),
                (near[0] + side * 34, near[1]),
                (far[0] + side * 4, far[1]),
            ]
            canvas.drawPath(polygon(stripe), paint(self.accents[1]))
        for x, size, accent, phase in ((34, 1, 0, 0), (226, 0.9, 1, 2), (58, 0.5, 2, 1), (199, 0.45, 0, 4)):
            y = cy + 44 + 150 * size * 0.9
            spot_shadow(canvas, x, y, 17 * size, 4 * size)
            coat = mix(light.near, self.accents[accent], 0.4)
            walker(
                canvas,
                x + 1.5 * math.sin(1.7 * t + phase),
                y,
                112 * size,
                coat,
                0.25 * math.sin(1.6 * t + phase),
                self.lamp,
            )

    def _at(self, depth: float, x: float, y: float) -> tuple[float, float]:
        """Project a point: depth 0 is the camera, 1 the vanishing point; x and y as seen at depth 0."""
        return VANISH[0] + (x - VANISH[0]) * (1 - depth), VANISH[1] + (y - VANISH[1]) * (1 - depth)

    def _quad(self, near: float, far: float, x: float, low: float, high: float) -> skia.Path:
        return polygon([self._at(near, x, low), self._at(far, x, low), self._at(far, x, high), self._at(near, x, high)])

    def _pit(self, canvas: skia.Canvas) -> None:
        """Draw the tunnel's mouth, the far wall's ribs and the track bed with its rails."""
        light = self.light
        for depth in np.linspace(0.84, -0.3, 9):
            (x, low), (_, high) = self._at(depth, -150, 430), self._at(depth, -150, -150)
            canvas.drawLine(x, low, x, high, paint(shade(self.wall, -0.4), 0.7, stroke=9 * (1 - depth)))
            canvas.drawLine(x - 2, low, x - 2, high, paint(mix(self.wall, light.key, 0.4), 0.6, stroke=1.2))
        ellipse(canvas, *self._at(0.86, -8, 262), 24, 29, paint(shade(light.near, -0.5)))
        bed = polygon(
            [self._at(0.9, -150, 430), self._at(0.9, 110, 430), self._at(-1.2, 110, 430), self._at(-1.2, -150, 430)]
        )
        canvas.drawPath(bed, down(200, BOTTOM, mix(light.near, self.wall, 0.35), shade(light.near, -0.3)))
        for depth in np.linspace(0.8, -0.6, 12):
            canvas.drawLine(
                *self._at(depth, -110, 432),
                *self._at(depth, 90, 432),
                paint(shade(light.near, 0.12), stroke=6 * (1 - depth)),
            )
        for x in (-70, 50):
            canvas.drawLine(
                *self._at(0.9, x, 432), *self._at(-1.2, x, 432), paint(mix("#a9aeb8", light.key, 0.4), stroke=2.6)
            )

    def _hall(self, canvas: skia.Canvas) -> None:
        """Draw the far wall with posters, pillars on the right, and strip lights under the ceiling."""
        light = self.light
        canvas.drawPath(
            polygon([self._at(-0.6, 470, 500), VANISH, self._at(-0.6, 470, -160)]),
            across(150, 270, mix(self.wall, light.horizon, 0.6), shade(self.wall, 0.08)),
        )
        for k, depth in enumerate((0.82, 0.7, 0.5, 0.16)):
            poster = self._quad(depth, depth + 0.5 * (1 - depth) * 0.42, 430, 330, 90)
            canvas.drawPath(poster, paint(mix(self.accents[k % 3], self.wall, 0.25)))
            canvas.drawPath(poster, paint(light.key, 0.8, stroke=1.6))
        for depth in np.linspace(0.93, 0.0, 12):
            for x in (40, 290):
                lamp = [
                    self._at(depth, x, -120),
                    self._at(depth, x + 46, -120),
                    self._at(depth - 0.06 * (1.1 - depth), x + 46, -120),
                    self._at(depth - 0.06 * (1.1 - depth), x, -120),
                ]
                canvas.drawPath(polygon(lamp), paint(self.lamp, 0.95))
        glow(canvas, VANISH[0], VANISH[1], 120, self.lamp, 0.6)
        sign = (170.0, 92.0)
        box(canvas, sign[0] - 34, sign[1] - 10, sign[0] + 34, sign[1] + 10, paint(shade(light.near, -0.2)), 3)
        canvas.drawCircle(sign[0] - 23, sign[1], 6.5, paint(self.accents[0]))
        for k in range(self.number):
            box(
                canvas, sign[0] - 11 + k * 10, sign[1] - 3, sign[0] - 4 + k * 10, sign[1] + 3, paint(self.accents[1]), 1
            )

    def _floor(self, canvas: skia.Canvas) -> None:
        light = self.light
        edge_far, edge_near = self._at(0.95, 118, 410), self._at(-1.1, 118, 410)
        floor = polygon([edge_far, edge_near, (RIGHT + 60, BOTTOM), self._at(-0.6, 470, 410)])
        canvas.drawPath(floor, down(200, BOTTOM, mix(self.wall, light.key, 0.65), mix(self.wall, light.near, 0.5)))
        stripe = polygon(
            [self._at(0.95, 130, 410), self._at(-1.1, 130, 410), self._at(-1.1, 152, 410), self._at(0.95, 152, 410)]
        )
        canvas.drawPath(stripe, paint(self.accents[1]))
        canvas.drawLine(*edge_far, *edge_near, paint(self.lamp, 0.9, stroke=2))
        for x in (210, 270, 330, 400):
            canvas.drawLine(*self._at(0.93, x, 410), *self._at(-1.1, x, 410), paint(light.near, 0.25, stroke=1))
        for depth in (0.8, 0.66, 0.48, 0.24, 0.0):
            canvas.drawLine(*self._at(depth, 152, 410), *self._at(depth, 470, 410), paint(light.near, 0.25, stroke=1))

    def _ceiling(self, canvas: skia.Canvas) -> None:
        """Draw tiles, a hanging sign with the line's disc, and a row of lamps."""
        light = self.light
        for k in range(10):
            y = TOP + 12 + k * 26
            canvas.drawLine(LEFT, y + 80, RIGHT, y + 80, paint(shade(self.wall, -0.3), 0.4, stroke=1))
        for x in range(-70, 340, 82):
            box(canvas, x, 74, x + 52, 80, paint(self.lamp), 3)
            beam = polygon([(x, 80), (x + 52, 80), (x + 92, 330), (x - 40, 330)])
            canvas.drawPath(beam, down(80, 330, (self.lamp, 0.28), (self.lamp, 0), blend=SCREEN))
        box(canvas, 70, 104, 186, 136, paint(shade(light.near, -0.15)), 5)
        for x in (84, 172):
            canvas.drawLine(x, 80, x, 104, paint(light.near, stroke=2))
        canvas.drawCircle(88, 120, 10, paint(self.accents[0]))
        canvas.drawCircle(88, 120, 5, paint(light.key))
        for k in range(self.number + 2):
            box(canvas, 106 + k * 13, 114, 115 + k * 13, 126, paint(self.accents[1], 0.9), 1.5)
