"""A guitar: leaning in a room, strummed from close by, and played on a stage."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import Colour, box, ellipse, glow, linear, mix, paint, polygon, shade, smooth
from assets.painter.props_home import BOTTOM, LEFT, RIGHT, TOP, cast, limb, potted_plant, solid, stand_out, wall_colour
from assets.painter.props_strings import Guitar
from assets.painter.scenes.base import Scene, Words
from assets.painter.sets_home import Crowd, Motes, Room, Stage, speakers

TOPIC = "music"
WORDS = Words(
    subjects=("an acoustic guitar", "six strings", "a guitar player", "that old guitar", "a new riff"),
    actions=("strumming three chords", "the strings still ringing", "tuning by ear", "playing the solo again"),
    places=("in the corner of the room", "under the stage lights", "on the porch", "at the open mic"),
    tags=("guitar", "acoustic", "strings", "riff", "livemusic", "music"),
)


class Painter(Scene):
    """Compositions: 0 a guitar on its stand, 1 a hand over the sound hole, 2 a player on stage."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.room, self.stage, self.motes = Room(rng, light, 330), Stage(rng, light), Motes(rng)
        self.accent, self.cloth = (light.accents[k] for k in rng.permutation(3)[:2])
        wood = mix(self.accent, (light.near, light.horizon, light.far)[rng.integers(3)], float(rng.uniform(0.15, 0.5)))
        self.wood = stand_out(wood, wall_colour(light), 60)
        self.tempo, self.lean = float(rng.uniform(5, 7)), float(rng.uniform(-9, 9))
        pickguard, self.plant = bool(rng.random() < 0.6), bool(rng.random() < 0.7)
        self.guitar = Guitar(light, self.wood, self.cloth, self.tempo, pickguard)
        self.crowd = Crowd(rng, light, self.tempo)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._on_stand, self._strum, self._player)[self.composition](canvas, t)
        self.motes.draw(canvas, t, self.light.key)

    def _on_stand(self, canvas: skia.Canvas, t: float) -> None:
        self.room.draw(canvas, t)
        if self.plant:
            colours = mix(self.light.far, self.light.accents[2], 0.4), mix(self.cloth, self.light.far, 0.3)
            cast(canvas, 216, 352, 34, 8, 0.5)
            potted_plant(canvas, 212, 352, 1.1, t, colours, self.light)
        self._stool(canvas)
        cast(canvas, 128, 376, 92, 16, 0.65)
        canvas.save()
        canvas.translate(128, 272)
        canvas.rotate(self.lean + 2.4 * math.sin(2.1 * t))
        for x in (-34, 34):
            canvas.drawLine(x * 0.5, 60, x, 108, paint(self.light.near, stroke=4))
        self._sound_rings(canvas, t)
        canvas.save()  # the shadow on the wall
        canvas.translate(11, 8)
        canvas.drawPath(self.guitar.outline(), paint("#000000", 0.22))
        canvas.restore()
        self.guitar.draw(canvas, t)
        canvas.restore()

    def _sound_rings(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the note as faint rings that run out from the sound hole."""
        for k in range(4):
            age = (0.5 * t + k / 4) % 1
            canvas.drawCircle(0, 0, 40 + 110 * age, paint(self.light.key, 0.32 * (1 - age), stroke=3 * (1 - age) + 0.5))

    def _stool(self, canvas: skia.Canvas) -> None:
        """Paint a low amplifier behind the guitar: cloth grille, handle and a lit lamp."""
        light = self.light
        solid(
            canvas,
            polygon([(36, 262), (112, 262), (112, 358), (36, 358)]),
            mix(light.near, self.cloth, 0.2),
            light,
            0.9,
        )
        box(canvas, 43, 284, 105, 350, paint(mix(light.far, light.horizon, 0.25)), 3)
        for k in range(9):
            canvas.drawLine(44, 290 + 7 * k, 104, 290 + 7 * k, paint(light.near, 0.35, stroke=2))
        for k in range(4):
            canvas.drawCircle(52 + 12 * k, 273, 4, paint(light.key, 0.9))
        glow(canvas, 102, 273, 14, self.accent, 0.9)

    def _strum(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the body filling the frame, strings running up and a hand sweeping over them."""
        light, wood = self.light, self.wood
        base = linear(
            (0, TOP), (200, BOTTOM), [mix(wall_colour(light), light.key, 0.2), mix(wall_colour(light), light.near, 0.6)]
        )
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=base))
        canvas.save()
        canvas.translate(128, 246)
        canvas.rotate(self.lean)
        canvas.scale(2.5, 2.5)
        self._big_body(canvas, wood)
        for k in range(6):
            self.guitar.string(canvas, -9 + 3.6 * k, -130, 56, k, t)
        canvas.restore()
        self._hand(canvas, t)

    def _big_body(self, canvas: skia.Canvas, wood: Colour) -> None:
        light, outline = self.light, self.guitar.outline()
        canvas.drawPath(outline, paint(light.near, stroke=7))
        solid(canvas, outline, wood, light, 1.0)
        canvas.drawPath(outline, paint(light.key, 0.5, stroke=1.2))
        canvas.save()
        canvas.clipPath(outline, True)
        for k in range(-14, 15):
            canvas.drawLine(k * 4.4, -80, k * 4.8, 110, paint(shade(wood, -0.4), 0.13, stroke=0.6 + 0.5 * (k % 3)))
        glow(canvas, -30, -40, 70, light.key, 0.45)
        canvas.restore()
        self.guitar.hole(canvas, 0, 0, 21)
        fill = linear((-12, 0), (12, 0), [light.far, light.near, shade(light.near, -0.4)])
        box(canvas, -12, -140, 12, -24, paint(shader=fill))
        for y in (-88, -70, -53, -38):
            canvas.drawLine(-12, y, 12, y, paint(light.key, 0.8, stroke=1.2))
        box(canvas, -25, 50, 25, 60, paint(shade(light.near, -0.1)), 3)
        for k in range(6):
            canvas.drawCircle(-9 + 3.6 * k, 55, 1.5, paint(light.key))

    def _hand(self, canvas: skia.Canvas, t: float) -> None:
        """Paint sleeve, hand and plectrum; the wrist swings across the strings on each beat."""
        light = self.light
        sweep = 34 * math.sin(t * self.tempo)
        x, y = 140 + sweep * 0.55, 268 + sweep
        skin = mix(mix(self.accent, light.horizon, 0.55), light.key, 0.3)
        joints = [(318, 392), (250, 348 + sweep * 0.5), (x + 52, y + 34)]
        limb(canvas, joints, 58, stand_out(self.cloth, self.wood, 45), light)
        limb(canvas, [(x + 56, y + 34), (x + 34, y + 18)], 34, skin, light)
        for k in range(4):
            joints = [(x + 44 - 3 * k, y + 6 + 13 * k), (x + 16, y + 2 + 11 * k), (x + 12, y + 14 + 9 * k)]
            limb(canvas, joints, 13, shade(skin, -0.09 * k), light)
        canvas.drawPath(polygon([(x - 14, y + 4), (x + 10, y - 6), (x + 12, y + 12)]), paint(light.key))
        limb(canvas, [(x + 34, y + 2), (x + 18, y - 6), (x + 4, y + 4)], 13, skin, light)

    def _player(self, canvas: skia.Canvas, t: float) -> None:
        self.stage.draw(canvas, t)
        light, bob = self.light, 5 * math.sin(t * self.tempo)
        for x in (40, 214):
            speakers(canvas, light, x)
        cast(canvas, 128, 372, 84, 15, 0.7)
        shirt = stand_out(self.cloth, mix(light.top, light.near, 0.3), 60)
        skin = mix(mix(self.accent, light.horizon, 0.5), light.key, 0.35)
        self._figure(canvas, bob, shirt, skin)
        canvas.save()
        canvas.translate(118, 240 + bob * 0.6)
        canvas.rotate(62 + bob * 0.7)
        canvas.scale(0.64, 0.64)
        self.guitar.draw(canvas, t)
        canvas.restore()
        strum = 13 * math.sin(t * self.tempo * 2)
        limb(canvas, [(108, 192 + bob), (84, 228 + bob), (120, 242 + bob + strum)], 14, shade(shirt, -0.12), light)
        canvas.drawCircle(122, 244 + bob + strum, 8, paint(skin))
        joints = [(148, 190 + bob), (186, 222 + bob), (204 - strum * 0.4, 202 + bob)]
        limb(canvas, joints, 13, shade(shirt, -0.2), light)
        canvas.drawCircle(205 - strum * 0.4, 199 + bob, 7, paint(skin))
        self.crowd.draw(canvas, t)

    def _figure(self, canvas: skia.Canvas, bob: float, shirt: Colour, skin: Colour) -> None:
        light = self.light
        for side in (-1, 1):
            joints = [(128 + 10 * side, 262 + bob), (128 + 24 * side, 314), (128 + 32 * side, 362)]
            limb(canvas, joints, 19, mix(light.near, light.far, 0.3), light)
            limb(canvas, [(128 + 32 * side, 366), (128 + 46 * side, 367)], 10, shade(light.near, -0.3))
        torso = polygon([(100, 186 + bob), (156, 186 + bob), (150, 270 + bob), (106, 270 + bob)])
        solid(canvas, torso, shirt, light, 1.0)
        ellipse(canvas, 128, 158 + bob * 1.6, 16, 20, paint(skin))
        hair = smooth(
            [
                (108, 172 + bob),
                (108, 148 + bob * 1.6),
                (128, 134 + bob * 1.7),
                (148, 148 + bob * 1.6),
                (149, 176 + bob),
                (142, 154 + bob * 1.6),
                (116, 154 + bob * 1.6),
            ],
            close=True,
        )
        canvas.drawPath(hair, paint(shade(light.near, -0.2)))
        canvas.drawPath(hair, paint(light.key, 0.5, stroke=1.2))
