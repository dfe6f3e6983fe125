"""Corals, sponges and reef fish."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import skia

from assets.painter.canvas import ellipse, paint, polygon, radial, shade, smooth
from assets.painter.props_urban import across, clipped, curved, down, placed

SWING_STEPS = 10  # poses of a tail beat to either side; their outlines are kept


@cache
def _fish_pose(step: int) -> tuple[skia.Path, skia.Path, skia.Path, skia.Path]:
    """Return tail, fins, body and side fin of a fish, facing right and 100 long, in one pose of its tail beat."""
    swing = step / SWING_STEPS
    tail = smooth([(-30, 0), (-52, -22 + 7 * swing), (-46, 4 * swing), (-52, 22 + 7 * swing)], close=True)
    fins = smooth([(22, -24), (4, -46), (-24, -36 + 2 * swing), (-26, -14)])
    fins.addPath(smooth([(12, 24), (-8, 42), (-26, 30 - 2 * swing), (-24, 12)]))
    back = [(48, 2), (30, -23), (0, -31), (-26, -14), (-34, -4 + 2 * swing)]
    belly = [(-34, 5 + 2 * swing), (-26, 14), (0, 30), (30, 21)]
    side_fin = smooth([(8, 4), (-8, 2 + 6 * swing), (-10, 14 + 6 * swing), (6, 12)], close=True)
    return tail, fins, smooth([*back, *belly], close=True), side_fin


def fish(canvas: skia.Canvas, x, y, size, colour, stripe, wag: float, flip: bool = False, tilt: float = 0.0) -> None:
    """Draw a striped reef fish facing right, `size` long; `wag` is the angle of its tail beat."""
    tail, fins, body, side_fin = _fish_pose(round(SWING_STEPS * math.sin(wag)))
    with placed(canvas, x, y, size / 100, tilt, flip):
        canvas.drawPath(tail, across(-54, -26, shade(stripe, 0.25), stripe))
        canvas.drawPath(fins, paint(shade(stripe, -0.1)))
        canvas.drawPath(body, down(-32, 32, shade(colour, 0.35), colour, shade(colour, -0.4)))
        with clipped(canvas, body):
            for bar, width in (("21 -36, 29 0, 21 36", 7), ("-5 -36, 3 0, -5 36", 9), ("-29 -36, -21 0, -29 36", 7)):
                canvas.drawPath(curved(bar), paint(shade(colour, -0.6), 0.7, stroke=width + 4))  # its dark edge
                canvas.drawPath(curved(bar), paint(shade(stripe, 0.55), stroke=width))
        canvas.drawPath(side_fin, paint(shade(stripe, 0.15), 0.95))
        canvas.drawPath(curved("40 -14, 18 -27, -10 -27"), paint("#ffffff", 0.5, stroke=2))
        canvas.drawCircle(35, -6, 5.4, paint("#ffffff"))
        canvas.drawCircle(36.5, -6, 3.2, paint("#101018"))
        canvas.drawCircle(37.6, -7.2, 1.1, paint("#ffffff"))


def staghorn(rng: np.random.Generator, height: float) -> list[tuple[skia.Path, float]]:
    """Return a branching coral at (0, 0): a path and a stroke width per generation of branches."""
    levels, tips = [], [(0.0, 0.0, -math.pi / 2)]
    for level in range(4):
        path, grown = skia.Path(), []
        length = height * 0.36 * 0.8**level
        for x, y, angle in tips:
            for turn in rng.uniform(-0.75, 0.75, 2) if level else rng.uniform(-0.9, 0.9, 4):
                u, v = x + length * math.cos(angle + turn), y + length * math.sin(angle + turn)
                path.moveTo(x, y)
                path.quadTo(x + length * 0.5 * math.cos(angle), y + length * 0.5 * math.sin(angle), u, v)
                grown.append((u, v, angle + turn * 0.6))
        levels.append((path, height * 0.085 * 0.72**level))
        tips = grown
    return levels


def coral(canvas: skia.Canvas, x, y, height: float, kind: int, branches, colour, t: float) -> None:
    """Draw a coral rooted at (x, y), swaying: kind 0 staghorn (of these branches), 1 tube sponges, 2 brain coral."""
    with placed(canvas, x, y, height / 100, 2.2 * math.sin(1.7 * t + x)):
        if kind == 0:
            _draw_staghorn(canvas, branches, colour)
        elif kind == 1:
            _draw_tubes(canvas, colour)
        else:
            _draw_brain(canvas, colour)


def _draw_staghorn(canvas: skia.Canvas, branches, colour) -> None:
    for path, width in branches:
        canvas.drawPath(path, paint(shade(colour, -0.35), stroke=width + 1))
    for path, width in branches:  # the lit core, paler towards the tips
        canvas.drawPath(path, paint(shade(colour, 0.1 + 0.2 * (width < 5)), stroke=width * 0.62))


def _draw_tubes(canvas: skia.Canvas, colour) -> None:
    for at, tall, wide in ((-26, 62, 11), (24, 74, 11), (-4, 96, 14), (12, 44, 9)):
        tube = polygon([(at - wide * 0.7, 6), (at - wide, -tall), (at + wide, -tall), (at + wide * 0.7, 6)])
        canvas.drawPath(tube, across(at - wide, at + wide, shade(colour, 0.35), colour, shade(colour, -0.5)))
        ellipse(canvas, at, -tall, wide, wide * 0.42, paint(shade(colour, 0.3)))
        ellipse(canvas, at, -tall + 1, wide * 0.68, wide * 0.26, paint(shade(colour, -0.7)))


@cache
def _grooves() -> skia.Path:
    """Return the winding grooves of a brain coral."""
    path = skia.Path()
    for row in range(5):
        reach = 38 if row == 0 else 48
        groove = [
            (u, -44 + row * 12 + (u / 15) ** 2 * 1.3 + 3 * math.sin(u * 0.42 + row * 2))
            for u in range(-reach, reach + 1, 6)
        ]
        path.addPath(smooth(groove))
    return path


def _draw_brain(canvas: skia.Canvas, colour) -> None:
    dome = curved("-52 10, -48 -28, 0 -56, 48 -28, 52 10", close=True)
    stops = [shade(colour, 0.4), colour, shade(colour, -0.55)]
    canvas.drawPath(dome, paint(shader=radial((-16, -40), 86, stops)))
    with clipped(canvas, dome):
        canvas.drawPath(_grooves(), paint(shade(colour, -0.45), 0.65, stroke=3))
