"""Football: a penalty and a diving keeper, a kick close up, the pitch from above."""

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
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    shade,
    smooth,
)
from assets.painter.props_play import FRAME, shuffled_accents, soft_shadow, wash
from assets.painter.props_play_gear import football
from assets.painter.props_play_people import limb, make_look, person
from assets.painter.scenes.base import Scene, Words

TOPIC = "sport"
WORDS = Words(
    subjects=("a penalty kick", "the goalkeeper", "a football match", "a curling free kick", "extra time"),
    actions=("the keeper dives", "top corner", "a quick one-two", "the ball hits the net", "lining up the shot"),
    places=("under the floodlights", "on the village pitch", "at the cup final", "in front of the stands"),
    tags=("football", "goal", "keeper", "penalty", "freekick", "matchday"),
)


class Painter(Scene):
    """Penalty seen from behind the ball, the kick close up, passing from above."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accent, self.second, self.third = shuffled_accents(light, rng)
        self.grass = mix(mix(light.far, light.near, 0.25), self.third, 0.18)
        self.keeper = make_look(rng, light, self.accent, mix(light.near, self.accent, 0.2))
        self.crowd = [
            (rng.uniform(-80, 336), int(rng.integers(7)), rng.uniform(0, 6), int(rng.integers(3))) for _ in range(150)
        ]
        self.blades = [(rng.uniform(-40, 296), rng.uniform(0, 1), rng.uniform(-6, 6)) for _ in range(70)]
        self.players = [
            (rng.uniform(46, 210), y, rng.uniform(0, 6), k % 2) for k, y in enumerate(np.linspace(96, 372, 11))
        ]
        self.side = 1 if rng.random() < 0.5 else -1
        self.rate = float(rng.uniform(0.62, 0.8))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._penalty, self._kick, self._above)[self.composition](canvas, t)

    def _pitch(self, canvas, top) -> None:
        """Draw mown stripes running away to the horizon."""
        turf = linear(
            (0, top), (0, HEIGHT), [mix(self.grass, self.light.horizon, 0.4), mix(self.grass, self.light.key, 0.05)]
        )
        box(canvas, -MARGIN, top, WIDTH + MARGIN, HEIGHT + MARGIN, paint(shader=turf))
        for k in range(-6, 7, 2):
            stripe = polygon(
                [(128 + k * 26, top), (128 + (k + 1) * 26, top), (128 + (k + 1) * 110, 540), (128 + k * 110, 540)]
            )
            canvas.drawPath(stripe, paint(self.light.key, 0.09))

    def _stadium(self, canvas, t, bottom) -> None:
        """Draw floodlights and rows of a waving crowd."""
        backdrop(canvas, self.light, bottom + 60)
        for x in (18, 238):
            canvas.drawLine(x, 40, x, bottom - 80, paint(self.light.near, stroke=4))
            box(canvas, x - 22, 26, x + 22, 52, paint(shade(self.light.near, -0.2)), 3)
            for k in range(8):
                canvas.drawCircle(x - 15 + 10 * (k % 4), 33 + 12 * (k // 4), 3.8, paint(self.light.key))
            glow(canvas, x, 40, 96, self.light.key, 0.75)
        stand = linear(
            (0, bottom - 100),
            (0, bottom),
            [mix(self.light.far, self.light.near, 0.35), mix(self.light.near, self.light.far, 0.3)],
        )
        box(canvas, -MARGIN, bottom - 98, WIDTH + MARGIN, bottom, paint(shader=stand))
        for x, row, phase, tone in self.crowd:
            y = bottom - 86 + row * 11 - 3 * abs(math.sin(5 * t + phase))
            colour = mix(self.light.far, (self.light.horizon, self.second, self.light.key)[tone], 0.4)
            canvas.drawCircle(x, y, 3.6, paint(colour))
            box(canvas, x - 5, y + 3, x + 5, y + 11, paint(shade(colour, -0.3)), 4)
        for k in range(-1, 5):
            tone = mix(self.light.near, (self.accent, self.second, self.third)[k % 3], 0.55)
            box(canvas, k * 66 - 20, bottom - 13, k * 66 + 44, bottom + 3, paint(tone))
            box(canvas, k * 66 - 8, bottom - 8, k * 66 + 30, bottom - 4, paint(self.light.key, 0.6), 2)

    def _goal(self, canvas, left, top, right, bottom, bulge, at) -> None:
        """Draw posts and a net that bulges around `at`."""
        cord = paint(self.light.key, 0.55, stroke=1.1)
        inset = 16

        def knot(u, v):
            x = left + inset * (1 - v) * 0.5 + (right - left - inset * (1 - v)) * u
            y = top + (bottom - top - 8) * v
            reach = math.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 900) * bulge
            return x + (x - at[0]) * 0.3 * reach, y + (y - at[1]) * 0.3 * reach - 5 * reach

        for k in range(19):
            canvas.drawPath(polygon([knot(k / 18, v) for v in np.linspace(0, 1, 8)], close=False), cord)
        for k in range(10):
            canvas.drawPath(polygon([knot(u, k / 9) for u in np.linspace(0, 1, 13)], close=False), cord)
        post = polygon([(left, bottom), (left, top), (right, top), (right, bottom)], close=False)
        canvas.drawPath(post, paint(shade(self.light.near, -0.2), 0.6, stroke=8))
        canvas.drawPath(post, paint(mix(self.light.key, "#ffffff", 0.4), stroke=5.5))

    def _penalty(self, canvas: skia.Canvas, t: float) -> None:
        """From behind the spot: the ball curls into the corner, the keeper dives for it."""
        self._stadium(canvas, t, 252)
        self._pitch(canvas, 254)
        line = paint(self.light.key, 0.75, stroke=2.5)
        canvas.drawPath(polygon([(-90, 282), (346, 282)], close=False), line)
        canvas.drawPath(polygon([(-10, 282), (-70, 352), (326, 352), (266, 282)], close=False), line)
        beat = (self.rate * t + 0.12) % 1
        q = min(1.0, max(0.0, (beat - 0.12) / 0.46))
        corner = (128 + self.side * 66, 190)
        ball = (
            128 + (corner[0] - 128) * q + self.side * 30 * math.sin(math.pi * q),
            366 + (corner[1] - 366) * q - 40 * math.sin(math.pi * q),
        )
        fall = max(0.0, (beat - 0.62) / 0.38)
        bulge = math.exp(-3 * fall) * (q >= 1.0)
        self._goal(canvas, 40, 158, 216, 284, bulge, corner)
        self._diver(canvas, min(1.0, max(0.0, (beat - 0.2) / 0.36)), t)
        ball = (ball[0], ball[1] + 84 * fall**2 if q >= 1.0 else ball[1])
        soft_shadow(canvas, 128 + (corner[0] - 128) * q, 384 - 100 * q, 24 - 14 * q, 6 - 3 * q, 0.5)
        football(canvas, self.light, self.second, *ball, 21 - 10 * q, 9 * t)
        for k in range(4):
            canvas.drawCircle(128, 392, 7 - k, paint(self.light.key, 0.14))

    def _diver(self, canvas, dive, t) -> None:
        """Draw the keeper: crouched on the line, then stretched out in the air."""
        s, lift = 12.5, math.sin(math.pi * dive * 0.62)
        canvas.save()
        canvas.translate(128 + self.side * 34 * dive, 262 - 34 * lift)
        canvas.scale(self.side, 1)
        canvas.rotate(72 * dive)
        ready = 4 * math.sin(9 * t) * (1 - dive)
        reach = 26 * dive
        hands = ((-26 + 20 * dive, -20 - 2.2 * reach + ready), (30 - 10 * dive, -24 - 2 * reach + ready))
        feet = ((-15 - 3 * dive, 26 + 14 * dive), (17 + 8 * dive, 26 + 6 * dive))
        person(canvas, self.keeper, s, (0, -14 + ready), 6, hands, feet, knees=(1, -1), elbows=(-1, 1))
        for hand in hands:
            canvas.drawCircle(*hand, 5.5, paint(mix(self.second, self.light.key, 0.3)))
        canvas.restore()

    def _kick(self, canvas: skia.Canvas, t: float) -> None:
        """Close up: a boot swings into the ball in the grass, the goal far behind."""
        self._stadium(canvas, t, 222)
        self._pitch(canvas, 224)
        self._goal(canvas, 66, 176, 190, 246, 0.0, (0, 0))
        beat = (self.rate * 1.3 * t) % 1
        swing = math.sin(math.tau * beat)
        hop = max(0.0, math.sin(math.tau * beat - 1.2)) * 42
        ball = (152 + 0.35 * hop, 328 - hop)
        soft_shadow(canvas, 156, 374, 62 - hop * 0.4, 13, 0.6 - hop * 0.006)
        football(canvas, self.light, self.second, *ball, 47, 1.4 * t + 0.9 * swing)
        self._boot(canvas, 9 - 38 * swing)
        self._grass(canvas, t, hop)

    def _boot(self, canvas, angle) -> None:
        """Draw leg, sock and studded boot swinging from the knee."""
        canvas.save()
        canvas.translate(54, 176)
        canvas.rotate(angle * 0.5)
        skin, rim = self.keeper.skin, self.light.key
        limb(canvas, (-16, -50), (-4, 70), 35, 24, skin, rim)
        shorts = polygon([(-110, -200), (-66, -24), (-14, -4), (44, -26), (60, -200)])
        brush = wash((-60, 0), (40, 0), [mix(self.accent, rim, 0.4), self.accent, shade(self.accent, -0.35)])
        canvas.drawPath(shorts, brush)
        canvas.drawPath(polygon([(-64, -29), (-14, -10), (42, -31)], close=False), paint(rim, 0.85, stroke=4))
        limb(canvas, (-3, 62), (-2, 132), 27, 18, mix(self.accent, self.light.near, 0.15), rim)
        for k in (0, 1):
            box(canvas, -30, 58 + k * 13, 25, 64 + k * 13, paint(rim, 0.9), 2)
        boot = smooth(
            [(-24, 128), (-26, 168), (30, 170), (62, 164), (60, 152), (30, 142), (14, 124), (-4, 120)], close=True
        )
        brush = wash((0, 118), (0, 172), [mix(self.second, rim, 0.45), self.second, shade(self.second, -0.45)])
        canvas.drawPath(boot, brush)
        for k in range(3):
            canvas.drawLine(14 + k * 8, 138 + k * 4, 22 + k * 8, 132 + k * 4, paint(rim, stroke=2.2))
        for x in (-20, -6, 24, 40, 54):
            box(canvas, x - 3, 168, x + 3, 177, paint(self.light.near), 2)
        canvas.restore()

    def _grass(self, canvas, t, hop) -> None:
        """Draw swaying blades in front, and tufts flying up on contact."""
        for x, q, lean in self.blades:
            y, tall = 366 + 110 * q, 13 + 16 * q
            sway = lean + 2.5 * math.sin(3 * t + x * 0.1)
            tone = mix(mix(self.grass, self.light.key, 0.22), shade(self.grass, -0.35), q)
            canvas.drawPath(polygon([(x - 2.6, y), (x + 2.6, y), (x + sway, y - tall)]), paint(tone))
        for k in range(9):
            x, y = 128 + k * 7 + hop * (k - 4) * 0.3, 372 - hop * (0.5 + 0.13 * k)
            brush = paint(mix(self.grass, self.light.key, 0.3), 0.9 if hop else 0.0)
            canvas.drawPath(polygon([(x, y), (x + 3, y + 1), (x + 4, y - 6)]), brush)

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From above: two teams, long shadows, the ball passed from boot to boot."""
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), paint(mix(self.grass, self.light.horizon, 0.12)))
        for k in range(-2, 13):
            if k % 2:
                box(canvas, -90, 20 + k * 42, 346, 62 + k * 42, paint(self.light.key, 0.1))
        self._markings(canvas)
        places = [self._player_at(p, t) for p in self.players]
        leg = (self.rate * 1.6 * t) % len(places)
        a, b, q = places[int(leg)], places[(int(leg) + 1) % len(places)], leg % 1
        for player, place in zip(self.players, places, strict=True):
            self._player_above(canvas, *place, player, t)
        eased = q * q * (3 - 2 * q)
        x, y = a[0] + (b[0] - a[0]) * eased, a[1] + (b[1] - a[1]) * eased
        high = 13 * math.sin(math.pi * q)
        soft_shadow(canvas, x + 5 + high, y + 12 + high, 11, 7, 0.6)
        football(canvas, self.light, self.second, x + 6, y + 8 - high, 9.5 + high * 0.2, 8 * t)

    def _markings(self, canvas) -> None:
        """Paint touchlines, halfway line, both boxes and goals."""
        line = paint(mix(self.light.key, "#ffffff", 0.3), 0.85, stroke=3)
        box(canvas, 24, 46, 232, 402, line)
        canvas.drawLine(24, 224, 232, 224, line)
        canvas.drawCircle(128, 224, 38, line)
        canvas.drawCircle(128, 224, 4, paint(self.light.key))
        for edge, way in ((46, 1), (402, -1)):
            for half, depth in ((62, 60), (28, 22)):
                outline = polygon(
                    [
                        (128 - half, edge),
                        (128 - half, edge + way * depth),
                        (128 + half, edge + way * depth),
                        (128 + half, edge),
                    ],
                    close=False,
                )
                canvas.drawPath(outline, line)
            arc = [(128 + 28 * math.cos(a), edge + way * (60 + 16 * math.sin(a))) for a in np.linspace(0, math.pi, 9)]
            canvas.drawPath(smooth(arc), line)
            for k in range(9):
                canvas.drawLine(104 + k * 6, edge, 104 + k * 6, edge - way * 20, paint(self.light.key, 0.6, stroke=1))
            outline = polygon([(104, edge), (104, edge - way * 20), (152, edge - way * 20), (152, edge)], close=False)
            canvas.drawPath(outline, line)

    @staticmethod
    def _player_at(player, t):
        x, y, phase, team = player
        return x + 15 * math.sin(1.5 * t + phase), y + 12 * math.cos(1.2 * t + 2 * phase)

    def _player_above(self, canvas, x, y, player, t) -> None:
        """Draw a running player from above, the long shadow to the lower right."""
        phase, team = player[2], player[3]
        shirt = self.accent if team else self.second
        stride = 5 * math.sin(8 * t + phase)
        outline = polygon([(x - 4, y + 2), (x + 6, y - 4), (x + 34, y + 22), (x + 26, y + 28)])
        canvas.drawPath(outline, paint("#000000", 0.28))
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(math.degrees(phase) + 20 * math.sin(1.5 * t))
        for side in (-1, 1):
            ellipse(canvas, side * 4, side * stride, 3.2, 6, paint(self.light.near))
            ellipse(canvas, side * 10, -side * stride, 3, 5, paint(self.keeper.skin))
        brush = wash((-10, -6), (10, 6), [mix(shirt, self.light.key, 0.45), shade(shirt, -0.15)])
        ellipse(canvas, 0, 0, 11, 6.5, brush)
        canvas.drawCircle(0, -1, 4.6, paint(self.keeper.hair))
        canvas.restore()
