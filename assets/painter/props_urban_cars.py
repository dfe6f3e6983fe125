"""Cars head on, from above and from the side."""

from __future__ import annotations

import skia

from assets.painter.canvas import SCREEN, box, ellipse, glow, linear, mix, paint, polygon, shade, smooth
from assets.painter.props_urban import across, angular, curved, down, placed, spot_shadow, tube
from assets.painter.scenes.base import Scene


def front(canvas: skia.Canvas, colour, lamp, *, back: bool, van: bool = False) -> None:
    """Draw a car head on (or from the back), 100 wide, its tyres on y = 0."""
    roof = -104 if van else -74
    spot_shadow(canvas, 0, 0, 60, 9, 0.8)
    for side in (-1, 1):
        box(canvas, side * 38 - 9, -22, side * 38 + 9, 3, paint("#101116"), 4)
    cabin = smooth([(-42, -40), (-35, roof + 6), (-22, roof), (22, roof), (35, roof + 6), (42, -40)], close=True)
    canvas.drawPath(cabin, paint(shade(colour, -0.25)))
    glass = polygon([(-37, -41), (-29, roof + 8), (29, roof + 8), (37, -41)])
    canvas.drawPath(
        glass, paint(shader=linear((-30, roof), (24, -40), ["#0d1119", "#2a3342", "#aebccb"], [0, 0.55, 1]))
    )
    body = curved("-48 -12, -50 -32, -42 -46, 0 -50, 42 -46, 50 -32, 48 -12", close=True)
    canvas.drawPath(body, down(-50, -8, shade(colour, 0.45), colour, shade(colour, -0.5)))
    box(canvas, -47, -17, 47, -8, paint(shade(colour, -0.65)), 4)
    box(canvas, -14, -22, 14, -14, paint("#e9ebee" if back else "#15171d"), 2)
    for side in (-1, 1):
        ellipse(canvas, side * 36, -30, 10, 6, paint(mix(lamp, "#ffffff", 0.1 if back else 0.85)))
        glow(canvas, side * 36, -30, 34 if back else 52, lamp, 0.75)


class Cars(Scene):
    """Cars head on, from above and from the side.

    The painter that inherits sets in `setup`: paints, head and tail lamp colours, tempo.
    """

    def _car_top(self, canvas: skia.Canvas, tone: int, van: bool) -> None:
        """Draw a car from above, heading up, 34 wide."""
        colour, long = self.paints[tone], 40 if van else 34
        box(canvas, -13, -long + 4, 22, long + 6, paint("#000000", 0.35), 9)
        beam = polygon([(-14, -long + 2), (14, -long + 2), (30, -long - 52), (-30, -long - 52)])
        canvas.drawPath(beam, down(-long, -long - 52, (self.head, 0.5), (self.head, 0), blend=SCREEN))
        box(canvas, -17, -long, 17, long, paint(shader=tube(-17, 17, colour)), 9)
        canvas.drawPath(
            smooth(
                [(-13, -long * 0.45), (0, -long * 0.6), (13, -long * 0.45), (11, -long * 0.2), (-11, -long * 0.2)],
                close=True,
            ),
            paint("#141923"),
        )
        box(canvas, -11, long * 0.55, 11, long * 0.78, paint("#141923"), 3)
        box(canvas, -11, -long * 0.18, 11, long * 0.52, paint(shade(colour, 0.25)), 4)
        for side in (-1, 1):
            box(canvas, side * 12 - 3.5, -long, side * 12 + 3.5, -long + 4, paint(mix(self.head, "#ffffff", 0.6)), 2)
            box(canvas, side * 12 - 3.5, long - 4, side * 12 + 3.5, long, paint(self.tail), 2)

    def _car_side(self, canvas: skia.Canvas, t: float, tone: int, van: bool) -> None:
        """Draw a car from the side, driving right, about 100 long, tyres on y = 0."""
        colour, roof = self.paints[tone], -56 if van else -40
        spot_shadow(canvas, 0, 1, 58, 5, 0.8)
        tail = -50 if van else -40
        cabin = smooth(
            [(tail, -22), (tail + 5, roof + 5), (-20, roof), (10, roof), (20, roof + 5), (38, -22)], close=True
        )
        canvas.drawPath(cabin, paint(shade(colour, -0.15)))
        for left, right in ((-28, -6), (-2, 24)):
            pane = polygon([(left - 4, -24), (left + 2, roof + 6), (right - 7, roof + 6), (right, -24)])
            canvas.drawPath(
                pane, paint(shader=linear((left, roof), (right, -22), ["#10151f", "#3b4a5e", "#c3d0dc"], [0, 0.6, 1]))
            )
        body = curved("-54 -8, -53 -22, -30 -26, 30 -26, 52 -19, 55 -8", close=True)
        canvas.drawPath(body, down(-28, -4, shade(colour, 0.4), colour, shade(colour, -0.5)))
        canvas.drawLine(-46, -22, 44, -21, paint("#ffffff", 0.4, stroke=1.2))
        for at in (-31, 32):
            canvas.drawCircle(at, -8, 11, paint("#101116"))
            with placed(canvas, at, -8, 1, self.tempo * t * 7):
                canvas.drawCircle(0, 0, 6, paint("#b9bec8"))
                for _ in range(3):
                    canvas.drawLine(0, -6, 0, 6, paint("#4a4e58", stroke=1.4))
                    canvas.rotate(60)
        box(canvas, 49, -20, 55, -14, paint(mix(self.head, "#ffffff", 0.6)), 2)
        box(canvas, -55, -20, -50, -13, paint(self.tail), 2)
        beam = angular("54 -19, 150 -34, 150 6, 54 -13")
        canvas.drawPath(beam, across(54, 150, (self.head, 0.6), (self.head, 0), blend=SCREEN))
