"""A dog and its ball: running over a meadow, nose to the lens, and waiting for the throw."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import box, ellipse, glow, mix, paint, polygon, shade, smooth
from assets.painter.props_home import cast, leaf, limb, oval, shape, solid, stand_out
from assets.painter.props_pets import coat_colours, tennis_ball
from assets.painter.scenes.base import Scene, Words
from assets.painter.sets_home import Room
from assets.painter.sets_outdoors import Meadow

TOPIC = "pets"
WORDS = Words(
    subjects=("a happy dog", "our puppy", "a good boy", "a dog with its ball", "the fastest dog in the park"),
    actions=("chasing the ball", "wagging its tail", "waiting for the throw", "panting after a run"),
    places=("in the park", "on the lawn", "out in the fields", "in the back garden"),
    tags=("dog", "puppy", "fetch", "goodboy", "dogpark", "pets"),
)


class Painter(Scene):
    """Compositions: 0 running after the ball, 1 face to face, 2 sitting and watching the ball bounce."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.meadow = Meadow(rng, light, (268, 300, 290)[self.composition])
        self.room = Room(rng, light, 306)
        self.indoors = self.composition == 1 and bool(rng.random() < 0.5)
        self.accent, self.second = (light.accents[k] for k in rng.permutation(3)[:2])
        coats = coat_colours(light, self.accent)
        self.coat = stand_out(coats[rng.integers(4)], self.meadow.grass(), 75)
        self.ear = shade(self.coat, -0.4) if rng.random() < 0.7 else shade(self.coat, -0.15)
        self.pale, self.ink = mix(self.coat, light.key, 0.55), shade(light.near, -0.5)
        self.ball_colour, self.patch = self.second, bool(rng.random() < 0.6)
        self.pace, self.phase = float(rng.uniform(8.5, 10.5)), float(rng.uniform(0, math.tau))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._running, self._face_to_face, self._waiting)[self.composition](canvas, t)

    def _running(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the gallop to the left: the land runs past, the ball hops ahead."""
        self.meadow.draw(canvas, t, -150 * t)
        canvas.save()
        canvas.translate(10, 32)
        canvas.scale(0.9, 0.9)
        stride = self.pace * t + self.phase
        lift = 9 * abs(math.sin(stride / 2 + 0.6))
        cast(canvas, 142, 362, 92 - lift, 13, 0.55)
        hop = abs(math.sin(0.55 * stride))
        cast(canvas, 52, 368, 20 - 8 * hop, 5, 0.5)
        tennis_ball(canvas, self.light, self.ball_colour, 52, 352 - 74 * hop, 15, -300 * t)
        self._dust(canvas, t)
        canvas.save()
        canvas.translate(0, -lift)
        canvas.rotate(3 * math.sin(stride), 140, 300)
        self._gallop_legs(canvas, stride, far=True)
        self._gallop_body(canvas, stride)
        self._gallop_legs(canvas, stride, far=False)
        self._side_head(canvas, 84, 246 + 3 * math.sin(stride), 1.0, 8 * math.sin(stride + 1), tongue=True)
        canvas.restore()
        canvas.restore()
        for x in (-30, 40, 110, 190, 260):  # grass in front
            for k in range(4):
                px = (x + 9 * k + 190 * t) % 340 - 40
                leaf(
                    canvas, px, 440, -16 + 11 * k, 46 + 6 * (k % 2), 5, mix(self.meadow.grass(), self.light.near, 0.65)
                )

    def _dust(self, canvas: skia.Canvas, t: float) -> None:
        for k in range(6):
            age = (1.8 * t + k / 6) % 1
            canvas.drawCircle(
                196 + 60 * age, 358 - 14 * age - 3 * (k % 2), 4 + 9 * age, paint(self.light.key, 0.4 * (1 - age))
            )

    def _gallop_legs(self, canvas: skia.Canvas, stride: float, far: bool) -> None:
        tone = shade(self.coat, -0.32) if far else self.coat
        lag = 0.7 if far else 0.0
        for hip, sign, offset in ((112, 1, 0.0), (192, -1, 0.9)):
            swing = math.sin(stride - lag + offset) * sign
            fold = max(0.0, math.cos(stride - lag + offset) * sign)
            knee = (hip + 20 * swing, 320 - 5 * fold)
            foot = (hip + 44 * swing + 8, 354 - 24 * fold)
            limb(canvas, [(hip, 288), knee, foot], 15, tone, None if far else self.light)
            limb(canvas, [foot, (foot[0] - 8, foot[1] + 1)], 10, self.pale if self.patch else tone)

    def _gallop_body(self, canvas: skia.Canvas, stride: float) -> None:
        wag = 14 * math.sin(1.6 * stride)
        limb(canvas, [(204, 266), (228, 248), (238, 222 + wag)], 11, self.coat, self.light)
        body = shape("92,262 112,254 160,260 200,256 214,278 200,304 160,298 116,312 92,294")
        solid(canvas, body, self.coat, self.light, 1.0)
        if self.patch:
            canvas.save()
            canvas.clipPath(body, True)
            canvas.drawPath(oval(166, 262, 30, 22, 10), paint(self.ear, 0.9))
            canvas.restore()
        limb(canvas, [(108, 272), (92, 256)], 30, self.coat)
        limb(canvas, [(92, 276), (104, 256)], 8, self.accent)

    def _side_head(self, canvas: skia.Canvas, x: float, y: float, size: float, flap: float, tongue: bool) -> None:
        """Paint the head in profile, looking left: long muzzle, nose, hanging ear."""
        light = self.light
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(size, size)
        if tongue:
            limb(canvas, [(-30, 16), (-32, 26), (-26, 36 + flap * 0.5)], 9, mix(self.accent, light.key, 0.2))
        canvas.drawPath(shape("-44,12 -20,22 0,16 -14,6"), paint(shade(self.coat, -0.3)))
        head = shape("18,-16 2,-28 -16,-24 -26,-10 -48,-5 -55,4 -46,13 -14,15 14,20 24,4")
        solid(canvas, head, self.coat, light, 1.0)
        if self.patch:
            canvas.drawPath(shape("-30,4 -50,1 -52,9 -40,13 -16,13"), paint(self.pale, 0.9))
        ellipse(canvas, -53, -1, 7, 6, paint(self.ink))
        canvas.drawCircle(-55, -3, 1.8, paint(light.key, 0.9))
        ellipse(canvas, -16, -9, 4.6, 5.2, paint(self.ink))
        canvas.drawCircle(-17.6, -11, 1.7, paint("#ffffff"))
        ear = smooth(
            [(2, -22), (16, -20), (30 + 0.4 * abs(flap), 0 - flap), (24, 22 - 1.6 * flap), (10, 14 - flap), (2, -4)],
            close=True,
        )
        solid(canvas, ear, self.ear, light, 0.9)
        canvas.restore()

    def _face_to_face(self, canvas: skia.Canvas, t: float) -> None:
        (self.room if self.indoors else self.meadow).draw(canvas, t)
        light, pant = self.light, math.sin(self.pace * 1.3 * t)
        cast(canvas, 128, 400, 120, 20, 0.5)
        body = shape("84,300 172,300 206,380 214,480 42,480 50,380")
        solid(canvas, body, self.coat, light, 0.9)
        solid(canvas, oval(128, 376, 40, 62), self.pale, light, 0.3)
        limb(canvas, [(78, 318), (128, 344), (178, 318)], 15, self.accent, light)
        solid(canvas, oval(128, 352, 12, 12), mix(light.key, self.second, 0.35), light, 1.0)
        canvas.save()
        canvas.translate(128, 226 + 2.5 * pant)
        canvas.rotate(9 * math.sin(1.9 * t + self.phase))
        self._front_head(canvas, t, pant)
        canvas.restore()
        bounce = abs(math.sin(3.1 * t))
        cast(canvas, 200, 392, 26 - 8 * bounce, 6, 0.5)
        tennis_ball(canvas, self.light, self.ball_colour, 200, 366 - 52 * bounce, 24, 160 * t)

    def _front_head(self, canvas: skia.Canvas, t: float, pant: float) -> None:
        light = self.light
        skull = shape("0,-88 48,-74 68,-26 58,24 36,66 0,78 -36,66 -58,24 -68,-26 -48,-74")
        solid(canvas, skull, self.coat, light, 1.0)
        if self.patch:
            blaze = shape("0,-84 12,-40 20,10 -20,10 -12,-40")
            canvas.drawPath(blaze, paint(self.pale, 0.9))
        self._mouth(canvas, pant)
        for side in (-1, 1):
            solid(canvas, oval(20 * side, 30, 27, 24), self.pale, light, 0.5)
            for k in range(3):
                canvas.drawCircle(side * (18 + 8 * k), 30 + 4 * (k % 2), 1.5, paint(self.ink, 0.6))
            shut = math.sin(2.3 * t + self.phase) > 0.93
            ellipse(canvas, 29 * side, -20, 10, 1.6 if shut else 11, paint(self.ink))
            if not shut:
                canvas.drawCircle(29 * side - 3, -24, 3.6, paint("#ffffff"))
                canvas.drawCircle(29 * side + 3, -15, 1.8, paint(light.key, 0.7))
            brow = [(18 * side, -40 - pant), (30 * side, -44 - 2 * pant), (40 * side, -38)]
            canvas.drawPath(smooth(brow), paint(shade(self.coat, -0.35), stroke=4))
            self._hanging_ear(canvas, side, 6 * math.sin(3.4 * t + side))
        solid(canvas, shape("-22,0 0,-8 22,0 12,18 0,23 -12,18"), self.ink, light, 0.4)
        ellipse(canvas, -7, 1, 6, 3, paint(light.key, 0.7))

    def _mouth(self, canvas: skia.Canvas, pant: float) -> None:
        """Paint the open mouth with the tongue that pants."""
        canvas.drawPath(shape("-28,44 28,44 20,70 0,78 -20,70"), paint(shade(self.ink, -0.2)))
        tongue = smooth(
            [(-15, 54), (15, 54), (18, 88 + 8 * pant), (0, 104 + 10 * pant), (-18, 88 + 8 * pant)], close=True
        )
        pink = mix(self.accent, self.light.key, 0.25)
        solid(canvas, tongue, pink, self.light, 0.8)
        canvas.drawLine(0, 58, 0, 90 + 8 * pant, paint(shade(pink, -0.3), stroke=2))

    def _hanging_ear(self, canvas: skia.Canvas, side: int, flap: float) -> None:
        ear = [(34, -78), (62, -76), (86 + flap, -36), (88 + flap, 14), (72 + flap, 34), (58, 4), (52, -36)]
        solid(canvas, smooth([(side * x, y) for x, y in ear], close=True), self.ear, self.light, 0.9)

    def _waiting(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the dog sitting on the lawn, nose following the ball up and down."""
        self.meadow.draw(canvas, t, 4 * t)
        self._fence(canvas)
        light, height = self.light, abs(math.sin(2.4 * t + self.phase))
        cast(canvas, 156, 378, 78, 13, 0.55)
        cast(canvas, 60, 382, 26 - 10 * height, 6, 0.5)
        tennis_ball(canvas, self.light, self.ball_colour, 60, 362 - 190 * height, 18, 90 * t)
        wag = 22 * math.sin(self.pace * t)
        limb(canvas, [(190, 360), (214, 352), (226 + 0.2 * wag, 330 - wag)], 13, self.coat, light)
        limb(canvas, [(128, 300), (122, 340), (120, 370)], 18, shade(self.coat, -0.3))
        body = shape("128,250 156,250 182,300 202,344 194,374 150,376 122,330 116,280")
        solid(canvas, body, self.coat, light, 1.0)
        solid(canvas, oval(174, 350, 28, 24), shade(self.coat, -0.08), light, 0.5)
        limb(canvas, [(186, 374), (152, 375)], 13, self.pale if self.patch else self.coat, light)
        limb(canvas, [(134, 296), (132, 340), (131, 366)], 19, self.coat, light)
        limb(canvas, [(132, 373), (120, 374)], 12, self.pale if self.patch else self.coat)
        limb(canvas, [(116, 262), (136, 268), (158, 256)], 10, self.accent, light)
        canvas.save()
        canvas.translate(134, 236)
        canvas.rotate(-14 + 30 * height)
        self._side_head(canvas, 4, -18, 1.2, 5 * math.sin(4 * t), tongue=height < 0.5)
        canvas.restore()

    def _fence(self, canvas: skia.Canvas) -> None:
        light = self.light
        wood = mix(light.far, light.key, 0.35)
        for y in (262, 282):
            box(canvas, -90, y, 346, y + 6, paint(shade(wood, -0.15)))
        for x in range(-84, 340, 30):
            post = polygon([(x, 304), (x, 250), (x + 7, 242), (x + 14, 250), (x + 14, 304)])
            solid(canvas, post, wood, light, 0.5)
        glow(canvas, 128, 300, 120, light.horizon, 0.2)
