"""A metro train: its face, its headlights and its carriages."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import box, ellipse, glow, linear, mix, paint, polygon, shade
from assets.painter.props_urban import across, angular, curved, down
from assets.painter.scenes.base import Scene


class Train(Scene):
    """A metro train: its face, its headlights and its carriages.

    The painter that inherits sets in `setup`: body, lamp and accents, dots of the sign, riders.
    """

    def _face(self, canvas: skia.Canvas, t: float) -> None:
        """Draw the train's front, 100 wide and 124 tall, its underside on y = 0."""
        colour, accent, near = self.body, self.accents[0], shade(self.light.near, -0.35)
        for side in (-1, 1):
            box(canvas, side * 33 - 7, -4, side * 33 + 7, 9, paint("#0d0e12"), 2)
        shell = curved("-50 0, -52 -60, -47 -104, -30 -122, 30 -122, 47 -104, 52 -60, 50 0", close=True)
        canvas.drawPath(
            shell,
            across(
                -52, 52, shade(colour, -0.35), shade(colour, 0.35), colour, shade(colour, -0.5), at=[0, 0.2, 0.6, 1]
            ),
        )
        box(canvas, -50, -40, 50, -10, across(-50, 50, shade(accent, -0.3), accent, shade(accent, -0.45)), 5)
        box(canvas, -41, -96, 41, -46, paint(near), 9)
        glass = linear(
            (-40, -96), (30, -46), [mix(near, self.light.middle, 0.65), near, mix(near, self.light.key, 0.35)]
        )
        box(canvas, -38, -93, 38, -49, paint(shader=glass), 8)
        canvas.drawPath(angular("-30 -93, -14 -93, -30 -49, -37 -49"), paint("#ffffff", 0.16))
        canvas.drawCircle(-16, -66, 7, paint(mix(near, self.accents[1], 0.3)))  # the driver
        box(canvas, -27, -60, -5, -49, paint(mix(near, self.accents[1], 0.4)), 6)
        canvas.drawLine(6, -49, 20 + 9 * math.sin(3 * t), -86, paint("#0d0e12", stroke=1.8))  # wiper
        box(canvas, -27, -115, 27, -100, paint("#0b0c10"), 3)
        for row in range(5):  # dot-matrix sign
            for column in range(12):
                if self.dots[row][(column + int(6 * t)) % 40]:
                    canvas.drawCircle(-22 + column * 4, -113 + row * 2.8, 1.1, paint(self.accents[1]))
        canvas.drawLine(0, -44, 0, -8, paint("#000000", 0.3, stroke=1.4))
        box(canvas, -16, 0, 16, 7, paint("#191b21"), 3)
        for side in (-1, 1):
            canvas.drawCircle(side * 34, -25, 8.4, paint("#14161c"))
            canvas.drawCircle(side * 34, -25, 6.2, paint(mix(self.lamp, "#ffffff", 0.7)))
            canvas.drawCircle(side * 19, -25, 3.4, paint(mix(self.accents[2], "#ffffff", 0.2)))

    def _beams(self, canvas: skia.Canvas, x: float, y: float, scale: float) -> None:
        for side in (-1, 1):
            glow(canvas, x + side * 34 * scale, y - 25 * scale, 30 + 62 * scale, self.lamp, 0.75)

    def _carriage(self, canvas: skia.Canvas, k: int) -> None:
        """Draw a carriage 256 long (the first with its sloping nose): doors, lit windows, riders."""
        nose = [(256, 176), (276, 236), (280, 318)] if k == 0 else [(258, 172), (258, 318)]
        shell = polygon([(0, 318), (0, 172), (6, 166), (246, 166), *nose])
        canvas.drawPath(shell, down(166, 320, shade(self.body, 0.3), self.body, shade(self.body, -0.4)))
        box(canvas, 0, 276, 278 if k == 0 else 258, 296, down(276, 296, self.accents[0], shade(self.accents[0], -0.25)))
        glass = linear((0, 192), (0, 256), [mix(self.lamp, self.accents[1], 0.2), mix(self.lamp, self.wall, 0.35)])
        for i, (left, right) in enumerate(((10, 54), (98, 162), (206, 236))):
            box(canvas, left, 192, right, 254, paint(shade(self.body, -0.6)), 7)
            box(canvas, left + 2, 194, right - 2, 252, paint(shader=glass), 6)
            for j in range(3):
                if self.riders[(k * 9 + i * 3 + j) % 40] > 0.4 and left + 26 + j * 20 < right + 12:
                    at, tall = left + 13 + j * 20, 222 + 9 * self.riders[(i + j * 7) % 40]
                    canvas.drawCircle(at, tall, 6.5, paint(mix(self.light.near, self.accents[j], 0.2)))
                    box(canvas, at - 9, tall + 7, at + 9, 252, paint(mix(self.light.near, self.accents[j], 0.3)), 5)
        for left in (60, 168):  # double doors
            box(canvas, left, 184, left + 33, 318, paint(shade(self.accents[0], -0.15)), 3)
            for at in (left + 3, left + 18):
                box(canvas, at, 194, at + 12, 250, paint(shader=glass), 3)
            canvas.drawLine(left + 16.5, 184, left + 16.5, 318, paint("#000000", 0.5, stroke=1.2))
        if k == 0:
            canvas.drawPath(angular("243 192, 259 192, 272 250, 243 250"), paint(shade(self.light.near, -0.3)))
            glow(canvas, 276, 300, 60, self.lamp, 0.9)
            ellipse(canvas, 274, 300, 4, 6, paint(mix(self.lamp, "#ffffff", 0.6)))
