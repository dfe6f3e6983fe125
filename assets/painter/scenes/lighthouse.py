"""A lighthouse: on a headland, its lantern room close up, and on a rock in breaking seas."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import below, box, ellipse, glow, linear, mix, paint, polygon, ridge, shade, smooth
from assets.painter.props_wild import Sea, Sky, gull, haze, puff, record, rock
from assets.painter.scenes.base import Scene, Words

TOPIC = "sea"
WORDS = Words(
    subjects=("an old lighthouse", "the light at the point", "a striped lighthouse", "the keeper's tower"),
    actions=(
        "sweeping its beam",
        "waves breaking on the rocks",
        "gulls circling the lantern",
        "turning slowly in the haze",
    ),
    places=("on the headland", "at the end of the coast path", "far out on the reef", "above the cliffs"),
    tags=("lighthouse", "coast", "sea", "beacon", "waves", "shore"),
)
HEADLAND, LANTERN, REEF = range(3)


class Painter(Scene):
    """A banded tower under a turning double beam; sea, rocks and a cottage as the framing asks."""

    def setup(self, rng):
        light = self.light
        self.accent = light.accents[rng.integers(3)]
        self.bulb = mix(self.accent, "#fffbe8", 0.72)
        self.stone = mix(light.near, light.far, 0.35)
        self.plaster = mix(light.key, light.middle, 0.14)
        self.spiral = rng.random() < 0.4
        self.bands = int(rng.integers(2, 4))
        horizon = (280, 345, 262)[self.composition]
        self.sky = Sky(rng, light, horizon, clouds=6)
        self.sea = Sea(rng, light, horizon, bands=9, swell=(0.8, 0.7, 1.7)[self.composition])
        self.sea.glitter_x = self.sky.sun[0]
        self.x = 128 + rng.uniform(-14, 14) * (self.composition != LANTERN)
        self.foot, self.size = ((306, 1.0), (596, 2.2), (318, 1.05))[self.composition]
        self.start = rng.uniform(0, math.tau)
        self.gulls = [
            (rng.uniform(-60, 60), rng.uniform(40, 110), rng.uniform(5, 9)) for _ in range(rng.integers(3, 6))
        ]
        self.cottage = rng.random() < 0.7
        self._shore(rng)
        self.splash = [(rng.uniform(-1, 1), rng.random(), rng.uniform(0.7, 1.3)) for _ in range(34)]

    def _shore(self, rng):
        """Fix the pictures of the far coast and of what the tower stands on."""
        far = ridge(rng, self.sea.horizon - 4, 12)
        boulders = [(rng.uniform(-1, 1), rng.random(), rng.uniform(8, 20), int(rng.integers(9))) for _ in range(26)]
        tufts = [(rng.uniform(-60, 210), rng.uniform(0, 60)) for _ in range(70)]
        self.coast = record(lambda canvas: self._far_coast(canvas, far))
        on_land = self.composition == HEADLAND
        self.ground = record(
            lambda canvas: self._headland(canvas, boulders, tufts) if on_land else self._reef(canvas, boulders)
        )

    def _far_coast(self, canvas, far):
        """Draw the hazy hills on the horizon."""
        canvas.clipRect(skia.Rect.MakeLTRB(-90, 0, 346, self.sea.horizon + 1))
        canvas.drawPath(below(far), paint(mix(self.light.far, self.light.horizon, 0.5)))
        haze(canvas, self.light, self.sea.horizon, 16, 0.7)

    def _headland(self, canvas, boulders, tufts):
        """Draw the cliff in strata, its grassy brow and the boulders at its foot."""
        light, stone, x = self.light, self.stone, self.x
        across = (-90, 20, x - 40, x + 40, x + 62, x + 66, x + 84, x + 88, -90)
        down = (292, 300, 304, 306, 318, 352, 392, 540, 540)
        fill = linear((0, 296), (0, 448), [mix(stone, light.key, 0.3), stone, shade(stone, -0.45)], [0, 0.25, 1])
        canvas.drawPath(polygon(list(zip(across, down, strict=True))), paint(shader=fill))
        for k in range(9):
            y = 330 + 15 * k
            crack = smooth([(-90, y + 6), (40, y), (x + 20, y + 8), (x + 58 + 2 * k, y - 4)])
            canvas.drawPath(crack, paint(light.key if k % 2 else light.near, 0.13, stroke=2.5))
        brow = smooth([(-90, 293), (20, 300), (x, 304), (x + 54, 309)])
        canvas.drawPath(brow, paint(mix(light.far, light.key, 0.45), stroke=5))
        grass = paint(mix(light.near, light.key, 0.3), stroke=1)
        for left, depth in tufts:
            left = min(left, x + 40)
            for lean in (-3, 1, 4):
                canvas.drawLine(left, 306 + 0.3 * depth, left + lean, 297 + 0.3 * depth, grass)
        colour, rim = shade(stone, -0.2), mix(stone, light.key, 0.4)
        for u, v, r, seed in boulders[:12]:
            rock(canvas, x + 84 + 26 * u, 408 + 34 * v, r, 0.7 * r, colour, rim, seed)

    def _reef(self, canvas, boulders):
        """Draw the heap of wet rocks, darker towards the viewer."""
        rim = mix(self.stone, self.light.key, 0.45)
        for u, v, r, seed in sorted(boulders, key=lambda boulder: boulder[1]):
            x, y, colour = self.x + 66 * u * (0.5 + v), 316 + 38 * v, mix(self.stone, self.light.near, 0.3 * v)
            rock(canvas, x, y, r * (1.1 + 0.5 * v), r * (0.8 + 0.3 * v), colour, rim, seed)

    def draw(self, canvas, t):
        self.sky.draw(canvas, t)
        canvas.drawPicture(self.coast)
        split = self.sea.nearest(345)
        self.sea.draw(canvas, t, 0, split)
        if self.composition == HEADLAND:
            self.sea.draw(canvas, t, split)
        lamp = self.foot - 196 * self.size
        self._beams(canvas, t, self.x, lamp, behind=True)
        if self.composition != LANTERN:
            canvas.drawPicture(self.ground)
        if self.composition == HEADLAND and self.cottage:
            self._cottage(canvas, self.x - 58, 304)
        canvas.save()
        canvas.translate(self.x, self.foot)
        canvas.scale(self.size, self.size)
        self._tower(canvas)
        self._gallery(canvas, t)
        canvas.restore()
        self._beams(canvas, t, self.x, lamp, behind=False)
        if self.composition == REEF:
            self._breakers(canvas, t)
            self.sea.draw(canvas, t, split)
        self._gulls(canvas, t, lamp)

    def _beams(self, canvas, t, x, y, behind):
        """Draw the two beams of the turning lens: broad when they point aside, a flare when at the viewer."""
        turn = self.start + 2.4 * t
        tone = self.bulb if self.light.dark else mix(self.bulb, "#ffffff", 0.3)
        for side in (0, math.pi):
            across, towards = math.cos(turn + side), math.sin(turn + side)
            if (towards < 0) != behind:
                continue
            reach, spread = 330 * across, 20 + 46 * abs(towards) + 12 * abs(across)
            cone = polygon([(x, y - 5), (x + reach, y - spread), (x + reach, y + spread), (x, y + 5)])
            fade = linear((x, 0), (x + reach + 1, 0), [(tone, 0.85), (tone, 0.42), (tone, 0.0)], [0, 0.4, 1])
            canvas.drawPath(cone, paint(shader=fade))
            core = polygon([(x, y - 3), (x + reach, y - 0.4 * spread), (x + reach, y + 0.4 * spread), (x, y + 3)])
            canvas.drawPath(core, paint(shader=fade, alpha=0.55))
            if not behind:
                puff(canvas, x, y, 30 + 70 * towards**3 * self.size**0.4, self.bulb, 0.25 + 0.6 * towards**4)
        if behind:
            glow(canvas, x, y, 95 * self.size**0.4, self.bulb, 0.7)

    def _tower(self, canvas):
        """Draw the tapering tower: plaster, painted bands, round shading, windows, door and steps."""
        light = self.light
        outline = skia.Path()
        outline.moveTo(-29, 4)
        outline.quadTo(-20, -70, -16, -172)
        outline.lineTo(16, -172)
        outline.quadTo(20, -70, 29, 4)
        outline.close()
        canvas.drawPath(outline, paint(self.plaster))
        canvas.save()
        canvas.clipPath(outline, True)
        step = 172 / (2 * self.bands + 1)
        for k in range(self.bands):
            low = -step * (2 * k + 1)
            tilt = 16 if self.spiral else 0
            band = polygon([(-40, low + tilt), (40, low - tilt), (40, low - step - tilt), (-40, low - step + tilt)])
            canvas.drawPath(band, paint(mix(self.accent, light.near, 0.12)))
        roundness = [("#ffffff", 0.28), ("#000000", 0.0), (light.near, 0.62)]
        canvas.drawRect(
            skia.Rect.MakeLTRB(-30, -175, 30, 6), paint(shader=linear((-24, 0), (24, 0), roundness, [0, 0.35, 1]))
        )
        for k in range(22):
            canvas.drawLine(-18 + 11 * (k % 4), -8 * k, -12 + 11 * (k % 4), -8 * k, paint(light.near, 0.16, stroke=0.8))
        canvas.restore()
        for y in (-52, -100, -146):
            box(canvas, -4, y - 7, 4, y + 6, paint(light.near), 4)
            box(canvas, -2.6, y - 5, 2.6, y + 4, paint(self.bulb, 0.9), 3)
        box(canvas, -8, -21, 8, 4, paint(light.near), 7)
        box(canvas, -6, -18, 6, 4, paint(mix(self.accent, light.near, 0.45)), 5)

    def _gallery(self, canvas, t):
        """Draw the gallery with its railing, the glazed lantern with the turning lens, dome and vane."""
        light = self.light
        iron = mix(light.near, light.far, 0.2)
        canvas.drawPath(
            polygon([(-17, -166), (17, -166), (24, -177), (-24, -177)]),
            paint(shader=linear((-24, 0), (24, 0), [mix(iron, light.key, 0.4), iron])),
        )
        box(canvas, -14, -212, 14, -177, paint(mix(self.bulb, light.middle, 0.35)), 1)
        glow(canvas, 0, -196, 22, "#ffffff", 0.9)
        for k in range(4):
            u = math.sin(self.start + 2.4 * t + k * math.pi / 2)
            ellipse(
                canvas,
                7 * u,
                -196,
                3.5 * abs(math.cos(self.start + 2.4 * t + k * math.pi / 2)) + 0.6,
                11,
                paint(self.bulb, 0.8),
            )
        ellipse(canvas, 0, -196, 4, 8, paint("#ffffff"))
        for x in (-14, -5, 5, 14):
            canvas.drawLine(x, -212, x, -177, paint(iron, stroke=1.3))
        canvas.drawLine(-14, -195, 14, -195, paint(iron, 0.7, stroke=0.8))
        for k in range(9):
            canvas.drawLine(-23 + 5.75 * k, -190, -23 + 5.75 * k, -177, paint(iron, stroke=1))
        for y in (-190, -184):
            canvas.drawLine(-24, y, 24, y, paint(mix(iron, light.key, 0.25), stroke=1.2))
        dome = skia.Path()
        dome.moveTo(-18, -211)
        dome.cubicTo(-15, -226, -6, -231, 0, -234)
        dome.cubicTo(6, -231, 15, -226, 18, -211)
        dome.close()
        roof = mix(self.accent, light.near, 0.3)
        canvas.drawPath(
            dome, paint(shader=linear((-17, 0), (17, 0), [shade(roof, 0.35), roof, shade(roof, -0.5)], [0, 0.4, 1]))
        )
        canvas.drawLine(0, -232, 0, -246, paint(iron, stroke=1.4))
        turn = 7 * math.cos(0.9 * t + self.start)
        canvas.drawPath(polygon([(-turn, -246), (turn, -243), (turn, -240), (-turn, -241)]), paint(iron))
        canvas.drawCircle(0, -235, 2.4, paint(iron))

    def _cottage(self, canvas, x, y):
        """Draw the keeper's cottage with a lit window."""
        light, wall = self.light, mix(self.plaster, self.light.far, 0.35)
        box(
            canvas,
            x - 24,
            y - 22,
            x + 22,
            y + 4,
            paint(shader=linear((x - 24, 0), (x + 22, 0), [wall, shade(wall, -0.4)])),
        )
        canvas.drawPath(
            polygon([(x - 29, y - 20), (x - 18, y - 40), (x + 16, y - 40), (x + 27, y - 20)]),
            paint(mix(light.near, light.far, 0.25)),
        )
        box(canvas, x + 4, y - 50, x + 11, y - 36, paint(mix(light.near, light.far, 0.1)))
        for left in (-17, 6):
            box(canvas, x + left, y - 15, x + left + 9, y - 5, paint(self.bulb))
        glow(canvas, x, y - 10, 34, self.accent, 0.4)
        for k in range(6):
            canvas.drawLine(x - 60 + 6 * k, y + 4, x - 60 + 6 * k, y - 6, paint(light.near, 0.8, stroke=1.4))

    def _breakers(self, canvas, t):
        """Draw the swell exploding on the reef: a rising fan of spray and hanging mist."""
        for k, u in enumerate((-0.8, 0.75, -0.15)):
            q = (k / 3 + 0.55 * t) % 1
            for j in range(6):
                x = self.x + 84 * u + (j - 2.5) * 12 * (0.5 + q)
                puff(
                    canvas,
                    x,
                    352 - 66 * math.sin(math.pi * q) * (1 - 0.14 * abs(j - 2.5)),
                    12 + 16 * q,
                    self.light.key,
                    0.8 * (1 - q),
                )
        for u, start, pace in self.splash:
            q = (start + 0.8 * pace * t) % 1
            canvas.drawCircle(
                self.x + 90 * u + 22 * u * q,
                356 - 340 * pace * q * (1 - q),
                2.2 * (1.1 - q),
                paint("#ffffff", 0.9 * (1 - q)),
            )
        for k in range(13):
            canvas.drawOval(
                skia.Rect.MakeXYWH(self.x - 118 + 18 * k, 358 + 4 * math.sin(2.2 * t + k), 26, 7),
                paint(self.light.key, 0.55),
            )

    def _gulls(self, canvas, t, lamp):
        for k, (x, y, size) in enumerate(self.gulls):
            px = self.x + x * math.cos(0.8 * t + k) * 1.3 + 12 * t
            gull(
                canvas,
                px,
                lamp + y - 60 + 10 * math.sin(1.1 * t + k),
                size * self.size**0.5,
                t,
                mix(self.light.near, self.light.far, 0.2),
            )
