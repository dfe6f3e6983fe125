"""The guitar that the music motifs play."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import (
    Colour,
    Light,
    box,
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    radial,
    shade,
    smooth,
)
from assets.painter.props_home import shape, solid

BODY = ((0, -62), (30, -58), (40, -34), (31, -8), (40, 14), (58, 44), (46, 84), (0, 98))  # right half of the outline


class Guitar:
    """An acoustic guitar standing upright about its sound hole; `tempo` (radians a second) sets the strokes."""

    def __init__(self, light: Light, wood: Colour, rosette: Colour, tempo: float, pickguard: bool):
        self.light, self.wood, self.rosette = light, wood, rosette
        self.tempo, self.pickguard = tempo, pickguard

    def ring(self, t: float) -> float:
        """Return the loudness in 0..1: struck on each beat, then dying away."""
        return math.exp(-2.2 * (t * self.tempo / math.tau % 1))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the guitar upright: body about the origin, neck up to y = -200."""
        light, wood = self.light, self.wood
        outline = self.outline()
        solid(canvas, outline, wood, light, 1.0)
        canvas.save()
        canvas.clipPath(outline, True)
        for k in range(-6, 7):  # grain
            canvas.drawLine(k * 9, -70, k * 10, 100, paint(shade(wood, -0.4), 0.16, stroke=1))
        glow(canvas, -18, 30, 60, light.key, 0.3 + 0.25 * self.ring(t))
        canvas.restore()
        canvas.drawPath(outline, paint(mix(light.near, wood, 0.25), stroke=2.4))
        if self.pickguard:
            canvas.drawPath(
                shape("18,-8 36,14 34,40 18,24 14,8"),
                paint(shade(light.near, -0.2), 0.85),
            )
        self.hole(canvas, 0, 0, 20)
        box(canvas, -23, 50, 23, 60, paint(shade(light.near, 0.05)), 3)
        self._neck(canvas)
        for k in range(6):
            self.string(canvas, -6 + 2.4 * k, -168, 54, k, t)

    def outline(self) -> skia.Path:
        """Return the body's outline about the sound hole."""
        return smooth([*BODY, *((-x, y) for x, y in BODY[-2:0:-1])], close=True)

    def hole(self, canvas: skia.Canvas, x: float, y: float, radius: float) -> None:
        light = self.light
        dark = shade(light.near, -0.5)
        fill = radial((x + 4, y + 6), radius, [mix(dark, self.wood, 0.25), dark])
        canvas.drawCircle(x, y, radius, paint(shader=fill))
        for part, colour in ((1.08, light.key), (1.2, self.rosette), (1.32, light.near)):
            canvas.drawCircle(x, y, radius * part, paint(colour, 0.9, stroke=radius * 0.07))

    def _neck(self, canvas: skia.Canvas) -> None:
        light = self.light
        dark = mix(light.near, self.wood, 0.18)
        fill = linear((-10, 0), (10, 0), [mix(dark, light.key, 0.3), dark, shade(dark, -0.35)])
        box(canvas, -10, -170, 10, -22, paint(shader=fill), 1)
        for k in range(12):
            y = -164 + 150 * (1 - 0.93**k) * 1.55
            canvas.drawLine(-9, y, 9, y, paint(light.key, 0.6, stroke=1.2))
            if k in (3, 5, 7, 9):
                canvas.drawCircle(0, y - 5, 1.9, paint(light.key, 0.9))
        head = polygon([(-10, -168), (-15, -208), (-8, -214), (8, -214), (15, -208), (10, -168)])
        solid(canvas, head, shade(self.wood, -0.2), light, 1.0)
        for side in (-1, 1):
            for y in (-176, -189, -202):
                ellipse(canvas, side * 19, y, 5, 3.6, paint(light.key))
                canvas.drawLine(side * 8, y, side * 18, y, paint(light.key, stroke=2))

    def string(self, canvas: skia.Canvas, x: float, top: float, bottom: float, k: int, t: float) -> None:
        swing = 2.6 * self.ring(t - 0.02 * k) * math.sin(38 * t + k)
        line = skia.Path()
        line.moveTo(x * 0.9, top)
        line.quadTo(x + 2 * swing, (top + bottom) / 2, x, bottom)
        canvas.drawPath(line, paint(self.light.key, 0.9, stroke=0.7 + 0.12 * (5 - k)))
