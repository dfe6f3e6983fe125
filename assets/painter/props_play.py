"""Props shared by the food and sport scenes: rooms, tables, steam, soft shadows, balls and people."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Colour,
    Light,
    box,
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    radial,
    shade,
)

Point = tuple[float, float]
FRAME = (-MARGIN, -MARGIN, WIDTH + MARGIN, HEIGHT + MARGIN)


def shuffled_accents(light: Light, rng: np.random.Generator) -> tuple[str, str, str]:
    """Return the light's three accents in a random order."""
    return tuple(light.accents[i] for i in rng.permutation(3))


def ribbon(spine, half_widths) -> skia.Path:
    """Return a closed band around the spine [n, 2]; half widths are interpolated along it."""
    points = np.asarray(spine, float)
    along = np.linspace(0, 1, len(points))
    width = np.interp(along, np.linspace(0, 1, len(half_widths)), half_widths)[:, None]
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    side = np.column_stack([-tangent[:, 1], tangent[:, 0]]) * width
    return polygon([*(points + side).tolist(), *(points - side)[::-1].tolist()])


def wash(start: Point, end: Point, stops, at: list[float] | None = None) -> skia.Paint:
    """Return a paint that fades through the stops from start to end."""
    return paint(shader=linear(start, end, stops, at))


def halo(centre: Point, radius: float, stops, at: list[float] | None = None) -> skia.Paint:
    """Return a paint that fades through the stops outwards from the centre."""
    return paint(shader=radial(centre, radius, stops, at))


def lit(light: Light, colour: Colour, start: Point, end: Point, high: float = 0.5, low: float = 0.35) -> skia.Paint:
    """Return a paint for a rounded body: towards the key light at start, in shadow at end."""
    return wash(start, end, [mix(colour, light.key, high), colour, shade(colour, -low)])


def soft_shadow(canvas: skia.Canvas, x, y, rx, ry, alpha: float = 0.4, colour: Colour = "#000000") -> None:
    """Draw an elliptic shadow that fades outwards, without a mask filter."""
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(1, ry / rx)
    stops = [(colour, alpha), (colour, alpha * 0.75), (colour, 0.0)]
    canvas.drawCircle(0, 0, rx, paint(shader=radial((0, 0), rx, stops, [0, 0.5, 1])))
    canvas.restore()


def ball_body(canvas: skia.Canvas, x, y, radius, colour: Colour, light: Light) -> None:
    """Draw a lit sphere: highlight up left, core shadow down right, bounce light at its lower rim."""
    stops = [mix(colour, light.key, 0.55), colour, shade(colour, -0.45), shade(mix(colour, light.horizon, 0.25), -0.3)]
    shader = radial((x - radius * 0.35, y - radius * 0.4), radius * 1.5, stops, [0, 0.38, 0.82, 1])
    canvas.drawCircle(x, y, radius, paint(shader=shader))


def table(canvas: skia.Canvas, light: Light, top: float, tint: Colour, planks: int = 7) -> None:
    """Draw a table from its far edge `top` to the bottom: boards that converge, and a pool of light."""
    wood = mix(light.near, tint, 0.3)
    back, front = mix(wood, light.horizon, 0.42), shade(wood, 0.04)
    box(canvas, -MARGIN, top, WIDTH + MARGIN, HEIGHT + MARGIN, wash((0, top), (0, HEIGHT), [back, front]))
    for k in range(-planks, planks + 1):
        near_x, far_x = WIDTH / 2 + k * 74, WIDTH / 2 + k * 34
        canvas.drawLine(far_x, top, near_x, HEIGHT + MARGIN, paint(shade(front, -0.4), 0.35, stroke=1.4))
        canvas.drawLine(far_x + 2, top, near_x + 3, HEIGHT + MARGIN, paint(light.key, 0.07, stroke=1))
    soft_shadow(canvas, WIDTH * 0.36, top + 60, 170, 62, 0.3, light.key)
    box(canvas, -MARGIN, top - 1, WIDTH + MARGIN, top + 1.5, paint(light.key, 0.4))


