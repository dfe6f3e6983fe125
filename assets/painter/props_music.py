"""Props of the music motifs: a record, sheet music, a metronome and a lamp."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    Colour,
    Light,
    box,
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    shade,
)
from assets.painter.props_home import cast, solid


class Record:
    """A vinyl record on its platter, seen straight from above; the label turns, the sheens stand."""

    def __init__(self, rng: np.random.Generator, light: Light, label: Colour):
        self.light, self.label = light, label
        self.vinyl = mix(light.near, "#000000", 0.55)
        self.style = int(rng.integers(3))
        self.turn = float(rng.uniform(0, 360))

    def draw(self, canvas: skia.Canvas, x: float, y: float, radius: float, t: float) -> None:
        """Paint platter, grooves, label and the two sheens of light, which stand while the record turns."""
        light = self.light
        canvas.drawCircle(x + 2, y + 4, radius + 7, paint("#000000", 0.35))
        fill = linear((x - radius, y), (x + radius, y), [light.key, light.far])
        canvas.drawCircle(x, y, radius + 5, paint(shader=fill))
        self._strobe_dots(canvas, x, y, radius + 2.5, t)
        canvas.drawCircle(x, y, radius, paint(self.vinyl))
        for part in np.linspace(0.42, 0.97, 16):
            wobble = 0.6 * math.sin(4.2 * t + part * 9)
            canvas.drawCircle(
                x + wobble, y, radius * float(part), paint(light.key, 0.07 + 0.05 * (part * 37 % 1), stroke=0.9)
            )
        for gap in (0.56, 0.78):
            canvas.drawCircle(x, y, radius * gap, paint("#000000", 0.7, stroke=2))
        self._sheen(canvas, x, y, radius, t)
        self._label(canvas, x, y, radius * 0.36, t)

    def _strobe_dots(self, canvas: skia.Canvas, x: float, y: float, radius: float, t: float) -> None:
        for k in range(44):
            angle = math.tau * k / 44 + 3.5 * t
            canvas.drawCircle(
                x + radius * math.cos(angle), y + radius * math.sin(angle), 1.3, paint(self.light.near, 0.7)
            )

    def _sheen(self, canvas: skia.Canvas, x: float, y: float, radius: float, t: float) -> None:
        key = self.light.key
        shimmer = 0.03 * math.sin(5 * t)
        at = [0.0, 0.06, 0.12 + shimmer, 0.18, 0.3, 0.52, 0.62 + shimmer, 0.7, 0.8, 1.0]
        stops = [0.0, 0.06, 0.42, 0.06, 0.0, 0.0, 0.34, 0.05, 0.0, 0.0]
        colours = [skia.ColorSetA(paint(key).getColor(), int(255 * level)) for level in stops]
        sweep = skia.GradientShader.MakeSweep(x, y, colours, at)
        canvas.drawCircle(x, y, radius * 0.98, paint(shader=sweep))

    def _label(self, canvas: skia.Canvas, x: float, y: float, radius: float, t: float) -> None:
        """Paint the turning paper label in one of three designs."""
        light, label = self.light, self.label
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(self.turn + 200 * t)
        canvas.drawCircle(0, 0, radius, paint(label))
        area = skia.Rect.MakeLTRB(-radius, -radius, radius, radius)
        contrast = mix(light.horizon if self.style else light.near, light.key, 0.3 * self.style)
        if self.style == 0:
            canvas.drawArc(area, 0, 180, True, paint(contrast))
        elif self.style == 1:
            for k in range(6):
                canvas.drawArc(area, 60 * k, 30, True, paint(contrast))
        else:
            box(canvas, -radius * 0.8, -radius * 0.25, radius * 0.8, -radius * 0.08, paint(contrast))
            box(canvas, -radius * 0.6, radius * 0.3, radius * 0.3, radius * 0.42, paint(contrast))
        for k in range(3):  # the lines of print
            box(
                canvas,
                -radius * 0.5,
                radius * (0.5 + 0.12 * k),
                radius * (0.35 - 0.2 * k),
                radius * (0.54 + 0.12 * k),
                paint(light.near, 0.7),
            )
        canvas.drawCircle(0, 0, radius, paint(light.near, 0.5, stroke=1.5))
        canvas.restore()
        canvas.drawCircle(x, y, max(2.4, radius * 0.09), paint(light.key))


def sheet_music(
    canvas: skia.Canvas, light: Light, marks: np.ndarray, x: float, y: float, width: float, height: float
) -> None:
    """Draw the open sheet music: two pages of staves and notes."""
    canvas.save()
    canvas.translate(x, y)
    cast(canvas, width / 2, height, width * 0.6, 14, 0.5)
    page = mix(light.key, light.horizon, 0.25)
    for side in (0, 1):
        area = polygon(
            [
                (side * width / 2, 4 * side),
                ((side + 1) * width / 2, 4 - 4 * side),
                ((side + 1) * width / 2, height),
                (side * width / 2, height),
            ]
        )
        canvas.drawPath(area, paint(shader=linear((0, 0), (width, 0), [page, shade(page, -0.3), page], [0, 0.5, 1])))
    for row in range(3):
        top = 14 + row * height / 3.2
        for line in range(5):
            canvas.drawLine(6, top + 4 * line, width - 6, top + 4 * line, paint(light.near, 0.55, stroke=0.7))
        for k, step in enumerate(marks[row]):
            nx, ny = 14 + k * (width - 24) / 9, top + 2 * int(step) + 3
            ellipse(canvas, nx, ny, 3, 2.2, paint(light.near))
            canvas.drawLine(nx + 2.6, ny, nx + 2.6, ny - 11, paint(light.near, stroke=1.1))
    canvas.restore()


def metronome(canvas: skia.Canvas, light: Light, accent: Colour, angle: float) -> None:
    """Draw a metronome on the piano's lid, its rod at `angle` degrees from upright."""
    solid(
        canvas,
        polygon([(60, 118), (72, 118), (84, 164), (48, 164)]),
        mix(accent, light.near, 0.35),
        light,
        1.0,
    )
    canvas.save()
    canvas.translate(66, 158)
    canvas.rotate(angle)
    canvas.drawLine(0, 0, 0, -54, paint(light.key, stroke=2))
    box(canvas, -4, -44, 4, -36, paint(mix(light.key, light.near, 0.3)), 1)
    canvas.restore()


