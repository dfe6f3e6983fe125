"""A waterfall: plunging off a cliff, stepping down terraces, and seen out of a cave."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    below,
    ellipse,
    linear,
    mix,
    paint,
    polygon,
    ridge,
    shade,
    smooth,
)
from assets.painter.props_wild import Pine, Sky, gull, haze, hiker, puff, record, rock
from assets.painter.scenes.base import Scene, Words

TOPIC = "nature"
WORDS = Words(
    subjects=("a waterfall", "a tall waterfall", "water over the terraces", "a hidden cascade"),
    actions=(
        "plunging into the pool",
        "mist hanging over the rocks",
        "tumbling from step to step",
        "roaring after the rain",
    ),
    places=("deep in the gorge", "at the end of the trail", "below the cliffs", "seen from inside the cave"),
    tags=("waterfall", "nature", "hike", "river", "gorge", "mist"),
)
PLUNGE, TERRACES, CAVE = range(3)


class Painter(Scene):
    """White water in falling strands between rock walls, with a churning pool and drifting mist."""

    def setup(self, rng):
        light = self.light
        self.stone = mix(light.near, light.far, 0.5)
        self.white = mix(light.key, "#ffffff", 0.4)
        self.water = mix(light.middle, light.horizon, 0.45)
        self.sky = Sky(rng, light, 240, clouds=4)
        # Each fall is (centre x, top y, foot y, half width at the top, half width at the foot).
        self.falls = (
            [(128 + rng.uniform(-12, 12), 118, 336, rng.uniform(25, 34), rng.uniform(38, 48))],
            [(158, 108, 186, 26, 32), (112, 196, 274, 38, 44), (150, 284, 362, 50, 58)],
            [(128 + rng.uniform(-10, 10), 84, 318, rng.uniform(15, 20), rng.uniform(24, 30))],
        )[self.composition]
        self.strands = [
            (rng.uniform(-1, 1), rng.random(), rng.uniform(0.7, 1.25), rng.uniform(0.3, 0.7)) for _ in range(34)
        ]
        self.mist = [(rng.uniform(-1, 1), rng.random(), rng.uniform(0.8, 1.3)) for _ in range(11)]
        self.drops = [(rng.uniform(-1, 1), rng.random(), rng.uniform(0.7, 1.4)) for _ in range(26)]
        self.walls = record(self._walls(rng))
        self.front = record(self._front(rng))
        self.hiker = rng.random() < 0.7
        self.coat = light.accents[rng.integers(3)]

    def _walls(self, rng):
        """Return the painter of the far hills and of the cliff beside and behind the water."""
        light, stone = self.light, self.stone
        pines = [Pine(rng, mix(light.far, light.near, 0.3 * k), light.key) for k in range(3)]
        hills = ridge(rng, 130, 18)
        trees = [(rng.uniform(-70, 330), rng.uniform(34, 74), int(rng.integers(3))) for _ in range(18)]
        slabs = [
            (rng.uniform(-80, 320), rng.uniform(126, 330), rng.uniform(12, 30), rng.uniform(30, 90)) for _ in range(80)
        ]
        x0, top, _, half, _ = self.falls[0]

        def brow(x):
            away = max(0.0, abs(x - x0) - half)
            return top + 3 - min(34, 0.7 * away) + 5 * math.sin(0.11 * x)

        def draw(canvas):
            canvas.drawPath(below(hills), paint(mix(light.far, light.horizon, 0.55)))
            haze(canvas, light, 130, 44, 0.5)
            for x, tall, kind in trees:
                if abs(x - x0) > half + 14:
                    pines[kind].draw(canvas, x, brow(x) + 6, tall)
            cliff = linear(
                (0, top - 30), (0, 350), [mix(stone, light.key, 0.22), stone, shade(stone, -0.35)], [0, 0.35, 1]
            )
            canvas.drawPath(below(brow, 4.0), paint(shader=cliff))
            canvas.save()
            canvas.clipPath(below(brow, 4.0), True)
            for x, y, wide, tall in slabs:
                slab = polygon([(x, y), (x + wide, y - 5), (x + 0.9 * wide, y + tall), (x + 3, y + 0.8 * tall)])
                canvas.drawPath(
                    slab, paint(shader=linear((x, y), (x + wide, y + tall), [(light.key, 0.1), (light.near, 0.2)]))
                )
            canvas.restore()

        return draw

    def _front(self, rng):
        """Return the painter of what frames the picture: the mouth of the cave, or boulders and ferns."""
        if self.composition == CAVE:
            rim = []
            for a in [math.tau * k / 18 for k in range(18)]:
                x = (104 + rng.uniform(-9, 9)) * math.cos(a) * (1 + 0.12 * math.sin(a))
                rim.append((128 + x, 236 - (190 + rng.uniform(-12, 12)) * math.sin(a)))
            return lambda canvas: self._cave(canvas, rim)
        sides = [-1, 1] * 7
        boulders = [(128 + d * rng.uniform(78, 150), rng.uniform(356, 440), rng.uniform(16, 40)) for d in sides]
        ferns = [(128 + d * rng.uniform(92, 140), rng.uniform(392, 440)) for d in sides[:6]]
        return lambda canvas: self._banks(canvas, sorted(boulders, key=lambda boulder: boulder[1]), ferns)

    def _cave(self, canvas, rim):
        """Draw the mouth of the cave in three receding rings, its lit edge and hanging roots."""
        light, dark = self.light, mix(self.light.near, "#000000", 0.25)
        for grow, tone in ((1.0, mix(dark, light.far, 0.45)), (1.09, mix(dark, light.far, 0.2)), (1.2, dark)):
            mouth = smooth([(128 + (x - 128) * grow, 236 + (y - 236) * grow) for x, y in rim], close=True)
            mouth.setFillType(skia.PathFillType.kInverseWinding)
            canvas.drawPath(mouth, paint(tone))
        canvas.drawPath(smooth(rim, close=True), paint(light.key, 0.28, stroke=1.5))
        for k in range(9):
            root = smooth([(40 + 22 * k, 20), (42 + 22 * k, 50), (38 + 23 * k, 62 + 17 * math.sin(2.6 * k))])
            canvas.drawPath(root, paint(dark, stroke=2.6))

    def _banks(self, canvas, boulders, ferns):
        """Draw boulders on both banks, darker towards the viewer, and ferns in the corners."""
        light, rim = self.light, mix(self.stone, self.light.key, 0.45)
        for k, (x, y, r) in enumerate(boulders):
            rock(canvas, x, y, r, 0.72 * r, mix(self.stone, light.near, (y - 350) / 110), rim, k)
        for x, y in ferns:
            for k in range(7):
                a = -2.6 + 0.35 * k
                bend = x + 26 * math.cos(a), y + 34 * math.sin(a)
                leaf = smooth([(x, y), bend, (x + 46 * math.cos(a), y + 46 * math.sin(a) + 8)])
                canvas.drawPath(leaf, paint(mix(light.near, light.far, 0.1 + 0.05 * k), stroke=4.5))

    def draw(self, canvas, t):
        self.sky.draw(canvas, t)
        canvas.drawPicture(self.walls)
        for k, fall in enumerate(self.falls):
            if k:
                self._ledge(canvas, fall)
            if k == len(self.falls) - 1:
                self._pool(canvas, t, fall)
            self._fall(canvas, t, *fall)
            self._churn(canvas, t, *fall)
        if self.hiker:
            x, y = 194, self.falls[-1][2] + 14
            rock(canvas, x, y + 12, 24, 13, self.stone, mix(self.stone, self.light.key, 0.5), 4)
            hiker(canvas, x, y, t, self.light, self.coat)
        for k in range(3):
            gull(
                canvas,
                40 + 50 * k + 13 * t,
                78 + 14 * k + 4 * math.sin(2 * t + k),
                4,
                t,
                mix(self.light.near, self.light.far, 0.3),
            )
        canvas.drawPicture(self.front)

    def _ledge(self, canvas, fall):
        """Draw the terrace over which the next fall spills, with a basin of water on it."""
        x, top, foot, half, _ = fall
        brow = [
            (-MARGIN, top - 16),
            (x - half - 34, top - 8),
            (x - half, top),
            (x + half, top),
            (x + half + 30, top - 6),
            (WIDTH + MARGIN, top - 20),
        ]
        step = polygon([*brow, (WIDTH + MARGIN, HEIGHT + MARGIN), (-MARGIN, HEIGHT + MARGIN)])
        face = linear(
            (0, top - 16),
            (0, foot + 20),
            [mix(self.stone, self.light.key, 0.38), self.stone, shade(self.stone, -0.4)],
            [0, 0.2, 1],
        )
        canvas.drawPath(step, paint(shader=face))
        for k in range(12):
            side = -1 if k % 2 else 1
            px = x + side * (half + 16 + 17 * (k // 2))
            canvas.drawPath(
                polygon([(px, top + 6), (px + 13, top + 2), (px + 11, foot - 9), (px + 3, foot - 20 + 2 * k)]),
                paint(self.light.near, 0.2),
            )
        ellipse(canvas, x, top - 1, half + 14, 8, paint(mix(self.water, self.white, 0.4)))

    def _fall(self, canvas, t, x, top, foot, half, wide):
        """Draw one curtain of water: its body, the strands racing down it and its bright lip."""
        curtain = skia.Path()
        curtain.moveTo(x - half, top)
        curtain.cubicTo(x - half - 4, top + 26, x - wide, foot - 60, x - wide, foot)
        curtain.lineTo(x + wide, foot)
        curtain.cubicTo(x + wide, foot - 60, x + half + 4, top + 26, x + half, top)
        curtain.close()
        body = linear(
            (0, top),
            (0, foot),
            [mix(self.water, self.white, 0.75), mix(self.water, self.light.middle, 0.3), self.white],
            [0, 0.45, 1],
        )
        canvas.drawPath(curtain, paint(shader=body))
        canvas.save()
        canvas.clipPath(curtain, True)
        tall = foot - top
        for k, (u, start, pace, long) in enumerate(self.strands):
            q = ((start + 0.85 * pace * t * (218 / tall) ** 0.4) % 1) * (1 + long) - long
            y0, y1 = top + tall * q, top + tall * (q + long)
            tone = self.white if k % 3 else mix(self.light.far, self.light.middle, 0.3)
            a, b = half + (wide - half) * max(0, q), half + (wide - half) * min(1, q + long)
            strand = linear((0, y0), (0, y1), [(tone, 0.0), (tone, 0.9 if k % 3 else 0.55), (tone, 0.0)])
            canvas.drawLine(x + u * a, y0, x + u * b, y1, paint(shader=strand, stroke=1 + 2.4 * pace))
        canvas.restore()
        ellipse(canvas, x, top, half + 2, 3.2, paint(self.white, 0.9))

    def _pool(self, canvas, t, fall):
        """Draw the plunge pool with the fall's pale reflection and rings running outwards."""
        x, _, foot, _, wide = fall
        fill = linear(
            (0, foot - 12),
            (0, HEIGHT + 20),
            [
                mix(self.water, self.white, 0.3),
                mix(self.water, self.light.far, 0.5),
                mix(self.light.near, self.light.top, 0.4),
            ],
            [0, 0.3, 1],
        )
        shore = smooth(
            [
                (-MARGIN, foot + 6),
                (20, foot - 4),
                (90, foot - 9),
                (170, foot - 9),
                (236, foot - 2),
                (WIDTH + MARGIN, foot + 8),
            ]
        )
        shore.lineTo(WIDTH + MARGIN, HEIGHT + MARGIN)
        shore.lineTo(-MARGIN, HEIGHT + MARGIN)
        canvas.drawPath(shore, paint(shader=fill))
        for k in range(7):
            q = (k / 7 + 0.32 * t) % 1
            ellipse(
                canvas,
                x,
                foot + 8 + 46 * q,
                wide * (0.8 + 2.6 * q),
                6 + 36 * q,
                paint(self.white, 0.55 * (1 - q), stroke=2.4 - 1.4 * q),
            )
        for k in range(18):
            y = foot + 12 + (k * 29) % 100
            px = (k * 67) % 300 - 20 + 5 * math.sin(1.5 * t + k)
            ellipse(canvas, px, y, 9 + 5 * math.sin(2 * t + 2 * k), 1, paint(self.white, 0.3))

    def _churn(self, canvas, t, x, top, foot, half, wide):
        """Draw foam, flying drops and the mist that billows up from the foot."""
        size = min(1.0, (foot - top) / 180)
        for u, start, pace in self.mist:
            q = (start + 0.4 * pace * t) % 1
            puff(
                canvas,
                x + wide * u * (1.1 + 0.9 * q),
                foot - 62 * q * size,
                size * (20 + 22 * q),
                self.white,
                0.6 * math.sin(math.pi * q),
            )
        for k in range(9):
            bump = 5 + 2.5 * math.sin(6 * t + 2.3 * k)
            ellipse(
                canvas,
                x + wide * (k - 4) / 3.6,
                foot + 3 + (k % 2) * 2,
                bump * 1.7 * size + 3,
                bump * size,
                paint(self.white, 0.9),
            )
        for u, start, pace in self.drops:
            q = (start + 0.9 * pace * t) % 1
            canvas.drawCircle(
                x + wide * u * (0.8 + 0.8 * q),
                foot - 150 * size * pace * q * (1 - q),
                1.8 * (1.1 - q),
                paint("#ffffff", 0.85 * (1 - q)),
            )
