"""Places of the music and pet motifs: a room and a stage, with dust and lamps."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    SCREEN,
    WIDTH,
    Colour,
    Light,
    box,
    glow,
    linear,
    mix,
    paint,
    polygon,
    radial,
)
from assets.painter.props_home import BOTTOM, LEFT, RIGHT, TOP, limb, solid, wall_colour


class Motes:
    """Dust in the light: small specks that rise and drift."""

    def __init__(self, rng: np.random.Generator, count: int = 26):
        self.specks = np.column_stack(
            [
                rng.uniform(0, WIDTH, count),
                rng.uniform(0, 1, count),
                rng.uniform(0.5, 1.9, count),
                rng.uniform(0, math.tau, count),
            ]
        )

    def draw(self, canvas: skia.Canvas, t: float, colour: Colour) -> None:
        for x, start, radius, phase in self.specks:
            rise = (start + 0.05 * t * radius) % 1
            brush = paint(colour, 0.5 * math.sin(math.pi * rise), blend=SCREEN)
            canvas.drawCircle(x + 9 * math.sin(0.9 * t + phase), HEIGHT * (1 - rise), radius, brush)


class Bokeh:
    """Lamps far out of focus: soft discs that breathe."""

    def __init__(self, rng: np.random.Generator, light: Light, count: int = 12, bottom: float = 240.0):
        colours = (*light.accents, light.key)
        self.discs = [
            (
                rng.uniform(-20, WIDTH + 20),
                rng.uniform(-30, bottom),
                rng.uniform(8, 26),
                rng.uniform(0, math.tau),
                colours[rng.integers(4)],
            )
            for _ in range(count)
        ]

    def draw(self, canvas: skia.Canvas, t: float, alpha: float = 0.3) -> None:
        for x, y, radius, phase, colour in self.discs:
            level = alpha * (0.7 + 0.3 * math.sin(2 * t + phase))
            fall = [(colour, level * 0.6), (colour, level), (colour, 0.0)]
            canvas.drawCircle(x, y, radius, paint(shader=radial((x, y), radius, fall, [0, 0.86, 1])))


class Room:
    """A room's wall and floor: panelling, planks, a rug's worth of light from a window out of sight."""

    def __init__(self, rng: np.random.Generator, light: Light, floor: float = 330.0):
        self.light, self.floor = light, floor
        self.stripes = rng.random() < 0.5
        self.slant = float(rng.uniform(20, 60))
        self.frames = [
            (float(x), float(rng.uniform(66, 104)), float(rng.uniform(15, 24)), int(rng.integers(3)))
            for x in (rng.uniform(34, 70), rng.uniform(186, 224))
        ][: int(rng.integers(0, 3))]
        self.motes = Motes(rng, 20)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint wall, pictures, the window's light and the floor over the whole canvas."""
        self._wall(canvas)
        self._window_light(canvas, t)
        self._floor(canvas)

    def _wall(self, canvas: skia.Canvas) -> None:
        light, base = self.light, wall_colour(self.light)
        tones = linear(
            (0, TOP), (60, self.floor), [mix(base, light.top, 0.55), base, mix(base, light.near, 0.3)], [0, 0.6, 1]
        )
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        if self.stripes:
            for x in np.arange(LEFT, RIGHT, 26.0):
                box(canvas, float(x), TOP, float(x) + 12, self.floor, paint(light.key, 0.045))
        for x, y, half, tone in self.frames:
            self._picture(canvas, x, y, half, light.accents[tone])
        box(canvas, LEFT, self.floor - 12, RIGHT, self.floor, paint(mix(base, light.near, 0.5)))
        box(canvas, LEFT, self.floor - 12, RIGHT, self.floor - 10, paint(light.key, 0.25))

    def _picture(self, canvas: skia.Canvas, x: float, y: float, half: float, colour: Colour) -> None:
        light = self.light
        box(canvas, x - half + 3, y - half * 1.3 + 5, x + half + 4, y + half * 1.3 + 6, paint("#000000", 0.2), 2)
        box(canvas, x - half, y - half * 1.3, x + half, y + half * 1.3, paint(mix(light.near, light.far, 0.3)), 2)
        box(
            canvas,
            x - half + 3,
            y - half * 1.3 + 3,
            x + half - 3,
            y + half * 1.3 - 3,
            paint(mix(light.horizon, light.key, 0.4)),
        )
        canvas.drawCircle(x, y - 2, half * 0.42, paint(mix(colour, light.middle, 0.3)))
        canvas.drawPath(
            polygon([(x - half + 3, y + half * 1.3 - 3), (x - 4, y + 3), (x + half - 3, y + half * 1.3 - 3)]),
            paint(mix(light.far, light.near, 0.3), 0.9),
        )

    def _window_light(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the bright panes that a window throws onto the wall; they sway like branches outside."""
        sway = 3 * math.sin(1.3 * t)
        for column in range(2):
            for row in range(2):
                x, y = 70 + column * 62 + sway, 60 + row * 84 + column * self.slant * 0.5
                pane = polygon(
                    [(x, y), (x + 54, y + self.slant * 0.45), (x + 54, y + 74 + self.slant * 0.45), (x, y + 74)]
                )
                canvas.drawPath(pane, paint(self.light.key, 0.12, blend=SCREEN))

    def _floor(self, canvas: skia.Canvas) -> None:
        light, floor = self.light, self.floor
        wood = mix(light.far, light.accents[0], 0.22)
        tones = linear((0, floor), (0, HEIGHT + 20), [mix(wood, light.horizon, 0.3), mix(wood, light.near, 0.45)])
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, floor, RIGHT, BOTTOM), paint(shader=tones))
        for x in range(-10, 11):  # planks run towards a vanishing point on the wall
            canvas.drawLine(128 + x * 22, floor, 128 + x * 62, BOTTOM, paint(light.near, 0.3, stroke=1.2))
        glow(canvas, 150, floor + 60, 150, light.key, 0.18)


class Stage:
    """A stage in haze: sweeping beams, far lamps and a floor that mirrors them."""

    def __init__(self, rng: np.random.Generator, light: Light, floor: float = 352.0):
        self.light, self.floor = light, floor
        self.bokeh = Bokeh(rng, light, 9, 170)
        self.beams = [
            (
                float(x),
                float(rng.uniform(-16, 16)),
                float(rng.uniform(0.8, 1.6)),
                float(rng.uniform(0, math.tau)),
                light.accents[int(rng.integers(3))],
            )
            for x in np.linspace(0, WIDTH, int(rng.integers(3, 6)))
        ]
        self.motes = Motes(rng, 18)

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint backdrop, beams and floor over the whole canvas."""
        light, floor = self.light, self.floor
        deep = mix(light.top, light.near, 0.55)
        tones = linear(
            (0, TOP), (0, floor), [deep, mix(light.top, light.middle, 0.5), mix(light.middle, light.horizon, 0.35)]
        )
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, TOP, RIGHT, BOTTOM), paint(shader=tones))
        self.bokeh.draw(canvas, t, 0.22)
        for x, lean, rate, phase, colour in self.beams:
            self._beam(canvas, x, lean + 13 * math.sin(rate * 1.8 * t + phase), colour)
        tones = linear(
            (0, floor), (0, HEIGHT + 30), [mix(light.far, light.horizon, 0.25), mix(light.near, "#000000", 0.35)]
        )
        canvas.drawRect(skia.Rect.MakeLTRB(LEFT, floor, RIGHT, BOTTOM), paint(shader=tones))
        canvas.drawLine(LEFT, floor, RIGHT, floor, paint(light.key, 0.35, stroke=1))
        glow(canvas, WIDTH / 2, floor + 34, 150, light.key, 0.28)

    def _beam(self, canvas: skia.Canvas, x: float, angle: float, colour: Colour) -> None:
        canvas.save()
        canvas.translate(x, -24)
        canvas.rotate(angle)
        tint = mix(colour, self.light.key, 0.4)
        fall = linear((0, 0), (0, 400), [(tint, 0.55), (tint, 0.16), (tint, 0.0)], [0, 0.5, 1])
        for half in (62, 30):
            canvas.drawPath(
                polygon([(-5, 0), (5, 0), (half, 410), (-half, 410)]), paint(alpha=0.6, shader=fall, blend=SCREEN)
            )
        box(canvas, -9, -18, 9, 5, paint(self.light.near), 4)
        canvas.restore()


