"""A cat: on a windowsill, stretching on a rug, and following a feather toy."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import box, linear, mix, paint, shade, smooth
from assets.painter.props_home import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    cast,
    limb,
    oval,
    potted_plant,
    rug,
    shape,
    solid,
    stand_out,
    wall_colour,
)
from assets.painter.props_pets import CatHead, Window, coat_colours, feather_toy
from assets.painter.scenes.base import Scene, Words
from assets.painter.sets_home import Room

TOPIC = "pets"
WORDS = Words(
    subjects=("a house cat", "our cat", "a sleepy cat", "the neighbour's tabby", "a curious kitten"),
    actions=("watching the street", "stretching after a nap", "chasing a feather toy", "swishing its tail"),
    places=("on the windowsill", "on the living room rug", "in a patch of light", "at home"),
    tags=("cat", "catlife", "whiskers", "kitten", "meow", "pets"),
)


class Painter(Scene):
    """Compositions: 0 on the windowsill, 1 stretching on a rug, 2 face to face with a toy."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.room = Room(rng, light, 292)
        self.accent, self.second = (light.accents[k] for k in rng.permutation(3)[:2])
        coats = coat_colours(light, self.accent)
        ground = mix(light.middle, light.horizon, 0.6) if self.composition == 0 else wall_colour(light)
        self.coat = stand_out(coats[rng.integers(4)], ground, 75)
        self.pale = mix(self.coat, light.key, 0.6)
        self.dark = shade(self.coat, -0.45)
        self.striped, self.bib = bool(rng.random() < 0.6), bool(rng.random() < 0.6)
        self.window = Window(rng, light, self.second)
        self.head = CatHead(light, self.coat, self.accent, self.second, self.striped)
        self.phase = float(rng.uniform(0, math.tau))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._on_sill, self._stretching, self._with_toy)[self.composition](canvas, t)

    def _on_sill(self, canvas: skia.Canvas, t: float) -> None:
        light, base = self.light, wall_colour(self.light)
        wall = linear(
            (0, TOP),
            (0, BOTTOM),
            [mix(base, light.near, 0.55), mix(base, light.near, 0.3), mix(base, light.near, 0.75)],
        )
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=wall))
        self.window.draw(canvas, t)
        fill = linear((0, 304), (0, 322), [mix(light.key, base, 0.25), mix(base, light.far, 0.4)])
        box(canvas, LEFT, 304, RIGHT, 322, paint(shader=fill))
        box(canvas, LEFT, 322, RIGHT, 334, paint("#000000", 0.25))
        for k in range(-2, 9):  # panelling under the sill
            box(canvas, 40.0 * k, 346, 40.0 * k + 32, 470, paint(light.key, 0.05), 2)
        colours = mix(light.far, self.second, 0.4), mix(self.accent, light.far, 0.35)
        potted_plant(canvas, 62, 306, 0.8, t, colours, light)
        cast(canvas, 136, 310, 62, 9, 0.5)
        self._sitting(canvas, t)

    def _sitting(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the cat from behind, against the light; the tail hangs over the sill and swings."""
        light, coat = self.light, self.coat
        swing = 20 * math.sin(2.6 * t + self.phase)
        limb(canvas, [(158, 300), (182, 316), (186 + swing * 0.4, 350), (182 + swing, 384)], 15, coat, light)
        limb(canvas, [(183 + swing * 0.8, 376), (182 + swing, 385)], 14, self.dark)
        breath = 1.5 * math.sin(3 * t)
        sides = [(182 + breath, 268), (176, 304), (134, 310), (94, 304), (88 - breath, 268)]
        body = smooth([(136, 206), (164, 228), *sides, (108, 226)], close=True)
        solid(canvas, body, coat, light, 1.0)
        if self.striped:
            for k in range(4):
                y = 234 + 17 * k
                canvas.drawPath(
                    smooth([(112 - 4 * k, y + 4), (136, y - 5), (160 + 4 * k, y + 4)]), paint(self.dark, 0.55, stroke=5)
                )
        limb(canvas, [(112, 220), (136, 228), (160, 220)], 8, self.second, light)
        self._back_of_head(canvas, t)

    def _back_of_head(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the head from behind, turning after something outside."""
        turn = 5 * math.sin(1.4 * t + self.phase)
        canvas.save()
        canvas.translate(136 + turn, 190)
        canvas.rotate(turn)
        self.head.ears(canvas, 1.0, 4 * max(0.0, math.sin(5 * t)), inner=False)
        solid(canvas, oval(0, 0, 39, 34), self.coat, self.light, 1.0)
        if self.striped:
            for x in (-12, 0, 12):
                canvas.drawLine(x, -30, x * 0.8, -14, paint(self.dark, 0.6, stroke=4))
        for side in (-1, 1):
            for k in range(3):
                canvas.drawLine(34 * side, 6 + 5 * k, 60 * side, 2 + 9 * k, paint(self.light.key, 0.75, stroke=1))
        canvas.restore()

    def _stretching(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the long bow: front paws far out, chest low, rump and tail high."""
        self.room.draw(canvas, t)
        light = self.light
        rug(canvas, (128, 352, 112, 32), self.second, light)
        cast(canvas, 128, 352, 104, 15, 0.55)
        bow = 0.5 + 0.5 * math.sin(2.4 * t + self.phase)
        self._stretch_tail(canvas, t, bow)
        for dx, tone in ((10, -0.3), (0, 0.0)):  # far and near hind leg
            leg = [(188 + dx, 270 - 8 * bow), (200 + dx, 304), (190 + dx, 326), (192 + dx, 350)]
            limb(canvas, leg, 18, shade(self.coat, tone), light)
            limb(canvas, [(193 + dx, 353), (180 + dx, 354)], 11, shade(self.coat, tone))
        chest = 300 + 18 * bow
        for dy, tone in ((-7, -0.3), (0, 0.0)):  # front legs
            joints = [(98, chest + dy), (72 - 10 * bow, 338 + dy), (42 - 8 * bow, 352 + dy)]
            limb(canvas, joints, 17, shade(self.coat, tone), light)
        self._stretch_body(canvas, bow, chest)
        self._profile(canvas, t, 74 - 4 * bow, chest - 26)

    def _stretch_tail(self, canvas: skia.Canvas, t: float, bow: float) -> None:
        wave = 12 * math.sin(3.4 * t)
        joints = [(198, 258 - 8 * bow), (220, 222), (212 + wave * 0.4, 182), (196 + wave, 152 - 6 * bow)]
        limb(canvas, joints, 13, self.coat, self.light)
        limb(canvas, [(198 + wave * 0.9, 160), (196 + wave, 152 - 6 * bow)], 12, self.dark)

    def _stretch_body(self, canvas: skia.Canvas, bow: float, chest: float) -> None:
        rump = 250 - 12 * bow
        back = [
            (206, rump + 26),
            (196, rump - 2),
            (168, rump - 4),
            (128, chest - 46 + 8 * bow),
            (94, chest - 28),
            (80, chest - 4),
            (96, chest + 18),
            (138, chest + 4),
            (176, rump + 52),
            (202, rump + 50),
        ]
        body = smooth(back, close=True)
        solid(canvas, body, self.coat, self.light, 1.0)
        if not self.striped:
            return
        canvas.save()
        canvas.clipPath(body, True)
        for k in range(6):
            x = 112 + 16 * k
            canvas.drawPath(
                smooth([(x, rump - 20), (x + 6, rump + 14), (x - 2, rump + 40)]), paint(self.dark, 0.5, stroke=5)
            )
        canvas.restore()

    def _profile(self, canvas: skia.Canvas, t: float, x: float, y: float) -> None:
        """Paint the head in three-quarter view, eyes shut with pleasure now and then."""
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(-8 + 4 * math.sin(2.4 * t))
        canvas.scale(0.72, 0.72)
        self.head.ears(canvas, 1.0, 0, inner=True)
        solid(canvas, oval(0, 0, 42, 35), self.coat, self.light, 1.0)
        self.head.face(canvas, 0, 0, blink=math.sin(2.4 * t + self.phase) > 0.1)
        canvas.restore()

    def _with_toy(self, canvas: skia.Canvas, t: float) -> None:
        self.room.draw(canvas, t)
        light = self.light
        toy_x, toy_y = 128 + 58 * math.sin(2.5 * t + self.phase), 118 + 18 * math.cos(5 * t + 2 * self.phase)
        cast(canvas, 128, 398, 110, 18, 0.6)
        limb(canvas, [(84, 390), (50, 378), (46 + 8 * math.sin(4 * t), 336)], 18, self.coat, light)
        body = shape("128,262 172,302 186,362 160,398 96,398 70,362 84,302")
        solid(canvas, body, self.coat, light, 0.9)
        if self.bib:
            solid(canvas, oval(128, 344, 28, 44), self.pale, light, 0.4)
        for x in (106, 150):
            solid(canvas, oval(x, 396, 20, 12), self.pale if self.bib else self.coat, light)
        follow = (toy_x - 128) / 58
        canvas.save()
        canvas.translate(128 + 6 * follow, 248)
        canvas.rotate(7 * follow)
        canvas.scale(1.55, 1.55)
        self.head.ears(canvas, 1.0, 3 * math.sin(7 * t), inner=True)
        solid(canvas, oval(0, 0, 44, 37), self.coat, light, 1.0)
        self.head.face(canvas, 4.5 * follow, -2.6, blink=False)
        canvas.restore()
        self._paw(canvas, toy_x, toy_y, t)
        feather_toy(canvas, light, (self.accent, self.second), toy_x, toy_y, t)

    def _paw(self, canvas: skia.Canvas, toy_x: float, toy_y: float, t: float) -> None:
        """Paint the paw that reaches for the toy on its side."""
        reach = 0.5 + 0.5 * math.sin(5 * t)
        x, y = 204 + 0.1 * (toy_x - 128), 306 - 52 * reach
        limb(canvas, [(164, 352), (194, 340), (x, y)], 24, self.coat, self.light)
        solid(canvas, oval(x, y - 4, 18, 17), self.pale if self.bib else self.coat, self.light, 1.0)
        for dx in (-8, 0, 8):
            canvas.drawLine(x + dx, y - 18, x + dx, y - 11, paint(self.dark, 0.8, stroke=1.8))
