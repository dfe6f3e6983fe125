"""Props of the music and pet motifs: lit solids, limbs, soft shadows and leaves."""

from __future__ import annotations

import math
from functools import cache

import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Colour,
    Light,
    linear,
    mix,
    paint,
    polygon,
    radial,
    rgb,
    shade,
    smooth,
)

# Where a background must reach, for the camera drifts.
LEFT, RIGHT, TOP, BOTTOM = -MARGIN, WIDTH + MARGIN, -MARGIN, HEIGHT + MARGIN


def luminance(colour: Colour) -> float:
    """Return the perceived brightness in 0..255."""
    red, green, blue = rgb(colour)
    return 0.3 * red + 0.59 * green + 0.11 * blue


def stand_out(colour: Colour, ground: Colour, gap: float = 60.0) -> Colour:
    """Return the colour, shaded away from `ground` where the two are about equally bright."""
    difference = luminance(colour) - luminance(ground)
    if abs(difference) >= gap:
        return colour
    lighter = luminance(ground) < 120
    return shade(colour, min(0.6, (gap - abs(difference)) / 110) * (1 if lighter else -1))


def wall_colour(light: Light) -> Colour:
    """Return the middle tone of a wall under this light."""
    return mix(light.middle, light.horizon, 0.25)


def solid(canvas: skia.Canvas, path: skia.Path, colour: Colour, light: Light, rim: float = 0.7) -> None:
    """Fill a path as a body lit from the upper left: gradient, shaded right edge and rim light."""
    area = path.getBounds()
    corners = (area.left(), area.top()), (area.right(), area.bottom())
    tones = [mix(shade(colour, 0.12), light.key, 0.22), colour, mix(shade(colour, -0.35), light.near, 0.25)]
    canvas.drawPath(path, paint(shader=linear(*corners, tones, [0, 0.45, 1])))
    canvas.save()
    canvas.clipPath(path, True)
    edge = linear(
        *corners, [(light.key, rim), (light.key, 0.0), (light.near, 0.0), (light.near, 0.5)], [0, 0.45, 0.6, 1]
    )
    canvas.drawPath(path, paint(stroke=4.0, shader=edge))
    canvas.restore()


@cache
def shape(points: str) -> skia.Path:
    """Return the closed smooth path through "x,y x,y ..." (the notation of SVG); kept, so do not change it."""
    return smooth([tuple(map(float, point.split(","))) for point in points.split()], close=True)


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> skia.Path:
    """Return an ellipse as a path, turned by `turn` degrees about its centre."""
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
    path.transform(skia.Matrix.RotateDeg(turn, (x, y)))
    return path


def cast(canvas: skia.Canvas, x: float, y: float, rx: float, ry: float, alpha: float = 0.5) -> None:
    """Draw a soft shadow on the ground."""
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(1, ry / rx)
    fall = radial((0, 0), rx, [("#000000", alpha), ("#000000", alpha * 0.6), ("#000000", 0.0)], [0, 0.5, 1])
    canvas.drawCircle(0, 0, rx, paint(shader=fall))
    canvas.restore()


def limb(canvas: skia.Canvas, points, width: float, colour: Colour, light: Light | None = None) -> None:
    """Draw a smooth round limb, with a thin light edge where `light` is given."""
    path = smooth(points)
    canvas.drawPath(path, paint(colour, stroke=width))
    if light:
        canvas.save()
        canvas.translate(-width * 0.24, -width * 0.12)
        canvas.drawPath(path, paint(mix(colour, light.key, 0.5), 0.55, stroke=width * 0.22))
        canvas.restore()


def leaf(canvas: skia.Canvas, x: float, y: float, angle: float, length: float, width: float, colour: Colour) -> None:
    """Draw a pointed leaf from its stem at (x, y), `angle` in degrees from straight up."""
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(angle)
    path = skia.Path()
    path.cubicTo(-width, -length * 0.3, -width * 0.8, -length * 0.75, 0, -length)
    path.cubicTo(width * 0.8, -length * 0.75, width, -length * 0.3, 0, 0)
    across = linear(
        (-width, 0),
        (width, 0),
        [shade(colour, 0.16), colour, shade(colour, -0.3), shade(colour, -0.12)],
        [0, 0.49, 0.51, 1],
    )
    canvas.drawPath(path, paint(shader=across))
    canvas.drawLine(0, 0, 0, -length * 0.9, paint(shade(colour, 0.3), 0.5, stroke=1))
    canvas.restore()


def potted_plant(canvas: skia.Canvas, x: float, foot: float, size: float, t: float, colours, light: Light) -> None:
    """Draw a plant that stirs in a draught; `colours` are (leaves, pot), `foot` is where the pot stands."""
    green, clay = colours
    top = foot - 46 * size
    for k, angle in enumerate((-50, -28, -8, 14, 36, 56)):
        length = (82 - 6 * (k % 3)) * size
        leaf(
            canvas,
            x,
            top + 8 * size,
            angle + 4 * math.sin(1.8 * t + k),
            length,
            13 * size,
            shade(green, 0.05 * (k - 3)),
        )
    pot = [(x - 20 * size, top), (x + 20 * size, top), (x + 14 * size, foot), (x - 14 * size, foot)]
    solid(canvas, polygon(pot), clay, light)


def rug(canvas: skia.Canvas, place: tuple[float, float, float, float], colour: Colour, light: Light) -> None:
    """Draw an oval rug with woven rings; `place` is its centre and its radii."""
    x, y, rx, ry = place
    canvas.drawPath(oval(x, y, rx, ry), paint(mix(colour, light.near, 0.4)))
    for part in (0.95, 0.86, 0.74, 0.5):
        canvas.drawPath(oval(x, y, rx * part, ry * part), paint(mix(colour, light.key, 0.4), 0.5, stroke=2.2))
