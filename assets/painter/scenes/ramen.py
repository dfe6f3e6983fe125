"""A bowl of ramen: noodles lifted by chopsticks, steam over the broth."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import WIDTH, box, ellipse, glow, linear, mix, paint, polygon, radial, shade, smooth
from assets.painter.props_play import FRAME, Room, Steam, halo, ribbon, shuffled_accents, soft_shadow, table, wash
from assets.painter.scenes.base import Scene, Words

TOPIC = "food"
WORDS = Words(
    subjects=("a bowl of ramen", "hot noodle soup", "a late ramen", "slurpy noodles", "a big bowl of broth"),
    actions=(
        "noodles lifted from the broth",
        "steam rising over the bowl",
        "chopsticks at work",
        "one more slurp",
        "soup still bubbling",
    ),
    places=("in a tiny noodle shop", "at the counter", "after the last train", "on a cold evening"),
    tags=("ramen", "noodles", "broth", "noodlebar", "slurp", "soupseason"),
)


class Painter(Scene):
    """Bowl on the counter, bowl from above, noodles lifted close up."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accent, self.second, self.third = shuffled_accents(light, rng)
        self.room, self.steam = Room(rng, light, self.third), Steam(rng, 8, 62)
        self.bowl = (self.accent, light.near, mix(light.key, light.far, 0.12))[rng.integers(3)]
        self.broth = mix(mix(self.second, light.near, 0.35), light.horizon, 0.12)
        self.noodle = mix(light.key, self.second, 0.22)
        self.curls = [
            (rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(0, math.tau), rng.uniform(0.8, 1.3)) for _ in range(34)
        ]
        self.leeks = [
            (rng.uniform(0, math.tau), math.sqrt(rng.uniform(0.02, 0.8)), rng.uniform(2.6, 4.4)) for _ in range(20)
        ]
        self.eggs = int(rng.integers(1, 3))
        self.nori = bool(rng.random() < 0.75)
        self.beat = float(rng.uniform(2.4, 3.2))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        (self._counter, self._above, self._close)[self.composition](canvas, t)

    def _counter(self, canvas: skia.Canvas, t: float) -> None:
        """Three-quarter view: the whole bowl, noodles lifted a little."""
        self.room.draw(canvas, t, 250)
        table(canvas, self.light, 244, self.third)
        self._bowl_side(canvas, 128, 268, 88, 0.36, t)
        lift = 62 + 16 * math.sin(self.beat * t)
        self._lifted(canvas, 122, 262, lift, 15, t)
        self._chopsticks(canvas, 122, 262 - lift)
        self._rim_front(canvas, 128, 268, 88, 0.36)
        self.steam.draw(canvas, 128, 256, 200, t, self.light.key)

    def _close(self, canvas: skia.Canvas, t: float) -> None:
        """Close up: a long skein hangs from the chopsticks over a bowl that fills the frame."""
        self.room.draw(canvas, t, 320)
        glow(canvas, 128, 200, 210, self.light.key, 0.3)
        self._bowl_side(canvas, 128, 350, 150, 0.34, t)
        lift = 190 + 20 * math.sin(self.beat * t)
        self._lifted(canvas, 126, 346, lift, 34, t)
        self._chopsticks(canvas, 126, 346 - lift)
        self.steam.draw(canvas, 128, 330, 300, t, self.light.key)

    def _above(self, canvas: skia.Canvas, t: float) -> None:
        """From above: a round bowl on a mat, chopsticks stirring the noodles round."""
        light, x, y, radius = self.light, 128, 222, 92
        brush = wash((0, 0), (WIDTH, 448), [mix(light.near, light.horizon, 0.5), mix(light.near, light.far, 0.5)])
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), brush)
        for k in range(-9, 26):
            canvas.drawLine(-90, k * 24, 350, k * 24 + 16, paint(light.near, 0.22, stroke=1.5))
        box(canvas, -8, 92, 264, 352, paint(mix(light.far, self.third, 0.35)), 8)
        for k in range(21):
            canvas.drawLine(-8, 98 + k * 12.4, 264, 98 + k * 12.4, paint(light.key, 0.13, stroke=1))
        soft_shadow(canvas, x + 16, y + 20, 122, 122, 0.6)
        rim = linear(
            (x - radius, y - radius),
            (x + radius, y + radius),
            [mix(self.bowl, light.key, 0.6), self.bowl, shade(self.bowl, -0.4)],
        )
        canvas.drawCircle(x, y, radius + 9, paint(shader=rim))
        canvas.drawCircle(x, y, radius, paint(shade(self.bowl, -0.5)))
        self._soup(canvas, x, y, radius - 2, 1.0, t)
        turn = self.beat * t
        tip = (x + 26 * math.cos(turn), y + 22 * math.sin(turn))
        self._sticks(canvas, tip, (tip[0] + 120, tip[1] - 170), 11)
        brush = halo((30, 376), 44, [mix(light.key, self.second, 0.2), shade(self.bowl, -0.25)])
        ellipse(canvas, 40, 386, 30, 30, brush)
        ellipse(canvas, 40, 386, 22, 22, paint(shade(self.broth, -0.35)))
        self.steam.draw(canvas, x, y + 20, 190, t, light.key, 0.8)

    def _bowl_side(self, canvas, x, y, radius, squash, t) -> None:
        """Draw bowl, its shadow and the soup in it."""
        depth = radius * 0.98
        soft_shadow(canvas, x + 14, y + depth, radius * 1.25, radius * 0.3, 0.6)
        body = skia.Path()
        body.moveTo(x - radius, y)
        body.cubicTo(x - radius, y + depth * 0.62, x - radius * 0.55, y + depth, x - radius * 0.38, y + depth)
        body.lineTo(x + radius * 0.38, y + depth)
        body.cubicTo(x + radius * 0.55, y + depth, x + radius, y + depth * 0.62, x + radius, y)
        body.close()
        side = [
            mix(self.bowl, self.light.key, 0.55),
            self.bowl,
            shade(self.bowl, -0.55),
            mix(shade(self.bowl, -0.4), self.light.horizon, 0.3),
        ]
        canvas.drawPath(body, wash((x - radius, 0), (x + radius, 0), side, [0, 0.3, 0.88, 1]))
        self._pattern(canvas, body, x, y, radius, squash)
        ellipse(canvas, x, y, radius, radius * squash, paint(mix(self.bowl, self.light.key, 0.45)))
        ellipse(canvas, x, y + 1, radius * 0.94, radius * squash * 0.92, paint(shade(self.bowl, -0.55)))
        self._soup(canvas, x, y + 4, radius * 0.92, squash * 0.94, t)

    def _pattern(self, canvas, body, x, y, radius, squash) -> None:
        """Paint a zigzag glaze band round the bowl."""
        canvas.save()
        canvas.clipPath(body, True)
        for row, width in ((0.42, 4.0), (0.56, 1.6)):
            points = []
            for k in range(25):
                a = math.pi * k / 24
                points.append(
                    (
                        x - radius * math.cos(a),
                        y + radius * (row + squash * 0.8 * math.sin(a)) + (5 if k % 2 else -5) * (width > 2),
                    )
                )
            brush = paint(mix(self.third, self.light.key, 0.35), 0.8, stroke=width)
            canvas.drawPath(polygon(points, close=False), brush)
        canvas.restore()

    def _soup(self, canvas, x, y, radius, squash, t) -> None:
        """Draw broth, noodles, egg, seaweed and leek rings on an ellipse."""
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(radius / 100, radius * squash / 100)
        disc = skia.Path()
        disc.addCircle(0, 0, 100)
        canvas.clipPath(disc, True)
        brush = paint(
            shader=radial((-25, -30), 130, [mix(self.broth, self.light.key, 0.3), self.broth, shade(self.broth, -0.4)])
        )
        canvas.drawCircle(0, 0, 101, brush)
        swirl = 0.25 * math.sin(self.beat * t)
        for a, b, phase, size in self.curls:
            self._curl(canvas, 62 * a + 4 * math.sin(t + phase), 66 * b, phase + swirl, size)
        if self.nori:
            leaf = polygon([(40, -112), (92, -86), (66, -20), (14, -46)])
            brush = wash((40, -110), (60, -20), [mix(self.light.near, self.third, 0.3), shade(self.light.near, -0.3)])
            canvas.drawPath(leaf, brush)
        for k in range(self.eggs):
            self._egg(canvas, -44 + 42 * k, 26 + 30 * k)
        for a, q, size in self.leeks:
            cx, cy = 92 * q * math.cos(a + 0.08 * t), 92 * q * math.sin(a + 0.08 * t)
            canvas.drawCircle(cx, cy, size, paint(mix(self.third, self.light.near, 0.25), stroke=2.4))
            canvas.drawCircle(cx, cy, size, paint(mix(self.third, self.light.key, 0.5), stroke=1.1))
        canvas.drawCircle(0, 0, 98, paint(self.light.key, 0.35, stroke=2))
        canvas.restore()

    def _curl(self, canvas, x, y, phase, size) -> None:
        """Draw one loop of noodle with its shadow."""
        c, s = math.cos(phase) * 36 * size, math.sin(phase) * 36 * size
        path = skia.Path()
        path.moveTo(x - c, y - s)
        path.cubicTo(x - c * 0.2 + s, y - s * 0.2 - c, x + c * 0.2 + s, y + s * 0.2 - c, x + c, y + s)
        canvas.drawPath(path, paint(shade(self.broth, -0.45), 0.6, stroke=7))
        canvas.drawPath(path, paint(self.noodle, stroke=4.6))
        canvas.drawPath(path, paint(self.light.key, 0.6, stroke=1.2))

    def _egg(self, canvas, x, y) -> None:
        """Draw half a boiled egg, its yolk still glossy."""
        soft_shadow(canvas, x + 3, y + 5, 34, 31, 0.5)
        brush = halo((x - 8, y - 9), 40, [self.light.key, mix(self.light.key, self.light.far, 0.4)])
        canvas.drawCircle(x, y, 28, brush)
        brush = paint(
            shader=radial((x - 4, y - 5), 20, [mix(self.accent, self.light.key, 0.35), shade(self.accent, -0.2)])
        )
        canvas.drawCircle(x + 1, y + 1, 15.5, brush)
        canvas.drawCircle(x - 4, y - 5, 3.4, paint("#ffffff", 0.85))

    def _lifted(self, canvas, x, y, lift, spread, t) -> None:
        """Draw the skein that hangs from the chopsticks down into the soup, and drops of broth."""
        u = np.linspace(0, 1, 12)
        strands = 15
        for k in range(strands):
            side = (k / (strands - 1)) * 2 - 1
            wave = 2.5 * np.sin(5 * u + 3 * t + k) * u
            spine = np.column_stack(
                [x + side * spread * (0.5 + 0.75 * u**1.5) + wave, y - lift * (1 - u) + 6 * (1 - side**2) * u]
            )
            tone = mix(self.noodle, shade(self.broth, -0.35), 0.5 * ((k * 5) % 4) / 3 + 0.22 * (side + 1) / 2)
            canvas.drawPath(ribbon(spine, [spread / 11, spread / 13 + 0.4]), paint(tone))
            canvas.drawPath(polygon((spine - [0.6, 0]).tolist(), close=False), paint(self.light.key, 0.5, stroke=0.8))
        for k in range(4):
            fall = (0.9 * t + k / 4) % 1
            brush = paint(mix(self.broth, self.light.key, 0.4))
            ellipse(canvas, x + (k - 1.5) * spread * 0.55, y - lift * 0.45 * (1 - fall**2), 1.6, 2.8, brush)

    def _chopsticks(self, canvas, x, y) -> None:
        self._sticks(canvas, (x - 34, y + 12), (x + 150, y - 66), 13)

    def _sticks(self, canvas, tip, end, gap) -> None:
        """Draw two tapered chopsticks with bands at the grip."""
        for k in (0, 1):
            a, b = np.array(tip) + (0, k * gap * 0.35), np.array(end) + (k * gap * 0.6, k * gap)
            spine = np.linspace(a, b, 6)
            canvas.drawPath(ribbon(spine + [2, 4], [2.2, 4.6]), paint("#000000", 0.25))
            brush = wash(tuple(a), tuple(b), [mix(self.accent, self.light.near, 0.45), self.accent])
            canvas.drawPath(ribbon(spine, [2.2, 4.6]), brush)
            canvas.drawPath(ribbon(spine - [0, 1.2], [0.5, 1.2]), paint(self.light.key, 0.5))

    def _rim_front(self, canvas, x, y, radius, squash) -> None:
        """Catch the key light on the near rim."""
        arc = [(x + radius * math.cos(a), y + radius * squash * math.sin(a)) for a in np.linspace(0.3, 2.9, 14)]
        canvas.drawPath(smooth(arc), paint(self.light.key, 0.75, stroke=2))