class Room:
    """An out-of-focus interior: wall, window or lamps, shelves and drifting points of light."""

    def __init__(self, rng: np.random.Generator, light: Light, accent: Colour):
        self.light, self.accent = light, accent
        self.spots = [
            (rng.uniform(-40, 300), rng.uniform(-20, 170), rng.uniform(9, 24), rng.uniform(0, 6)) for _ in range(13)
        ]
        self.kind = int(rng.integers(3))
        self.left = float(rng.uniform(10, 90))

    def draw(self, canvas: skia.Canvas, t: float, bottom: float) -> None:
        """Paint the whole frame; the wall's gradient ends at `bottom`, where a table usually begins."""
        light = self.light
        wall = [shade(mix(light.top, light.far, 0.45), -0.2), mix(light.middle, light.far, 0.45)]
        canvas.drawRect(skia.Rect.MakeLTRB(*FRAME), wash((0, -30), (0, bottom), wall))
        (self._window, self._lamps, self._shelves)[self.kind](canvas)
        for x, y, radius, phase in self.spots:
            pulse = 0.1 + 0.07 * math.sin(1.8 * t + phase)
            brush = paint(mix(light.horizon, self.accent, 0.4), pulse)
            canvas.drawCircle(x + 3 * math.sin(t + phase), y, radius, brush)
            canvas.drawCircle(x + 3 * math.sin(t + phase), y, radius, paint(light.key, pulse * 0.8, stroke=0.8))

    def _window(self, canvas: skia.Canvas) -> None:
        left, light = self.left, self.light
        sky = linear((0, 10), (0, 190), [light.middle, light.horizon])
        glow(canvas, left + 60, 100, 170, light.horizon, 0.4)
        for column in range(2):
            for row in range(2):
                x, y = left + column * 62, 14 + row * 86
                box(canvas, x, y, x + 57, y + 80, paint(alpha=0.85, shader=sky), 3)
        canvas.drawLine(left + 8, 84, left + 46, 22, paint("#ffffff", 0.18, stroke=9))

    def _lamps(self, canvas: skia.Canvas) -> None:
        for k in range(3):
            x, y = self.left + k * 78 - 20, 62 + 22 * (k % 2)
            glow(canvas, x, y + 14, 105, mix(self.light.key, self.accent, 0.4), 0.5)
            canvas.drawLine(x, -MARGIN, x, y - 18, paint(self.light.near, 0.9, stroke=1.6))
            outline = polygon([(x - 6, y - 20), (x + 6, y - 20), (x + 22, y + 8), (x - 22, y + 8)])
            canvas.drawPath(outline, paint(mix(self.light.near, self.accent, 0.25)))
            ellipse(canvas, x, y + 8, 22, 4.5, paint(mix(self.light.key, self.accent, 0.2)))

    def _shelves(self, canvas: skia.Canvas) -> None:
        for row in range(3):
            y = 70 + row * 58
            for k in range(11):
                x, tall = -50 + k * 34 + self.left * 0.3, 18 + (k * 7 + row * 5) % 17
                tone = mix(self.light.far, (self.accent, self.light.horizon, self.light.near)[(k + row) % 3], 0.4)
                box(canvas, x, y - tall, x + 15 + k % 3 * 4, y, paint(tone, 0.75), 4)
            box(canvas, -MARGIN, y, WIDTH + MARGIN, y + 5, paint(mix(self.light.near, self.light.far, 0.4), 0.85))


class Steam:
    """Wisps of vapour that rise, sway and dissolve."""

    def __init__(self, rng: np.random.Generator, count: int, width: float):
        self.wisps = [
            (rng.uniform(-width, width), rng.uniform(0, 1), rng.uniform(0, math.tau), rng.uniform(0.22, 0.4))
            for _ in range(count)
        ]

    def draw(self, canvas: skia.Canvas, x, y, height, t: float, colour: Colour = "#ffffff", alpha: float = 1.0) -> None:
        """Draw wisps that rise about `height` above (x, y) at time t (seconds)."""
        u = np.linspace(0, 1, 15)
        for offset, start, phase, rate in self.wisps:
            life = (start + rate * t) % 1
            sway = (5 + 14 * u) * np.sin(phase + 4.5 * u + 2.6 * t) * (0.4 + life)
            spine = np.column_stack([x + offset * (1 - 0.3 * life) + sway, y - height * (0.62 * life + 0.42 * u)])
            fade = alpha * math.sin(math.pi * life)
            for spread in (15, 10, 6.5, 3.5):
                path = ribbon(spine, [0, spread * (0.5 + 0.6 * life), spread * (0.7 + 0.6 * life), 0])
                canvas.drawPath(path, paint(colour, 0.115 * fade))
