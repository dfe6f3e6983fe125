"""Hot-air balloons: a fleet over hazy hills, one close by with its burner lit, and high above the fields."""

from __future__ import annotations

import math

import skia

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
    radial,
    ridge,
    shade,
    smooth,
)
from assets.painter.props_wild import Pine, Sky, gull, haze, record
from assets.painter.scenes.base import Scene, Words

TOPIC = "nature"
WORDS = Words(
    subjects=("hot-air balloons", "a striped hot-air balloon", "a sky full of balloons", "the balloon festival"),
    actions=("rising over the valley", "drifting on the morning air", "the burner roaring", "floating past each other"),
    places=("above the hills", "over the river", "high over the fields", "at the break of day"),
    tags=("balloons", "hotairballoon", "sky", "flying", "travel", "valley"),
)
FLEET, CLOSE, ALOFT = range(3)


class Painter(Scene):
    """Gored envelopes with round shading, their baskets swinging, over land in layers of haze."""

    def setup(self, rng):
        light = self.light
        self.tones = [light.accents[k] for k in rng.permutation(3)] + [mix(light.key, light.middle, 0.15)]
        self.horizon = (330, 400, 150)[self.composition]
        self.sky = Sky(rng, light, self.horizon, clouds=6)
        self.fleet = self._fleet(rng)
        self.land = record(self._fields(rng) if self.composition == ALOFT else self._hills(rng))
        self.birds = [(rng.uniform(0, 200), rng.uniform(70, 130), rng.uniform(3, 5)) for _ in range(rng.integers(2, 6))]

    def _fleet(self, rng):
        """Return balloons as (x, y, radius, phase, pattern, tones, nearness), far ones first."""
        spots = (
            [
                (186, 250, 11, 0.2),
                (60, 232, 13, 0.3),
                (128, 178, 17, 0.45),
                (196, 120, 23, 0.65),
                (76, 125, 28, 0.8),
                (146, 252, 38, 1.0),
            ],
            [(56, 290, 13, 0.3), (208, 330, 17, 0.45), (128, 172, 82, 1.0)],
            [(186, 130, 14, 0.4), (74, 172, 25, 0.7), (160, 240, 44, 1.0)],
        )[self.composition]
        fleet = []
        for x, y, r, near in spots:
            a, b = rng.permutation(4)[:2]
            fleet.append(
                (
                    x + rng.uniform(-9, 9),
                    y + rng.uniform(-8, 8),
                    r * rng.uniform(0.92, 1.08),
                    rng.uniform(0, 6),
                    int(rng.integers(3)),
                    (self.tones[a], self.tones[b]),
                    near,
                )
            )
        return fleet

    def _hills(self, rng):
        """Return the painter of layered hills with mist between and pines on the nearest."""
        light = self.light
        lines = [ridge(rng, self.horizon - 30 + 30 * k, 20 - 4 * k) for k in range(4)]
        pine = Pine(rng, mix(light.near, light.far, 0.15), light.key)
        trees = [(rng.uniform(-60, 310), rng.uniform(22, 48)) for _ in range(16)]

        def draw(canvas):
            for k, line in enumerate(lines):
                tone = mix(mix(light.far, light.horizon, 0.6), light.near, 0.24 * k)
                canvas.drawPath(
                    below(line),
                    paint(
                        shader=linear(
                            (0, self.horizon - 50 + 30 * k),
                            (0, HEIGHT + 20),
                            [mix(tone, light.key, 0.16), shade(tone, -0.2)],
                        )
                    ),
                )
                haze(canvas, light, self.horizon + 4 + 30 * k, 26, 0.45 - 0.1 * k)
            for x, tall in trees:
                pine.draw(canvas, x, lines[3](x) + 4, tall)

        return draw

    def _fields(self, rng):
        """Return the painter of patchwork fields in perspective, with hedges and a shining river."""
        light, rows = self.light, []
        tones = [
            mix(light.middle, light.far, 0.5),
            mix(light.far, light.key, 0.2),
            mix(light.far, light.near, 0.45),
            mix(light.horizon, light.far, 0.6),
        ]
        edges = [self.horizon + (HEIGHT + 90 - self.horizon) * (k / 8) ** 1.8 for k in range(9)]
        for top, low in zip(edges, edges[1:], strict=False):
            spread = 0.35 + 2.2 * (low - self.horizon) / HEIGHT
            cuts = [128 + (u + rng.uniform(-14, 14)) * spread for u in range(-500, 501, 50)]
            rows.append(
                (top, low, cuts, rng.integers(0, 4, len(cuts)), (top - self.horizon + 20) / (low - self.horizon + 20))
            )
        far = ridge(rng, self.horizon - 6, 14)
        bend = [(150, self.horizon + 2), (96, 190), (150, 236), (90, 304), (186, 384), (110, 540)]

        def draw(canvas):
            canvas.drawPath(below(far), paint(mix(light.far, light.horizon, 0.45)))
            for top, low, cuts, kinds, shrink in rows:
                for a, b, kind in zip(cuts, cuts[1:], kinds, strict=False):
                    patch = polygon(
                        [(128 + (a - 128) * shrink, top), (128 + (b - 128) * shrink, top), (b, low), (a, low)]
                    )
                    canvas.drawPath(patch, paint(tones[kind]))
                    canvas.drawPath(patch, paint(light.near, 0.45, stroke=0.5 + 2 * (low - self.horizon) / HEIGHT))
                    for f in (0.25, 0.5, 0.75):
                        x = a + (b - a) * f
                        canvas.drawLine(128 + (x - 128) * shrink, top, x, low, paint(light.key, 0.1, stroke=1))
            for k, (start, end) in enumerate(zip(bend, bend[1:], strict=False)):
                previous, following = bend[max(k - 1, 0)], bend[min(k + 2, len(bend) - 1)]
                piece = smooth([previous, start, end, following])
                canvas.save()
                canvas.clipRect(skia.Rect.MakeLTRB(-MARGIN, start[1], WIDTH + MARGIN, end[1]))
                canvas.drawPath(piece, paint(mix(light.horizon, light.key, 0.4), stroke=3 + 4 * k))
                canvas.restore()
            haze(canvas, light, self.horizon + 6, 60, 0.75)

        return draw

    def draw(self, canvas, t):
        self.sky.draw(canvas, t)
        canvas.drawPicture(self.land)
        for x, y, size in self.birds:
            gull(canvas, x + 16 * t, y + 4 * math.sin(2 * t + x), size, t, mix(self.light.near, self.light.far, 0.3))
        for balloon in self.fleet:
            self._balloon(canvas, t, *balloon)

    def _balloon(self, canvas, t, x, y, r, phase, pattern, tones, near):
        """Place one balloon: it rises, drifts and swings; distance pales it."""
        x += 5 * near * math.sin(0.9 * t + phase)
        y += -7 * near * (t - 1.5) + 4 * near * math.sin(1.5 * t + phase)
        if self.composition == ALOFT:
            ellipse(canvas, x - 1.5 * r, y + 3.4 * r, 0.8 * r, 0.3 * r, paint(self.light.near, 0.35))
        tones = [mix(tone, self.light.horizon, 0.42 * (1 - near)) for tone in tones]
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(2.6 * math.sin(1.3 * t + phase))
        canvas.scale(r / 50, r / 50)
        self._basket(canvas, t, phase, near)
        self._envelope(canvas, t, phase, pattern, tones)
        canvas.restore()

    def _envelope(self, canvas, t, phase, pattern, tones):
        """Draw the envelope: gores, a band or zigzag, round shading, inner fire and a rim of light."""
        outline = skia.Path()
        outline.moveTo(0, -52)
        outline.cubicTo(32, -52, 51, -28, 50, -2)
        outline.cubicTo(49, 22, 24, 40, 11, 60)
        outline.lineTo(-11, 60)
        outline.cubicTo(-24, 40, -49, 22, -50, -2)
        outline.cubicTo(-51, -28, -32, -52, 0, -52)
        canvas.drawPath(outline, paint(tones[0]))
        canvas.save()
        canvas.clipPath(outline, True)
        for k in range(-5, 5):
            a, b = math.sin(k * math.pi / 10), math.sin((k + 1) * math.pi / 10)
            gore = skia.Path()
            gore.moveTo(0, -53)
            gore.cubicTo(66 * a, -44, 62 * a, 26, 11 * a, 61)
            gore.lineTo(11 * b, 61)
            gore.cubicTo(62 * b, 26, 66 * b, -44, 0, -53)
            if k % 2 and pattern != 1:
                canvas.drawPath(gore, paint(tones[1]))
            canvas.drawPath(gore, paint(self.light.near, 0.25, stroke=0.7))
        if pattern:
            zigzag = [(-60 + 10 * k, -2 - (9 if k % 2 else -3) * pattern) for k in range(13)]
            canvas.drawPath(
                polygon([*zigzag, (60, 22), (-60, 22)]), paint(tones[1] if pattern == 1 else shade(tones[0], 0.45))
            )
            canvas.drawPath(smooth([(-60, -26), (0, -20), (60, -26)]), paint(shade(tones[1], 0.2), stroke=5))
        roundness = radial((-17, -22), 84, [("#ffffff", 0.42), ("#ffffff", 0.0), (self.light.near, 0.62)], [0, 0.4, 1])
        canvas.drawRect(skia.Rect.MakeLTRB(-60, -60, 60, 70), paint(shader=roundness))
        glow(canvas, 0, 58, 56, "#fff3cf", 0.75 * self._burn(t, phase))
        canvas.drawPath(smooth([(44, -22), (48, 0), (38, 24), (16, 52)]), paint(self.light.key, 0.4, stroke=2))
        canvas.restore()
        box(canvas, -12, 58, 12, 63, paint(shade(tones[1], -0.45)), 2)

    def _burn(self, t, phase):
        """Return the burner's strength: short roars with pauses."""
        return max(0.0, math.sin(2.6 * t + phase)) ** 0.5 * (0.85 + 0.15 * math.sin(31 * t))

    def _basket(self, canvas, t, phase, near):
        """Draw ropes, flame, wicker basket with sandbags and, near by, its two passengers."""
        light = self.light
        wicker, tone = mix(light.near, light.key, 0.3), self.tones[0]
        for top, low in ((-11, -8), (-4, -8), (4, 8), (11, 8)):
            canvas.drawLine(top, 60, low, 86, paint(light.near, 0.85, stroke=0.9))
        burn = self._burn(t, phase)
        if burn > 0.05:
            glow(canvas, 0, 72, 24, tone, 0.8 * burn)
            for wide, tall, colour in ((4.2, 22, tone), (2.2, 14, "#fffbe6")):
                flame = smooth([(-wide, 78), (0, 78 - tall * burn), (wide, 78)], close=True)
                canvas.drawPath(flame, paint(mix(colour, "#fffbe6", 0.3)))
        if near > 0.6:
            for x, coat in ((-4, self.tones[1]), (4, self.tones[2])):
                box(canvas, x - 3, 81, x + 3, 92, paint(mix(coat, light.near, 0.25)), 2.5)
                canvas.drawCircle(x, 78.5, 2.6, paint(mix(light.near, light.key, 0.45)))
            wave = 4 * math.sin(6 * t + phase)
            canvas.drawLine(6, 84, 12, 78 + wave, paint(mix(self.tones[2], light.near, 0.25), stroke=1.7))
        body = linear((-10, 0), (10, 0), [shade(wicker, 0.25), wicker, shade(wicker, -0.45)])
        box(canvas, -10, 86, 10, 101, paint(shader=body), 2.5)
        for k in range(3):
            canvas.drawLine(-9, 90 + 3.6 * k, 9, 90 + 3.6 * k, paint(light.near, 0.45, stroke=0.8))
        box(canvas, -11, 85, 11, 88, paint(mix(tone, light.near, 0.4)), 1.5)
        for x in (-11, 11):
            ellipse(canvas, x, 95, 2, 3.4, paint(shade(wicker, -0.25)))
