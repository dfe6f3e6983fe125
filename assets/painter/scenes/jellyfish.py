"""Jellyfish: a drifting swarm, one huge animal close by, and a pair over the reef."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    backdrop,
    below,
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
from assets.painter.props_wild import Rising, puff, record
from assets.painter.scenes.base import Scene, Words

TOPIC = "sea"
WORDS = Words(
    subjects=("a swarm of jellyfish", "a glowing jellyfish", "moon jellies", "a giant jelly with long arms"),
    actions=(
        "pulsing through the water",
        "trailing long tentacles",
        "rising towards the light",
        "drifting past small fish",
    ),
    places=("in the deep", "above the reef", "just under the surface", "at the aquarium"),
    tags=("jellyfish", "underwater", "ocean", "sealife", "diving", "drift"),
)
SWARM, GIANT, REEF = range(3)


class Painter(Scene):
    """Pulsing translucent bells with frilled arms and whip-like tentacles, in shafts of light."""

    def setup(self, rng):
        light = self.light
        self.deep = record(self._water(rng))
        self.shafts = [(rng.uniform(-40, 300), rng.uniform(14, 40), rng.uniform(0, math.tau)) for _ in range(6)]
        self.plankton = Rising(rng, 46, 170, 420, 1.5)
        self.bubbles = Rising(rng, 14, 12, 330, 3.2)
        self.bubble_x = rng.uniform(40, 216)
        self.tones = [light.accents[k] for k in rng.permutation(3)]
        self.arms = int(rng.integers(7, 11))
        self.spots = rng.random() < 0.6
        self.fish = [(rng.uniform(-20, 20), rng.uniform(-16, 16), rng.uniform(0.7, 1.2)) for _ in range(9)]
        self.shoal = (rng.uniform(40, 200), rng.uniform(90, 330), 1 if rng.random() < 0.5 else -1)
        self.jellies = self._swarm(rng)

    def _swarm(self, rng):
        """Return jellies as (x, y, bell radius, pulse phase, tilt, nearness), far ones first."""
        if self.composition == GIANT:
            return [
                (rng.uniform(50, 200), 110, 13, 1.0, 12, 0.25),
                (128 + rng.uniform(-8, 8), 170, 78, rng.uniform(0, 6), rng.uniform(-9, 9), 1.0),
            ]
        if self.composition == REEF:
            side = rng.uniform(-10, 10)
            spots = [(70, 120, 16, 0.3), (98 + side, 150, 44, 1.0), (178 + side, 246, 30, 0.8)]
        else:
            spots = [
                (60, 330, 13, 0.15),
                (205, 95, 14, 0.2),
                (120, 72, 15, 0.25),
                (190, 300, 22, 0.5),
                (62, 190, 27, 0.65),
                (152, 190, 44, 1.0),
            ]
        return [
            (
                x + rng.uniform(-10, 10),
                y + rng.uniform(-12, 12),
                r * rng.uniform(0.9, 1.15),
                rng.uniform(0, 6),
                rng.uniform(-16, 16),
                near,
            )
            for x, y, r, near in spots
        ]

    def _water(self, rng):
        """Return the painter of the water column, and of the reef where there is one."""
        light = self.light
        hills = [ridge(rng, base, 16) for base in (338, 376, 418)]
        weeds = [(rng.uniform(-60, 310), rng.uniform(30, 90), rng.uniform(-14, 14), k % 3) for k in range(36)]
        corals = [(rng.uniform(-40, 290), rng.uniform(16, 34)) for _ in range(7)]
        stops = [
            mix(light.horizon, light.key, 0.15),
            light.middle,
            mix(light.top, light.middle, 0.35),
            mix(light.near, light.top, 0.45),
        ]
        column = linear((0, -60), (0, HEIGHT + 30), stops, [0, 0.33, 0.66, 1])

        def draw(canvas):
            backdrop(canvas, light)
            canvas.drawRect(skia.Rect.MakeLTRB(-MARGIN, -MARGIN, WIDTH + MARGIN, HEIGHT + MARGIN), paint(shader=column))
            if self.composition != REEF:
                return
            for k, hill in enumerate(hills):
                tone = mix(mix(light.far, light.middle, 0.45), light.near, 0.42 * k)
                for x, tall, lean, row in weeds:
                    if row == k:
                        y = hill(x) + 4
                        canvas.drawPath(
                            smooth([(x, y), (x + lean, y - 0.5 * tall), (x - 0.4 * lean, y - tall)]),
                            paint(shade(tone, -0.08), stroke=3 + 1.5 * k),
                        )
                for x, r in corals[2 * k : 2 * k + 3]:
                    self._coral(canvas, x, hill(x) + 6, r, mix(tone, self.light.accents[k], 0.3))
                canvas.drawPath(
                    below(hill),
                    paint(
                        shader=linear((0, 330 + 36 * k), (0, HEIGHT), [mix(tone, light.key, 0.14), shade(tone, -0.25)])
                    ),
                )

        return draw

    def _coral(self, canvas, x, y, r, tone):
        """Draw a fan of branching coral."""
        for angle in np.linspace(-1.1, 1.1, 7):
            tip = x + 1.5 * r * math.sin(angle), y - 1.5 * r * math.cos(angle)
            bend = x + 0.8 * r * math.sin(0.6 * angle), y - 0.8 * r * math.cos(0.6 * angle)
            canvas.drawPath(smooth([(x, y), bend, tip]), paint(tone, stroke=4))
            canvas.drawCircle(*tip, 3.4, paint(mix(tone, self.light.key, 0.25)))

    def draw(self, canvas, t):
        canvas.drawPicture(self.deep)
        self._shafts(canvas, t)
        self._shoal(canvas, t)
        self.plankton.draw(canvas, 128, HEIGHT, 0.35 * t, self.light.key, 0.55)
        for k, jelly in enumerate(self.jellies):
            self._jelly(canvas, t, self.tones[k % 2 if k < len(self.jellies) - 1 else 0], *jelly)
        self.bubbles.draw(canvas, self.bubble_x, 430, 0.8 * t, self.light.key, 0.6)
        for k in range(5):
            puff(
                canvas,
                (k * 97) % 280 + 9 * math.sin(t + k),
                (k * 131 + 40) % 440 - 8 * t,
                11 + 3 * k,
                self.light.key,
                0.14,
            )

    def _shafts(self, canvas, t):
        """Draw swaying shafts of light and the bright, rippling surface."""
        for x, wide, phase in self.shafts:
            shift = 14 * math.sin(0.7 * t + phase)
            shaft = polygon(
                [
                    (x + shift, -80),
                    (x + wide + shift, -80),
                    (x + 2.6 * wide - 70 + 2 * shift, 400),
                    (x - wide - 70 + 2 * shift, 400),
                ]
            )
            alpha = 0.2 + 0.09 * math.sin(1.6 * t + 2 * phase)
            canvas.drawPath(
                shaft, paint(shader=linear((0, -60), (0, 390), [(self.light.key, alpha), (self.light.key, 0.0)]))
            )
        for k in range(14):
            x = (k * 61) % 380 - 60 + 10 * math.sin(1.3 * t + k)
            ellipse(canvas, x, -4 + (k * 7) % 22, 16 + 9 * math.sin(1.8 * t + 2 * k), 1.6, paint(self.light.key, 0.4))

    def _shoal(self, canvas, t):
        """Draw a shoal of small dark fish crossing behind."""
        x0, y0, way = self.shoal
        tone = paint(mix(self.light.near, self.light.middle, 0.4), 0.75)
        for dx, dy, size in self.fish:
            x, y = x0 + 2.6 * dx + way * 20 * (t - 1.5), y0 + dy + 3 * math.sin(2 * t + dx)
            tail = 2 * math.sin(11 * t + dx)
            ellipse(canvas, x, y, 6 * size, 2.4 * size, tone)
            canvas.drawPath(
                polygon(
                    [
                        (x - way * 4 * size, y),
                        (x - way * 10 * size, y - 3 * size + tail),
                        (x - way * 10 * size, y + 3 * size + tail),
                    ]
                ),
                tone,
            )

    def _jelly(self, canvas, t, tone, x, y, r, phase, tilt, near):
        """Draw one animal: it squeezes and surges up, then opens and sinks."""
        beat = 2.9 * t + phase
        squeeze = math.sin(beat)
        tone = mix(tone, self.light.middle, 0.45 * (1 - near))
        canvas.save()
        canvas.translate(x + 4 * math.sin(0.8 * t + phase), y - 0.16 * r * math.sin(beat - 1.1) - 4 * t * near)
        canvas.rotate(tilt + 4 * math.sin(0.9 * t + phase))
        wide, tall = r * (1 - 0.13 * squeeze), r * (0.92 + 0.13 * squeeze)
        if near > 0.4:
            glow(canvas, 0, -0.2 * r, 2.1 * r, shade(tone, 0.2), 0.5 if self.light.dark else 0.3)
        self._tentacles(canvas, t, tone, wide, r, phase, near)
        if near > 0.4:
            self._arms(canvas, t, tone, wide, r, phase)
        self._bell(canvas, tone, wide, tall, near, squeeze)
        canvas.restore()

    def _tentacles(self, canvas, t, tone, wide, r, phase, near):
        """Draw thin whips from the rim, on which a wave runs down."""
        count = self.arms + 4 if near > 0.4 else 6
        for k, u in enumerate(np.linspace(-0.9, 0.9, count)):
            long = r * (2.0 + 0.6 * math.sin(2.1 * k + phase))
            points = []
            for s in np.linspace(0, 1, 7):
                wave = r * 0.16 * s**0.6 * math.sin(7 * s - 4.0 * t + phase + 0.6 * k)
                points.append((float(u * wide * (1 - 0.25 * s) + wave), float(0.08 * r + s * long)))
            fade = linear((0, 0), (0, long), [(shade(tone, 0.35), 0.9), (tone, 0.1)])
            canvas.drawPath(smooth(points), paint(shader=fade, stroke=max(0.8, 0.028 * r)))

    def _arms(self, canvas, t, tone, wide, r, phase):
        """Draw the frilled mouth arms as ribbons that ripple."""
        for k, u in enumerate((-0.3, 0.3, 0.0)):
            left, right = [], []
            for s in np.linspace(0, 1, 9):
                mid = u * wide * (1 + 0.3 * s) + r * 0.17 * s * math.sin(5 * s - 3.2 * t + phase + 2 * k)
                frill = r * (0.15 * (1 - s) + 0.05) * (1 + 0.5 * math.sin(19 * s - 5 * t + k))
                down = 0.05 * r + s * r * (1.55 - 0.2 * k)
                left.append((float(mid - frill), float(down)))
                right.append((float(mid + frill), float(down)))
            fade = linear((0, 0), (0, 1.6 * r), [(shade(tone, 0.5), 0.9), (shade(tone, 0.2), 0.55), (tone, 0.1)])
            canvas.drawPath(smooth([*left, *right[::-1]], close=True), paint(shader=fade))

    def _bell(self, canvas, tone, wide, tall, near, squeeze):
        """Draw the translucent dome: glassy body, scalloped hem and a bright rim."""
        hem = [
            (wide * u, 0.1 * tall * (1 if k % 2 else 0.1) + 0.05 * tall * squeeze)
            for k, u in enumerate(np.linspace(1, -1, 17))
        ]
        dome = skia.Path()
        dome.moveTo(-wide, 0)
        dome.cubicTo(-1.08 * wide, -0.72 * tall, -0.55 * wide, -tall, 0, -tall)
        dome.cubicTo(0.55 * wide, -tall, 1.08 * wide, -0.72 * tall, wide, 0)
        for a, b in zip(hem[::2], hem[1::2], strict=False):
            dome.quadTo(*map(float, b), float(b[0] - (a[0] - b[0])), float(a[1]))
        dome.close()
        body = [
            (shade(tone, 0.55), 0.95),
            (shade(tone, 0.1), 0.82),
            (shade(tone, -0.25), 0.72),
            (shade(tone, 0.4), 0.95),
        ]
        canvas.drawPath(dome, paint(shader=radial((-0.25 * wide, -0.5 * tall), 1.35 * wide, body, [0, 0.4, 0.8, 1])))
        canvas.drawPath(dome, paint(shade(tone, 0.65), 0.85, stroke=max(0.7, 0.02 * wide)))
        if near > 0.4:
            canvas.save()
            canvas.clipPath(dome, True)
            self._organs(canvas, tone, wide, tall)
            canvas.restore()

    def _organs(self, canvas, tone, wide, tall):
        """Draw what shows through the bell: rings, ribs, spots and a highlight."""
        for angle in (0.5, 2.64, 3.64, 5.78):
            px, py = 0.3 * wide * math.cos(angle), -0.52 * tall + 0.24 * tall * math.sin(angle)
            ellipse(canvas, px, py, 0.22 * wide, 0.13 * tall, paint(shade(tone, 0.75), 0.28))
            ellipse(canvas, px, py, 0.22 * wide, 0.13 * tall, paint(shade(tone, 0.8), 0.5, stroke=0.03 * wide))
        for u in np.linspace(-0.8, 0.8, 9):
            rib = skia.Path()
            rib.moveTo(float(0.3 * u * wide), -0.9 * tall)
            rib.quadTo(float(1.1 * u * wide), -0.6 * tall, float(u * wide), 0.06 * tall)
            canvas.drawPath(rib, paint(shade(tone, 0.7), 0.28, stroke=0.022 * wide))
        if self.spots:
            for k in range(16):
                a = 2.4 * k
                canvas.drawCircle(
                    0.8 * wide * math.sin(a),
                    -0.5 * tall + 0.36 * tall * math.cos(1.7 * a),
                    0.028 * wide,
                    paint("#ffffff", 0.6),
                )
        shine = smooth([(-0.78 * wide, -0.4 * tall), (-0.6 * wide, -0.72 * tall), (-0.25 * wide, -0.9 * tall)])
        canvas.drawPath(shine, paint("#ffffff", 0.6, stroke=0.06 * wide))
