"""Skateboarding: a half-pipe, a street ollie close up, a cruise seen from above."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    backdrop,
    below,
    box,
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    ridge,
    shade,
    smooth,
)
from assets.painter.props_play import FRAME, shuffled_accents, soft_shadow, wash
from assets.painter.props_play_gear import palm, skateboard_side, sneaker
from assets.painter.props_play_people import limb, make_look, person
from assets.painter.scenes.base import Scene, Words

TOPIC = "sport"
WORDS = Words(
    subjects=("a skateboarder", "a fresh deck", "an ollie in slow motion", "a half-pipe session", "four small wheels"),
    actions=("rolling up the ramp", "popping an ollie", "carving through town", "landing it at last", "wheels humming"),
    places=("at the skatepark", "down the promenade", "in the empty lot", "after school"),
    tags=("skateboard", "skate", "ollie", "halfpipe", "skatepark", "kickflip"),
)


class Painter(Scene):
    """Half-pipe, ollie close up, cruise from above."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accent, self.second, self.third = shuffled_accents(light, rng)
        self.look = make_look(rng, light, self.second, mix(light.near, self.third, 0.3))
        self.ground = mix(light.far, light.horizon, 0.35)
        self.palms = [
            (x + rng.uniform(-14, 14), rng.uniform(70, 130), rng.uniform(-12, 12)) for x in range(-50, 330, 62)
        ]
        self.hills = ridge(rng, 300, 9)
        self.art = int(rng.integers(3))
        self.tags = [
            (rng.uniform(40, 216), rng.uniform(0.3, 0.9), rng.uniform(8, 18), int(rng.integers(3))) for _ in range(9)
        ]
        self.cracks = [
            (rng.uniform(-60, 316), rng.uniform(0, 540), rng.uniform(-30, 30), rng.uniform(10, 40)) for _ in range(14)
        ]
        self.rate = float(rng.uniform(0.85, 1.05))
        self.sun = float(rng.uniform(70, 186))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._half_pipe, self._ollie, self._above)[self.composition](canvas, t)

    def _half_pipe(self, canvas: skia.Canvas, t: float) -> None:
        """Wide: the skater swings from coping to coping and flies out a little."""
        backdrop(canvas, self.light, 320)
        glow(canvas, self.sun, 150, 170, self.light.key, 0.7)
        canvas.drawCircle(self.sun, 150, 30, paint(self.light.key, 0.95))
        for x, tall, lean in self.palms:
            palm(canvas, self.light, x, 320, tall, lean, t)
        canvas.drawPath(below(self.hills), paint(mix(self.light.far, self.light.near, 0.25)))
        self._ramp(canvas)
        angle = 1.3 * math.sin(2.3 * t + 0.9)
        self._swinger(canvas, angle, math.cos(2.3 * t + 0.9))

    def _ramp(self, canvas) -> None:
        """Draw the U of the ramp: ribs, plywood lip, shaded front with tags."""
        light = self.light
        u = [(128 + 104 * math.sin(a), 236 + 140 * math.cos(a)) for a in np.linspace(-1.5, 1.5, 25)]
        front = polygon([(-MARGIN, 242), *u, (WIDTH + MARGIN, 242), (WIDTH + MARGIN, 540), (-MARGIN, 540)])
        back = polygon(
            [
                (-MARGIN, 228),
                *[(128 + (x - 128) * 0.9, y - 22) for x, y in u],
                (WIDTH + MARGIN, 228),
                (WIDTH + MARGIN, 300),
                *u[::-1],
                (-MARGIN, 300),
            ]
        )
        brush = wash((0, 220), (0, 380), [mix(self.ground, light.key, 0.15), mix(self.ground, light.key, 0.5)])
        canvas.drawPath(back, brush)
        for x, y in u[::3]:
            canvas.drawLine(x, y, 128 + (x - 128) * 0.9, y - 22, paint(light.near, 0.25, stroke=1))
        brush = wash((0, 240), (0, HEIGHT), [mix(light.near, light.far, 0.55), shade(light.near, -0.15)])
        canvas.drawPath(front, brush)
        canvas.save()
        canvas.clipPath(front, True)
        for x, _, size, tone in self.tags:
            colour = mix(light.near, (self.accent, self.second, self.third)[tone], 0.55)
            outline = smooth(
                [(x * 1.5 - 100, 408 + size), (x * 1.5 - 88, 396), (x * 1.5 - 76, 414 + size), (x * 1.5 - 60, 400)]
            )
            canvas.drawPath(outline, paint(colour, 0.8, stroke=5))
        canvas.restore()
        canvas.drawPath(polygon(u, close=False), paint(mix(light.key, self.accent, 0.3), stroke=4))
        for x in (u[0], u[-1]):
            canvas.drawCircle(*x, 5, paint(light.key))

    def _swinger(self, canvas, angle, direction) -> None:
        """Place the skater on the curve, standing along its normal."""
        x, y = 128 + 88 * math.sin(angle), 236 + 122 * math.cos(angle)
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(-math.degrees(angle) * 0.9)
        skateboard_side(canvas, self.light, self.accent, 84, 9 * angle)
        side = 1 if direction >= 0 else -1
        canvas.scale(side, 1)
        s = 16.5
        hands = ((-46, -88), (48, -94))
        person(canvas, self.look, s, (-6, -47), 26, hands, ((-23, -7), (24, -7)), knees=(-1, -1), elbows=(-1, 1))
        canvas.restore()

    def _ollie(self, canvas: skia.Canvas, t: float) -> None:
        """Close up: sneakers and board leave the ground, street sliding past."""
        backdrop(canvas, self.light, 330)
        glow(canvas, self.sun, 250, 190, self.light.key, 0.75)
        self._street(canvas, t)
        beat = (self.rate * t) % 1
        air = max(0.0, math.sin(math.tau * beat - 0.6)) if beat < 0.62 else 0.0
        pitch = -22 * air * math.cos(math.pi * min(1.0, beat / 0.6)) - 2 * math.sin(9 * t)
        soft_shadow(canvas, 128, 380, 116 - 30 * air, 15, 0.6 - 0.25 * air)
        canvas.save()
        canvas.translate(128, 342 - 92 * air + 1.2 * math.sin(30 * t) * (1 - air))
        canvas.rotate(pitch)
        self._legs(canvas, air)
        skateboard_side(canvas, self.light, self.accent, 178, 14 * t)
        sneaker(canvas, self.light, self.third, 46, -2)
        sneaker(canvas, self.light, self.third, -62, -4)
        canvas.restore()
        for k in range(5):
            x = 300 - ((t * 320 + k * 97) % 440)
            canvas.drawLine(x, 392 + 9 * k, x + 46, 392 + 9 * k, paint(self.light.key, 0.3, stroke=1.6))

    def _street(self, canvas, t) -> None:
        """Draw a sliding background: palms, a kerb with a rail, paving joints."""
        for k, (x, tall, lean) in enumerate(self.palms):
            palm(canvas, self.light, (x - 40 * t + 90) % 430 - 90, 316, tall * 1.7, lean, t + k)
        brush = wash((0, 300), (0, 334), [mix(self.ground, self.light.key, 0.25), shade(self.ground, -0.35)])
        box(canvas, -MARGIN, 300, WIDTH + MARGIN, 334, brush)
        for k in range(8):
            x = (k * 62 - 130 * t) % 496 - 120
            box(canvas, x, 256, x + 5, 302, paint(self.light.near))
        box(canvas, -MARGIN, 250, WIDTH + MARGIN, 257, wash((0, 250), (0, 257), [self.light.key, self.light.near]), 3)
        pavement = linear((0, 334), (0, HEIGHT), [mix(self.ground, self.light.key, 0.12), shade(self.ground, -0.5)])
        box(canvas, -MARGIN, 334, WIDTH + MARGIN, HEIGHT + MARGIN, paint(shader=pavement))
        for k in range(7):
            x = (k * 80 - 260 * t) % 560 - 150
            canvas.drawLine(x + 30, 334, x - 30, 540, paint(shade(self.ground, -0.6), 0.4, stroke=2))

    def _legs(self, canvas, air) -> None:
        """Draw both legs running out at the top, knees tucked in the air."""
        cloth, rim = self.look.trousers, self.light.key
        tuck = 34 * air
        for foot, hip, dim in (((50, -24), (30, -190 + tuck), 0.25), ((-58, -24), (-4, -196 + tuck), 0.0)):
            knee = ((foot[0] + hip[0]) / 2 + 30 + tuck * 0.8, (foot[1] + hip[1]) / 2 + 4)
            limb(canvas, knee, foot, 23, 16, shade(cloth, -dim), rim)
            limb(canvas, hip, knee, 30, 24, shade(cloth, -dim), rim)
        torso = smooth([(-40, -184 + tuck), (-34, -440), (62, -440), (62, -186 + tuck), (10, -172 + tuck)], close=True)
        brush = wash(
            (-40, 0), (62, 0), [mix(self.look.shirt, rim, 0.35), self.look.shirt, shade(self.look.shirt, -0.35)]
        )
        canvas.drawPath(torso, brush)

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From above: the deck fills the frame, the road streams away under it."""
        light = self.light
        road = linear((0, 0), (WIDTH, HEIGHT), [mix(self.ground, light.key, 0.1), shade(self.ground, -0.4)])
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), paint(shader=road))
        for x, y, lean, size in self.cracks:
            yy = (y + 300 * t) % 640 - 100
            outline = smooth([(x, yy), (x + lean * 0.4, yy + size * 0.5), (x + lean, yy + size)])
            canvas.drawPath(outline, paint(shade(self.ground, -0.6), 0.45, stroke=1.5))
        for k in range(5):
            y = (k * 150 + 300 * t) % 750 - 180
            box(canvas, 10, y, 24, y + 84, paint(light.key, 0.75), 2)
            canvas.drawLine(-90, y + 120, 346, y + 120, paint(shade(self.ground, -0.6), 0.3, stroke=2))
        canvas.save()
        canvas.translate(132 + 11 * math.sin(2.6 * t), 226)
        canvas.rotate(9 * math.cos(2.6 * t))
        self._deck(canvas, t)
        canvas.restore()

    def _deck(self, canvas, t) -> None:
        """Draw deck, wheels peeking out, grip art, and two shoes; shadow to the right."""
        light = self.light
        box(canvas, -24, -128, 66, 152, paint("#000000", 0.3), 44)
        for y in (-86, 86):
            box(canvas, -50, y - 5, 50, y + 5, paint(mix(light.key, light.far, 0.5)), 3)
            for x in (-49, 49):
                brush = wash((0, y - 14), (0, y + 14), [mix(self.accent, light.key, 0.6), shade(self.accent, -0.3)])
                box(canvas, x - 9, y - 14, x + 9, y + 14, brush, 5)
        edge = linear((-42, 0), (42, 0), [mix(self.accent, light.key, 0.6), self.accent, shade(self.accent, -0.4)])
        box(canvas, -43, -142, 43, 142, paint(shader=edge), 43)
        brush = wash((-40, -140), (40, 140), [mix(light.near, light.key, 0.16), shade(light.near, -0.25)])
        box(canvas, -39, -138, 39, 138, brush, 39)
        self._grip_art(canvas)
        for x, y in ((-8, -86), (8, -86), (-8, -72), (8, -72), (-8, 86), (8, 86), (-8, 72), (8, 72)):
            canvas.drawCircle(x, y, 2.1, paint(light.key, 0.9))
        self._shoe_above(canvas, 2, -46, 66)
        self._shoe_above(canvas, 0, 100 + 2 * math.sin(5 * t), 84)

    def _grip_art(self, canvas) -> None:
        """Spray a chevron, rings or a bolt on the deck."""
        brush = paint(mix(self.second, self.light.key, 0.15), 0.95, stroke=7)
        if self.art == 0:
            for k in range(3):
                canvas.drawPath(polygon([(-26, 14 + k * 18), (0, k * 18 - 4), (26, 14 + k * 18)], close=False), brush)
        elif self.art == 1:
            for r in (9, 22):
                canvas.drawCircle(0, 26, r, brush)
        else:
            canvas.drawPath(polygon([(12, -12), (-16, 28), (4, 28), (-10, 62), (20, 16), (0, 16)]), paint(self.second))

    def _shoe_above(self, canvas, x, y, angle) -> None:
        """Draw a shoe from above with the trouser leg over it."""
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(angle)
        soft_shadow(canvas, 4, 6, 26, 46, 0.55)
        box(canvas, -15, -46, 15, 30, paint(mix(self.light.key, "#ffffff", 0.4)), 15)
        brush = wash((-12, 0), (12, 0), [mix(self.third, self.light.key, 0.3), shade(self.third, -0.25)])
        box(canvas, -12.5, -43, 12.5, 28, brush, 13)
        for k in range(4):
            canvas.drawLine(-7, -26 + k * 7, 7, -24 + k * 7, paint("#ffffff", 0.9, stroke=2))
        brush = wash(
            (-18, 0), (18, 0), [mix(self.look.trousers, self.light.key, 0.35), shade(self.look.trousers, -0.2)]
        )
        ellipse(canvas, 0, 18, 19, 22, brush)
        ellipse(canvas, 0, 20, 12, 14, paint(shade(self.look.trousers, -0.35)))
        canvas.restore()
