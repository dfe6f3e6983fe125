"""Coffee: a pour-over, latte art from above, a cup filled from a jug."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import WIDTH, box, ellipse, linear, mix, paint, polygon, shade, smooth
from assets.painter.props_play import FRAME, Room, Steam, halo, lit, ribbon, shuffled_accents, soft_shadow, table, wash
from assets.painter.scenes.base import Scene, Words

TOPIC = "food"
WORDS = Words(
    subjects=("the first coffee", "a flat white", "a slow pour-over", "latte art", "a cup of coffee"),
    actions=(
        "milk poured in one go",
        "a leaf drawn in the foam",
        "steam curling off the cup",
        "drip by drip",
        "waiting for the bloom",
    ),
    places=("at the corner café", "on the kitchen table", "before work", "behind the bar"),
    tags=("coffee", "latteart", "pourover", "barista", "morningcup", "espresso"),
)


class Painter(Scene):
    """Cup filled from a jug, latte art from above, pour-over into a glass."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accent, self.second, self.third = shuffled_accents(light, rng)
        self.room, self.steam = Room(rng, light, self.second), Steam(rng, 6, 34)
        self.cup = (self.accent, mix(light.key, light.far, 0.1), mix(light.near, self.accent, 0.2))[rng.integers(3)]
        self.coffee = shade(mix(light.near, self.second, 0.25), -0.25)
        self.foam = mix(light.key, self.second, 0.14)
        self.beans = [
            (rng.uniform(-10, 266), rng.uniform(0, 1), rng.uniform(0, 180), rng.uniform(0.8, 1.2)) for _ in range(15)
        ]
        self.leaves = int(rng.integers(5, 8))
        self.heart = bool(rng.random() < 0.4)
        self.spoon = float(rng.uniform(-25, 25))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._jug_and_cup, self._above, self._pour_over)[self.composition](canvas, t)

    def _jug_and_cup(self, canvas: skia.Canvas, t: float) -> None:
        """Side view: a jug tips milk into a cup on its saucer."""
        self.room.draw(canvas, t, 270)
        table(canvas, self.light, 262, self.third)
        self._scatter_beans(canvas, 372, 46)
        self._saucer(canvas, 118, 346)
        sway = 6 * math.sin(2.4 * t)
        self._cup_back(canvas, 118, 262, 66)
        self._stream(canvas, (150 + sway * 0.6, 168), (128 + sway, 266), 5, t)
        for k in range(3):
            grow = (0.8 * t + k / 3) % 1
            ripple = paint(self.foam, 0.8 * (1 - grow), stroke=2.2)
            ellipse(canvas, 126 + sway, 266, 8 + 42 * grow, 2 + 12 * grow, ripple)
        self._cup_front(canvas, 118, 262, 66)
        self._jug(canvas, 184 + sway * 0.6, 138, -38 + 4 * math.sin(2.4 * t))
        self.steam.draw(canvas, 100, 258, 190, t, self.light.key)

    def _saucer(self, canvas, x, y) -> None:
        soft_shadow(canvas, x + 12, y + 14, 118, 26, 0.6)
        ellipse(canvas, x, y + 5, 96, 19, paint(shade(self.cup, -0.5)))
        ellipse(canvas, x, y, 96, 18, lit(self.light, self.cup, (x - 96, 0), (x + 96, 0), 0.6, 0.3))
        ellipse(canvas, x, y, 62, 10, paint(shade(self.cup, -0.3), 0.7))

    def _cup_back(self, canvas, x, y, r) -> None:
        """Draw handle, mouth and coffee."""
        handle = smooth([(x - r + 6, y + 18), (x - r - 26, y + 14), (x - r - 30, y + 46), (x - r + 14, y + 62)])
        canvas.drawPath(handle, paint(shade(self.cup, -0.35), stroke=12))
        canvas.drawPath(handle, paint(mix(self.cup, self.light.key, 0.35), stroke=7))
        ellipse(canvas, x, y, r, 19, paint(mix(self.cup, self.light.key, 0.5)))
        drink = halo((x - 20, y), 80, [mix(self.coffee, self.second, 0.5), self.coffee])
        ellipse(canvas, x, y + 2, r - 5, 16, drink)

    def _cup_front(self, canvas, x, y, r) -> None:
        """Draw the cup's body with a glaze band, and the lit near rim."""
        body = skia.Path()
        body.moveTo(x - r, y)
        body.arcTo(skia.Rect.MakeLTRB(x - r, y - 19, x + r, y + 19), 180, -180, False)
        body.cubicTo(x + r, y + 56, x + r * 0.6, y + 84, x + r * 0.5, y + 86)
        body.lineTo(x - r * 0.5, y + 86)
        body.cubicTo(x - r * 0.6, y + 84, x - r, y + 56, x - r, y)
        bounce = mix(self.cup, self.light.horizon, 0.3)
        tones = [mix(self.cup, self.light.key, 0.6), self.cup, shade(self.cup, -0.5), bounce]
        canvas.drawPath(body, wash((x - r, 0), (x + r, 0), tones, [0, 0.35, 0.9, 1]))
        canvas.save()
        canvas.clipPath(body, True)
        for lift, width in ((34, 7), (46, 2)):
            band = smooth([(x + r * math.cos(a), y + lift + 18 * math.sin(a)) for a in np.linspace(0, math.pi, 9)])
            canvas.drawPath(band, paint(mix(self.third, self.light.key, 0.2), 0.85, stroke=width))
        canvas.restore()
        rim = smooth([(x + (r - 1) * math.cos(a), y + 18.5 * math.sin(a)) for a in np.linspace(0.1, 3.04, 9)])
        canvas.drawPath(rim, paint(self.light.key, 0.8, stroke=2))

    def _jug(self, canvas, x, y, angle) -> None:
        """Draw a steel milk jug, tipped so that its spout is over the cup."""
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(angle)
        handle = smooth([(30, -38), (62, -32), (60, 14), (32, 26)])
        canvas.drawPath(handle, paint(shade(self.light.far, -0.4), stroke=8))
        canvas.drawPath(handle, paint(self.light.key, 0.55, stroke=2.5))
        body = smooth(
            [(-46, -50), (-30, -36), (-32, -8), (-40, 34), (-30, 46), (0, 49), (30, 46), (40, 32), (32, -8), (30, -44)]
        )
        far, key = self.light.far, self.light.key
        steel = [mix(key, far, 0.2), mix(far, key, 0.35), key, shade(far, -0.35)]
        canvas.drawPath(body, wash((-40, 0), (40, 0), steel, [0, 0.3, 0.5, 1]))
        ellipse(canvas, -3, -46, 34, 7, paint(mix(self.light.far, self.light.near, 0.4)))
        canvas.drawLine(-20, -20, -24, 26, paint("#ffffff", 0.5, stroke=3))
        canvas.restore()

    def _stream(self, canvas, start, end, width, t) -> None:
        """Draw a falling stream that wobbles."""
        u = np.linspace(0, 1, 14)
        x = start[0] + (end[0] - start[0]) * np.sqrt(u) + 1.5 * np.sin(9 * u - 12 * t)
        spine = np.column_stack([x, start[1] + (end[1] - start[1]) * u])
        canvas.drawPath(ribbon(spine, [width * 1.1, width * 0.6, width * 0.8]), paint(self.foam))
        canvas.drawPath(ribbon(spine - [1, 0], [width * 0.3, width * 0.2]), paint("#ffffff", 0.8))

    def _scatter_beans(self, canvas, top, depth) -> None:
        """Draw roasted beans on the table, nearer ones larger."""
        for x, q, angle, size in self.beans:
            canvas.save()
            canvas.translate(x, top + depth * q)
            canvas.scale(size * (0.8 + 0.5 * q), size * (0.8 + 0.5 * q))
            soft_shadow(canvas, 2, 4, 14, 8, 0.5)
            canvas.rotate(angle)
            ellipse(canvas, 0, 0, 10, 6.5, wash((0, -6), (0, 7), [mix(self.coffee, self.light.key, 0.4), self.coffee]))
            outline = smooth([(-9, 0), (-3, 1.6), (3, -1.6), (9, 0)])
            canvas.drawPath(outline, paint(shade(self.coffee, -0.6), stroke=1.4))
            canvas.restore()

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From above: a rosette or a heart grows in the foam while the jug pours."""
        light, x, y = self.light, 122, 236
        top = linear((0, 0), (WIDTH, 448), [mix(light.near, light.horizon, 0.55), mix(light.near, light.far, 0.6)])
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), paint(shader=top))
        for k in range(-4, 12):
            canvas.drawLine(k * 42 - 60, -90, k * 42, 540, paint(light.near, 0.3, stroke=1.4))
        self._scatter_beans(canvas, 352, 70)
        soft_shadow(canvas, x + 18, y + 22, 132, 132, 0.6)
        for r, tone in ((106, self.cup), (102, mix(self.cup, light.key, 0.3)), (84, shade(self.cup, -0.2))):
            canvas.drawCircle(x, y, r, lit(light, tone, (x - r, y - r), (x + r, y + r), 0.5, 0.35))
        self._spoon(canvas, x - 84, y + 70)
        grip = wash((0, y - 9), (0, y + 9), [mix(self.cup, light.key, 0.6), shade(self.cup, -0.4)])
        box(canvas, x - 118, y - 9, x - 66, y + 9, grip, 9)
        soft_shadow(canvas, x + 8, y + 10, 88, 88, 0.6)
        canvas.drawCircle(x, y, 78, lit(light, self.cup, (x - 70, y - 70), (x + 70, y + 70), 0.8, 0.25))
        drink = [mix(self.coffee, self.second, 0.55), mix(self.coffee, self.second, 0.2)]
        canvas.drawCircle(x, y, 71, halo((x - 20, y - 20), 100, drink))
        self._art(canvas, x, y, t)
        canvas.drawCircle(x, y, 71, paint(shade(self.coffee, -0.4), 0.5, stroke=3))
        wag = 9 * math.sin(7 * t)
        self._stream(canvas, (x + 60 + wag * 0.5, y - 92), (x + wag, y - 26 + 4 * math.sin(2 * t)), 5, t)
        self._jug(canvas, x + 96 + wag * 0.5, y - 124, -36)

    def _art(self, canvas, x, y, t) -> None:
        """Fold leaf upon leaf of foam; the pattern breathes as the milk flows in."""
        canvas.save()
        canvas.translate(x, y + 4)
        canvas.rotate(5 * math.sin(1.6 * t))
        swell = 1 + 0.05 * math.sin(7 * t)
        rings = 3 if self.heart else self.leaves
        for k in range(rings):
            for grow, tone in ((1.0, self.foam), (0.72, mix(self.coffee, self.second, 0.45))):
                size = (
                    (56 - 15 * k if self.heart else 50 - 26 * abs(k / rings - 0.45))
                    * swell
                    * (grow + (1 - grow) * 0.35)
                )
                canvas.save()
                canvas.translate(0, 2 * k if self.heart else 42 - 78 * k / rings + (1 - grow) * 14)
                canvas.scale(size / 50, size / 50 if self.heart else size / 78)
                canvas.drawPath(self._heart_path(), paint(tone))
                canvas.restore()
        canvas.drawPath(ribbon([(0, 62), (0, 20), (0, -54)], [0.5, 1.6, 0.6]), paint(self.foam))
        canvas.restore()

    @staticmethod
    def _heart_path() -> skia.Path:
        path = skia.Path()
        path.moveTo(0, 46)
        path.cubicTo(-70, 6, -46, -52, 0, -22)
        path.cubicTo(46, -52, 70, 6, 0, 46)
        return path

    def _spoon(self, canvas, x, y) -> None:
        canvas.save()
        canvas.translate(x + 60, y + 34)
        canvas.rotate(self.spoon)
        steel = wash((0, -8), (0, 8), [self.light.key, mix(self.light.far, self.light.near, 0.3)])
        box(canvas, -20, -2.4, 52, 2.4, steel, 2.4)
        ellipse(canvas, -32, 0, 17, 9, steel)
        canvas.restore()

    def _pour_over(self, canvas: skia.Canvas, t: float) -> None:
        """A cone dripper on a glass jug: water in, coffee out, drop by drop."""
        self.room.draw(canvas, t, 330)
        table(canvas, self.light, 322, self.third)
        self._scatter_beans(canvas, 382, 40)
        self._carafe(canvas, 124, 250, t)
        self._dripper(canvas, 124, 176)
        swing = 15 * math.sin(3 * t)
        self._kettle(canvas, 196 + swing * 0.6, 112, swing)
        self._stream(canvas, (140 + swing * 0.6, 106), (124 + swing, 172), 3, t)
        self.steam.draw(canvas, 124, 170, 150, t, self.light.key)

    def _carafe(self, canvas, x, y, t) -> None:
        """Draw the glass jug, its coffee with a rocking surface, and the drip."""
        soft_shadow(canvas, x + 16, y + 104, 92, 19, 0.6)
        half = [(26, -14), (28, 8), (62, 66), (52, 102)]
        glass = smooth(
            [*((x - dx, y + dy) for dx, dy in half), (x, y + 106), *((x + dx, y + dy) for dx, dy in half[::-1])]
        )
        handle = smooth([(x + 30, y + 14), (x + 82, y + 20), (x + 80, y + 72), (x + 58, y + 84)])
        canvas.drawPath(handle, paint(mix(self.light.near, self.accent, 0.5), stroke=9))
        canvas.drawPath(glass, paint(self.light.horizon, 0.3))
        canvas.save()
        canvas.clipPath(glass, True)
        level, rock = y + 52 - 3 * t, 2 * math.sin(5 * t)
        liquid = polygon([(x - 80, level + rock), (x + 80, level - rock), (x + 80, y + 120), (x - 80, y + 120)])
        canvas.drawPath(liquid, wash((x - 60, 0), (x + 60, 0), [mix(self.coffee, self.second, 0.45), self.coffee]))
        ellipse(canvas, x, level, 62, 5, paint(mix(self.coffee, self.second, 0.6)))
        for k in range(3):
            fall = (1.7 * t + k / 3) % 1
            ellipse(canvas, x, y - 14 + (level - y + 14) * fall**1.7, 2.6, 4.5, paint(self.coffee))
        canvas.restore()
        canvas.drawPath(glass, paint(self.light.key, 0.7, stroke=2))
        canvas.drawPath(smooth([(x - 46, y + 52), (x - 52, y + 72), (x - 44, y + 92)]), paint("#ffffff", 0.7, stroke=4))

    def _dripper(self, canvas, x, y) -> None:
        """Draw the ribbed cone with its paper filter and the wet grounds."""
        cone = polygon([(x - 66, y), (x + 66, y), (x + 18, y + 66), (x - 18, y + 66)])
        outline = polygon([(x - 60, y - 13), (x + 60, y - 13), (x + 62, y + 6), (x - 62, y + 6)])
        canvas.drawPath(outline, paint(mix(self.light.key, self.light.far, 0.2)))
        ellipse(canvas, x, y - 3, 54, 10, paint(shade(self.coffee, -0.2)))
        tones = [mix(self.cup, self.light.key, 0.6), self.cup, shade(self.cup, -0.5)]
        canvas.drawPath(cone, wash((x - 60, 0), (x + 60, 0), tones))
        for k in range(-4, 5):
            canvas.drawLine(x + k * 14, y + 3, x + k * 4, y + 62, paint(self.light.key, 0.25, stroke=1.6))
        box(canvas, x - 40, y + 64, x + 40, y + 72, wash((x - 40, 0), (x + 40, 0), tones), 4)

    def _kettle(self, canvas, x, y, swing) -> None:
        """Draw a gooseneck kettle entering from the side."""
        metal = [mix(self.accent, self.light.key, 0.6), self.accent, shade(self.accent, -0.5)]
        neck = smooth([(x + 14, y + 26), (x - 14, y + 22), (x - 22, y - 14), (x - 40, y - 22), (x - 57, y - 8)])
        canvas.drawPath(neck, paint(shade(self.accent, -0.4), stroke=9))
        canvas.drawPath(neck, paint(mix(self.accent, self.light.key, 0.4), stroke=4))
        canvas.save()
        canvas.rotate(-8 + swing * 0.2, x, y)
        body = polygon([(x + 14, y - 34), (x + 74, y - 34), (x + 92, y + 40), (x + 2, y + 40)])
        canvas.drawPath(body, wash((x, 0), (x + 92, 0), metal))
        outline = smooth([(x + 18, y - 40), (x + 44, y - 52), (x + 78, y - 40)])
        canvas.drawPath(outline, paint(shade(self.accent, -0.6), stroke=7))
        canvas.restore()
