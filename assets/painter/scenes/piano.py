"""A piano: the keys under falling hands of light, a grand on a stage, an upright in a room."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import box, glow, linear, mix, paint, polygon, shade, smooth
from assets.painter.props_home import BOTTOM, LEFT, RIGHT, TOP, cast, limb, solid, stand_out
from assets.painter.props_music import black_key, metronome, sheet_music, table_lamp, white_key
from assets.painter.scenes.base import Scene, Words
from assets.painter.sets_home import Motes, Room, Stage

TOPIC = "music"
WORDS = Words(
    subjects=("a piano", "the grand piano", "an old upright piano", "a slow waltz", "black and white keys"),
    actions=("playing a quiet tune", "keys dancing", "practising scales", "holding the last chord"),
    places=("in an empty hall", "in the front room", "on stage", "next door"),
    tags=("piano", "pianist", "keys", "practice", "melody", "music"),
)
BLACK_AFTER = (0, 1, 3, 4, 5)  # the white keys of an octave that a black key follows


class Painter(Scene):
    """Compositions: 0 the keyboard from close by, 1 a grand with its pianist, 2 an upright in a room."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.room, self.stage, self.motes = Room(rng, light, 322), Stage(rng, light), Motes(rng)
        self.accent = light.accents[rng.integers(3)]
        self.case = mix(mix(light.near, light.far, 0.35), self.accent, float(rng.uniform(0.05, 0.4)))
        self.chords = rng.integers(0, 8, (24, 3))
        self.tempo = float(rng.uniform(3.2, 4.6))
        self.marks = rng.integers(-2, 7, (3, 9))
        self.lamp = bool(rng.random() < 0.6)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        canvas.save()
        (self._keyboard, self._grand, self._upright)[self.composition](canvas, t)
        canvas.restore()
        self.motes.draw(canvas, t, self.light.key)

    def _pressed(self, key: int, t: float) -> float:
        """Return how far a white key is down, in 0..1: each beat strikes one chord."""
        beat = t * self.tempo
        fade = 1 - (beat % 1) ** 2
        return fade if key in self.chords[int(beat) % len(self.chords)] else 0.0

    def _keyboard(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        tones = linear((0, TOP), (120, 260), [shade(self.case, 0.15), self.case, mix(self.case, light.near, 0.6)])
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        sheet_music(canvas, self.light, self.marks, 46, 62, 164, 116)
        fill = linear((0, 178), (0, 190), [mix(self.case, light.key, 0.5), self.case])
        box(canvas, LEFT, 178, RIGHT, 190, paint(shader=fill))
        self._fallboard(canvas, t)
        left, width = 16.0, 32.0
        for key in range(-3, 11):
            white_key(canvas, light, self.accent, left + width * key, width, self._pressed(key, t))
        for key in range(-3, 11):
            if key % 7 in BLACK_AFTER:
                black_key(canvas, light, left + width * (key + 1), self._pressed(7 - key, t))
        fill = linear((0, 404), (0, 460), [mix(self.case, light.key, 0.4), self.case])
        box(canvas, LEFT, 404, RIGHT, BOTTOM, paint(shader=fill))

    def _fallboard(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the polished board behind the keys; struck keys glow in it."""
        light = self.light
        fill = linear((0, 190), (0, 246), [mix(light.near, self.case, 0.4), shade(light.near, -0.3)])
        box(canvas, LEFT, 190, RIGHT, 246, paint(shader=fill))
        for key in range(-3, 11):
            level = self._pressed(key, t)
            box(canvas, 18 + 32 * key, 218, 46 + 32 * key, 246, paint(light.key, 0.16 + 0.3 * level))
            if level:
                glow(canvas, 32 + 32 * key, 240, 46, self.accent, 0.8 * level)
        box(canvas, LEFT, 242, RIGHT, 248, paint(mix(self.accent, light.near, 0.35)))

    def _grand(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the grand from the side: raised lid, curved rim, three legs and a swaying pianist."""
        self.stage.draw(canvas, t)
        canvas.translate(12, 24)
        canvas.scale(0.93, 0.93)
        light, body = self.light, stand_out(self.case, mix(self.light.middle, self.light.horizon, 0.35), 80)
        cast(canvas, 134, 366, 130, 18, 0.7)
        for x in (112, 204):
            solid(canvas, polygon([(x - 6, 286), (x + 6, 286), (x + 3, 362), (x - 3, 362)]), shade(body, -0.2), light)
        lid = smooth([(106, 240), (122, 190), (172, 132), (214, 112), (222, 128), (218, 240)])
        lid.close()
        solid(canvas, lid, mix(body, light.key, 0.12), light, 1.0)
        canvas.drawLine(182, 244, 196, 152, paint(light.key, 0.8, stroke=2.2))
        box(canvas, 112, 232, 214, 246, paint(mix(self.accent, light.key, 0.3)))
        for k in range(17):  # the strings inside tremble
            canvas.drawLine(114 + 6 * k, 233, 116 + 6 * k + math.sin(22 * t + k), 245, paint(light.near, 0.6, stroke=1))
        rim = polygon([(86, 244), (222, 244), (222, 284), (206, 292), (100, 292), (86, 276)])
        solid(canvas, rim, body, light, 1.0)
        box(canvas, 100, 254, 214, 257, paint(light.key, 0.4), 2)
        self._key_ledge(canvas, t, body)
        self._pianist(canvas, t)

    def _key_ledge(self, canvas: skia.Canvas, t: float, body) -> None:
        light = self.light
        solid(canvas, polygon([(66, 268), (108, 268), (108, 284), (66, 284)]), shade(body, -0.1), light)
        for k in range(8):
            down = self._pressed(k, t)
            box(
                canvas,
                68 + 4.6 * k,
                263 + 2.5 * down,
                72 + 4.6 * k,
                269,
                paint(mix(light.key, self.accent, 0.6 * down)),
            )
        canvas.drawPath(
            polygon([(104, 262), (110, 218), (114, 218), (110, 262)]), paint(mix(light.key, light.horizon, 0.3))
        )

    def _pianist(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the player on the stool, leaning with the bar and lifting the hands on the beat."""
        light = self.light
        coat = stand_out(mix(self.accent, light.near, 0.25), light.middle, 50)
        lean, lift = 5 * math.sin(t * self.tempo * 0.8), 7 * abs(math.sin(t * self.tempo * math.pi / 2))
        box(canvas, 26, 302, 66, 311, paint(light.near), 3)
        for x in (32, 60):
            canvas.drawLine(x, 310, x, 362, paint(light.near, stroke=3.4))
        limb(canvas, [(46, 296), (82, 300), (86, 330), (88, 358)], 13, shade(coat, -0.45), light)
        limb(canvas, [(86, 360), (98, 361)], 7, light.near)
        torso = smooth(
            [(30, 302), (30 + lean * 0.4, 262), (40 + lean, 226), (56 + lean, 222), (62 + lean * 0.7, 256), (62, 302)]
        )
        torso.close()
        solid(canvas, torso, coat, light, 1.0)
        skin = mix(mix(self.accent, light.horizon, 0.5), light.key, 0.35)
        canvas.drawCircle(54 + lean * 1.5, 206, 13, paint(skin))
        hair = smooth(
            [
                (42 + lean * 1.4, 214),
                (40 + lean * 1.5, 198),
                (54 + lean * 1.6, 190),
                (67 + lean * 1.5, 198),
                (54 + lean * 1.5, 201),
            ],
            close=True,
        )
        canvas.drawPath(hair, paint(light.near))
        limb(canvas, [(50 + lean, 234), (60 + lean * 0.4, 262), (82, 261 - lift)], 10, shade(coat, -0.12), light)
        canvas.drawCircle(86, 261 - lift, 5, paint(skin))

    def _upright(self, canvas: skia.Canvas, t: float) -> None:
        self.room.draw(canvas, t)
        canvas.translate(9, 24)
        canvas.scale(0.93, 0.93)
        light, body = self.light, stand_out(self.case, self.light.middle, 60)
        cast(canvas, 128, 376, 120, 18, 0.65)
        solid(canvas, polygon([(38, 172), (218, 172), (218, 372), (38, 372)]), body, light, 0.9)
        box(canvas, 32, 164, 224, 176, paint(shader=linear((0, 164), (0, 176), [mix(body, light.key, 0.5), body])), 3)
        for x in (52, 136):
            box(canvas, x, 188, x + 68, 246, paint(shade(body, -0.25)), 4)
            fill = linear((x, 190), (x + 60, 244), [shade(body, 0.12), shade(body, -0.15)])
            box(canvas, x + 3, 191, x + 65, 243, paint(shader=fill), 3)
        fill = linear((0, 312), (0, 360), [shade(body, -0.4), shade(body, -0.1)])
        box(canvas, 52, 312, 204, 360, paint(shader=fill), 4)
        self._upright_keys(canvas, t, body)
        sheet_music(canvas, self.light, self.marks, 86, 192, 84, 58)
        metronome(canvas, light, self.accent, 30 * math.sin(t * self.tempo * math.pi / 2))
        for x in (118, 138):  # pedals
            box(canvas, x - 4, 364, x + 4, 380, paint(mix(light.key, self.accent, 0.4)), 3)
        if self.lamp:
            table_lamp(canvas, light, self.accent)

    def _upright_keys(self, canvas: skia.Canvas, t: float, body) -> None:
        light = self.light
        fill = linear((0, 288), (0, 308), [shade(body, 0.1), shade(body, -0.35)])
        box(canvas, 26, 288, 230, 308, paint(shader=fill), 3)
        box(canvas, 40, 254, 216, 266, paint(shade(light.near, -0.2)))
        for k in range(20):
            down = self._pressed(k % 8, t)
            x = 40 + 8.8 * k
            box(canvas, x + 0.4, 264, x + 8.4, 288 + 5 * down, paint(mix(light.key, self.accent, 0.7 * down)), 1)
            if k % 7 in BLACK_AFTER:
                box(canvas, x + 6, 262, x + 11.4, 278, paint(shade(light.near, -0.5)), 1)
        for x in (26, 216):
            solid(canvas, polygon([(x, 252), (x + 14, 252), (x + 14, 306), (x, 306)]), body, light)
            solid(canvas, polygon([(x + 2, 306), (x + 12, 306), (x + 9, 374), (x + 5, 374)]), shade(body, -0.1), light)
