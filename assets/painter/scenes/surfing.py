"""Surfing: a ride along the wall of a wave, the view out of the barrel, the wake from above."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    backdrop,
    box,
    glow,
    linear,
    mix,
    paint,
    polygon,
    shade,
    smooth,
)
from assets.painter.props_play import FRAME, halo, lit, ribbon, shuffled_accents, soft_shadow, wash
from assets.painter.props_play_gear import surfboard_above, surfer_above
from assets.painter.props_play_people import make_look, person
from assets.painter.scenes.base import Scene, Words

TOPIC = "sport"
WORDS = Words(
    subjects=("a surfer", "one perfect wave", "a clean barrel", "a long ride", "the first set"),
    actions=(
        "carving along the wall",
        "tucked inside the barrel",
        "paddled out before breakfast",
        "spray flying off the lip",
        "riding it all the way in",
    ),
    places=("at the point break", "off the reef", "down at the beach", "on the north shore"),
    tags=("surf", "surfing", "wave", "barrel", "pointbreak", "swell"),
)


class Painter(Scene):
    """Wave wall, barrel, wake from above."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accent, self.second, self.third = shuffled_accents(light, rng)
        suit = mix(light.near, self.second, 0.3)
        self.look = make_look(rng, light, suit, shade(suit, -0.15))
        self.water = mix(mix(light.middle, light.far, 0.55), self.third, 0.12)
        self.foam = mix(light.key, light.horizon, 0.12)
        self.drops = rng.uniform((0, 0, -1, 0.8), (1, 1, 1, 2.6), (60, 4)).tolist()
        self.puffs = rng.uniform((-1, -1, 7, 0), (1, 1, 19, 6), (46, 4)).tolist()
        self.streaks = [(rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.3, 1)) for _ in range(30)]
        self.sun = (float(rng.uniform(60, 190)), float(rng.uniform(74, 112)))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._wall, self._barrel, self._above)[self.composition](canvas, t)

    def _sky(self, canvas, horizon) -> None:
        backdrop(canvas, self.light, horizon + 30)
        glow(canvas, *self.sun, 150, self.light.key, 0.75)
        canvas.drawCircle(*self.sun, 21, paint(self.light.key, 0.95))

    def _rider(self, canvas, s, t) -> None:
        """Draw board and crouching surfer at the origin, riding to the right."""
        side = np.array([(-4.6, 0.1), (-2, 0.55), (2.5, 0.45), (5.4, -0.75), (2.5, -0.25), (-2, -0.2)])
        canvas.drawPath(smooth(side * s, close=True), lit(self.light, self.accent, (0, -0.7 * s), (0, 0.6 * s), 0.65))
        stripe = paint(mix(self.third, self.light.key, 0.3), stroke=0.22 * s)
        canvas.drawPath(smooth(np.array([(-4.2, 0.05), (0, 0.1), (5, -0.6)]) * s), stripe)
        sway = 0.45 * math.sin(3.1 * t)
        hands = ((3.2 * s, (sway - 3.9) * s), (-3.1 * s, -(sway + 3.7) * s))
        feet = ((1.7 * s, -0.55 * s), (-1.9 * s, -0.45 * s))
        person(canvas, self.look, s, (-0.5 * s, (0.3 * sway - 2.5) * s), 34, hands, feet, elbows=(1, -1))

    def _spray(self, canvas, x, y, size, life) -> None:
        """Draw one drop of spray, shrinking and fading over its life 0..1."""
        canvas.drawCircle(x, y, size * (1 - 0.5 * life), paint(self.foam, 0.9 * (1 - life)))

    def _depths(self, bright, deep) -> list:
        """Return the water's tones from lit through to deep."""
        pale = mix(self.water, self.light.horizon, 0.26)
        return [mix(self.water, self.light.key, bright), pale, self.water, shade(self.water, -deep)]

    def _wall(self, canvas: skia.Canvas, t: float) -> None:
        """Side view: a big wave peels to the left, the surfer trims across its face."""
        self._sky(canvas, 220)
        sea = linear((0, 214), (0, HEIGHT), [mix(self.water, self.light.horizon, 0.5), shade(self.water, -0.35)])
        box(canvas, -MARGIN, 214, WIDTH + MARGIN, 540, paint(shader=sea))
        for k in range(12):
            y = 220 + k * 5
            x = (k * 83 + 22 * t) % 330 - 50
            canvas.drawPath(ribbon([(x - 30, y), (x, y - 1.5), (x + 30, y)], [0, 1.5, 0]), paint(self.light.key, 0.4))
        self._face(canvas, t)
        self._lip(canvas, t)
        bob = 5 * math.sin(2.2 * t)
        x, y = 142 + 9 * math.sin(1.3 * t), 290 + bob
        self._trail(canvas, x, y, t)
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(13 + 6 * math.sin(2.2 * t + 1))
        self._rider(canvas, 15.5, t)
        canvas.restore()
        self._whitewater(canvas, t)

    def _crest(self, x, t) -> float:
        """Return the height of the wave's crest line at x."""
        return 128 + 0.0021 * (x - 40) ** 2 + 3 * math.sin(0.06 * x + 3 * t)

    def _face(self, canvas, t) -> None:
        """Draw the wave's face with light through its upper edge and water drawn up in bands."""
        xs = np.arange(-MARGIN, WIDTH + MARGIN + 1, 9)
        crest = [(float(x), self._crest(float(x), t)) for x in xs]
        face = polygon([*crest, (WIDTH + MARGIN, 540), (-MARGIN, 540)])
        tones = self._depths(0.62, 0.5)
        canvas.drawPath(face, wash((0, 128), (0, 430), tones, [0, 0.22, 0.55, 1]))
        canvas.save()
        canvas.clipPath(face, True)
        for k in range(19):
            q = (k / 19 + 0.14 * t) % 1
            x0, x1 = 330 - 400 * q, 410 - 400 * q
            band = ribbon([(x0 - 66, 148), (x0 - 34, 240), (x0 + 30, 330), (x1 + 60, 400)], [1, 5, 7, 1])
            canvas.drawPath(band, paint(self.light.key if k % 2 else shade(self.water, -0.6), 0.13))
        for a, b, size in self.streaks:
            x = 340 - (a * 430 + 90 * t) % 430
            y = 170 + 200 * b
            streak = np.array([(-24, -14), (0, -4), (26, 11)]) * size + (x, y)
            canvas.drawPath(ribbon(streak, [0, 1.5, 0]), paint(self.foam, 0.5 * size))
        canvas.restore()
        canvas.drawPath(polygon(crest, close=False), paint(self.foam, 0.9, stroke=3))

    def _lip(self, canvas, t) -> None:
        """Throw the lip over on the left, with spray blown back off the crest."""
        w = 4 * math.sin(2.6 * t)
        outer = [
            (-100, 118),
            (44, 124),
            (92, 148 + w),
            (102, 186 + w),
            (84, 160 + w),
            (52, 146),
            (10, 152),
            (-100, 250),
        ]
        tones = [self.foam, mix(self.water, self.light.key, 0.45), mix(self.water, self.light.horizon, 0.25)]
        canvas.drawPath(smooth(outer, close=True), wash((0, 112), (0, 220), tones))
        hollow = [(-100, 330), (-60, 220), (-6, 168), (48, 158), (86, 172 + w), (60, 200), (30, 262), (-10, 330)]
        dark = [(shade(self.water, -0.65), 0.85), (shade(self.water, -0.4), 0.1)]
        canvas.drawPath(smooth(hollow, close=True), halo((20, 200), 130, dark))
        for q, v, side, size in self.drops:
            life = (q + (0.6 + 0.5 * v) * t) % 1
            x = 300 * v - 40 - 46 * life
            y = self._crest(x, t) - 44 * math.sin(math.pi * life * 0.8) * (0.4 + 0.6 * abs(side))
            self._spray(canvas, x, y, size, life)

    def _trail(self, canvas, x, y, t) -> None:
        """Draw the white line that the board cuts into the face, and spray off its tail."""
        u = np.linspace(0, 1, 12)
        spine = np.column_stack([x - 40 - 170 * u, y - 14 - 58 * u + 5 * np.sin(7 * u - 5 * t)])
        canvas.drawPath(ribbon(spine, [2, 8, 3]), paint(self.foam, 0.5))
        canvas.drawPath(ribbon(spine, [3, 2.5, 1]), paint(self.foam, 0.9))
        for q, v, side, size in self.drops[:34]:
            life = (q + 1.5 * t) % 1
            px, py = x - 52 - 60 * life * (0.4 + v), y - 8 - 54 * life * (1 - life * 0.7) * (0.5 + abs(side))
            self._spray(canvas, px, py, size * 1.5, life)

    def _whitewater(self, canvas, t) -> None:
        """Tumble foam along the foot of the wave."""
        for layer, (lift, grow) in enumerate(((0, 1.9), (12, 1.4), (26, 1.0))):
            for a, b, size, phase in self.puffs[layer * 15 : layer * 15 + 16]:
                x, y = 128 + 210 * a + 5 * math.sin(2 * t + phase), 402 + lift + 14 * b + 5 * math.sin(4 * t + phase)
                r = size * grow * (1.25 + 0.14 * math.sin(5 * t + phase))
                tone = mix(self.foam, self.water, 0.28 - 0.12 * layer)
                canvas.drawCircle(x, y + r * 0.35, r, paint(mix(tone, self.water, 0.4), 0.45))
                soft = [(tone, 1), (tone, 0.75), (tone, 0.0)]
                canvas.drawCircle(x, y, r, halo((x - r * 0.2, y - r * 0.5), r * 1.3, soft))

    def _barrel(self, canvas: skia.Canvas, t: float) -> None:
        """Inside the barrel: rings of water spin round the bright opening where the surfer rides."""
        self._sky(canvas, 260)
        sea = wash((0, 250), (0, 400), [mix(self.water, self.light.horizon, 0.55), self.water])
        box(canvas, -MARGIN, 250, WIDTH + MARGIN, 540, sea)
        glow(canvas, 128, 200, 170, self.light.key, 0.6)
        hole = self._mouth(1.0, t)
        tube = skia.Path()
        tube.addRect(skia.Rect.MakeLTRB(*FRAME))
        tube.addPath(hole)
        tube.setFillType(skia.PathFillType.kEvenOdd)
        tones = self._depths(0.6, 0.55)
        canvas.drawPath(tube, halo((122, 214), 330, tones, [0.22, 0.4, 0.6, 1]))
        canvas.save()
        canvas.clipPath(tube, True)
        self._spin(canvas, t)
        canvas.restore()
        canvas.drawPath(hole, paint(self.foam, 0.95, stroke=4))
        self._curtain(canvas, t)
        x, y = 134 + 12 * math.sin(1.7 * t), 322 + 5 * math.sin(2.9 * t)
        self._trail(canvas, x - 4, y, t)
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(-6 + 5 * math.sin(1.7 * t))
        self._rider(canvas, 15, t)
        canvas.restore()

    def _mouth(self, size, t) -> skia.Path:
        """Return the outline of the barrel's opening, an almond that leans over."""
        points = []
        for a in np.linspace(0, math.tau, 26, endpoint=False):
            r = 1 + 0.04 * math.sin(3 * a + 3 * t) + 0.14 * math.cos(a - 0.8)
            points.append((126 + 84 * size * r * math.cos(a), 214 + 112 * size * r * math.sin(a + 0.35)))
        return smooth(points, close=True)

    def _spin(self, canvas, t) -> None:
        """Draw streaks of water wrapping round the tube towards the viewer."""
        for k in range(44):
            q = (k * 0.618 + 0.45 * t) % 1
            reach = 0.95 + 1.9 * q**1.3
            start = k * 1.9 - 1.6 * t
            a = np.linspace(start, start + 1.15, 9)
            spine = np.column_stack([126 + 92 * reach * np.cos(a), 214 + 122 * reach * np.sin(a + 0.35)])
            tone = self.foam if k % 3 else shade(self.water, -0.6)
            canvas.drawPath(ribbon(spine, [0, 2 + 6 * q, 0]), paint(tone, 0.3))

    def _curtain(self, canvas, t) -> None:
        """Let drops fall from the lip across the opening's upper edge."""
        for q, v, side, size in self.drops:
            life = (q + 0.8 * t) % 1
            a = -0.5 - 2.3 * v
            x, y = 126 + 88 * math.cos(a), 214 + 116 * math.sin(a + 0.35)
            self._spray(canvas, x + 14 * side * life, y + 64 * life * life, size * 1.3, life)

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From above: the board draws a curve down the wave, foam boils behind it."""
        tones = [shade(self.water, -0.35), self.water, mix(self.water, self.light.horizon, 0.4)]
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), wash((0, -40), (0, HEIGHT + 40), tones))
        self._swell(canvas, t)
        x, y, turn = 142 + 22 * math.sin(1.6 * t), 236 + 8 * math.cos(1.6 * t), 20 * math.cos(1.6 * t)
        self._wake(canvas, x, y, turn, t)
        soft_shadow(canvas, x + 14, y + 22, 40, 74, 0.45)
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(28 + turn)
        surfboard_above(canvas, self.light, self.accent, self.third)
        surfer_above(canvas, self.light, self.look, t)
        canvas.restore()

    def _swell(self, canvas, t) -> None:
        """Draw sheets of light over the water, and the breaking band of foam."""
        xs = np.linspace(-MARGIN, WIDTH + MARGIN, 22)
        for k in range(13):
            y = (k * 44 - 26 * t) % 572 - 62
            spine = np.column_stack([xs, y + 9 * np.sin(xs * 0.03 + k * 1.7 + t) + 4 * np.sin(xs * 0.07 - 1.3 * t + k)])
            canvas.drawPath(ribbon(spine, [1, 6, 2, 8, 3, 7, 1]), paint(self.light.key, 0.1))
            canvas.drawPath(ribbon(spine + [0, 9], [0.5, 4, 1, 5, 1]), paint(shade(self.water, -0.6), 0.18))
        for a, b, size, phase in self.puffs:
            px, py = 128 + 210 * a, 66 + 40 * b + 0.16 * (128 + 210 * a) + 5 * math.sin(3 * t + phase)
            r = size * (1.5 + 0.22 * math.sin(5 * t + phase))
            canvas.drawCircle(px, py, r, halo((px, py), r, [(self.foam, 0.95), (self.foam, 0.6), (self.foam, 0.0)]))
            for k in range(3):
                fx, fy = px + r * math.cos(phase + 2.1 * k), py + 0.8 * r * math.sin(phase + 2.1 * k)
                canvas.drawCircle(fx, fy, (0.3 - 0.07 * k) * size, paint(self.foam, 0.6))

    def _wake(self, canvas, x, y, turn, t) -> None:
        """Draw the curved white track behind the board and its fizzing edges."""
        u = np.linspace(0, 1, 18)
        a = math.radians(28 + turn)
        sweep = 34 * np.sin(3.4 * u - 1.6 * t) * u
        spine = np.column_stack([x - 66 * math.sin(a) - 130 * u + sweep, y + 66 * math.cos(a) + 210 * u])
        canvas.drawPath(ribbon(spine, [5, 19, 26, 10]), paint(self.foam, 0.3))
        canvas.drawPath(ribbon(spine, [4, 10, 12, 4]), paint(self.foam, 0.55))
        for q, v, side, size in self.drops:
            life = (q + 0.9 * t) % 1
            px, py = spine[int(life * 17)]
            self._spray(canvas, px + 24 * side * (0.3 + life), py + 18 * (v - 0.5), size * 1.7, life)
        for side in (-1, 1):
            tip = (x + side * (44 + 5 * math.sin(6 * t)), y + 52)
            fan = ribbon([(x + side * 12, y - 30), (x + side * 30, y + 6), tip], [0.5, 5, 0.5])
            canvas.drawPath(fan, paint(self.foam, 0.7))
