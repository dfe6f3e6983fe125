"""Snow-laden pines: rows on winter hills, one tall tree near by, and a lantern path through the forest."""

from __future__ import annotations

import math

import numpy as np

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    below,
    box,
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    ridge,
    shade,
    smooth,
)
from assets.painter.props_wild import Pine, Sky, haze, puff, record
from assets.painter.scenes.base import Scene, Words

TOPIC = "nature"
WORDS = Words(
    subjects=("snow-covered pines", "a quiet winter forest", "the first heavy snow", "fir trees bent under snow"),
    actions=(
        "snow falling thick and slow",
        "boughs swaying in the wind",
        "flakes drifting past",
        "snow sliding off a branch",
    ),
    places=("high in the hills", "outside the cabin", "along the forest path", "far from any road"),
    tags=("snow", "winter", "pines", "forest", "snowfall", "cozy"),
)
HILLS, TREE, PATH = range(3)


class Painter(Scene):
    """Trees in layers that pale with distance, capped with snow, behind a fall of flakes in three depths."""

    def setup(self, rng):
        light = self.light
        self.accent = light.accents[rng.integers(3)]
        self.snow = mix("#f7fbff", light.middle, 0.18 if not light.dark else 0.3)
        self.sky = Sky(rng, light, 290, clouds=2)
        self.wind = rng.uniform(-46, 46)
        self.gust = rng.uniform(0, math.tau)
        count = 190
        self.flakes = np.column_stack(
            [rng.uniform(0, 1, count), rng.random(count), rng.uniform(0.2, 1, count), rng.uniform(0, math.tau, count)]
        )
        self.peak = self._mountain(rng)
        self.cabin = (rng.uniform(80, 176), rng.random() < 0.65)
        self.layers = self._layers(rng)
        if self.composition == TREE:
            self.giant = Pine(rng, mix(light.near, light.far, 0.3), light.key, self.snow, tiers=9)
            self.bird = (rng.uniform(-1, 1), rng.random() < 0.7)

    def _mountain(self, rng):
        """Return the picture of a far massif with snowfields on its lit side."""
        light, x = self.light, rng.uniform(60, 196)
        top, foot = rng.uniform(95, 130), 285
        left = [(x - 150, foot), (x - 96, foot - 70), (x - 60, foot - 82), (x - 22, top + 26), (x, top)]
        right = [(x + 16, top + 30), (x + 52, foot - 96), (x + 92, foot - 74), (x + 160, foot)]
        inner = [(x + 6, top + 44), (x - 10, top + 70), (x + 12, top + 98), (x - 14, top + 132), (x + 4, foot)]
        stone = mix(light.far, light.horizon, 0.42)

        def draw(canvas):
            canvas.drawPath(
                polygon(left + right),
                paint(shader=linear((0, top), (0, foot), [stone, mix(stone, light.horizon, 0.5)])),
            )
            canvas.drawPath(
                polygon([*left, *inner]),
                paint(shader=linear((0, top), (0, foot), [(shade(self.snow, 0.3), 0.9), (self.snow, 0.1)])),
            )

        return record(draw)

    def _layers(self, rng):
        """Return, far to near, (trees, snowbank picture): tree = (pine, x, foot, height, phase)."""
        light, layers = self.light, []
        plans = {
            HILLS: ((252, 10, 52, 22), (292, 11, 78, 30), (338, 10, 116, 44), (398, 8, 165, 66)),
            TREE: ((282, 9, 62, 24), (322, 8, 92, 36), (388, 7, 0, 0)),
            PATH: ((272, 5, 70, 19), (300, 4, 130, 40), (345, 4, 225, 62), (408, 4, 330, 92)),
        }[self.composition]
        for k, (base, bumps, tall, gap) in enumerate(plans):
            near = (k + 1) / len(plans)
            green = mix(mix(light.far, light.horizon, 0.5), mix(light.near, light.far, 0.25), near)
            bank = ridge(rng, base, bumps)
            kinds = [Pine(rng, green, light.key, mix(self.snow, light.horizon, 0.45 * (1 - near))) for _ in range(3)]
            trees = [self._plant(rng, kinds, bank, x, tall, near) for x in range(-70, 330, gap)] if tall else []
            layers.append(([tree for tree in trees if tree], self._bank(bank, base, near)))
        return layers

    def _plant(self, rng, kinds, bank, x, tall, near):
        """Return one tree at about x, or nothing where the path or the cabin needs room."""
        x += rng.uniform(-9, 9)
        tall *= rng.uniform(0.72, 1.15)
        if self.composition == PATH and abs(x - 128) < 20 + 62 * near:
            return None
        if self.composition == HILLS and self.cabin[1] and near == 0.75 and abs(x - self.cabin[0]) < 42:
            return None
        return kinds[rng.integers(3)], x, bank(x) + 8 + 10 * near, tall, rng.uniform(0, 6)

    def _bank(self, bank, base, near):
        pale = mix(self.snow, self.light.horizon, 0.5 * (1 - near))
        fill = linear(
            (0, base - 14), (0, base + 110), [shade(pale, 0.35), pale, mix(pale, self.light.far, 0.5)], [0, 0.25, 1]
        )

        def draw(canvas):
            canvas.drawPath(below(bank), paint(shader=fill))
            haze(canvas, self.light, base + 6, 34, 0.35 * (1 - near))

        return record(draw)

    def draw(self, canvas, t):
        self.sky.draw(canvas, t)
        canvas.drawPicture(self.peak)
        for k, (trees, bank) in enumerate(self.layers):
            canvas.drawPicture(bank)
            if self.composition == PATH and k == len(self.layers) - 1:
                self._path(canvas, t)
            if self.composition == HILLS and self.cabin[1] and k == 2:
                self._cabin(canvas, t, self.cabin[0], 344)
            for tree, x, foot, tall, phase in trees:
                ellipse(canvas, x + 0.1 * tall, foot + 1, 0.26 * tall, 0.03 * tall, paint(self.light.far, 0.4))
                tree.draw(canvas, x, foot, tall, self._lean(t, phase))
        if self.composition == TREE:
            self._giant(canvas, t)
        self._snowfall(canvas, t)

    def _lean(self, t, phase):
        return 0.0006 * self.wind + 0.022 * math.sin(2.1 * t + phase + self.gust)

    def _giant(self, canvas, t):
        """Draw the tall tree, its shadow on the snow, a bird on its top and snow slipping off a bough."""
        ellipse(canvas, 150, 404, 96, 11, paint(mix(self.light.far, self.light.near, 0.3), 0.45))
        self.giant.draw(canvas, 128, 404, 330, 0.6 * self._lean(t, 0))
        for k in range(3):
            q = (k / 3 + 0.5 * t) % 1
            x, y = (84, 176, 110)[k], (270, 320, 190)[k]
            for j in range(4):
                puff(
                    canvas,
                    x + 7 * (j - 1.5) * (0.5 + q),
                    y + 76 * q * q + 5 * j,
                    7 + 6 * q,
                    shade(self.snow, 0.4),
                    0.9 * (1 - q),
                )
        if self.bird[1]:
            x, y = 128 + 330 * 0.6 * self._lean(t, 0), 70
            hop = 2.5 * abs(math.sin(4 * t))
            coat = mix(self.accent, self.light.near, 0.2)
            canvas.drawPath(
                polygon([(x + 3, y - 2 - hop), (x + 16, y + 5 - hop), (x + 4, y + 3 - hop)]), paint(shade(coat, -0.3))
            )
            ellipse(canvas, x, y - 2 - hop, 8, 6.5, paint(coat))
            canvas.drawCircle(x - 5, y - 8 - hop, 4.6, paint(coat))
            canvas.drawPath(
                polygon([(x - 9, y - 9 - hop), (x - 14, y - 7.5 - hop), (x - 9, y - 6 - hop)]), paint(self.light.near)
            )
            canvas.drawCircle(x - 6, y - 9 - hop, 0.9, paint(self.light.near))

    def _path(self, canvas, t):
        """Draw the trodden path that winds away, footprints on it and two glowing lanterns."""
        light = self.light
        sides = (
            [(110, 300), (140, 330), (104, 372), (70, HEIGHT + 60)],
            [(230, HEIGHT + 60), (176, 372), (164, 330), (122, 300)],
        )
        way = smooth([*sides[0], *sides[1]], close=True)
        shadow = mix(self.snow, light.far, 0.5)
        canvas.drawPath(way, paint(shader=linear((0, 300), (0, HEIGHT), [(shadow, 0.2), (shadow, 0.85)])))
        for k in range(9):
            q = (k / 9) ** 1.7
            x = 128 + 12 * math.sin(5 * q) + (5 + 9 * q) * (1 if k % 2 else -1)
            ellipse(canvas, x, 312 + 130 * q, 1.5 + 4.5 * q, 1 + 3.5 * q, paint(mix(light.far, light.near, 0.3), 0.55))
        for side, y, tall in ((1, 352, 50), (-1, 384, 74)):
            x = 136 + side * (38 + 0.24 * (y - 330))
            canvas.drawLine(x, y, x, y - tall, paint(light.near, stroke=0.06 * tall))
            canvas.save()
            canvas.translate(x, y - tall)
            canvas.rotate(6 * math.sin(2.6 * t + side))
            w = 0.12 * tall
            glow(canvas, 0, 1.4 * w, tall, self.accent, 0.8)
            box(canvas, -w, 0, w, 2.6 * w, paint(light.near), 2)
            box(canvas, -0.65 * w, 0.5 * w, 0.65 * w, 2.1 * w, paint(mix(self.accent, "#fffbe6", 0.6)), 1)
            canvas.drawPath(
                smooth([(-1.3 * w, 0.2), (0, -1.2 * w), (1.3 * w, 0.2)], close=True), paint(shade(self.snow, 0.3))
            )
            canvas.restore()

    def _cabin(self, canvas, t, x, y):
        """Draw a log cabin half sunk in the snow, a lit window and its smoke."""
        wood = mix(self.light.near, self.light.far, 0.25)
        box(canvas, x - 28, y - 28, x + 28, y + 6, paint(wood))
        for k in range(5):
            canvas.drawLine(
                x - 28, y - 24 + 7 * k, x + 28, y - 24 + 7 * k, paint(mix(wood, self.light.key, 0.18), stroke=1)
            )
        glow(canvas, x - 11, y - 12, 44, self.accent, 0.7)
        box(canvas, x - 19, y - 20, x - 4, y - 6, paint(mix(self.accent, "#fffbe6", 0.5)), 1)
        canvas.drawLine(x - 11.5, y - 20, x - 11.5, y - 6, paint(wood, stroke=1.6))
        box(canvas, x + 6, y - 20, x + 18, y + 6, paint(shade(wood, -0.4)), 1)
        box(canvas, x + 12, y - 66, x + 21, y - 36, paint(shade(wood, -0.2)))
        roof = smooth(
            [(x - 38, y - 24), (x - 34, y - 31), (x, y - 62), (x + 34, y - 31), (x + 38, y - 24), (x, y - 50)],
            close=True,
        )
        canvas.drawPath(
            roof,
            paint(
                shader=linear(
                    (x - 38, 0), (x + 38, 0), [shade(self.snow, 0.5), self.snow, mix(self.snow, self.light.far, 0.4)]
                )
            ),
        )
        for k in range(5):
            q = (k / 5 + 0.3 * t) % 1
            puff(
                canvas,
                x + 17 + self.wind * 0.4 * q + 5 * math.sin(4 * q + k),
                y - 68 - 60 * q,
                6 + 13 * q,
                self.snow,
                0.6 * (1 - q),
            )

    def _snowfall(self, canvas, t):
        """Draw the flakes: small and slow far off, large and soft near the lens."""
        flake = paint("#ffffff")
        for x, y, z, phase in self.flakes:
            px = -MARGIN + (x * 436 + self.wind * z * t + 9 * math.sin(phase + 1.6 * t)) % (WIDTH + 2 * MARGIN)
            py = -40 + (y * 540 + t * (36 + 95 * z)) % 540
            if z > 0.93:
                puff(canvas, px, py, 8, "#ffffff", 0.8)
            else:
                flake.setAlphaf(0.45 + 0.45 * z)
                canvas.drawCircle(px, py, 0.7 + 2.3 * z * z, flake)
