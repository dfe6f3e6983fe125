"""A coral reef: fans, tubes and staghorn corals, anemones that sway, and fish that swim among them."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import HEIGHT, SCREEN, WIDTH, below, glow, mix, paint, polygon, ridge, shade, smooth
from assets.painter.props_urban import BOTTOM, LEFT, TOP, across, down, fill, placed
from assets.painter.props_urban_corals import coral, fish, staghorn
from assets.painter.scenes.base import Scene, Words

TOPIC = "sea"
WORDS = Words(
    subjects=("a coral reef", "reef fish", "a shoal among the corals", "a striped reef fish", "an anemone garden"),
    actions=(
        "fish weaving through the corals",
        "anemones swaying in the current",
        "light dancing over the reef",
        "a shoal turning all at once",
    ),
    places=("under the surface", "in the shallows", "at the edge of the drop-off", "on a house reef"),
    tags=("reef", "coral", "snorkeling", "underwater", "fish", "diving"),
)


class Painter(Scene):
    """Compositions: the whole reef with a shoal; one big fish over an anemone; looking up past the rim."""

    def setup(self, rng: np.random.Generator) -> None:
        self.accents = list(rng.permutation(self.light.accents))
        self.floor = (ridge(rng, 338, 14), ridge(rng, 372, 12), ridge(rng, 412, 10))
        self.corals = [
            (float(x), int(rng.integers(3)), float(rng.uniform(52, 98)), staghorn(rng, 100), int(rng.integers(3)))
            for x in np.arange(-50, 310, 34) + rng.uniform(-9, 9, 11)
        ]
        self.shoal = [
            (rng.uniform(0, 330), rng.uniform(95, 255), rng.uniform(16, 27), rng.uniform(0, 6))
            for _ in range(rng.integers(8, 15))
        ]
        self.bubbles = np.column_stack(
            [rng.uniform(0, WIDTH, 16), rng.uniform(0, 1, 16), rng.uniform(1, 4, 16), rng.uniform(0, 6, 16)]
        )
        self.tentacles = [
            (x, rng.uniform(70, 120), rng.uniform(0, 6)) for x in np.linspace(-60, 60, 24) + rng.uniform(-3, 3, 24)
        ]
        self.sun, self.size, self.phase = rng.uniform(70, 190), rng.uniform(0.88, 1.1), rng.uniform(0, 6)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        self._water(canvas, t)
        (self._garden, self._portrait, self._overhang)[self.composition](canvas, t)
        self._bubbles(canvas, t)

    def _water(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        fill(
            canvas,
            TOP,
            BOTTOM,
            [
                mix(light.horizon, light.key, 0.4),
                mix(light.horizon, light.middle, 0.7),
                light.middle,
                mix(light.top, light.near, 0.4),
            ],
            [0, 0.25, 0.5, 1],
        )
        for k in range(6):  # shafts of light fan out from the sun and drift
            x, lean = self.sun + (k - 2.5) * 34 + 8 * math.sin(t * 0.9 + k * 2), (k - 2.5) * 42
            shaft = polygon([(x - 5, TOP), (x + 9, TOP), (x + lean + 34, 400), (x + lean - 12, 400)])
            strength = 0.3 + 0.14 * math.sin(t * 2.1 + k * 1.7)
            canvas.drawPath(shaft, down(TOP, 390, (light.key, strength), (light.key, 0), blend=SCREEN))

    def _bubbles(self, canvas: skia.Canvas, t: float) -> None:
        for x, start, radius, phase in self.bubbles:
            y = HEIGHT + 20 - ((start + 0.16 * t) % 1) * (HEIGHT + 60)
            x += 5 * math.sin(3 * t + phase)
            canvas.drawCircle(x, y, radius, paint(self.light.key, 0.6, stroke=0.8))
            canvas.drawCircle(x - radius * 0.3, y - radius * 0.3, radius * 0.28, paint("#ffffff", 0.8))

    def _bed(self, canvas: skia.Canvas, t: float, row: int, lift: float = 0.0) -> None:
        """Draw one bank of the reef with the corals that grow on it; `row` 0 is the farthest."""
        light, near = self.light, (0.35, 0.7, 1.0)[row]
        for x, kind, height, branches, accent in self.corals[row::3]:
            colour = mix(mix(light.middle, light.horizon, 0.25), self.accents[accent], 0.25 + 0.6 * near)
            coral(canvas, x, self.floor[row](x) + 8 + lift, height * (0.6 + 0.55 * near), kind, branches, colour, t)
        bank = below(lambda x: self.floor[row](x) + lift)
        rock = mix(mix(light.far, light.middle, 0.55 - 0.5 * near), light.near, 0.7 * near)
        canvas.drawPath(bank, down(320 + lift, BOTTOM, mix(rock, light.horizon, 0.22), rock))

    def _garden(self, canvas: skia.Canvas, t: float) -> None:
        self._bed(canvas, t, 0, -22)
        for k, (x, y, size, phase) in enumerate(self.shoal):
            at = (x + t * 34) % 360 - 50
            fish(
                canvas,
                at,
                y + 5 * math.sin(2 * t + phase),
                size,
                self.accents[0],
                self.accents[1],
                11 * t + phase,
                tilt=4 * math.cos(2 * t + phase),
            )
            if k == len(self.shoal) // 2:
                self._bed(canvas, t, 1, -8)
        x = 128 + 34 * math.sin(1.1 * t + self.phase)  # the big one turns about in the middle
        fish(
            canvas,
            x,
            230 + 8 * math.sin(1.8 * t),
            84 * self.size,
            self.accents[1],
            self.accents[2],
            8 * t,
            flip=math.cos(1.1 * t + self.phase) < 0,
        )
        self._bed(canvas, t, 2)

    def _anemone(self, canvas: skia.Canvas, t: float, x: float, y: float, rows: slice, colour) -> None:
        for at, tall, phase in self.tentacles[rows]:
            bend = 12 * math.sin(2.3 * t + phase) + at * 0.5
            stalk = smooth([(x + at * 0.6, y), (x + at * 0.8 + bend * 0.25, y - tall * 0.5), (x + at + bend, y - tall)])
            canvas.drawPath(stalk, paint(shade(colour, -0.35), stroke=10))
            canvas.drawPath(stalk, paint(shade(colour, 0.12), stroke=6.5))
            canvas.drawCircle(x + at + bend, y - tall, 7, paint(shade(colour, 0.4)))

    def _portrait(self, canvas: skia.Canvas, t: float) -> None:
        self._bed(canvas, t, 0, -40)
        for x, y, size, phase in self.shoal[:5]:
            fish(
                canvas,
                (x + t * 22) % 340 - 40,
                y - 20,
                size * 0.9,
                mix(self.light.far, self.light.middle, 0.4),
                self.light.middle,
                10 * t + phase,
            )
        self._bed(canvas, t, 1, -14)
        self._anemone(canvas, t, 128, 420, slice(0, None, 2), mix(self.accents[2], self.light.middle, 0.35))
        x, y = 128 + 14 * math.sin(1.6 * t), 232 + 10 * math.sin(2.3 * t + self.phase)
        fish(canvas, x, y, 158 * self.size, self.accents[0], self.accents[1], 8 * t, tilt=5 * math.cos(2.3 * t))
        fish(
            canvas,
            182 - 18 * math.sin(1.3 * t),
            318 + 5 * math.cos(3 * t),
            66,
            self.accents[0],
            self.accents[1],
            10 * t,
            flip=True,
            tilt=-6,
        )
        self._anemone(canvas, t, 128, 442, slice(1, None, 2), self.accents[2])
        self._bed(canvas, t, 2, 18)

    def _overhang(self, canvas: skia.Canvas, t: float) -> None:
        """Look up along the reef's wall: surface light above, a ring of fish against it."""
        glow(canvas, self.sun, 60, 190, self.light.key, 0.95)
        for k, (_, _, size, phase) in enumerate(self.shoal):
            angle = 1.2 * t + k * math.tau / len(self.shoal)
            x, y = 128 + (62 + 8 * math.sin(phase)) * math.cos(angle), 165 + 56 * math.sin(angle) * 0.8
            fish(
                canvas,
                x,
                y,
                size * 1.35,
                self.accents[0],
                self.accents[1],
                11 * t + phase,
                flip=math.sin(angle) > 0,
                tilt=14 * math.cos(angle),
            )
        self._bed(canvas, t, 0, -30)
        for side in (0, 1):  # the walls left and right, corals growing inwards
            with placed(canvas, WIDTH if side else 0, 0, 1, 0, bool(side)):
                self._wall(canvas, t, side)
        self._bed(canvas, t, 2, -10)

    def _wall(self, canvas: skia.Canvas, t: float, side: int) -> None:
        light = self.light
        rim = [
            (26 + 13 * math.sin(y * 0.05 + self.phase + side * 2) + (y - 200) * 0.05, y)
            for y in range(int(TOP), int(BOTTOM), 26)
        ]
        for k, (x, y) in enumerate(rim[4:-4:3]):
            _, kind, height, branches, accent = self.corals[(k * 2 + side) % len(self.corals)]
            with placed(canvas, x - 6, y, 1, 62):
                coral(canvas, 0, 0, height * 0.62, kind, branches, mix(self.accents[accent], light.near, 0.15), t)
        wall = smooth([(LEFT, TOP), *rim, (LEFT, BOTTOM)], close=True)
        canvas.drawPath(wall, across(-30, 46, light.near, mix(light.near, light.middle, 0.45)))
        canvas.drawPath(smooth(rim), paint(light.key, 0.25, stroke=1.6))
