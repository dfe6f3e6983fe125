"""A record spinning on a turntable: from above, on a sideboard, and the stylus from close by."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import box, ellipse, glow, linear, mix, paint, polygon, shade, smooth
from assets.painter.props_home import BOTTOM, LEFT, RIGHT, TOP, cast, solid, stand_out
from assets.painter.props_music import Record
from assets.painter.scenes.base import Scene, Words
from assets.painter.sets_home import Motes, Room

TOPIC = "music"
WORDS = Words(
    subjects=("a turntable", "an old record", "a vinyl record", "my first record player", "side B"),
    actions=("spinning slowly", "the needle dropping", "crackling before the song starts", "playing all evening"),
    places=("on the sideboard", "in the living room", "at the flea market", "by the window"),
    tags=("vinyl", "turntable", "records", "nowspinning", "analog", "music"),
)


class Painter(Scene):
    """Compositions: 0 the deck from above, 1 the deck on a sideboard, 2 the stylus in the groove."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.room, self.motes = Room(rng, light, 300), Motes(rng, 22)
        self.label, self.case = (light.accents[k] for k in rng.permutation(3)[:2])
        self.plinth = stand_out(
            mix(self.case, (light.horizon, light.near, light.far)[rng.integers(3)], 0.6), light.near, 70
        )
        self.record = Record(rng, light, self.label)
        self.radius = float(rng.uniform(84, 92))
        self.sleeves = [(float(rng.uniform(-3, 3)), int(rng.integers(3))) for _ in range(int(rng.integers(2, 5)))]

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._from_above, self._on_sideboard, self._stylus)[self.composition](canvas, t)
        self.motes.draw(canvas, t, self.light.key)

    def _from_above(self, canvas: skia.Canvas, t: float) -> None:
        self._desk(canvas)
        cast(canvas, 136, 240, 170, 210, 0.6)
        deck = skia.Path()
        deck.addRoundRect(skia.Rect.MakeLTRB(26, 84, 230, 378), 14, 14)
        solid(canvas, deck, self.plinth, self.light, 0.9)
        for x, y in ((38, 96), (218, 96), (38, 366), (218, 366)):
            canvas.drawCircle(x, y, 3, paint(shade(self.plinth, -0.4)))
        self._fader(canvas, t)
        self.record.draw(canvas, 124, 206, self.radius, t)
        self._arm(canvas, (204, 116), (168, 262 + math.sin(2.6 * t)))

    def _desk(self, canvas: skia.Canvas) -> None:
        """Paint a desk top seen from above: boards and the light of a window."""
        light = self.light
        wood = mix(light.middle, light.far, 0.5)
        tones = linear((0, TOP), (200, BOTTOM), [mix(wood, light.key, 0.35), wood, mix(wood, light.near, 0.6)])
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        for k in range(-1, 7):
            x = k * 48.0
            canvas.drawLine(x, TOP, x, BOTTOM, paint(light.near, 0.3, stroke=1.4))
            grain = [(x + 20 + 5 * math.sin(k + y * 0.013), y) for y in range(int(TOP), int(BOTTOM) + 60, 60)]
            canvas.drawPath(smooth(grain), paint(light.near, 0.14, stroke=1.2))

    def _fader(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the start button and the pitch fader, which a hand out of sight keeps moving."""
        light = self.light
        lit = 0.6 + 0.4 * math.sin(6 * t)
        canvas.drawCircle(52, 350, 13, paint(shade(self.plinth, -0.3)))
        canvas.drawCircle(51, 349, 11, paint(shader=linear((42, 340), (60, 360), [light.key, light.far])))
        glow(canvas, 76, 356, 16, self.label, lit)
        canvas.drawCircle(76, 356, 2.6, paint(mix(self.label, light.key, 0.5)))
        box(canvas, 206, 286, 211, 364, paint(light.near, 0.8), 2)
        y = 324 + 14 * math.sin(1.7 * t)
        box(canvas, 198, y - 7, 219, y + 7, paint(shader=linear((0, y - 7), (0, y + 7), [light.key, light.far])), 3)

    def _arm(self, canvas: skia.Canvas, pivot: tuple[float, float], head: tuple[float, float]) -> None:
        """Paint the tone arm: base, counterweight, S-shaped tube and headshell."""
        light = self.light
        px, py = pivot
        bend = [(px + 4, py - 22), pivot, (px + 5, py + 70), (px - 4, py + 108), head]
        canvas.save()
        canvas.translate(-5, 8)
        canvas.drawPath(smooth(bend), paint("#000000", 0.4, stroke=6))
        canvas.restore()
        fill = linear((px - 16, py - 16), (px + 16, py + 16), [light.key, light.far, light.near])
        canvas.drawCircle(px, py, 19, paint(shader=fill))
        canvas.drawCircle(px, py, 11, paint(light.near))
        steel = mix(light.key, light.far, 0.25)
        canvas.drawPath(smooth(bend), paint(shade(steel, -0.4), stroke=6))
        canvas.drawPath(smooth(bend), paint(steel, stroke=3.4))
        fill = linear((px - 7, 0), (px + 13, 0), [light.key, light.near])
        box(canvas, px - 7, py - 38, px + 13, py - 16, paint(shader=fill), 4)
        canvas.save()
        canvas.translate(*head)
        canvas.rotate(34)
        box(canvas, -7, -6, 8, 22, paint(mix(self.case, light.near, 0.5)), 3)
        box(canvas, -5, -4, -1, 19, paint(light.key, 0.5), 2)
        canvas.restore()

    def _on_sideboard(self, canvas: skia.Canvas, t: float) -> None:
        self.room.draw(canvas, t)
        self._sleeves(canvas)
        self._sideboard(canvas)
        cast(canvas, 132, 316, 118, 22, 0.6)
        self._plinth_front(canvas)
        canvas.save()  # the record is drawn round, the canvas lays it down
        canvas.translate(118, 262)
        canvas.scale(1.0, 0.44)
        self.record.draw(canvas, 0, 0, 78, t)
        canvas.restore()
        self._standing_arm(canvas, t)
        self._lid(canvas)

    def _sleeves(self, canvas: skia.Canvas) -> None:
        """Paint record sleeves leaning on the wall."""
        for k, (lean, tone) in enumerate(self.sleeves):
            canvas.save()
            canvas.translate(44 + 34 * k, 300)
            canvas.rotate(lean)
            colour = mix(self.light.accents[tone], self.light.far, 0.25 + 0.1 * k)
            box(canvas, -2, -116, 92, 4, paint("#000000", 0.25), 2)
            fill = linear((0, -114), (90, 0), [shade(colour, 0.2), colour, shade(colour, -0.3)])
            box(canvas, 0, -114, 90, 0, paint(shader=fill), 2)
            canvas.drawCircle(45, -64, 27, paint(self.light.key, 0.35, stroke=7))
            canvas.drawCircle(45, -64, 11, paint(self.light.near, 0.5))
            canvas.restore()

    def _sideboard(self, canvas: skia.Canvas) -> None:
        light = self.light
        wood = mix(light.far, light.near, 0.3)
        box(canvas, LEFT, 290, RIGHT, 350, paint(shader=linear((0, 290), (0, 350), [mix(wood, light.key, 0.4), wood])))
        fill = linear((0, 350), (0, 470), [shade(wood, -0.15), shade(wood, -0.55)])
        box(canvas, LEFT, 350, RIGHT, BOTTOM, paint(shader=fill))
        box(canvas, LEFT, 349, RIGHT, 351, paint(light.key, 0.45))
        for x in (-44, 50, 144, 238):
            box(canvas, x, 366, x + 84, 470, paint(light.key, 0.07), 3)
            ellipse(canvas, x + 42, 392, 6, 6, paint(mix(light.key, self.case, 0.4)))

    def _plinth_front(self, canvas: skia.Canvas) -> None:
        top = polygon([(38, 226), (218, 226), (236, 300), (20, 300)])
        solid(canvas, top, shade(self.plinth, 0.1), self.light, 0.9)
        front = polygon([(20, 300), (236, 300), (234, 326), (22, 326)])
        solid(canvas, front, shade(self.plinth, -0.25), self.light, 0.5)
        for x in (46, 64, 208):
            ellipse(canvas, x, 313, 5, 5, paint(mix(self.light.key, self.plinth, 0.2)))

    def _standing_arm(self, canvas: skia.Canvas, t: float) -> None:
        light, dip = self.light, 1.4 * math.sin(5 * t)
        box(canvas, 200, 226, 218, 250, paint(shader=linear((200, 0), (218, 0), [light.key, light.near])), 4)
        tube = smooth([(224, 218), (206, 224), (190, 252), (158, 274 + dip)])
        canvas.drawPath(tube, paint(light.near, stroke=6))
        canvas.drawPath(tube, paint(light.key, stroke=3))
        box(canvas, 148, 271 + dip, 164, 281 + dip, paint(mix(self.case, light.near, 0.4)), 3)

    def _lid(self, canvas: skia.Canvas) -> None:
        """Paint the open dust cover: clear acrylic with a streak of light."""
        cover = polygon([(40, 224), (216, 224), (230, 128), (26, 128)])
        canvas.drawPath(cover, paint(self.light.key, 0.1))
        canvas.drawPath(cover, paint(self.light.key, 0.5, stroke=1.6))
        canvas.drawPath(polygon([(66, 222), (98, 222), (144, 130), (100, 130)]), paint(self.light.key, 0.12))

    def _stylus(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the huge disc cut by the frame, with the arm reaching in from the upper right."""
        self._desk(canvas)
        canvas.save()
        canvas.translate(86, 300)
        canvas.rotate(-14)
        canvas.scale(1.0, 0.72)
        self.record.draw(canvas, 0, 0, 196, t)
        canvas.restore()
        self._cartridge(canvas, 3 * math.sin(2.2 * t), 1.6 * math.sin(9 * t))

    def _cartridge(self, canvas: skia.Canvas, dx: float, dy: float) -> None:
        light = self.light
        canvas.save()
        canvas.translate(dx, dy)
        tube = smooth([(330, 40), (250, 96), (206, 150), (186, 190)])
        cast(canvas, 176, 250, 46, 16, 0.7)
        canvas.drawPath(tube, paint(light.near, stroke=19))
        canvas.drawPath(tube, paint(mix(light.key, light.far, 0.3), stroke=14))
        canvas.drawPath(tube, paint(light.key, 0.9, stroke=4))
        shell = polygon([(166, 184), (206, 176), (212, 214), (196, 244), (160, 240)])
        solid(canvas, shell, stand_out(mix(self.case, light.near, 0.35), self.record.vinyl, 60), light, 1.0)
        canvas.drawPath(polygon([(168, 240), (180, 242), (170, 258)]), paint(light.key))
        glow(canvas, 170, 258, 26, self.label, 0.8)
        canvas.restore()
