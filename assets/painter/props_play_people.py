"""Little people for the sport scenes: limbs that bend to reach, clothes in the light's colours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import skia

from assets.painter.canvas import Colour, Light, box, mix, paint, polygon, shade
from assets.painter.props_play import Point, wash


@dataclass(frozen=True)
class Look:
    """What a little person wears; `rim` is the colour of the light that catches its edges."""

    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoe: Colour
    rim: Colour
    cap: bool


def make_look(rng: np.random.Generator, light: Light, shirt: Colour, trousers: Colour) -> Look:
    """Return clothes in the light's own colours, with a random skin tone and hair."""
    tone = float(rng.uniform(0.1, 0.65))
    skin = mix(mix(light.key, light.accents[0], 0.35), light.near, tone)
    shoe = mix(light.key, shirt, 0.1)
    return Look(skin, shade(light.near, -0.3), shirt, trousers, shoe, light.key, bool(rng.random() < 0.5))


def bend(start: Point, end: Point, upper: float, lower: float, side: float) -> Point:
    """Return where a two-bone limb bends between its ends, to the given side (+1 or -1)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    gap = min(max(math.hypot(dx, dy), 1e-6), (upper + lower) * 0.999)
    along = (upper**2 - lower**2 + gap**2) / (2 * gap)
    out = math.sqrt(max(upper**2 - along**2, 0.0)) * side
    length = max(math.hypot(dx, dy), 1e-6)
    ux, uy = dx / length, dy / length
    return start[0] + ux * along - uy * out, start[1] + uy * along + ux * out


def limb(canvas: skia.Canvas, a: Point, b: Point, ra: float, rb: float, colour: Colour, rim: Colour) -> None:
    """Draw a tapered limb from a to b with a lit upper edge."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    canvas.save()
    canvas.translate(*a)
    canvas.rotate(math.degrees(math.atan2(b[1] - a[1], b[0] - a[0])))
    facing = 1 if b[0] >= a[0] else -1
    brush = wash((0, -ra * facing), (0, ra * facing), [mix(colour, rim, 0.5), colour, shade(colour, -0.3)], [0, 0.4, 1])
    canvas.drawCircle(0, 0, ra, brush)
    canvas.drawPath(polygon([(0, -ra), (length, -rb), (length, rb), (0, ra)]), brush)
    canvas.drawCircle(length, 0, rb, brush)
    canvas.restore()


def _reach(start: Point, end: Point, most: float) -> Point:
    """Return end, drawn back towards start where it is farther than `most`."""
    gap = math.hypot(end[0] - start[0], end[1] - start[1])
    k = min(1.0, most / max(gap, 1e-6))
    return start[0] + (end[0] - start[0]) * k, start[1] + (end[1] - start[1]) * k


def _leg(canvas: skia.Canvas, look: Look, s: float, hip: Point, foot: Point, side: float, dim: float) -> None:
    foot = _reach(hip, foot, 3.95 * s)
    knee = bend(hip, foot, 2 * s, 2 * s, side)
    cloth = shade(look.trousers, -dim)
    limb(canvas, knee, foot, 0.42 * s, 0.3 * s, shade(look.skin, -dim), look.rim)
    limb(canvas, hip, knee, 0.66 * s, 0.52 * s, cloth, look.rim)
    toe = (foot[0] + 0.75 * s * -side, foot[1] + 0.12 * s)
    limb(canvas, foot, toe, 0.38 * s, 0.3 * s, shade(look.shoe, -dim), look.rim)


def _arm(canvas: skia.Canvas, look: Look, s: float, shoulder: Point, hand: Point, side: float, dim: float) -> None:
    hand = _reach(shoulder, hand, 2.75 * s)
    elbow = bend(shoulder, hand, 1.4 * s, 1.4 * s, side)
    limb(canvas, elbow, hand, 0.3 * s, 0.24 * s, shade(look.skin, -dim), look.rim)
    limb(canvas, shoulder, elbow, 0.44 * s, 0.34 * s, shade(look.shirt, -dim), look.rim)
    canvas.drawCircle(*hand, 0.32 * s, paint(shade(look.skin, -dim)))


def person(
    canvas: skia.Canvas, look: Look, s: float, hip: Point, lean: float, hands, feet, knees=(-1, -1), elbows=(1, 1)
) -> None:
    """Draw a person about 8 s tall; limbs bend to reach the two hands and the two feet.

    `lean` is the torso's angle in degrees from upright; the first hand and foot are the far ones.
    """
    a = math.radians(lean)
    neck = (hip[0] + 2.4 * s * math.sin(a), hip[1] - 2.4 * s * math.cos(a))
    head = (neck[0] + 1.15 * s * math.sin(a * 0.6), neck[1] - 1.15 * s * math.cos(a * 0.6))
    _arm(canvas, look, s, neck, hands[0], elbows[0], 0.3)
    _leg(canvas, look, s, hip, feet[0], knees[0], 0.3)
    _leg(canvas, look, s, hip, feet[1], knees[1], 0.0)
    limb(canvas, neck, head, 0.32 * s, 0.3 * s, shade(look.skin, -0.2), look.rim)
    limb(canvas, neck, hip, 0.82 * s, 0.68 * s, look.shirt, look.rim)
    ball_head(canvas, look, s, head)
    _arm(canvas, look, s, neck, hands[1], elbows[1], 0.0)


def ball_head(canvas: skia.Canvas, look: Look, s: float, head: Point) -> None:
    """Draw a head with hair, or with a cap whose peak looks right."""
    x, y = head
    brush = wash((x - s, y - s), (x + s, y + s), [mix(look.skin, look.rim, 0.35), look.skin, shade(look.skin, -0.25)])
    canvas.drawCircle(x, y, 0.78 * s, brush)
    crown = look.trousers if look.cap else look.hair
    brush = paint(crown)
    canvas.drawArc(skia.Rect.MakeLTRB(x - 0.86 * s, y - 0.9 * s, x + 0.86 * s, y + 0.7 * s), 168, 200, True, brush)
    if look.cap:
        box(canvas, x, y - 0.36 * s, x + 1.3 * s, y - 0.12 * s, paint(shade(crown, -0.2)), 0.12 * s)
