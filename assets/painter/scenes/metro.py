"""A metro train: head on in its tunnel, sweeping in along a platform, and side on behind those who wait."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import ellipse, glow, linear, mix, paint, radial, shade
from assets.painter.props_urban import BOTTOM, TOP, down, fill, placed, spot_shadow, walker
from assets.painter.props_urban_station import VANISH, Station
from assets.painter.props_urban_train import Train
from assets.painter.scenes.base import Words

TOPIC = "city"
WORDS = Words(
    subjects=(
        "a metro train",
        "a subway platform",
        "the last metro",
        "an underground station",
        "commuters on a platform",
    ),
    actions=(
        "a train pulling into the station",
        "headlights coming out of the tunnel",
        "carriages gliding past the platform",
        "people waiting for the train",
    ),
    places=("underground", "at the platform", "in the tunnel", "on the way to work"),
    tags=("metro", "subway", "train", "commute", "platform", "underground"),
)


class Painter(Train, Station):
    """Compositions: head on between two platforms; sweeping in beside the platform; side on."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accents = [str(a) for a in rng.permutation(light.accents)]
        self.body = mix("#e9ebee", light.horizon, 0.25)
        self.wall = mix(mix(light.middle, light.far, 0.4), "#8b8d95", 0.12)
        self.lamp = mix(light.key, "#ffffff", 0.5)
        self.dots, self.number = rng.integers(0, 2, (9, 40)), int(rng.integers(2, 5))
        self.people = [
            (float(x), rng.uniform(0.9, 1.1), int(rng.integers(3)), rng.uniform(0, 6))
            for x in np.linspace(20, 236, 5) + rng.uniform(-12, 12, 5)
        ]
        self.riders = rng.uniform(0, 1, 40)
        self.start = rng.uniform(0, 0.25)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        (self._tunnel, self._platform, self._side)[self.composition](canvas, t)

    def _tunnel(self, canvas: skia.Canvas, t: float) -> None:
        light, cx, cy = self.light, 128.0, 206.0
        canvas.drawPaint(
            paint(
                shader=radial(
                    (cx, cy),
                    330,
                    [mix(light.horizon, light.key, 0.3), self.wall, shade(self.wall, -0.55)],
                    [0, 0.42, 1],
                )
            )
        )
        self._vault(canvas, cx, cy)
        self._trackbed(canvas, cx, cy)
        ellipse(
            canvas,
            cx,
            cy,
            46,
            50,
            paint(shader=radial((cx, cy), 50, [shade(light.near, -0.5), shade(light.near, -0.2)])),
        )
        scale = 0.5 + 0.62 * (1 - math.exp(-0.6 * t))
        x, y = cx + 0.8 * math.sin(19 * t), cy + 24 + 68 * scale
        self._beams(canvas, x, y, scale * 1.1)
        self._light_on_rails(canvas, cx, y)
        with placed(canvas, x, y, scale):
            self._face(canvas, t)
        self._beams(canvas, x, y, scale * 0.55)
        self._edges(canvas, t, cx, cy)

    def _vault(self, canvas: skia.Canvas, cx: float, cy: float) -> None:
        """Draw the ribs of the vault and its lamps, receding to (cx, cy)."""
        light = self.light
        for k in range(9, -1, -1):  # ribs of the vault recede to the tunnel's mouth
            size = 0.3 * 1.32**k
            arch = skia.Path()
            arch.addArc(
                skia.Rect.MakeLTRB(cx - 125 * size, cy - 145 * size, cx + 125 * size, cy + 145 * size), 168, 204
            )
            canvas.drawPath(arch, paint(shade(self.wall, -0.35), 0.8, stroke=7 * size))
            canvas.drawPath(arch, paint(mix(self.wall, light.key, 0.5), 0.8, stroke=1.5 * size))
            for side in (-1, 1):  # lamps along both sides
                x, y = cx + side * 84 * size, cy - 92 * size
                glow(canvas, x, y, 26 * size, self.lamp, 0.7)
                canvas.drawLine(x, y, x + side * 12 * size, y - 7 * size, paint(self.lamp, stroke=3.5 * size))

    def _platform(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        canvas.drawPaint(down(TOP, BOTTOM, shade(self.wall, -0.5), self.wall, mix(self.wall, light.key, 0.25)))
        self._hall(canvas)
        front = 0.72 - 0.25 * (1 - math.exp(-0.7 * (t + self.start)))  # the depth of the train's face
        self._pit(canvas)
        self._carriages(canvas, front)
        scale = (1 - front) * 2.3
        x, y = self._at(front, -10, 428)
        self._beams(canvas, x, y, scale)
        with placed(canvas, x, y, scale):
            self._face(canvas, t)
        self._beams(canvas, x, y, scale * 0.55)
        self._floor(canvas)
        for depth, (place, size, accent, phase) in zip((0.66, 0.5, 0.2), self.people, strict=False):
            (x, y), tall = self._at(depth, 222 + place * 0.2, 410), 196 * size * (1 - depth)
            spot_shadow(canvas, x, y, tall * 0.17, tall * 0.035, 0.5)
            coat = mix(light.near, self.accents[accent], 0.45)
            walker(
                canvas, x + 1.6 * math.sin(1.8 * t + phase), y, tall, coat, 0.3 * math.sin(1.8 * t + phase), self.lamp
            )

    def _carriages(self, canvas: skia.Canvas, front: float) -> None:
        """Draw the side of the train from its front back to the vanishing point."""
        side = 110.0
        left = self._at(front, side, 0)[0]
        skin = linear((left, 0), (VANISH[0], 0), [self.body, shade(self.body, -0.45)])
        canvas.drawPath(self._quad(front, 0.97, side, 428, 160), paint(shader=skin))
        canvas.drawPath(self._quad(front, 0.97, side, 396, 340), paint(self.accents[0]))
        for k in range(14):  # windows, and every third a lit door
            near = 1 - (1 - front) * 0.93 * 0.8**k
            far = 1 - (1 - near) * 0.86
            canvas.drawPath(
                self._quad(near, far, side, 320 if k % 3 else 424, 200), paint(mix(self.lamp, self.accents[1], 0.25))
            )

    def _side(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        canvas.drawPaint(down(TOP, 300, shade(self.wall, -0.55), self.wall))
        self._ceiling(canvas)
        fill(canvas, 318, 340, [shade(light.near, -0.4), shade(light.near, -0.2)])
        x = -90 + 270 * (1 - math.exp(-0.7 * (t + self.start)))
        for k in range(3):  # the train rolls in from the left, slowing
            with placed(canvas, x - 86 - 262 * k, 0):
                self._carriage(canvas, k)
        fill(
            canvas,
            334,
            BOTTOM,
            [mix(self.wall, light.key, 0.6), mix(self.wall, light.key, 0.25), mix(self.wall, light.near, 0.5)],
            [0, 0.3, 1],
        )
        fill(canvas, 338, 347, [self.accents[1], shade(self.accents[1], -0.12)])
        fill(canvas, 350, 378, [(self.lamp, 0.35), (self.lamp, 0)])
        for place, size, accent, phase in self.people:
            tall, y = 118 * size, 404 + 9 * math.sin(phase)
            spot_shadow(canvas, place, y, 24, 5, 0.6)
            coat = mix(light.near, self.accents[accent], 0.4)
            walker(
                canvas,
                place + 1.4 * math.sin(1.8 * t + phase),
                y,
                tall,
                coat,
                0.3 * math.sin(1.7 * t + phase),
                self.lamp,
            )
