"""Props that several scenes share: placing, cylinders, windows, skylines, cel-shaded smoke, walkers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Colour,
    box,
    ellipse,
    linear,
    mix,
    paint,
    polygon,
    shade,
    smooth,
)

LEFT, TOP, RIGHT, BOTTOM = -MARGIN, -MARGIN, WIDTH + MARGIN, HEIGHT + MARGIN


@contextmanager
def placed(
    canvas: skia.Canvas, x: float, y: float, scale: float = 1.0, angle: float = 0.0, flip: bool = False
) -> Iterator:
    """Draw the block's content around (0, 0) at this place, size, angle (degrees) and facing."""
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(angle)
    canvas.scale(-scale if flip else scale, scale)
    yield
    canvas.restore()


@contextmanager
def clipped(canvas: skia.Canvas, path: skia.Path) -> Iterator:
    """Draw the block's content inside a path only."""
    canvas.save()
    canvas.clipPath(path, skia.ClipOp.kIntersect, True)
    yield
    canvas.restore()


def oval(x: float, y: float, rx: float, ry: float) -> skia.Path:
    """Return an ellipse as a path, for clipping."""
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
    return path


def fill(canvas: skia.Canvas, top: float, bottom: float, stops: list, at: list[float] | None = None) -> None:
    """Fill the whole width, margin included, between two heights with a vertical gradient."""
    shader = linear((0, top), (0, bottom), stops, at)
    canvas.drawRect(skia.Rect.MakeLTRB(LEFT, top, RIGHT, bottom), paint(shader=shader))


def tube(left: float, right: float, colour: Colour) -> skia.Shader:
    """Return the shading of an upright cylinder lit from the left: rim, highlight, core shadow, bounce."""
    stops = [shade(colour, -0.15), shade(colour, 0.4), colour, shade(colour, -0.45), shade(colour, -0.3)]
    return linear((left, 0), (right, 0), stops, [0, 0.22, 0.5, 0.86, 1])


def windows(rng: np.random.Generator, left, top, right, bottom, step=(8.0, 11.0), share: float = 0.4) -> skia.Path:
    """Return the lit windows of a facade: a grid of panes of which about `share` are lit."""
    path = skia.Path()
    for y in np.arange(top, bottom - step[1] * 0.6, step[1]):
        for x in np.arange(left, right - step[0] * 0.6, step[0]):
            if rng.random() < share:
                path.addRect(skia.Rect.MakeXYWH(float(x), float(y), step[0] * 0.5, step[1] * 0.55))
    return path


class Skyline:
    """A row of towers standing on `base`, `low` to `high` tall, with some windows lit."""

    def __init__(self, rng: np.random.Generator, base: float, low: float, high: float, lit: float = 0.35):
        self.base, self.high = base, high
        self.body, self.panes = skia.Path(), skia.Path()
        x = LEFT
        while x < RIGHT:
            width, height = rng.uniform(20, 44), rng.uniform(low, high)
            roof = base - height
            self.body.addRect(skia.Rect.MakeLTRB(x, roof, x + width, base))
            self._crown(rng, x, roof, width)
            self.panes.addPath(windows(rng, x + 4, roof + 6, x + width - 2, base, (7, 10), lit))
            x += width + rng.uniform(-2, 5)

    def _crown(self, rng: np.random.Generator, x: float, roof: float, width: float) -> None:
        kind = rng.integers(4)
        if kind == 0:  # a stepped top
            self.body.addRect(skia.Rect.MakeLTRB(x + width * 0.2, roof - 9, x + width * 0.8, roof + 1))
        elif kind == 1:  # an aerial
            self.body.addRect(skia.Rect.MakeLTRB(x + width * 0.48, roof - 20, x + width * 0.54, roof + 1))
        elif kind == 2:  # a pitched roof
            self.body.addPath(polygon([(x, roof + 1), (x + width * 0.7, roof - 12), (x + width, roof + 1)]))

    def draw(self, canvas: skia.Canvas, colour: Colour, haze: Colour, pane: Colour, alpha: float = 0.7) -> None:
        """Draw the towers fading into the haze at their feet."""
        shader = linear((0, self.base - self.high), (0, self.base), [colour, mix(colour, haze, 0.65)])
        canvas.drawPath(self.body, paint(shader=shader))
        canvas.drawPath(self.panes, paint(pane, alpha))


