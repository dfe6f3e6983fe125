"""Sports gear drawn from several distances: balls, boards, shoes and the palms that stand around."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import Colour, Light, box, ellipse, mix, paint, polygon, radial, shade, smooth
from assets.painter.props_play import ball_body, lit, ribbon, wash
from assets.painter.props_play_people import Look


def basketball(canvas: skia.Canvas, light: Light, colour: Colour, x, y, radius, spin) -> None:
    """Draw a basketball: lit sphere with its four seams, turned by `spin` radians."""
    ball_body(canvas, x, y, radius, colour, light)
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(math.degrees(spin))
    seam = paint(shade(light.near, -0.35), 0.9, stroke=max(1.2, radius * 0.075))
    canvas.drawLine(-radius, 0, radius, 0, seam)
    canvas.drawPath(smooth([(0, -radius), (radius * 0.14, 0), (0, radius)]), seam)
    for side in (-radius, radius):
        canvas.drawPath(smooth([(side * 0.72, -radius * 0.7), (side * 0.36, 0), (side * 0.72, radius * 0.7)]), seam)
    canvas.drawCircle(0, 0, radius, seam)
    canvas.restore()
    inner = skia.Rect.MakeLTRB(x - radius + 2, y - radius + 2, x + radius - 2, y + radius - 2)
    canvas.drawArc(inner, 190, 80, False, paint(light.key, 0.6, stroke=2))


def _pentagon(x, y, size, heading) -> skia.Path:
    """Return a pentagon with a corner towards `heading` (radians)."""
    corners = heading + np.arange(5) * math.tau / 5
    return polygon(np.column_stack([x + size * np.cos(corners), y + size * np.sin(corners)]).tolist())


def football(canvas: skia.Canvas, light: Light, tint: Colour, x, y, radius, spin) -> None:
    """Draw a football: pale sphere with dark pentagons, turned by `spin` radians."""
    pale, dark = mix(light.key, "#ffffff", 0.5), shade(mix(light.near, tint, 0.15), -0.25)
    gleam = (x - radius * 0.35, y - radius * 0.4)
    sphere = [pale, mix(pale, light.far, 0.35), shade(light.far, -0.35)]
    canvas.drawCircle(x, y, radius, paint(shader=radial(gleam, radius * 1.6, sphere)))
    canvas.save()
    disc = skia.Path()
    disc.addCircle(x, y, radius)
    canvas.clipPath(disc, True)
    canvas.translate(x, y)
    canvas.rotate(math.degrees(spin))
    canvas.drawPath(_pentagon(0, 0, 0.36 * radius, 0), paint(dark))
    for a in np.arange(5) * math.tau / 5:
        c, s = radius * math.cos(a), radius * math.sin(a)
        canvas.drawPath(_pentagon(0.9 * c, 0.9 * s, 0.36 * radius, a + math.pi), paint(dark))
        canvas.drawLine(0.3 * c, 0.3 * s, 0.6 * c, 0.6 * s, paint(dark, 0.9, stroke=max(1, radius * 0.05)))
    canvas.restore()
    shadow = [("#000000", 0.0), ("#000000", 0.03), ("#000000", 0.42)]
    canvas.drawCircle(x, y, radius, paint(shader=radial(gleam, radius * 1.7, shadow)))


def skateboard_side(canvas: skia.Canvas, light: Light, colour: Colour, length, spin) -> None:
    """Draw a skateboard in profile at the origin: kicked ends, trucks and turning wheels."""
    half, k = length / 2, length / 100
    deck = [(-half, -9 * k), (-half * 0.72, 0), (half * 0.72, 0), (half, -9 * k)]
    for x in (-half * 0.56, half * 0.56):
        truck = polygon([(x - 7 * k, 2), (x + 7 * k, 2), (x + 2.5 * k, 10 * k), (x - 2.5 * k, 10 * k)])
        canvas.drawPath(truck, paint(mix(light.key, light.far, 0.4)))
        canvas.drawCircle(x, 12 * k, 8 * k, paint(shade(colour, -0.35)))
        canvas.drawCircle(x, 12 * k, 6.6 * k, paint(mix(colour, light.key, 0.5)))
        for a in (spin, spin + 2.09, spin + 4.19):
            spoke = (x + 5 * k * math.cos(a), 12 * k + 5 * k * math.sin(a))
            canvas.drawLine(x, 12 * k, *spoke, paint(light.near, 0.7, stroke=1.2 * k))
        canvas.drawCircle(x, 12 * k, 2 * k, paint(light.near))
    canvas.drawPath(smooth(deck), paint(shade(light.near, -0.3), stroke=6.5 * k))
    canvas.drawPath(smooth([(x, y + 1.8 * k) for x, y in deck]), paint(colour, stroke=3.4 * k))
    canvas.drawPath(smooth([(x, y - 2.4 * k) for x, y in deck]), paint(light.key, 0.55, stroke=1.1 * k))


def sneaker(canvas: skia.Canvas, light: Light, colour: Colour, x, y) -> None:
    """Draw a canvas shoe in profile with its sole on y: thick sole, stripe and laces."""
    upper = [(-22, -4), (-22, -30), (4, -32), (14, -20), (38, -14), (40, -4)]
    shoe = smooth([(x + dx, y + dy) for dx, dy in upper], close=True)
    canvas.drawPath(shoe, wash((0, y - 32), (0, y), [mix(colour, light.key, 0.3), shade(colour, -0.25)]))
    box(canvas, x - 24, y - 8, x + 42, y, paint(mix(light.key, "#ffffff", 0.5)), 4)
    canvas.drawLine(x - 22, y - 4, x + 40, y - 4, paint(light.near, 0.6, stroke=1))
    canvas.drawPath(smooth([(x - 18, y - 12), (x - 4, y - 16), (x + 8, y - 9)]), paint(light.key, stroke=3.4))
    for k in range(3):
        start, end = (x + 3 + k * 5, y - 29 + k * 5), (x + 11 + k * 5, y - 24 + k * 4)
        canvas.drawLine(*start, *end, paint("#ffffff", 0.9, stroke=1.8))


def palm(canvas: skia.Canvas, light: Light, x, y, tall, lean, t: float) -> None:
    """Draw a palm's silhouette, its fronds swaying."""
    tone = paint(mix(light.far, light.near, 0.3))
    top = (x + lean, y - tall)
    canvas.drawPath(ribbon(np.linspace((x, y), top, 5), [2.8, 1.4]), tone)
    for k in range(7):
        a = -0.35 + k * 0.64 + 0.06 * math.sin(2.4 * t + k)
        tip = (top[0] + 26 * math.cos(a), top[1] - 14 * math.sin(a) + 8)
        middle = (top[0] + 14 * math.cos(a), top[1] - 16 * math.sin(a) - 6)
        canvas.drawPath(ribbon([top, middle, tip], [1, 4.5, 0.3]), tone)


