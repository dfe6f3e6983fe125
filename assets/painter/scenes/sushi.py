"""Sushi riding past on a conveyor belt."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import MARGIN, WIDTH, box, ellipse, glow, linear, mix, paint, polygon, shade, smooth
from assets.painter.props_play import FRAME, Room, halo, lit, shuffled_accents, soft_shadow, wash
from assets.painter.scenes.base import Scene, Words

TOPIC = "food"
WORDS = Words(
    subjects=(
        "sushi on the belt",
        "plates of nigiri",
        "little maki rolls",
        "a parade of plates",
    ),
    actions=(
        "plates gliding past",
        "one more plate coming round",
        "picking the next piece",
        "the belt never stops",
    ),
    places=("at the conveyor bar", "in a side-street sushi place", "by the station", "at lunchtime"),
    tags=("sushi", "nigiri", "maki", "sushitrain", "kaiten", "conveyorbelt"),
)


class Painter(Scene):
    """Belt along the bar, one plate close up, belt from above."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accents = shuffled_accents(light, rng)
        self.room = Room(rng, light, self.accents[2])
        self.rice = mix(light.key, light.far, 0.12)
        self.nori = shade(mix(light.near, self.accents[2], 0.15), -0.2)
        self.wood = mix(light.near, light.horizon, 0.35)
        self.order = [int(k) for k in rng.integers(0, 3, 12)]
        self.tones = [self.accents[int(k)] for k in rng.integers(0, 3, 12)]
        self.rate = float(rng.uniform(42, 62))
        self.lanterns = int(rng.integers(2, 4))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._bar, self._close, self._above)[self.composition](canvas, t)

    def _bar(self, canvas: skia.Canvas, t: float) -> None:
        """Eye level at the bar: two belts run in opposite directions under paper lanterns."""
        self.room.draw(canvas, t, 230)
        self._banner(canvas, t)
        self._belt(canvas, 206, 30, -0.7, t)
        self._row(canvas, 220, 0.8, -0.7, t, 5)
        under = wash((0, 260), (0, 298), [shade(self.wood, -0.55), shade(self.wood, -0.25)])
        box(canvas, -MARGIN, 258, WIDTH + MARGIN, 298, under)
        self._belt(canvas, 296, 56, 1.0, t)
        self._row(canvas, 324, 1.32, 1.0, t, 0)
        counter = linear((0, 376), (0, 450), [mix(self.wood, self.light.key, 0.35), shade(self.wood, -0.4)])
        box(canvas, -MARGIN, 378, WIDTH + MARGIN, 540, paint(shader=counter))
        box(canvas, -MARGIN, 376, WIDTH + MARGIN, 379, paint(self.light.key, 0.5))
        self._setting(canvas)

    def _setting(self, canvas) -> None:
        """Lay the near counter: chopsticks on a rest, a dish of sauce, a cup of tea."""
        for x, y, r, inside in (
            (66, 412, 25, shade(self.nori, -0.2)),
            (206, 400, 19, mix(self.accents[1], self.nori, 0.4)),
        ):
            soft_shadow(canvas, x + 6, y + 8, r * 1.5, r * 0.55, 0.6)
            ellipse(canvas, x, y + 3, r, r * 0.42, paint(shade(self.accents[0], -0.45)))
            ellipse(canvas, x, y, r, r * 0.42, lit(self.light, self.accents[0], (x - r, 0), (x + r, 0), 0.6))
            ellipse(canvas, x, y, r * 0.78, r * 0.31, paint(inside))
            ellipse(canvas, x - r * 0.25, y - 2, r * 0.25, 1.4, paint(self.light.key, 0.7))
        for k in (0, 6):
            canvas.drawLine(104, 424 + k, 190, 408 + k, paint("#000000", 0.25, stroke=4))
            canvas.drawLine(104, 421 + k, 190, 405 + k, paint(mix(self.accents[2], self.light.key, 0.25), stroke=3))

    def _banner(self, canvas, t) -> None:
        """Hang split curtains and lanterns that sway."""
        for k in range(-1, 6):
            x, sway = k * 56 - 8, 4 * math.sin(1.8 * t + k)
            cloth = polygon([(x, -MARGIN), (x + 52, -MARGIN), (x + 51 + sway, 92), (x + 1 + sway, 92)])
            tone = mix(self.light.near, self.accents[0], 0.35)
            brush = wash((x, 0), (x + 52, 0), [tone, shade(tone, -0.3), mix(tone, self.light.key, 0.12)])
            canvas.drawPath(cloth, brush)
            canvas.drawCircle(x + 26 + sway * 0.7, 62, 13, paint(self.light.key, 0.55, stroke=4))
        for k in range(self.lanterns):
            x, y = 50 + k * (160 / max(1, self.lanterns - 1)) + 3 * math.sin(1.6 * t + k), 132
            glow(canvas, x, y, 76, mix(self.accents[1], self.light.key, 0.4), 0.6)
            brush = halo((x, y), 26, [mix(self.light.key, self.accents[1], 0.15), self.accents[1]])
            ellipse(canvas, x, y, 19, 24, brush)
            for d in (-14, -5, 5, 14):
                canvas.drawLine(x - 17, y + d, x + 17, y + d, paint(shade(self.accents[1], -0.4), 0.4, stroke=1))

    def _belt(self, canvas, top, height, rate, t) -> None:
        """Draw a belt of overlapping crescent plates between steel rails."""
        light = self.light
        box(canvas, -MARGIN, top - 6, WIDTH + MARGIN, top, wash((0, top - 6), (0, top), [light.key, light.far]))
        belt = linear((0, top), (0, top + height), [shade(light.near, -0.1), mix(light.near, light.far, 0.6)])
        box(canvas, -MARGIN, top, WIDTH + MARGIN, top + height, paint(shader=belt))
        step = height * 0.8
        shift = (t * self.rate * rate) % step
        for k in range(int(440 / step) + 2):
            x = -MARGIN - step + k * step + shift
            arc = smooth([(x, top + 1), (x + height * 0.3, top + height / 2), (x, top + height - 1)])
            canvas.drawPath(arc, paint(light.key, 0.32, stroke=1.6))
        rail = linear(
            (0, top + height),
            (0, top + height + 26),
            [light.key, mix(light.far, light.key, 0.3), shade(light.far, -0.45)],
            [0, 0.2, 1],
        )
        box(canvas, -MARGIN, top + height, WIDTH + MARGIN, top + height + 26, paint(shader=rail))

    def _row(self, canvas, y, size, rate, t, first) -> None:
        """Let plates ride by: whichever leaves on one side comes back on the other."""
        gap, count = 112 * size, math.ceil(420 / (112 * size))
        for k in range(count):
            x = (k * gap + t * self.rate * rate) % (count * gap) - 82
            kind = (k + first) % 12
            self._plate(canvas, x, y, size, kind)

    def _plate(self, canvas, x, y, size, kind) -> None:
        """Draw a plate with two pieces of one sort."""
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(size, size)
        tone = self.tones[kind]
        soft_shadow(canvas, 4, 9, 62, 13, 0.65)
        ellipse(canvas, 0, 5, 50, 12, paint(shade(tone, -0.5)))
        ellipse(canvas, 0, 0, 50, 12, lit(self.light, tone, (-50, 0), (50, 0), 0.6, 0.3))
        ellipse(canvas, 0, 0, 38, 8.5, paint(mix(tone, self.light.key, 0.35), 0.9))
        (self._nigiri_pair, self._maki_pair, self._gunkan_pair)[self.order[kind]](canvas, self.tones[(kind + 5) % 12])
        canvas.restore()

    def _nigiri_pair(self, canvas, tone) -> None:
        for x, y in ((-19, -3), (18, 1)):
            self._nigiri(canvas, x, y, 0.62, tone)

    def _nigiri(self, canvas, x, y, size, tone) -> None:
        """Draw a slice of fish with pale marbling draped on a bed of rice."""
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(size, size)
        rice = linear((0, -26), (0, 4), [self.light.key, mix(self.rice, self.light.far, 0.45)])
        box(canvas, -27, -24, 27, 3, paint(shader=rice), 12)
        for k in range(9):
            ellipse(canvas, -23 + k * 5.8, -3 - 4 * (k % 3), 3.2, 2, paint("#ffffff", 0.75))
        fish = smooth(
            [(-36, -8), (-31, -31), (-6, -41), (22, -37), (36, -12), (30, -14), (0, -18), (-28, -11)], close=True
        )
        canvas.drawPath(fish, lit(self.light, tone, (-30, -42), (30, -4), 0.45, 0.3))
        canvas.save()
        canvas.clipPath(fish, True)
        for k in range(5):
            outline = smooth([(-34 + k * 16, -6), (-27 + k * 16, -24), (-14 + k * 16, -44)])
            canvas.drawPath(outline, paint(self.light.key, 0.6, stroke=2.4))
        canvas.restore()
        canvas.drawPath(smooth([(-27, -31), (-6, -38), (17, -35)]), paint("#ffffff", 0.7, stroke=2))
        canvas.restore()

    def _maki_pair(self, canvas, tone) -> None:
        for x, y in ((-22, -4), (22, -4), (0, 2)):
            self._maki(canvas, x, y, 0.62, tone)

    def _maki(self, canvas, x, y, size, tone) -> None:
        """Draw a roll on its end: seaweed wall, rice ring, filling."""
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(size, size)
        box(canvas, -22, -36, 22, 3, lit(self.light, self.nori, (-22, 0), (22, 0), 0.4, 0.4), 8)
        ellipse(canvas, 0, -35, 22, 11, paint(self.nori))
        ellipse(canvas, 0, -35, 18.5, 8.8, paint(self.rice))
        for k in range(10):
            ellipse(canvas, 14 * math.cos(k * 0.63), -35 + 6.4 * math.sin(k * 0.63), 2.6, 1.5, paint("#ffffff", 0.9))
        ellipse(canvas, 0, -35, 9, 4.6, paint(tone))
        ellipse(canvas, -2, -36, 3.4, 1.5, paint(self.light.key, 0.8))
        canvas.restore()

    def _gunkan_pair(self, canvas, tone) -> None:
        """Draw two boats of seaweed heaped with roe."""
        for x, y in ((-20, -3), (19, 0)):
            brush = wash((x - 17, 0), (x + 17, 0), [mix(self.nori, self.light.key, 0.35), self.nori])
            box(canvas, x - 17, y - 17, x + 17, y + 2, brush, 8)
            ellipse(canvas, x, y - 17, 17, 6, paint(self.rice))
            for k in range(13):
                cx, cy = x + 12 * math.sin(k * 2.4), y - 19 - 4 * math.cos(k * 1.7)
                brush = halo((cx - 1, cy - 1), 4.4, [mix(tone, self.light.key, 0.7), tone, shade(tone, -0.25)])
                canvas.drawCircle(cx, cy, 3.5, brush)

    def _close(self, canvas: skia.Canvas, t: float) -> None:
        """One plate after another passes close to the lens, picked at by chopsticks."""
        self.room.draw(canvas, t, 260)
        self._belt(canvas, 208, 14, -0.5, t)
        self._row(canvas, 212, 0.5, -0.5, t, 3)
        self._belt(canvas, 276, 84, 1.1, t)
        gap = 172
        for k in range(4):
            x = (k * gap + 128 + t * self.rate * 1.1) % (4 * gap) - 200
            self._plate(canvas, x, 316, 1.75, k * 2)
        for k in (0, 1):
            dip = 8 * math.sin(3 * t)
            stick = polygon(
                [
                    (120 + k * 10, 224 + dip + k * 4),
                    (124 + k * 10, 222 + dip + k * 4),
                    (262 + k * 22, 66 + k * 12),
                    (252 + k * 22, 60 + k * 12),
                ]
            )
            brush = wash((120, 226), (262, 66), [mix(self.wood, self.light.key, 0.4), shade(self.accents[0], -0.1)])
            canvas.drawPath(stick, brush)

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From above: a looping belt carries round plates between wooden counters."""
        light = self.light
        brush = wash((0, 0), (WIDTH, 448), [mix(self.wood, light.key, 0.25), shade(self.wood, -0.25)])
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), brush)
        for k in range(-6, 34):
            brush = paint(shade(self.wood, -0.5), 0.22, stroke=1.1)
            canvas.drawLine(-MARGIN, k * 17, WIDTH + MARGIN, k * 17 + 8, brush)
        loop = skia.Path()
        loop.addRoundRect(skia.Rect.MakeLTRB(66, 98, 190, 350), 62, 62)
        canvas.drawPath(loop, paint("#000000", 0.25, stroke=88))
        canvas.drawPath(loop, paint(mix(light.key, light.far, 0.4), stroke=80))
        canvas.drawPath(loop, paint(mix(light.near, light.far, 0.3), stroke=72))
        measure = skia.PathMeasure(loop, True)
        length = measure.getLength()
        for k in range(40):
            (x, y), (dx, dy) = self._at(measure, (k / 40 * length + t * self.rate) % length)
            arc = smooth([(x + 33 * dy, y - 33 * dx), (x + 13 * dx, y + 13 * dy), (x - 33 * dy, y + 33 * dx)])
            canvas.drawPath(arc, paint(light.key, 0.2, stroke=1.4))
        for k in range(8):
            place = self._at(measure, (k / 8 * length + t * self.rate) % length)
            self._plate_above(canvas, *place, k)

    @staticmethod
    def _at(measure, distance):
        """Return position and direction on the loop."""
        position, tangent = measure.getPosTan(distance)
        return (position.x(), position.y()), (tangent.x(), tangent.y())

    def _plate_above(self, canvas, place, heading, kind) -> None:
        """Draw a round plate with its pieces seen from above, turned along the belt."""
        canvas.save()
        canvas.translate(*place)
        canvas.rotate(math.degrees(math.atan2(heading[1], heading[0])) + 45)
        soft_shadow(canvas, 3, 5, 39, 39, 0.6)
        tone, topping = self.tones[kind], self.tones[(kind + 5) % 12]
        canvas.drawCircle(0, 0, 32, halo((-10, -12), 50, [mix(tone, self.light.key, 0.6), tone, shade(tone, -0.3)]))
        canvas.drawCircle(0, 0, 24, paint(self.light.key, 0.35, stroke=1.5))
        if self.order[kind]:
            self._rolls_above(canvas, topping)
        else:
            self._fish_above(canvas, topping)
        canvas.restore()

    def _rolls_above(self, canvas, tone) -> None:
        for x, y in ((-10, -9), (11, -7), (0, 11)):
            for radius, colour in ((10.5, self.nori), (8.6, self.rice), (4, tone)):
                canvas.drawCircle(x, y, radius, paint(colour))
            canvas.drawCircle(x - 1.2, y - 1.2, 1.4, paint("#ffffff", 0.8))

    def _fish_above(self, canvas, tone) -> None:
        for x in (-10, 10):
            box(canvas, x - 7, -19, x + 7, 19, paint(self.rice), 6)
            brush = wash((x - 8, 0), (x + 8, 0), [mix(tone, self.light.key, 0.4), shade(tone, -0.15)])
            box(canvas, x - 8, -16, x + 8, 16, brush, 5)
            for k in range(4):
                canvas.drawLine(x - 6, -10 + k * 7, x + 6, -14 + k * 7, paint(self.light.key, 0.65, stroke=1.6))
