"""Basketball: a shot through the hoop, a dribble on a city court, the basket seen from above."""

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
from assets.painter.props_play_gear import basketball
from assets.painter.props_play_people import make_look, person
from assets.painter.scenes.base import Scene, Words

TOPIC = "sport"
WORDS = Words(
    subjects=("a pickup basketball game", "a three-pointer", "nothing but net", "hoops", "a shot at the hoop"),
    actions=(
        "the ball drops through the net",
        "dribbling low and quick",
        "one more shot",
        "the net swishes",
        "shooting around",
    ),
    places=("on the street court", "under the floodlights", "in the old gym", "behind the school"),
    tags=("basketball", "hoops", "streetball", "swish", "buckets", "dribble"),
)


class Painter(Scene):
    """Hoop close up, dribbler on a city court, basket from above."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accent, self.second, self.third = shuffled_accents(light, rng)
        self.ball = self.accent
        self.court = mix(mix(light.far, self.second, 0.35), light.horizon, 0.2)
        self.look = make_look(rng, light, self.third, mix(light.near, self.third, 0.25))
        self.blocks = [(x, rng.uniform(50, 150), rng.uniform(24, 44), rng.random((14, 5))) for x in range(-80, 340, 38)]
        self.rate = float(rng.uniform(0.75, 0.95))
        self.crowd = [
            (rng.uniform(-80, 336), rng.uniform(0, 1), rng.uniform(0, 6), int(rng.integers(3))) for _ in range(110)
        ]
        self.lamp = float(rng.uniform(30, 226))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._hoop, self._street, self._above)[self.composition](canvas, t)

    def _hoop(self, canvas: skia.Canvas, t: float) -> None:
        """In the hall: backboard and net in front of the stands, the ball arcs in."""
        self._stands(canvas, t)
        beat = (self.rate * t + 0.1) % 1
        x, y, radius, through = self._flight(beat)
        self._board(canvas)
        if not through:
            self._net(canvas, 0.0)
            self._rim(canvas)
            basketball(canvas, self.light, self.accent, x, y, radius, 7 * t)
            return
        swish = math.exp(-8 * max(0.0, beat - 0.62)) * math.sin(34 * (beat - 0.55))
        ellipse(canvas, 128, 226, 46, 11, paint(shade(self.light.near, -0.3), 0.5))
        basketball(canvas, self.light, self.accent, x, y, radius, 7 * t)
        self._net(canvas, swish)
        self._rim(canvas)

    @staticmethod
    def _flight(beat):
        """Return the ball's place, size and whether it is already in the net."""
        if beat < 0.55:
            q = beat / 0.55
            return 62 + 66 * q, 372 + (226 - 372) * q - 640 * q * (1 - q) * (1 - 0.2 * q), 46 - 12 * q, False
        q = (beat - 0.55) / 0.45
        return 128 + 4 * math.sin(6 * q), 226 + 210 * q * q + 40 * q, 34 + 2 * q, True

    def _stands(self, canvas, t) -> None:
        """Draw tiers of spectators, floodlights and the floor below."""
        backdrop(canvas, self.light, 380)
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), paint(shade(self.light.far, -0.35), 0.55))
        for k in range(5):
            glow(canvas, -10 + k * 70, 34, 60, self.light.key, 0.55)
            box(canvas, -22 + k * 70, 27, 2 + k * 70, 36, paint(self.light.key), 3)
        for row in range(6):
            y = 206 + row * 26
            brush = paint(mix(self.light.far, self.light.near, 0.25 + row * 0.1))
            box(canvas, -MARGIN, y + 8, WIDTH + MARGIN, y + 40, brush)
        for x, q, phase, tone in self.crowd:
            y = 210 + 26 * int(q * 6) - 3 * abs(math.sin(4 * t + phase))
            colour = mix(self.light.far, (self.light.horizon, self.second, self.third)[tone], 0.45)
            canvas.drawCircle(x, y - 6, 5, paint(colour))
            box(canvas, x - 8, y - 1, x + 8, y + 14, paint(shade(colour, -0.25)), 6)
        floor = linear((0, 372), (0, HEIGHT), [mix(self.court, self.light.key, 0.25), shade(self.court, -0.3)])
        box(canvas, -MARGIN, 372, WIDTH + MARGIN, HEIGHT + MARGIN, paint(shader=floor))
        outline = polygon([(80, 372), (176, 372), (250, 540), (6, 540)], close=False)
        canvas.drawPath(outline, paint(self.light.key, 0.6, stroke=3))

    def _board(self, canvas) -> None:
        """Draw the glass backboard with its target square."""
        light = self.light
        canvas.drawLine(128, 214, 128, 380, paint(shade(light.near, -0.2), stroke=11))
        canvas.drawLine(125, 214, 125, 380, paint(light.key, 0.25, stroke=2))
        glass = linear(
            (36, 76),
            (220, 220),
            [mix(light.key, light.horizon, 0.25), mix(light.key, light.middle, 0.45), mix(light.key, light.far, 0.3)],
        )
        box(canvas, 42, 84, 214, 214, paint(shader=glass, alpha=0.9), 7)
        box(canvas, 42, 84, 214, 214, paint(mix(light.near, self.third, 0.35), stroke=6), 7)
        canvas.drawPath(polygon([(60, 88), (98, 88), (66, 208), (48, 208)]), paint("#ffffff", 0.22))
        box(canvas, 94, 142, 162, 200, paint(self.third, stroke=5), 2)
        box(canvas, 114, 208, 142, 228, paint(shade(self.accent, -0.35)), 3)

    def _rim(self, canvas) -> None:
        """Draw the near half of the ring over the net."""
        arc = [(128 + 48 * math.cos(a), 226 + 12 * math.sin(a)) for a in np.linspace(0, math.tau, 25)]
        canvas.drawPath(polygon(arc), paint(shade(self.accent, -0.3), stroke=6))
        canvas.drawPath(polygon(arc[:13], close=False), paint(mix(self.accent, self.light.key, 0.35), stroke=4))

    def _net(self, canvas, swish) -> None:
        """Draw the knotted net; it bulges and kicks up when the ball goes through."""
        rows = np.linspace(0, 1, 6)
        cord = paint(mix(self.light.key, "#ffffff", 0.4), 0.95, stroke=1.9)
        for turn in (-1, 1):
            for k in range(10):
                a = k / 10 * math.tau + turn * rows * 1.25
                width = 46 - 22 * rows + 16 * swish * np.sin(math.pi * rows)
                x = 128 + width * np.cos(a) + 6 * swish * rows
                y = 228 + 70 * rows * (1 - 0.3 * max(0.0, swish)) + 10 * np.sin(a) * (1 - 0.5 * rows)
                canvas.drawPath(polygon(np.column_stack([x, y]).tolist(), close=False), cord)

    def _street(self, canvas: skia.Canvas, t: float) -> None:
        """Outdoor court before a skyline: a player dribbles towards the basket."""
        backdrop(canvas, self.light, 300)
        glow(canvas, self.lamp, 110, 150, self.light.key, 0.6)
        canvas.drawCircle(self.lamp, 110, 20, paint(self.light.key, 0.9))
        self._city(canvas)
        self._fence(canvas)
        floor = linear((0, 300), (0, HEIGHT), [mix(self.court, self.light.horizon, 0.45), shade(self.court, -0.25)])
        box(canvas, -MARGIN, 300, WIDTH + MARGIN, HEIGHT + MARGIN, paint(shader=floor))
        for path in (polygon([(-90, 398), (346, 398)], close=False), polygon([(150, 300), (60, 398)], close=False)):
            canvas.drawPath(path, paint(self.light.key, 0.65, stroke=3))
        canvas.drawOval(skia.Rect.MakeLTRB(20, 330, 190, 372), paint(self.light.key, 0.55, stroke=3))
        self._post(canvas)
        self._player(canvas, t)

    def _city(self, canvas) -> None:
        for x, tall, wide, lit in self.blocks:
            tone = mix(self.light.far, self.light.horizon, 0.25)
            brush = wash((0, 300 - tall), (0, 302), [tone, mix(tone, self.light.horizon, 0.35)])
            box(canvas, x, 300 - tall, x + wide, 302, brush)
            for (row, column), value in np.ndenumerate(lit):
                if value > 0.62 and row * 11 < tall - 16 and column * 8 < wide - 10:
                    brush = paint(self.light.key, 0.55 * value)
                    box(
                        canvas,
                        x + 4 + column * 8,
                        308 - tall + row * 11,
                        x + 8 + column * 8,
                        314 - tall + row * 11,
                        brush,
                    )

    def _fence(self, canvas) -> None:
        """Draw a chain-link fence round the court."""
        wire = paint(self.light.near, 0.4, stroke=0.9)
        for x in range(-150, 350, 11):
            canvas.drawLine(x, 302, x + 62, 240, wire)
            canvas.drawLine(x + 62, 302, x, 240, wire)
        for x in range(-60, 340, 66):
            canvas.drawLine(x, 304, x, 236, paint(self.light.near, 0.85, stroke=3))
        canvas.drawLine(-MARGIN, 239, WIDTH + MARGIN, 239, paint(self.light.near, 0.85, stroke=2.5))

    def _post(self, canvas) -> None:
        """Draw the street basket in profile on the right."""
        light = self.light
        soft_shadow(canvas, 212, 336, 44, 8, 0.5)
        outline = smooth([(222, 336), (222, 190), (216, 150), (196, 138)])
        canvas.drawPath(outline, paint(shade(light.near, -0.2), stroke=9))
        canvas.drawPath(smooth([(219, 336), (219, 190)]), paint(light.key, 0.4, stroke=2))
        brush = wash((186, 80), (200, 170), [light.key, mix(light.key, light.far, 0.4)])
        canvas.drawPath(polygon([(186, 84), (200, 78), (200, 160), (186, 168)]), brush)
        canvas.drawPath(polygon([(186, 84), (200, 78), (200, 160), (186, 168)]), paint(self.third, stroke=2.5))
        canvas.drawOval(skia.Rect.MakeLTRB(138, 150, 186, 161), paint(self.accent, stroke=4))
        for k in range(7):
            for lean in (-5, 5):
                canvas.drawLine(140 + k * 7.4, 156, 148 + k * 4.8 + lean, 194, paint(light.key, 0.85, stroke=1.3))

    def _player(self, canvas, t) -> None:
        """Draw the dribbling player; the hand rides the ball at the top of its bounce."""
        step, s = 2.3 * math.tau * 0.6 * t, 20.0
        bounce = abs(math.sin(step))
        x = 92 + 8 * math.sin(1.4 * t)
        ball = (x + 44, 376 - 84 * bounce)
        hip = (x, 300 + 5 * math.sin(2 * step))
        stride = 22 * math.sin(step)
        soft_shadow(canvas, x + 4, 384, 62, 10, 0.55)
        soft_shadow(canvas, ball[0], 390, 22, 5, 0.6 - 0.3 * bounce)
        hands = ((x + 50, 250 + 8 * math.sin(step)), (ball[0] - 4, min(ball[1] - 18, 318)))
        feet = (
            (x - 24 - stride, 372 - max(0.0, -10 * math.sin(step))),
            (x + 30 + stride, 378 - max(0.0, 10 * math.sin(step))),
        )
        person(canvas, self.look, s, hip, 22, hands, feet, knees=(-1, -1), elbows=(1, 1))
        basketball(canvas, self.light, self.accent, *ball, 17, 2 * t)

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From above: ring, net and the painted key; the ball comes down away from the lens."""
        light = self.light
        brush = wash((0, 0), (WIDTH, HEIGHT), [mix(self.court, light.key, 0.2), shade(self.court, -0.25)])
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), brush)
        for k in range(-6, 30):
            canvas.drawLine(k * 13, -90, k * 13, 540, paint(shade(self.court, -0.5), 0.25, stroke=1))
        box(canvas, 38, -90, 218, 330, paint(mix(self.court, self.third, 0.55), 0.75))
        line = paint(light.key, 0.85, stroke=4)
        box(canvas, 38, -90, 218, 330, line)
        canvas.drawCircle(128, 330, 72, line)
        canvas.drawCircle(128, 60, 218 * 1.45, line)
        beat = (self.rate * t + 0.25) % 1
        ball_radius = 31 + 30 * (1 - beat) ** 1.6
        x, y = 128 + 26 * (1 - beat) ** 2, 186 + 136 * (1 - beat) ** 2
        soft_shadow(canvas, 128 + 70 * (1 - beat), 214 + 60 * (1 - beat), 42, 38, 0.5)
        soft_shadow(canvas, 150, 214, 78, 70, 0.35)
        under = beat > 0.62
        if under:
            basketball(canvas, self.light, self.accent, x, y, ball_radius, 4 * t)
        self._basket_above(canvas, math.sin(20 * beat) * math.exp(-9 * abs(beat - 0.75)))
        if not under:
            basketball(canvas, self.light, self.accent, x, y, ball_radius, 4 * t)

    def _basket_above(self, canvas, swish) -> None:
        """Draw board edge, ring and the net seen through the ring."""
        light = self.light
        cord = paint(light.key, 0.9, stroke=2)
        for k in range(12):
            for turn in (-0.42, 0.42):
                a = k / 12 * math.tau
                inner = 27 + 7 * swish
                canvas.drawLine(
                    128 + 54 * math.cos(a),
                    186 + 54 * math.sin(a),
                    128 + inner * math.cos(a + turn),
                    186 + inner * math.sin(a + turn),
                    cord,
                )
        canvas.drawCircle(128, 186, 27 + 7 * swish, cord)
        canvas.drawCircle(130, 190, 56, paint("#000000", 0.3, stroke=7))
        canvas.drawCircle(128, 186, 56, paint(shade(self.accent, -0.2), stroke=8))
        canvas.drawCircle(128, 186, 57, paint(mix(self.accent, light.key, 0.45), stroke=3))
        box(canvas, 106, 104, 150, 132, paint(shade(self.accent, -0.4)), 4)
        box(canvas, 34, 84, 222, 104, wash((0, 84), (0, 104), [light.key, mix(light.key, light.far, 0.5)]), 4)
        box(canvas, 34, 98, 222, 104, paint(self.third), 3)