def smoke(
    canvas: skia.Canvas, puffs: list[tuple[float, float, float]], lit: Colour, dark: Colour, alpha: float = 1.0
) -> None:
    """Draw (x, y, radius) puffs as one cel-shaded cloud: a shadow pass, a body pass, then lit caps."""
    middle = mix(lit, dark, 0.45)
    for x, y, radius in puffs:
        canvas.drawCircle(x + radius * 0.1, y + radius * 0.14, radius, paint(dark, alpha))
    for x, y, radius in puffs:
        canvas.drawCircle(x, y, radius * 0.88, paint(middle, alpha))
    for x, y, radius in puffs:
        canvas.drawCircle(x - radius * 0.16, y - radius * 0.2, radius * 0.62, paint(lit, alpha))


def walker(canvas: skia.Canvas, x: float, y: float, height: float, coat: Colour, phase: float, rim: Colour) -> None:
    """Draw a coated person seen from behind or the side, feet at (x, y); `phase` is the stride's angle."""
    stride = math.sin(phase)
    with placed(canvas, x, y, height / 100):
        for side in (-1, 1):  # legs swing against each other
            foot = 9 * stride * side
            leg = smooth([(side * 4, -42), (side * 4 + foot * 0.5, -20 - 3 * max(0, foot) / 9), (foot + side * 3, -2)])
            canvas.drawPath(leg, paint(shade(coat, -0.65), stroke=6.5))
            ellipse(canvas, foot + side * 3 + 2, -1.5, 5, 2.6, paint(shade(coat, -0.8)))
        bob = -1.5 * abs(stride)
        body = smooth(
            [(-9, -78 + bob), (-14, -60), (-15, -32), (15, -32), (14, -60), (9, -78 + bob), (0, -82 + bob)], close=True
        )
        canvas.drawPath(body, paint(shader=tube(-16, 16, coat)))
        arm = smooth([(10, -74 + bob), (14, -58), (12 - 5 * stride, -46)])
        canvas.drawPath(arm, paint(shade(coat, -0.35), stroke=6))
        canvas.drawCircle(0, -89 + bob, 8, paint(shader=tube(-8, 8, shade(coat, -0.55))))
        canvas.drawPath(smooth([(-9, -77 + bob), (-14, -60), (-15, -34)]), paint(rim, 0.55, stroke=1.4))


def spot_shadow(canvas: skia.Canvas, x: float, y: float, rx: float, ry: float, alpha: float = 0.35) -> None:
    """Draw a soft contact shadow as a few stacked ovals (cheaper than a blur)."""
    for grow in (1.0, 0.8, 0.6):
        ellipse(canvas, x, y, rx * grow, ry * grow, paint("#000000", alpha / 3))


def lamp_post(canvas: skia.Canvas, x: float, y: float, height: float, post: Colour, bulb: Colour) -> None:
    """Draw a street lamp with a curved arm, foot at (x, y)."""
    arm = smooth(
        [(x, y), (x, y - height * 0.8), (x + height * 0.03, y - height * 0.96), (x + height * 0.16, y - height)]
    )
    canvas.drawPath(arm, paint(post, stroke=max(1.2, height * 0.025)))
    box(canvas, x + height * 0.12, y - height * 1.01, x + height * 0.24, y - height * 0.98, paint(bulb), 1.5)


def down(top: float, bottom: float, *stops, at: list[float] | None = None, **options) -> skia.Paint:
    """Return a paint that runs through the stops from `top` down to `bottom`; options as of `paint`."""
    return paint(shader=linear((0, top), (0, bottom), list(stops), at), **options)


def across(left: float, right: float, *stops, at: list[float] | None = None, **options) -> skia.Paint:
    """Return a paint that runs through the stops from `left` to `right`; options as of `paint`."""
    return paint(shader=linear((left, 0), (right, 0), list(stops), at), **options)


def _points(text: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split())) for pair in text.split(",")]


@cache
def angular(points: str) -> skia.Path:
    """Return the closed polygon through constant points, written "x y, x y, ..." as in a drawing."""
    return polygon(_points(points))


@cache
def curved(points: str, *, close: bool = False) -> skia.Path:
    """Return the smooth curve through constant points, written "x y, x y, ..."."""
    return smooth(_points(points), close=close)