def table_lamp(canvas: skia.Canvas, light: Light, accent: Colour) -> None:
    """Draw a lit lamp on the piano's lid."""
    glow(canvas, 186, 128, 110, light.key, 0.55)
    canvas.drawLine(186, 164, 186, 130, paint(light.near, stroke=3))
    ellipse(canvas, 186, 163, 13, 4, paint(light.near))
    solid(
        canvas,
        polygon([(174, 104), (198, 104), (210, 136), (162, 136)]),
        mix(accent, light.key, 0.5),
        light,
        1.0,
    )


def white_key(canvas: skia.Canvas, light: Light, tint: Colour, x: float, width: float, down: float) -> None:
    """Draw a white key, `down` in 0..1 and tinted as far as it is struck."""
    ivory = mix(mix(light.key, "#ffffff", 0.4), light.horizon, 0.12)
    foot = 386 + 9 * down
    tones = linear(
        (0, 246),
        (0, foot),
        [shade(ivory, -0.5), shade(ivory, -0.08 - 0.15 * down), mix(ivory, tint, 0.55 * down)],
        [0, 0.3, 1],
    )
    box(canvas, x + 0.8, 246, x + width - 0.8, foot, paint(shader=tones), 2)
    box(canvas, x + 0.8, foot - 2, x + width - 0.8, 404, paint(shade(ivory, -0.35 - 0.2 * down)), 2)
    box(canvas, x + 2, 250, x + 3.4, foot - 4, paint("#ffffff", 0.5))


def black_key(canvas: skia.Canvas, light: Light, x: float, down: float) -> None:
    """Draw a black key about x, `down` in 0..1."""
    foot, ebony = 332 + 6 * down, shade(light.near, -0.45)
    box(canvas, x - 10, 246, x + 15, foot + 7, paint("#000000", 0.28), 3)
    box(canvas, x - 10.5, 246, x + 10.5, foot, paint(ebony), 3)
    tones = linear((x - 8, 0), (x + 8, 0), [mix(ebony, light.key, 0.5), mix(ebony, light.key, 0.12), ebony])
    box(canvas, x - 7.5, 246, x + 7, foot - 9, paint(shader=tones), 3)
