"""A drum kit: the whole kit on stage, from above, and a snare from close by."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import box, ellipse, glow, linear, mix, paint, polygon, radial, shade
from assets.painter.props_drums import Drums
from assets.painter.props_home import BOTTOM, LEFT, RIGHT, TOP, cast, rug, solid, stand_out
from assets.painter.scenes.base import Scene, Words
from assets.painter.sets_home import Bokeh, Motes, Stage

TOPIC = "music"
WORDS = Words(
    subjects=("a drum kit", "the drummer's seat", "a snare drum", "crash cymbals", "a loud rehearsal"),
    actions=("sticks flying", "hitting the crash", "playing a fill", "counting in the band"),
    places=("on a small stage", "in the rehearsal room", "in the garage", "at soundcheck"),
    tags=("drums", "drummer", "groove", "cymbals", "rehearsal", "music"),
)


class Painter(Scene):
    """Compositions: 0 the kit from the front, 1 the kit from above, 2 sticks on a snare."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.stage, self.bokeh, self.motes = Stage(rng, light, 340), Bokeh(rng, light, 14, 260), Motes(rng)
        self.accent, self.second = (light.accents[k] for k in rng.permutation(3)[:2])
        self.shell = stand_out(
            mix(self.accent, light.far, float(rng.uniform(0, 0.35))), mix(light.top, light.middle, 0.6), 40
        )
        brass = mix(mix(light.key, self.second, 0.35), light.horizon, 0.2)
        self.tempo = float(rng.uniform(2.2, 3.2))
        self.parts = Drums(light, self.shell, brass, self.second, int(rng.integers(3)))
        self.sparks = np.column_stack([rng.uniform(-1, 1, 26), rng.uniform(0.4, 1, 26), rng.uniform(1, 2.6, 26)])
        self.spread = float(rng.uniform(-4, 4))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        canvas.save()
        (self._kit, self._from_above, self._snare)[self.composition](canvas, t)
        canvas.restore()
        self.motes.draw(canvas, t, self.light.key)

    def _hit(self, t: float, offset: float, rate: float = 1.0) -> float:
        """Return 1 at the moment of a stroke, fading to 0 before the next."""
        return math.exp(-4.5 * ((t * self.tempo * rate + offset) % 1))

    def _stick_height(self, t: float, offset: float) -> float:
        """Return 0 where the stick touches the skin, 1 at the top of its swing."""
        return abs(math.sin(math.pi * (t * self.tempo + offset)))

    def _kit(self, canvas: skia.Canvas, t: float) -> None:
        self.stage.draw(canvas, t)
        light = self.light
        rug(canvas, (128, 372, 112, 24), self.second, light)
        for x, y, lean, offset, rx in ((62, 164, -14, 0.0, 40), (200, 154, 14, 0.5, 38), (40, 232, -4, 0.25, 28)):
            self._cymbal_stand(canvas, x, y, lean, offset, rx, t)
        self._drummer(canvas, t)
        self.parts.front(canvas, 194, 288, 34, 62, self._hit(t, 0.5))
        self.parts.front(canvas, 60, 286, 30, 34, self._hit(t, 0.0))
        self.parts.bass(canvas, 128, 318, 56, self._hit(t, 0.0))
        self.parts.front(canvas, 97 + self.spread * 0.3, 222, 29, 32, self._hit(t, 0.25), -6)
        self.parts.front(canvas, 159 + self.spread * 0.3, 222, 29, 32, self._hit(t, 0.75), 6)

    def _cymbal_stand(self, canvas: skia.Canvas, x, y, lean, offset, rx, t: float) -> None:
        light, hit = self.light, self._hit(t, offset, 0.5)
        canvas.drawLine(x, y, x, 366, paint(mix(light.key, light.near, 0.45), stroke=2.6))
        for side in (-14, 14):
            canvas.drawLine(x, 344, x + side, 372, paint(light.near, stroke=2.6))
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(lean + 9 * hit * math.sin(26 * t))
        self.parts.cymbal(canvas, rx, 0.24)
        canvas.restore()
        glow(canvas, x, y, 56, light.key, 0.75 * hit)

    def _drummer(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the player behind the kit: shoulders, nodding head, two arms with sticks."""
        light = self.light
        cloth, nod = stand_out(mix(light.near, self.second, 0.2), light.middle, 40), 5 * self._hit(t, 0.0)
        skin = mix(mix(self.accent, light.horizon, 0.5), light.key, 0.35)
        solid(canvas, polygon([(96, 174), (160, 174), (166, 260), (90, 260)]), cloth, light, 1.0)
        ellipse(canvas, 128, 146 + nod, 16, 20, paint(skin))
        ellipse(canvas, 128, 135 + nod, 18, 13, paint(shade(light.near, -0.2)))
        for side, offset in ((-1, 0.0), (1, 0.5)):
            lift = self._stick_height(t, offset)
            hx, hy = 128 + side * (50 - 4 * lift), 214 - 48 * lift
            canvas.drawLine(128 + side * 32, 180, 128 + side * 52, 214 - 12 * lift, paint(cloth, stroke=13))
            canvas.drawLine(128 + side * 52, 214 - 12 * lift, hx, hy, paint(skin, stroke=9))
            canvas.drawLine(
                hx,
                hy,
                hx - side * (26 - 18 * lift),
                hy - 34 * lift + 14 * (1 - lift),
                paint(mix(light.key, self.accent, 0.2), stroke=3),
            )

    def _from_above(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        base = mix(light.middle, light.far, 0.5)
        fill = radial((128, 220), 330, [mix(base, light.key, 0.25), base, mix(base, light.near, 0.8)])
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=fill))
        for k in range(-5, 12):
            canvas.drawLine(LEFT, 44.0 * k, RIGHT, 44.0 * k + 20, paint(light.near, 0.25, stroke=1.2))
        canvas.translate(18, 34)
        canvas.scale(0.86, 0.86)
        rug(canvas, (128, 222, 172, 172), self.second, light)
        drums = (
            (128, 122, 50, 0.0),
            (78, 200, 36, 0.25),
            (186, 206, 36, 0.75),
            (200, 300, 44, 0.5),
            (96, 300, 40, 0.0),
        )
        for x, y, radius, offset in drums:
            self.parts.above(canvas, x, y, radius, self._hit(t, offset))
        for x, y, radius, offset in ((52, 118, 38, 0.0), (208, 116, 40, 0.5)):
            canvas.save()
            canvas.translate(x + 1.6 * self._hit(t, offset, 0.5) * math.sin(30 * t), y)
            ellipse(canvas, 8, 12, radius, radius, paint("#000000", 0.3))
            canvas.rotate(8 * t + 5 * self._hit(t, offset, 0.5) * math.sin(24 * t))
            self.parts.cymbal(canvas, radius, 0.97)
            canvas.restore()
        for (x, y), turn, offset in (((96, 298), -28, 0.0), ((190, 292), 24, 0.5)):
            self.parts.stick(canvas, x, y, turn, self._stick_height(t, offset))

    def _snare(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        tones = linear(
            (0, TOP), (0, BOTTOM), [mix(light.top, light.near, 0.4), light.middle, mix(light.far, light.near, 0.5)]
        )
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        self.bokeh.draw(canvas, t, 0.32)
        canvas.save()
        canvas.translate(196, 116)
        canvas.drawLine(0, 0, -14, 190, paint(mix(light.key, light.near, 0.5), stroke=5))
        canvas.rotate(-12 + 8 * self._hit(t, 0.5, 0.5) * math.sin(26 * t))
        self.parts.cymbal(canvas, 92, 0.26)
        canvas.restore()
        cast(canvas, 128, 392, 130, 26, 0.6)
        self._snare_shell(canvas)
        self._snare_skin(canvas, t)
        for side, offset in ((-1, 0.0), (1, 0.5)):
            self._snare_stick(canvas, side, self._stick_height(t, offset), light)

    def _snare_shell(self, canvas: skia.Canvas) -> None:
        light, shell = self.light, self.shell
        side = skia.Path()
        side.addRect(skia.Rect.MakeLTRB(36, 286, 220, 356))
        side.addOval(skia.Rect.MakeLTRB(36, 318, 220, 394))
        tones = [shade(shell, -0.45), mix(shell, light.key, 0.6), shell, shade(shell, -0.2), shade(shell, -0.65)]
        canvas.drawPath(side, paint(shader=linear((36, 0), (220, 0), tones, [0, 0.22, 0.4, 0.65, 1])))
        for part in (-0.92, -0.6, -0.2, 0.2, 0.6, 0.92):
            x, drop = 128 + 92 * part, 38 * math.sqrt(1 - part * part)
            fill = linear((x - 3, 0), (x + 3, 0), [light.key, light.far])
            box(canvas, x - 3, 290 + drop, x + 3, 346 + drop, paint(shader=fill), 3)
            box(canvas, x - 5, 304 + drop, x + 5, 326 + drop, paint(mix(light.key, light.far, 0.35)), 4)
        canvas.drawArc(
            skia.Rect.MakeLTRB(34, 314, 222, 396), 0, 180, False, paint(mix(light.key, light.far, 0.4), stroke=6)
        )

    def _snare_skin(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the hoop and the skin, with rings and dust thrown up by each stroke."""
        light = self.light
        hit = max(self._hit(t, 0.0), self._hit(t, 0.5))
        ellipse(canvas, 128, 288, 97, 43, paint(mix(light.key, light.near, 0.5)))
        ellipse(canvas, 128, 284, 95, 41, paint(mix(light.key, light.far, 0.2)))
        skin = mix(light.key, light.horizon, 0.25)
        fill = linear((60, 250), (200, 320), [mix(skin, "#ffffff", 0.6), shade(skin, -0.25)])
        ellipse(canvas, 128, 285, 88, 36, paint(shader=fill))
        for k in range(3):
            ring = (0.25 + 0.25 * k) + 0.2 * (1 - hit)
            canvas.drawOval(
                skia.Rect.MakeLTRB(128 - 88 * ring, 285 - 36 * ring, 128 + 88 * ring, 285 + 36 * ring),
                paint(light.near, 0.4 * hit, stroke=1.6),
            )
        flight = (t * self.tempo * 2) % 1
        for x, rise, radius in self.sparks:
            y = 284 - 130 * rise * flight * (1.5 - flight)
            canvas.drawCircle(128 + 76 * x * (0.6 + 0.5 * flight), y, radius, paint(light.key, 0.95 * (1 - flight)))

    def _snare_stick(self, canvas: skia.Canvas, side: int, lift: float, light) -> None:
        canvas.save()
        canvas.translate(128 + 26 * side, 280)
        canvas.scale(side, 1)
        canvas.drawLine(6, 6, 60, 14, paint("#000000", 0.25 * (1 - lift), stroke=9))
        canvas.translate(150, -70)
        canvas.rotate(24 * lift)
        wood = mix(light.key, self.accent, 0.3)
        canvas.drawLine(0, 0, -142, 67, paint(shade(wood, -0.35), stroke=11))
        canvas.drawLine(0, -2, -142, 65, paint(wood, stroke=6))
        ellipse(canvas, -147, 69, 9, 6.5, paint(mix(wood, "#ffffff", 0.3)))
        canvas.restore()
