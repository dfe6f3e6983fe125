"""A campfire: in a forest clearing, close up with marshmallows, and under a kettle by a lake."""

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
from assets.painter.props_wild import Pine, Rising, Sky, haze, puff, record, rock
from assets.painter.scenes.base import Scene, Words

TOPIC = "nature"
WORDS = Words(
    subjects=("a crackling campfire", "a small fire in the woods", "our camp fire", "a ring of stones and flames"),
    actions=(
        "sparks drifting up",
        "marshmallows turning golden",
        "the kettle coming to the boil",
        "logs crackling away",
    ),
    places=("in a forest clearing", "by the lake", "next to the tent", "deep in the pines"),
    tags=("campfire", "camping", "outdoors", "bonfire", "sparks", "forest"),
)
CLEARING, CLOSE, KETTLE = range(3)


class Painter(Scene):
    """Flames over crossed logs in a ring of stones; everything near takes their light."""

    def setup(self, rng):
        light = self.light
        self.accent = light.accents[rng.integers(3)]
        self.flame = (shade(self.accent, -0.22), self.accent, mix(self.accent, "#fffbe6", 0.55), "#fffdf2")
        self.x = 128 + rng.uniform(-12, 12) * (self.composition != CLOSE)
        self.y = (352, 350, 356)[self.composition]
        self.size = (0.95, 1.75, 0.7)[self.composition] * rng.uniform(0.93, 1.07)
        self.tongues = [
            (u * 25, 1 - 0.62 * abs(u) ** 1.3, rng.uniform(0, 6), rng.uniform(6, 10))
            for u in (-1, 1, -0.6, 0.62, -0.25, 0.3, 0)
        ]
        self.sparks = Rising(rng, 40, 26, 250, 2.0)
        self.sky = Sky(rng, light, 300, clouds=3)
        self.tent = light.accents[rng.integers(3)] if rng.random() < 0.75 else None
        self.side = 1 if rng.random() < 0.5 else -1
        self.sweets = int(rng.integers(2, 4))
        self.forest = record(self._forest(rng))
        self.ground = record(self._ground(rng))

    def _forest(self, rng):
        """Return the painter of the far hill and two rows of pines."""
        light, dark = self.light, mix(self.light.near, self.light.far, 0.3)
        hill = ridge(rng, 250, 14)
        rows = [(mix(light.far, light.middle, 0.35), 26, 110, 296), (mix(dark, light.far, 0.3), 30, 160, 318)]
        trees = []
        for colour, gap, tall, foot in rows:
            kinds = [Pine(rng, colour, light.key) for _ in range(3)]
            xs = [x + rng.uniform(-8, 8) for x in range(-80, 340, gap)]
            trees.append([(kinds[k % 3], x, foot, tall * rng.uniform(0.6, 1.15)) for k, x in enumerate(xs)])

        def draw(canvas):
            canvas.drawPath(below(hill), paint(mix(light.far, light.horizon, 0.45)))
            for row in trees:
                for tree, x, foot, tall in row:
                    tree.draw(canvas, x, foot, tall)
                haze(canvas, light, 300, 50, 0.3)

        return draw

    def _ground(self, rng):
        """Return the painter of the clearing: earth, or water behind a shore, with tufts of grass."""
        light = self.light
        earth = mix(light.near, light.far, 0.25)
        bank = ridge(rng, 312, 4)
        tufts = [(rng.uniform(-60, 310), rng.uniform(332, 460), rng.uniform(5, 13)) for _ in range(70)]

        def draw(canvas):
            canvas.drawPath(
                below(bank),
                paint(shader=linear((0, 300), (0, 448), [mix(earth, light.horizon, 0.22), earth, shade(earth, -0.35)])),
            )
            for x, y, tall in tufts:
                for lean in (-4, 0, 4):
                    canvas.drawLine(x, y, x + lean, y - tall, paint(mix(earth, light.key, 0.16), stroke=1.1))

        return draw

    def draw(self, canvas, t):
        self.sky.draw(canvas, t)
        canvas.drawPicture(self.forest)
        canvas.drawPicture(self.ground)
        if self.composition == KETTLE:
            self._lake(canvas, t)
        if self.tent and self.composition != CLOSE:
            self._tent(canvas, self.x + self.side * 68, 322)
        self._firelight(canvas, t)
        self._seat(canvas)
        canvas.save()
        canvas.translate(self.x, self.y)
        canvas.scale(self.size, self.size)
        self._stones(canvas, range(6, 12))
        self._logs(canvas)
        self._flames(canvas, t)
        self._stones(canvas, range(6))
        canvas.restore()
        if self.composition == KETTLE:
            self._kettle(canvas, t)
        if self.composition == CLOSE:
            self._marshmallows(canvas, t)
        self.sparks.draw(canvas, self.x, self.y - 30 * self.size, t, self.flame[2])

    def _lake(self, canvas, t):
        """Draw still water behind the shore, with the fire's broken reflection of the sky."""
        light = self.light
        water = linear((0, 296), (0, 334), [mix(light.horizon, light.middle, 0.3), mix(light.middle, light.near, 0.5)])
        canvas.drawRect(skia.Rect.MakeLTRB(-MARGIN, 298, WIDTH + MARGIN, 334), paint(shader=water))
        for k in range(16):
            x, y = (k * 53) % 300 - 20 + 6 * math.sin(t + k), 301 + (k * 7) % 31
            ellipse(canvas, x, y, 8 + 9 * abs(math.sin(1.4 * t + k)), 0.8, paint(light.key, 0.4))
        shore = smooth([(-MARGIN, 330), (30, 326), (100, 334), (180, 327), (WIDTH + MARGIN, 332)])
        canvas.drawPath(shore, paint(mix(light.near, light.far, 0.2), stroke=7))

    def _tent(self, canvas, x, y):
        """Draw a ridge tent: a lit flank, a dark flank, the glowing entrance and guy ropes."""
        d, cloth = -self.side, mix(self.tent, self.light.near, 0.25)
        dark_side = linear((x + d * 46, 0), (x - d * 46, 0), [cloth, shade(cloth, -0.55)])
        canvas.drawPath(polygon([(x - 46, y), (x, y - 66), (x + 46, y)]), paint(shader=dark_side))
        canvas.drawPath(polygon([(x + d * 4, y), (x, y - 66), (x + d * 30, y)]), paint(shade(cloth, 0.22)))
        canvas.drawPath(
            polygon([(x + d * 9, y), (x + d * 2, y - 50), (x + d * 23, y)]),
            paint(mix(self.flame[2], self.light.near, 0.25)),
        )
        canvas.drawLine(x, y - 66, x, y - 72, paint(self.light.near, stroke=2))
        for end in (-62, 62):
            canvas.drawLine(x, y - 66, x + end, y + 3, paint(self.light.key, 0.35, stroke=0.8))

    def _firelight(self, canvas, t):
        """Draw the flickering light on the ground and in the air."""
        flicker = 1 + 0.06 * math.sin(13 * t) + 0.05 * math.sin(7.3 * t + 1)
        r = 118 * self.size**0.6 * flicker
        pool = radial((0, 0), r, [(self.flame[2], 0.75), (self.accent, 0.3), (self.accent, 0.0)], [0, 0.45, 1])
        canvas.save()
        canvas.translate(self.x, self.y + 8)
        canvas.scale(1, 0.36)
        canvas.drawCircle(0, 0, r, paint(shader=pool))
        canvas.restore()
        glow(canvas, self.x, self.y - 46 * self.size, 1.7 * r, self.accent, 0.5)

    def _seat(self, canvas):
        """Draw a log to sit on, in the foreground corner, dark against the firelight."""
        if self.composition == CLOSE:
            return
        x, y, bark = self.x - self.side * 66, self.y + 34, mix(self.light.near, self.accent, 0.12)
        tones = [mix(bark, self.accent, 0.5), bark, shade(bark, -0.5)]
        log = linear((0, y - 11), (0, y + 11), tones, [0, 0.3, 1])
        box(canvas, x - 42, y - 11, x + 42, y + 11, paint(shader=log), 10)
        end = x + self.side * 38
        for r, tone in ((1.0, 0.55), (0.66, 0.3), (0.3, 0.5)):
            ellipse(canvas, end, y, 6 * r, 11 * r, paint(mix(bark, self.flame[2], tone)))

    def _stones(self, canvas, which):
        """Draw some of the twelve stones of the ring: the far ones before the fire, the near ones after."""
        colour, rim = mix(self.light.near, self.light.far, 0.5), mix(self.light.far, self.accent, 0.7)
        for k in which:
            a = math.pi * (k + 0.5) / 6
            rock(canvas, 47 * math.cos(a), 10 + 13 * math.sin(a), 10 + k % 3, 7 + k % 2, colour, rim, k)

    def _logs(self, canvas):
        """Draw four split logs leaned together, with cut ends and glowing undersides."""
        bark = mix(self.light.near, self.light.far, 0.25)
        split = linear((0, -6), (0, 6), [mix(bark, self.accent, 0.6), bark, shade(bark, -0.5)])
        for angle, length in ((-28, 42), (28, 42), (-62, 36), (64, 36)):
            canvas.save()
            canvas.translate(0, 2)
            canvas.rotate(angle)
            box(canvas, -length, -6, length, 6, paint(shader=split), 5)
            canvas.drawLine(-length + 9, -1, length - 14, 1, paint(self.flame[1], 0.5, stroke=1.2))
            ellipse(canvas, length - 2, 0, 4, 6, paint(mix(bark, self.light.key, 0.5)))
            canvas.restore()

    def _flames(self, canvas, t):
        """Draw nested tongues, from the dark outer flame to the white core."""
        for layer, scale in enumerate((1.0, 0.76, 0.52, 0.28)):
            for offset, tall, phase, pace in self.tongues:
                h = 104 * tall * scale * (1 + 0.16 * math.sin(pace * t + phase))
                w, lean = 16 * scale, 9 * scale * math.sin(0.7 * pace * t + phase)
                x = offset * (1 - 0.2 * layer)
                tongue = skia.Path()
                tongue.moveTo(x - w, 4)
                tongue.cubicTo(x - 1.5 * w, -0.4 * h, x - 0.1 * w + lean, -0.5 * h, x + 1.3 * lean, -h)
                tongue.cubicTo(x + 0.7 * w + lean, -0.62 * h, x + 1.4 * w, -0.36 * h, x + w, 4)
                tongue.close()
                foot = linear((0, -h), (0, 6), [(self.flame[layer], 0.95), (self.flame[min(3, layer + 1)], 0.85)])
                canvas.drawPath(tongue, paint(shader=foot))

    def _kettle(self, canvas, t):
        """Draw a tripod of poles with a swinging, steaming kettle."""
        pole, x, top = mix(self.light.near, self.light.far, 0.25), self.x, 208
        for foot in (-64, 62, 14):
            canvas.drawLine(x - foot * 0.08, top - 10, x + foot, self.y + 16, paint(pole, stroke=4.5))
            canvas.drawLine(
                x - foot * 0.08 - 1, top - 10, x + foot - 1, self.y + 16, paint(self.flame[2], 0.5, stroke=1)
            )
        canvas.save()
        canvas.translate(x, top)
        canvas.rotate(4 * math.sin(2.4 * t))
        metal = mix(self.light.near, self.light.far, 0.4)
        canvas.drawLine(0, -4, 0, 34, paint(pole, stroke=1.6))
        canvas.drawPath(smooth([(-20, 56), (-15, 36), (15, 36), (20, 56)]), paint(metal, stroke=2.6))
        canvas.drawPath(smooth([(22, 66), (34, 58), (38, 50)]), paint(metal, stroke=6))
        body = smooth([(-20, 50), (20, 50), (27, 72), (17, 84), (-17, 84), (-27, 72)], close=True)
        canvas.drawPath(
            body,
            paint(
                shader=linear((0, 48), (0, 86), [mix(metal, self.light.key, 0.45), metal, mix(metal, self.accent, 0.8)])
            ),
        )
        ellipse(canvas, 0, 50, 17, 4, paint(mix(metal, self.light.key, 0.3)))
        ellipse(canvas, 0, 46, 3, 3, paint(metal))
        canvas.restore()
        for k in range(6):
            q = (k / 6 + 0.45 * t) % 1
            puff(
                canvas,
                x + 40 + 8 * math.sin(5 * q + k),
                top + 46 - 80 * q,
                8 + 18 * q,
                self.light.key,
                0.6 * math.sin(math.pi * q),
            )

    def _marshmallows(self, canvas, t):
        """Draw sticks reaching in from the lower corners, each with two toasted marshmallows."""
        for k in range(self.sweets):
            side = 1 if k % 2 else -1
            x, y = 128 + side * (34 + 12 * (k // 2)), 236 - 26 * k + 5 * math.sin(2.2 * t + 2 * k)
            canvas.drawLine(
                128 + side * 190, HEIGHT + 10, x, y, paint(mix(self.light.near, self.light.far, 0.4), stroke=3.4)
            )
            canvas.save()
            canvas.translate(x, y)
            canvas.rotate(side * 55 + 8 * math.sin(3 * t + k))
            for lift in (8, -12):
                toast = [
                    mix("#fff8ea", self.accent, 0.1),
                    mix("#f3e2c6", self.accent, 0.3),
                    mix(self.accent, "#3a2418", 0.55),
                ]
                box(
                    canvas,
                    -9,
                    lift - 9,
                    9,
                    lift + 9,
                    paint(shader=linear((-9, 0), (9, 0), toast if side > 0 else toast[::-1])),
                    6,
                )
            canvas.restore()
