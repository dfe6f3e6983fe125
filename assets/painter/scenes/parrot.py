"""A parrot: swinging on its perch, flapping through the canopy, and a head from close by."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    below,
    glow,
    linear,
    mix,
    paint,
    ridge,
    shade,
    smooth,
)
from assets.painter.props_home import BOTTOM, LEFT, RIGHT, TOP, leaf, limb, oval, shape, solid, stand_out
from assets.painter.props_pets import ParrotHead
from assets.painter.scenes.base import Scene, Words
from assets.painter.sets_home import Motes
from assets.painter.sets_outdoors import Jungle

TOPIC = "pets"
WORDS = Words(
    subjects=("a parrot", "our talking parrot", "a bright macaw", "the loudest bird in the house", "a clever parrot"),
    actions=("swinging on its perch", "flapping its wings", "bobbing to the beat", "saying hello"),
    places=("among the leaves", "in the winter garden", "high in the trees", "in the aviary"),
    tags=("parrot", "macaw", "feathers", "birds", "talkingbird", "pets"),
)


class Painter(Scene):
    """Compositions: 0 on a swinging perch, 1 in flight, 2 the head from close by."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        order = rng.permutation(3)
        ground = mix(light.middle, light.horizon, 0.3)
        self.plumage = stand_out(light.accents[order[0]], ground, 50)
        self.wing, self.tip = (mix(light.accents[order[k]], self.plumage, 0.1) for k in (1, 2))
        self.hills = [ridge(rng, y, 22) for y in (262, 320)]
        self.jungle = Jungle(rng, light)
        self.motes, crest = Motes(rng), bool(rng.random() < 0.5)
        self.beat, self.phase = float(rng.uniform(6.5, 8.5)), float(rng.uniform(0, math.tau))
        self.head = ParrotHead(light, self.plumage, self.wing, self.tip, crest, self.phase)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._perched, self._flying, self._portrait)[self.composition](canvas, t)
        self.motes.draw(canvas, t, self.light.key)

    def _perched(self, canvas: skia.Canvas, t: float) -> None:
        self.jungle.draw(canvas, t)
        light = self.light
        canvas.save()
        canvas.rotate(8 * math.sin(2.4 * t + self.phase), 128, -60)
        rope = mix(light.key, light.near, 0.35)
        for x in (66, 190):
            canvas.drawLine(128 + (x - 128) * 0.12, TOP, x, 300, paint(rope, stroke=3))
        self._long_tail(canvas, 140, 296, 6 * math.sin(4.8 * t))
        wood = mix(light.near, light.far, 0.4)
        limb(canvas, [(50, 300), (206, 300)], 12, wood, light)
        self._perched_body(canvas, t)
        canvas.restore()
        self.jungle.foreground(canvas, t)

    def _long_tail(self, canvas: skia.Canvas, x: float, y: float, sway: float) -> None:
        for k, tone in enumerate((self.tip, self.wing, self.plumage)):
            leaf(canvas, x - 6 * k, y - 26, 172 + sway + 7 * k, 128 - 22 * k, 11, tone)

    def _perched_body(self, canvas: skia.Canvas, t: float) -> None:
        light, bob = self.light, 5 * math.sin(4.8 * t)
        body = shape("108,168 146,172 170,214 172,262 150,300 118,292 98,254 94,204")
        solid(canvas, body, self.plumage, light, 1.0)
        ruffle = max(0.0, math.sin(3.2 * t + self.phase))
        canvas.save()
        canvas.translate(150, 200)
        canvas.rotate(-26 * ruffle)
        self._folded_wing(canvas)
        canvas.restore()
        for x in (118, 140):  # feet round the perch
            for k in range(3):
                limb(canvas, [(x + 6 * k, 290), (x + 6 * k - 1, 304)], 5, mix(light.near, light.key, 0.3))
        canvas.save()
        canvas.translate(112 - bob * 0.6, 158 + bob)
        canvas.rotate(bob * 1.5)
        self.head.draw(canvas, t)
        canvas.restore()

    def _folded_wing(self, canvas: skia.Canvas) -> None:
        """Paint the folded wing from its shoulder at the origin: three rows of feathers."""
        for row, (tone, length, count) in enumerate(
            ((self.tip, 116, 5), (self.wing, 84, 5), (shade(self.wing, 0.15), 54, 4))
        ):
            for k in range(count):
                leaf(
                    canvas,
                    -16 + 8 * k,
                    4 + 3 * k - 5 * row,
                    176 - 7 * k + 4 * row,
                    length - 9 * k,
                    9,
                    shade(tone, -0.06 * k),
                )
        solid(canvas, oval(-2, 6, 25, 19, 20), self.wing, self.light, 1.0)

    def _flying(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the bird over the hazy canopy, seen from below its breast, wings beating."""
        light = self.light
        tones = linear((0, TOP), (0, 330), [light.top, light.middle, light.horizon], [0, 0.5, 1])
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        glow(canvas, 190, 110, 150, light.key, 0.7)
        self._canopy(canvas, t)
        stroke = math.sin(self.beat * t)
        canvas.save()
        canvas.translate(128, 218 - 9 * stroke)
        canvas.rotate(4 * math.sin(1.3 * t))
        canvas.scale(0.84, 0.84)
        for k, angle in enumerate((166, 180, 194)):
            tone = (self.tip, self.plumage, self.wing)[k]
            leaf(canvas, 0, 48, angle + 3 * math.sin(3 * t + k), 112 - 16 * abs(k - 1), 12, tone)
        for side in (-1, 1):
            self._spread_wing(canvas, side, stroke)
        body = shape("0,-46 22,-24 24,18 12,62 -12,62 -24,18 -22,-24")
        solid(canvas, body, self.plumage, light, 1.0)
        for row in range(4):  # the breast's scales of down
            for k in range(-1, 2):
                scale = smooth([(k * 13 - 6, row * 14 - 16), (k * 13, row * 14 - 10), (k * 13 + 6, row * 14 - 16)])
                canvas.drawPath(scale, paint(shade(self.plumage, -0.3), 0.5, stroke=1.6))
        canvas.translate(8, -62)
        self.head.draw(canvas, t)
        canvas.restore()
        self.jungle.foreground(canvas, t)

    def _canopy(self, canvas: skia.Canvas, t: float) -> None:
        """Paint hills of bumpy treetops and the near crowns, each passing at its own pace."""
        light = self.light
        for k, skyline in enumerate(self.hills):
            shift = 26 * t * (k + 1)
            tops = below(lambda x, s=skyline, d=shift: s(x + d) - 4 * abs(math.sin(0.22 * (x + d))), 5)
            canvas.drawPath(tops, paint(mix(light.far, light.horizon, 0.55 - 0.35 * k)))
        for k in range(9):
            x = (k * 48 - 40 * t) % 432 - 80
            crown = oval(x, 420 + 9 * (k % 3), 46, 44)
            fill = linear((x - 30, 370), (x + 30, 450), [mix(light.far, light.horizon, 0.3), light.near])
            canvas.drawPath(crown, paint(shader=fill))

    def _spread_wing(self, canvas: skia.Canvas, side: int, stroke: float) -> None:
        """Paint one wing: long primaries, coverts and the self.plumage, raised by `stroke` in -1..1."""
        canvas.save()
        canvas.scale(side, 1)
        canvas.translate(12, -20)
        canvas.rotate(-24 * stroke - 4)
        for k in range(8):
            angle = 84 + 11 * k + 7 * stroke * k / 7
            leaf(canvas, 22 + 5 * (7 - k), 2 * k - 4, angle, 74 - 4.5 * k, 11, mix(self.tip, self.light.near, 0.05 * k))
        for k in range(6):
            leaf(canvas, 14 + 6 * (5 - k), k, 92 + 14 * k, 46 - 3 * k, 10, shade(self.wing, 0.1 - 0.04 * k))
        solid(
            canvas,
            shape("-6,-8 24,-14 62,-8 66,4 30,14 -4,22"),
            self.plumage,
            self.light,
            1.0,
        )
        canvas.restore()

    def _portrait(self, canvas: skia.Canvas, t: float) -> None:
        self.jungle.draw(canvas, t)
        bob = math.sin(4.2 * t + self.phase)
        light = self.light
        neck = shape("92,250 196,226 232,330 240,480 70,480 84,350")
        solid(canvas, neck, self.plumage, light, 0.9)
        self._neck_feathers(canvas, neck, bob)
        canvas.save()
        canvas.translate(152 + 4 * bob, 216 + 7 * bob)
        canvas.rotate(6 * math.sin(2.1 * t))
        canvas.scale(1.9, 1.9)
        self.head.draw(canvas, t)
        canvas.restore()
        self.jungle.foreground(canvas, t)

    def _neck_feathers(self, canvas: skia.Canvas, neck: skia.Path, bob: float) -> None:
        """Paint overlapping rounded feathers over the neck, the upper rows on top."""
        canvas.save()
        canvas.clipPath(neck, True)
        for row in range(9, -1, -1):
            tone = mix(self.plumage, self.wing, max(0.0, 0.13 * row - 0.25))
            for k in range(7):
                x, y = 66 + 27 * k + 13.5 * (row % 2), 262 + 21 * row + (7 - 0.5 * row) * bob
                tones = linear((x, y - 16), (x, y + 19), [shade(tone, -0.22), tone, mix(tone, self.light.key, 0.4)])
                canvas.drawPath(oval(x, y, 15.5, 19), paint(shader=tones))
        edge = linear((70, 0), (240, 0), [(self.light.key, 0.3), (self.light.key, 0.0), (self.light.near, 0.55)])
        canvas.drawPath(neck, paint(shader=edge))
        canvas.restore()
