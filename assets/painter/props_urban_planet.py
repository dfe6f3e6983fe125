"""A banded globe, its rings and moons."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import ellipse, glow, mix, paint, radial, shade, smooth
from assets.painter.props_urban import clipped, oval
from assets.painter.scenes.base import Scene


class PlanetParts(Scene):
    """A banded globe, its rings and moons.

    The painter that inherits sets in `setup`: body, ring and moon colours, bands, lanes, rocks, storm.
    """

    def _ball(self, canvas: skia.Canvas, t: float, radius: float) -> None:
        """Draw the banded globe at (0, 0), lit from the upper left, storms drifting along the bands."""
        with clipped(canvas, oval(0, 0, radius, radius)):
            canvas.drawPaint(paint(self.body))
            for k, (strength, wobble, phase) in enumerate(self.bands):
                y = -radius + (k + 0.5) * 2 * radius / len(self.bands)
                half = radius * (0.05 + 0.07 * strength)
                xs = np.linspace(-radius, radius, 9)
                upper = [
                    (float(x), y - half + 1.5 * math.sin(x * 6 / radius + phase + 1.6 * t) + wobble * 3) for x in xs
                ]
                lower = [(float(x), y + half + 1.5 * math.sin(x * 5 / radius - phase + 1.1 * t)) for x in xs[::-1]]
                colour = shade(self.body, 0.45 * strength if k % 2 else -0.4 * strength)
                canvas.drawPath(smooth([*upper, *lower], close=True), paint(colour, 0.75))
            for k in range(3):  # oval storms wrap round the globe
                x = ((self.storm + k * 0.37 + 0.22 * t) % 1 * 2.6 - 1.3) * radius
                y, wide = (0.34 - 0.42 * k) * radius, radius * (0.2 - 0.04 * k)
                ellipse(canvas, x, y, wide, wide * 0.48, paint(shade(self.body, -0.35), 0.8))
                ellipse(canvas, x - 1, y - 1, wide * 0.68, wide * 0.3, paint(shade(self.body, 0.5), 0.9))
            dark = [("#000000", 0), ("#000000", 0.08), (shade(self.light.near, -0.3), 0.88)]
            canvas.drawCircle(
                0, 0, radius, paint(shader=radial((-radius * 0.45, -radius * 0.5), radius * 1.75, dark, [0, 0.45, 1]))
            )
        canvas.drawArc(
            skia.Rect.MakeLTRB(-radius, -radius, radius, radius), 165, 120, False, paint("#ffffff", 0.6, stroke=1.6)
        )

    def _rings(self, canvas: skia.Canvas, radius: float, flat: float, front: bool) -> None:
        """Draw the front or the back half of the rings: lanes of different strength, with a gap."""
        step = radius * 0.066
        start = 0 if front else 180
        for k, strength in enumerate(self.lanes):
            wide = radius * 1.3 + k * step
            colour = mix(self.ring, "#ffffff", 0.25 * strength) if k % 3 else mix(self.ring, self.body, 0.5)
            canvas.save()
            canvas.scale(1, flat)
            frame = skia.Rect.MakeLTRB(-wide, -wide, wide, wide)
            brush = paint(colour if front else shade(colour, -0.3), 0.25 + 0.72 * strength, stroke=step * 1.04)
            brush.setStrokeCap(skia.Paint.kButt_Cap)
            canvas.drawArc(frame, start, 180, False, brush)
            canvas.restore()

    def _glints(self, canvas: skia.Canvas, t: float, radius: float, flat: float, front: bool) -> None:
        """Draw ice glinting in the rings, circling with them."""
        for place, away, size, phase in self.rocks[:60]:
            angle = place * math.tau + (0.75 - 0.3 * away) * t
            if (math.sin(angle) > 0) == front:
                reach = radius * (1.32 + 0.78 * away)
                bright = 0.5 + 0.5 * math.sin(7 * t + phase)
                canvas.drawCircle(
                    reach * math.cos(angle),
                    reach * math.sin(angle) * flat,
                    0.6 + size * bright,
                    paint("#ffffff", 0.35 + 0.65 * bright),
                )

    def _system(self, canvas: skia.Canvas, t: float, radius: float, flat: float) -> None:
        """Draw rings behind, the globe with the rings' shadow, the globe's shadow on them, rings in front."""
        glow(canvas, 0, 0, radius * 2.3, self.body, 0.5)
        self._rings(canvas, radius, flat, front=False)
        outer = radius * (1.3 + 0.066 * len(self.lanes))
        rings = oval(0, 0, outer, outer * flat)
        rings.addPath(oval(0, 0, radius * 1.26, radius * 1.26 * flat))
        rings.setFillType(skia.PathFillType.kEvenOdd)
        with clipped(canvas, rings):
            shadow = smooth(
                [(radius * 0.1, -radius * 0.9), (radius, 0), (radius * 2.6, -radius * 0.35), (radius * 1.7, -radius)],
                close=True,
            )
            canvas.drawPath(shadow, paint(shade(self.light.near, -0.3), 0.6))
        self._glints(canvas, t, radius, flat, front=False)
        self._ball(canvas, t, radius)
        with clipped(canvas, oval(0, 0, radius, radius)):
            cast = oval(0, -radius * 0.06, radius * 1.5, radius * 1.5 * flat * 1.25)
            canvas.drawPath(cast, paint("#000000", 0.4, stroke=radius * 0.16))
        self._rings(canvas, radius, flat, front=True)
        self._glints(canvas, t, radius, flat, front=True)

    def _moon(self, canvas: skia.Canvas, x: float, y: float, radius: float) -> None:
        colour = mix(self.moon_colour, self.light.key, 0.35)
        stops = [shade(colour, 0.5), colour, shade(colour, -0.75)]
        canvas.drawCircle(x, y, radius, paint(shader=radial((x - radius * 0.4, y - radius * 0.4), radius * 1.6, stops)))
        for dx, dy, size in ((0.3, 0.2, 0.24), (-0.3, 0.35, 0.16), (0.1, -0.4, 0.14)):
            canvas.drawCircle(x + dx * radius, y + dy * radius, size * radius, paint(shade(colour, -0.4), 0.5))
