"""City traffic: a street canyon with oncoming cars, a crossing from above, cars passing shop fronts."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import SCREEN, backdrop, box, glow, mix, paint, polygon, shade
from assets.painter.props_urban import BOTTOM, Skyline, down, fill, lamp_post, placed, windows
from assets.painter.props_urban_cars import Cars, front
from assets.painter.props_urban_houses import Houses
from assets.painter.scenes.base import Words

TOPIC = "city"
WORDS = Words(
    subjects=("city traffic", "cars in a street canyon", "rush hour", "a busy crossing", "a line of headlights"),
    actions=(
        "cars streaming down the avenue",
        "headlights coming closer",
        "taxis rolling past the shops",
        "traffic crossing in both directions",
    ),
    places=("downtown", "between tall buildings", "on the main avenue", "at a big crossing"),
    tags=("traffic", "city", "cars", "street", "rushhour", "downtown"),
)
VANISH = (128.0, 196.0)


class Painter(Cars, Houses):
    """Compositions: down the canyon; straight above a crossing; side on before shop fronts."""

    def setup(self, rng: np.random.Generator) -> None:
        light = self.light
        self.accents = [str(a) for a in rng.permutation(light.accents)]
        self.paints = [
            mix(self.accents[0], "#20242c", 0.1),
            self.accents[1],
            "#e8e6e2",
            "#3a3f4a",
            self.accents[2],
            mix(light.key, light.far, 0.5),
        ]
        self.head, self.tail = mix(light.key, "#ffffff", 0.3), mix(self.accents[0], "#ff3b30", 0.55)
        self.asphalt = mix(mix(light.near, "#4a4d57", 0.55), light.middle, 0.22)
        self.cars = [(float(rng.uniform(0, 0.06)), int(rng.integers(6)), bool(rng.random() < 0.25)) for _ in range(24)]
        self.lit = 0.6 if light.dark else 0.3
        self.far = Skyline(rng, 214, 60, 150, self.lit)
        self.walls = [self._wall(rng) for _ in range(2)]
        self.shops = [
            (rng.uniform(54, 84), int(rng.integers(3)), windows(rng, 6, -240, 70, -84, (16, 26), self.lit))
            for _ in range(12)
        ]
        self.rate, self.tempo = rng.uniform(0.2, 0.3), rng.uniform(70, 105)
        self.roofs = rng.uniform(0, 1, (4, 6))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint one of the three framings."""
        (self._canyon, self._crossing, self._kerb)[self.composition](canvas, t)

    def _canyon(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        backdrop(canvas, light, 220)
        glow(canvas, *VANISH, 150, light.key, 0.75)
        self.far.draw(canvas, mix(light.far, light.horizon, 0.35), light.horizon, light.key, 0.4)
        self._road(canvas, t)
        for side in (-1, 1):
            for house in reversed(self.walls[side > 0]):
                self._house(canvas, side, house)
        self._lamps(canvas)
        glow(canvas, VANISH[0], VANISH[1] + 8, 90, light.key, 0.6)
        self._stream(canvas, t)

    def _at(self, depth: float, x: float, y: float = 0.0) -> tuple[float, float]:
        """Project a point: depth 0 is the camera, 1 the vanishing point; x and y in screen units at depth 0."""
        return VANISH[0] + x * (1 - depth), VANISH[1] + (300 - y) * (1 - depth)

    def _road(self, canvas: skia.Canvas, t: float) -> None:
        fill(
            canvas,
            VANISH[1] + 6,
            BOTTOM,
            [mix(self.asphalt, self.light.horizon, 0.75), self.asphalt, shade(self.asphalt, -0.4)],
            [0, 0.3, 1],
        )
        for side in (-1, 1):  # pavements with a bright kerb
            near, far = self._at(-0.2, side * 178), self._at(0.98, side * 178)
            outer = self._at(-0.2, side * 420)
            canvas.drawPath(polygon([near, far, outer]), paint(mix(self.asphalt, self.light.key, 0.3)))
            canvas.drawLine(*near, *far, paint(self.light.key, 0.6, stroke=1.6))
        for k in range(9):  # dashes rush towards the camera
            depth = 1 - 1.25 * ((k / 9 + self.rate * t) % 1) ** 2
            dash = [
                self._at(depth, -5),
                self._at(depth, 5),
                self._at(depth - 0.05 * (1.1 - depth), 5),
                self._at(depth - 0.05 * (1.1 - depth), -5),
            ]
            canvas.drawPath(polygon(dash), paint(self.light.key, 0.85))
        for x, colour in ((-88, self.head), (88, self.tail)):  # lamps mirrored in the wet asphalt
            streak = polygon(
                [self._at(0.95, x - 60), self._at(0.95, x + 60), self._at(-0.2, x + 80), self._at(-0.2, x - 80)]
            )
            canvas.drawPath(streak, down(200, BOTTOM, (colour, 0.55), (colour, 0.12), blend=SCREEN))

    def _lamps(self, canvas: skia.Canvas) -> None:
        for depth in (0.88, 0.78, 0.6, 0.3):
            for side in (-1, 1):
                x, y = self._at(depth, side * 196)
                with placed(canvas, x, y, 1 - depth, 0, side > 0):
                    lamp_post(canvas, 0, 0, 260, shade(self.light.near, -0.2), mix(self.head, "#ffffff", 0.5))
                glow(canvas, x - side * 46 * (1 - depth), y - 258 * (1 - depth), 60 * (1 - depth) + 6, self.head, 0.8)

    def _stream(self, canvas: skia.Canvas, t: float) -> None:
        """Draw oncoming cars on the left, departing cars on the right, the farthest first."""
        cars = []
        for k, (jitter, tone, van) in enumerate(self.cars[:14]):
            back = k % 2 == 1
            q = (k // 2 / 7 + jitter + self.rate * t * (-0.7 if back else 1)) % 1
            depth = 1 - 1.02 * q**2 - 0.02
            cars.append((depth, (90 if back else -90) + (14 if k % 4 > 1 else -10), back, tone, van))
        for depth, x, back, tone, van in sorted(cars, reverse=True):
            x, y = self._at(depth, x)
            if y < 520:
                with placed(canvas, x, y, 1.12 * (1 - depth)):
                    front(canvas, self.paints[tone], self.tail if back else self.head, back=back, van=van)

    def _crossing(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        canvas.drawPaint(paint(self.asphalt))
        glow(canvas, 128, 224, 260, light.horizon, 0.28)
        self._markings(canvas)
        for k, (jitter, tone, van) in enumerate(self.cars[:18]):
            lane, slot = k % 3, k // 3
            along = (slot * 105 + 500 * jitter + self.tempo * t * (1.15 if lane else 1.0)) % 630 - 90
            if lane < 2:  # up and down the avenue
                x, y, angle = (102, along, 180) if lane else (154, 448 - along, 0)
            else:  # the side street waits at the zebra, inching on
                creep = slot // 2 * 82 + 3 * math.sin(1.5 * t + k)
                x, y, angle = (6 - creep, 252, 90) if slot % 2 else (250 + creep, 196, -90)
            with placed(canvas, x, y, 0.94, angle):
                self._car_top(canvas, tone, van)
        for corner, (x, y) in enumerate(((1, 1), (-1, 1), (1, -1), (-1, -1))):
            self._block(canvas, 128 - x * 62, 224 - y * 64, -x, -y, corner)

    def _markings(self, canvas: skia.Canvas) -> None:
        white = mix(self.light.key, self.asphalt, 0.12)
        for k in range(7):  # zebra stripes at the four arms
            at = 76 + k * 16
            for y in (138, 290):
                box(canvas, at, y, at + 9, y + 22, paint(white))
            at = 172 + k * 15.5
            for x in (46, 190):
                box(canvas, x, at, x + 20, at + 8.5, paint(white))
        for k in range(8):
            for y in (-80 + k * 27, 320 + k * 27):
                box(canvas, 126.5, y, 129.5, min(y + 15, 132) if y < 140 else y + 15, paint(white, 0.8))
            for x in (-80 + k * 16, 216 + k * 16):
                box(canvas, x, 222.5, x + 9, 225.5, paint(white, 0.8))

    def _kerb(self, canvas: skia.Canvas, t: float) -> None:
        light = self.light
        backdrop(canvas, light, 300)
        with placed(canvas, 0, 76):
            self.far.draw(canvas, mix(light.far, light.middle, 0.4), light.horizon, light.key, 0.45)
        self._shop_fronts(canvas)
        fill(canvas, 306, 322, [mix(self.asphalt, light.key, 0.4), mix(self.asphalt, light.key, 0.2)])
        fill(canvas, 322, BOTTOM, [shade(self.asphalt, -0.25), self.asphalt, shade(self.asphalt, -0.3)])
        for k in range(10):
            box(canvas, -70 + k * 48, 363, -44 + k * 48, 366, paint(light.key, 0.7), 1)
        for k, (jitter, tone, van) in enumerate(self.cars[:6]):
            far = k % 2 == 0
            along = (k * 82 + 200 * jitter + self.tempo * (1.1 if far else 1.5) * t) % 500 - 122
            with placed(canvas, 256 - along if far else along, 350 if far else 402, 0.86 if far else 1.25, 0, far):
                self._car_side(canvas, t, tone, van)
        for x in (30, 226):
            lamp_post(canvas, x, 322, 190, shade(light.near, -0.25), mix(self.head, "#ffffff", 0.5))
            glow(canvas, x + 34, 134, 70, self.head, 0.7)