class Crowd:
    """The first rows before a stage; they bob at `tempo` (radians a second)."""

    def __init__(self, rng: np.random.Generator, light: Light, tempo: float):
        self.light, self.tempo = light, tempo
        self.heads = [
            (
                float(x + rng.uniform(-6, 6)),
                float(rng.uniform(0, 14)),
                float(rng.uniform(0, math.tau)),
                rng.random() < 0.4,
            )
            for x in range(-30, 300, 24)
        ]

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the heads and raised arms of the first rows, dark against the stage."""
        dark = mix(self.light.near, "#000000", 0.4)
        for x, size, phase, waves in self.heads:
            y = 410 - size + 4 * math.sin(t * self.tempo + phase)
            canvas.drawCircle(x, y, 12, paint(dark))
            box(canvas, x - 17, y + 11, x + 17, BOTTOM, paint(dark), 10)
            if waves:
                joints = [(x + 12, y + 16), (x + 20, y - 12), (x + 16 + 5 * math.sin(3 * t + phase), y - 32)]
                limb(canvas, joints, 7, dark)


def speakers(canvas: skia.Canvas, light: Light, x: float) -> None:
    """Draw a stack of two loudspeakers about x."""
    for y in (262, 312):
        solid(
            canvas,
            polygon([(x - 30, y), (x + 30, y), (x + 30, y + 48), (x - 30, y + 48)]),
            mix(light.near, light.far, 0.4),
            light,
            0.9,
        )
        canvas.drawCircle(x, y + 24, 19, paint(shader=radial((x - 4, y + 20), 19, [light.far, light.near])))
        canvas.drawCircle(x, y + 24, 6, paint(light.near))
