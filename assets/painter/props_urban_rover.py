"""The rover itself, from the side and from above, part by part."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import box, glow, linear, mix, paint, polygon, radial, shade, smooth
from assets.painter.props_urban import across, angular, clipped, curved, down, oval, placed, spot_shadow
from assets.painter.scenes.base import Scene


class RoverParts(Scene):
    """The rover itself, from the side and from above, part by part.

    The painter that inherits sets in `setup`: hull, trim and lamp colours, soil, pace, panel and bumps.
    """

    def _bump(self, x: float) -> float:
        a, b, c = self.bumps
        return 3.4 * math.sin(x * 0.045 + a) + 2.2 * math.sin(x * 0.11 + b) + 1.1 * math.sin(x * 0.23 + c)

    def _wheel(self, canvas: skia.Canvas, x: float, y: float, radius: float, turn: float) -> None:
        """Draw a wheel with grousers, spokes and a hub, turned by `turn` radians."""
        dark = mix("#23252b", self.light.near, 0.35)
        with placed(canvas, x, y, 1, math.degrees(turn)):
            for k in range(16):
                angle = k * math.tau / 16
                canvas.drawLine(
                    radius * 0.8 * math.cos(angle),
                    radius * 0.8 * math.sin(angle),
                    radius * 1.08 * math.cos(angle),
                    radius * 1.08 * math.sin(angle),
                    paint(dark, stroke=radius * 0.16),
                )
            canvas.drawCircle(0, 0, radius * 0.92, paint(dark))
            canvas.drawCircle(0, 0, radius * 0.66, paint(shade(self.soil, -0.5)))
            for k in range(6):
                angle = k * math.tau / 6
                spoke = smooth(
                    [
                        (0, 0),
                        (radius * 0.4 * math.cos(angle + 0.35), radius * 0.4 * math.sin(angle + 0.35)),
                        (radius * 0.7 * math.cos(angle), radius * 0.7 * math.sin(angle)),
                    ]
                )
                canvas.drawPath(spoke, paint(shade(self.hull, -0.15), stroke=radius * 0.13))
            canvas.drawCircle(0, 0, radius * 0.24, paint(self.trim))
        rim = skia.Rect.MakeLTRB(x - radius * 0.86, y - radius * 0.86, x + radius * 0.86, y + radius * 0.86)
        canvas.drawArc(rim, 180, 100, False, paint(self.light.key, 0.7, stroke=radius * 0.09))

    def _rover(self, canvas: skia.Canvas, t: float, size: float, ground: float) -> None:
        """Draw the rover from the side, driving right, centred on x = 128, wheels on `ground`."""
        way = self.pace * t * 1.2
        contact = [(at, self._bump((128 + at * size + way) / size) * 0.7) for at in (-44, -4, 40)]
        heave = sum(lift for _, lift in contact) / 3
        with placed(canvas, 128, ground, size):
            spot_shadow(canvas, 14, 1, 84, 9, 0.6)
            for at, lift in contact:  # far wheels peep out behind
                canvas.drawCircle(at + 9, -17 + lift * 0.6, 14, paint(mix("#17181c", self.light.near, 0.5)))
            self._suspension(canvas, contact, heave)
            with placed(canvas, 0, heave, 1, (contact[2][1] - contact[0][1]) * 0.5):
                self._deck(canvas, t)
            for at, lift in contact:
                self._wheel(canvas, at, -15 + lift, 16, way / size / 16 + at)

    def _suspension(self, canvas: skia.Canvas, contact, heave: float) -> None:
        """Draw the rocker and the bogie that carry the six wheels."""
        (a, low), (b, mid), (c, high) = contact
        frame, edge = paint(shade(self.hull, -0.5), stroke=6), paint(shade(self.hull, -0.05), stroke=2)
        for brush in (frame, edge):
            canvas.drawPath(
                smooth([(c, -15 + high), (c - 6, -36 + heave), (4, -42 + heave), (-24, -34 + heave)]), brush
            )
            canvas.drawPath(
                smooth(
                    [(a, -15 + low), (a + 4, -30 + heave), (-24, -34 + heave), (b - 6, -28 + heave), (b, -15 + mid)]
                ),
                brush,
            )
        canvas.drawCircle(-24, -34 + heave, 4, paint(self.trim))

    def _deck(self, canvas: skia.Canvas, t: float) -> None:
        light, hull = self.light, self.hull
        canvas.drawPath(angular("-56 -64, -66 -92, -58 -94, -42 -64"), paint(shade(hull, -0.6)))  # power source
        for k in range(4):
            canvas.drawLine(-60 + k * 4.4, -66 + k, -67 + k * 2.6, -92, paint(shade(hull, 0.1), stroke=1.4))
        body = angular("-46 -66, 50 -66, 56 -56, 50 -40, -40 -40, -50 -54")
        canvas.drawPath(body, down(-68, -38, shade(hull, 0.45), hull, shade(hull, -0.5)))
        box(canvas, -46, -56, 50, -51, paint(self.trim))
        for k in range(6):  # instrument hatches and bolts
            box(canvas, -38 + k * 14, -49, -29 + k * 14, -43, paint(shade(hull, -0.35)), 1)
        if self.panel:  # a solar wing
            wing = angular("-44 -70, 24 -70, 34 -79, -34 -79")
            canvas.drawPath(wing, across(-40, 30, mix(light.top, self.trim, 0.3), light.near))
            for k in range(6):
                canvas.drawLine(-44 + k * 13.5, -70, -34 + k * 13.5, -79, paint(light.key, 0.5, stroke=0.8))
        canvas.drawLine(-30, -66, -38, -112, paint(shade(hull, -0.4), stroke=1.3))  # whip aerial
        with placed(canvas, -12, -76, 1, -28 + 14 * math.sin(1.3 * t)):  # high-gain dish
            canvas.drawPath(
                curved("-13 -2, 0 7, 13 -2", close=True), across(-13, 13, shade(hull, 0.5), shade(hull, -0.4))
            )
            canvas.drawLine(0, 4, 0, -8, paint(shade(hull, -0.5), stroke=1.4))
        self._mast(canvas, t)
        reach = 8 * math.sin(1.5 * t)  # the robot arm in front
        arm = polygon([(52, -54), (74, -64 + reach * 0.5), (86, -38 + reach)], close=False)
        canvas.drawPath(arm, paint(shade(hull, -0.45), stroke=5))
        canvas.drawPath(arm, paint(shade(hull, 0.2), stroke=1.8))
        canvas.drawCircle(86, -36 + reach, 6, paint(self.trim))

    def _mast(self, canvas: skia.Canvas, t: float) -> None:
        hull, look = self.hull, 4.5 * math.sin(2.1 * t)
        canvas.drawLine(34, -66, 34, -112, paint(shade(hull, -0.5), stroke=6))
        canvas.drawLine(33, -66, 33, -112, paint(shade(hull, 0.3), stroke=2.2))
        with placed(canvas, 34, -118, 1, look):
            box(canvas, -15, -10, 16, 10, down(-10, 10, shade(hull, 0.5), shade(hull, -0.3)), 4)
            for at in (3, 12):
                canvas.drawCircle(at + look * 0.3, 0, 5.2, paint("#15171c"))
                canvas.drawCircle(at + look * 0.3 - 1, -1, 2.2, paint(self.lamp))
            box(canvas, -15, -13, 16, -9, paint(self.trim), 2)
        glow(canvas, 42, -118, 26, self.lamp, 0.35 + 0.3 * math.sin(6 * t))

    def _from_above(self, canvas: skia.Canvas, t: float, way: float) -> None:
        """Draw the rover's top, heading up, with a long shadow to the right."""
        hull, dark = self.hull, mix("#23252b", self.light.near, 0.3)
        shadow = angular("-20 -52, 42 -48, 96 -12, 96 78, 42 66, -20 66")
        canvas.drawPath(shadow, paint(shader=linear((20, 0), (98, 30), [("#000000", 0.55), ("#000000", 0.12)])))
        for y in (-46, 4, 52):
            canvas.drawLine(-34, y, 34, y, paint(shade(hull, -0.5), stroke=5))
            for side in (-34, 34):
                box(canvas, side - 9, y - 17, side + 9, y + 17, across(side - 9, side + 9, shade(dark, 0.35), dark), 4)
                with clipped(canvas, oval(side, y, 9, 17)):
                    for k in range(6):
                        at = y - 17 + (k * 6 + way) % 36
                        canvas.drawLine(side - 9, at, side + 9, at, paint(shade(dark, 0.4), stroke=1.5))
        box(canvas, -25, -50, 25, 54, across(-25, 25, shade(hull, 0.4), hull, shade(hull, -0.35)), 7)
        box(canvas, -25, -20, 25, -14, paint(self.trim))
        box(canvas, -18, 40, 18, 66, paint(shade(hull, -0.6)), 3)
        for k in range(5):
            canvas.drawLine(-14 + 7 * k, 42, -14 + 7 * k, 64, paint(shade(hull, 0.2), stroke=1.5))
        self._top_fittings(canvas)
        reach = 26 * math.sin(1.5 * t)
        canvas.drawPath(
            polygon([(0, -48), (reach * 0.6, -72), (reach, -92)], close=False), paint(shade(hull, -0.35), stroke=5)
        )
        canvas.drawCircle(reach, -92, 6, paint(self.trim))
        with placed(canvas, 13, -36, 1, 35 * math.sin(1.9 * t)):
            box(canvas, -12, -7, 12, 7, paint(shade(hull, 0.55)), 3)
            for at in (-6, 6):
                canvas.drawCircle(at, -6, 4, paint("#15171c"))
                canvas.drawCircle(at, -7, 1.6, paint(self.lamp))

    def _top_fittings(self, canvas: skia.Canvas) -> None:
        """Draw the solar panel or the round antenna on the deck, from above."""
        hull = self.hull
        if self.panel:
            box(
                canvas,
                -21,
                -8,
                21,
                32,
                paint(shader=linear((-21, -8), (21, 32), [mix(self.light.top, self.trim, 0.35), self.light.near])),
                2,
            )
            for k in range(5):
                canvas.drawLine(-21 + k * 10.5, -8, -21 + k * 10.5, 32, paint(self.light.key, 0.5, stroke=0.8))
        else:
            canvas.drawCircle(-4, 14, 15, paint(shader=radial((-9, 8), 22, [shade(hull, 0.6), shade(hull, -0.4)])))
            canvas.drawCircle(-4, 14, 3, paint(self.trim))