def surfboard_above(canvas: skia.Canvas, light: Light, colour: Colour, stripe: Colour) -> None:
    """Draw a pointed surfboard from above at the origin, nose up, with stripes and a stringer."""
    right = [(19, -58), (25, 0), (19, 62), (9, 84)]
    outline = smooth([(0, -104), *right, *[(-x, y) for x, y in right[::-1]]], close=True)
    tones = [mix(colour, light.key, 0.75), mix(colour, light.key, 0.2), shade(colour, -0.3)]
    canvas.drawPath(outline, wash((-25, 0), (25, 0), tones))
    canvas.save()
    canvas.clipPath(outline, True)
    for y in (-58, -34):
        canvas.drawPath(polygon([(-40, y), (0, y - 20), (40, y)], close=False), paint(stripe, stroke=9))
    box(canvas, -30, 54, 30, 90, paint(shade(light.near, -0.1), 0.75))
    canvas.restore()
    canvas.drawLine(0, -100, 0, 82, paint(light.near, 0.5, stroke=1.3))


def surfer_above(canvas: skia.Canvas, light: Light, look: Look, t: float) -> None:
    """Draw a surfer seen from overhead at the origin, arms out for balance."""
    sway = 9 * math.sin(3.1 * t)
    for side, y in ((-1, 36), (1, -26)):
        leg = ribbon([(0, 6), (side * 11, y * 0.6), (side * 5, y)], [9, 8, 5])
        canvas.drawPath(leg, paint(shade(look.trousers, -0.1)))
        hand = (side * 50, 4 - side * sway)
        canvas.drawPath(ribbon([(0, 0), (side * 26, -6 + side * sway), hand], [8, 6, 3.4]), paint(look.shirt))
        canvas.drawCircle(*hand, 4.6, paint(look.skin))
    ellipse(canvas, 0, 4, 13, 18, lit(light, look.shirt, (-13, -10), (13, 14), 0.5, 0.2))
    canvas.drawCircle(3, -9, 9.5, paint(shader=radial((0, -12), 14, [mix(look.hair, light.key, 0.35), look.hair])))
