"""Props of the pet motifs: heads of a cat and a parrot, and the window that a cat sits in."""

from __future__ import annotations

import math

import numpy as np
import skia

from assets.painter.canvas import (
    Colour,
    Light,
    below,
    ellipse,
    glow,
    linear,
    mix,
    paint,
    polygon,
    ridge,
    shade,
    smooth,
)
from assets.painter.props_home import LEFT, TOP, leaf, luminance, oval, shape, solid


class CatHead:
    """A cat's head about the origin, some 42 in half width: ears and a face, drawn apart."""

    def __init__(self, light: Light, coat: Colour, accent: Colour, iris: Colour, striped: bool):
        self.light, self.coat, self.accent, self.second = light, coat, accent, iris
        self.pale, self.dark = mix(coat, light.key, 0.6), shade(coat, -0.45)
        self.striped = striped

    def ears(self, canvas: skia.Canvas, size: float, twitch: float, inner: bool) -> None:
        """Paint both ears; `twitch` (pixels) lowers one, `inner` shows them from the front."""
        for side in (-1, 1):
            tip = (31 * side * size, (-53 + (twitch if side > 0 else 0)) * size)
            ear = polygon([(36 * side * size, -8 * size), tip, (6 * side * size, -30 * size)])
            solid(canvas, ear, self.coat, self.light, 0.9)
            canvas.drawPath(ear, paint(self.coat, stroke=3 * size))
            if inner:
                pink = mix(self.accent, self.light.key, 0.35)
                inside = [
                    (30 * side * size, -18 * size),
                    (tip[0] * 0.96, tip[1] + 9 * size),
                    (13 * side * size, -30 * size),
                ]
                canvas.drawPath(polygon(inside), paint(mix(pink, self.coat, 0.3)))

    def face(self, canvas: skia.Canvas, gaze_x: float, gaze_y: float, blink: bool) -> None:
        """Paint eyes, muzzle and whiskers of a head about 42 wide (half) at the origin."""
        light, ink_colour = self.light, shade(self.light.near, -0.5)
        iris = mix(self.second, light.key, 0.4)
        for side in (-1, 1):
            ellipse(canvas, 9 * side, 15, 12, 10, paint(self.pale))
            if blink:
                canvas.drawPath(
                    smooth([(8 * side, -2), (17 * side, 3), (26 * side, -3)]), paint(ink_colour, stroke=2.6)
                )
            else:
                ellipse(canvas, 17 * side, -2, 11, 10, paint(ink_colour))
                ellipse(canvas, 17 * side, -2, 9.6, 8.8, paint(iris))
                ellipse(canvas, 17 * side + gaze_x, -2 + gaze_y, 4.2, 7.6, paint(ink_colour))
                canvas.drawCircle(17 * side + gaze_x - 3, -5 + gaze_y, 2, paint("#ffffff"))
            for k in range(3):
                canvas.drawLine(
                    16 * side, 13 + 3 * k, 54 * side, 6 + 8 * k, paint(mix(light.key, light.near, 0.1), 0.85, stroke=1)
                )
        canvas.drawPath(polygon([(-5, 8), (5, 8), (0, 14)]), paint(mix(self.accent, light.near, 0.35)))
        canvas.drawPath(smooth([(-9, 20), (-3, 21), (0, 14), (3, 21), (9, 20)]), paint(ink_colour, 0.8, stroke=1.6))
        if self.striped:
            for x in (-9, 0, 9):
                canvas.drawLine(x, -31, x * 0.7, -18, paint(self.dark, 0.7, stroke=3.4))


class ParrotHead:
    """A parrot's head in profile, looking left: hooked beak, pale face, crest where it has one."""

    def __init__(self, light: Light, plumage: Colour, wing: Colour, tip: Colour, crest: bool, phase: float):
        self.light, self.plumage, self.wing, self.tip = light, plumage, wing, tip
        dark_beak = luminance(plumage) > 110
        self.beak = mix(light.near, "#000000", 0.3) if dark_beak else mix(light.key, light.horizon, 0.3)
        self.mask = mix(light.key, "#ffffff", 0.4)
        self.crest, self.phase = crest, phase

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the head in profile, looking left, about 36 in radius at the origin."""
        light = self.light
        if self.crest:
            for k in range(4):
                leaf(
                    canvas,
                    2 + 7 * k,
                    -26 + 4 * k,
                    4 + 19 * k + 6 * math.sin(4 * t + k),
                    36 - 2 * k,
                    7,
                    (self.wing, self.tip)[k % 2],
                )
        opening = 6 * max(0.0, math.sin(6.2 * t + self.phase))
        lower = smooth([(-24, 14), (-38, 20 + opening), (-30, 30 + opening), (-14, 26)], close=True)
        solid(canvas, lower, shade(self.beak, -0.2), light, 0.6)
        solid(canvas, oval(2, 0, 36, 34), self.plumage, light, 1.0)
        face = shape("-26,-14 -8,-18 6,-4 2,14 -14,22 -26,14")
        canvas.drawPath(face, paint(self.mask))
        for k in range(3):
            canvas.drawPath(
                smooth([(-20, 5 + 5 * k), (-10, 7 + 4 * k), (0, 4 + 4 * k)]), paint(self.plumage, 0.8, stroke=1.3)
            )
        upper = shape("-22,-16 -42,-14 -56,4 -52,28 -44,14 -24,14")
        solid(canvas, upper, self.beak, light, 1.0)
        canvas.drawPath(smooth([(-28, -12), (-42, -8), (-51, 6)]), paint(light.key, 0.6, stroke=2.2))
        blink = math.sin(3.1 * t + self.phase) > 0.95
        canvas.drawCircle(-9, -6, 6.6, paint(mix(self.tip, light.key, 0.4)))
        ellipse(canvas, -9, -6, 4, 0.9 if blink else 4, paint(shade(light.near, -0.5)))
        canvas.drawCircle(-10.4, -7.6, 1.3, paint("#ffffff"))


class Window:
    """A tall window with curtains; outside, hills in haze and snow that falls."""

    def __init__(self, rng: np.random.Generator, light: Light, curtain: Colour):
        self.light, self.curtain = light, curtain
        self.hills = [ridge(rng, y, 10) for y in (216, 246)]
        self.flakes = np.column_stack([rng.uniform(40, 216, 34), rng.uniform(0, 1, 34), rng.uniform(0.8, 2.2, 34)])

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint sky, hills, falling flakes and the frame, then the curtains."""
        light = self.light
        area = skia.Rect.MakeLTRB(34, 44, 222, 304)
        canvas.save()
        canvas.clipRect(area)
        fill = linear(
            (0, 44), (0, 290), [light.top, mix(light.middle, light.horizon, 0.4), mix(light.horizon, light.key, 0.3)]
        )
        canvas.drawRect(area, paint(shader=fill))
        glow(canvas, 84, 118, 90, light.key, 0.8)
        canvas.drawCircle(84, 118, 17, paint(light.key))
        for k, skyline in enumerate(self.hills):
            canvas.drawPath(below(skyline, 10), paint(mix(light.far, light.horizon, 0.5 - 0.35 * k)))
        for x, start, size in self.flakes:
            fall = (start + 0.28 * t * (0.6 + 0.4 * size)) % 1
            canvas.drawCircle(x + 8 * math.sin(2 * t + x), 44 + 260 * fall, size, paint(light.key, 0.85))
        canvas.restore()
        frame = mix(light.key, light.far, 0.2)
        canvas.drawRect(area, paint(frame, stroke=8))
        canvas.drawLine(128, 44, 128, 304, paint(frame, stroke=5))
        canvas.drawLine(34, 146, 222, 146, paint(frame, stroke=5))
        canvas.drawPath(polygon([(44, 52), (92, 52), (40, 140)]), paint(light.key, 0.14))
        self._curtains(canvas, t)

    def _curtains(self, canvas: skia.Canvas, t: float) -> None:
        colour = mix(self.curtain, self.light.far, 0.35)
        for side in (0, 1):
            sway = 4 * math.sin(1.8 * t + side)
            edge = [(46 + sway * 0.3, TOP), (50 + sway, 120), (30 + sway, 230), (40 + sway, 330)]
            outline = smooth(edge)
            outline.lineTo(LEFT, 330)
            outline.lineTo(LEFT, TOP)
            outline.close()
            canvas.save()
            if side:
                canvas.translate(256, 0)
                canvas.scale(-1, 1)
            tones = [shade(colour, s) for s in (-0.4, 0.05, -0.3, 0.15, -0.25, 0.2)]
            canvas.drawPath(outline, paint(shader=linear((-40, 0), (54, 0), tones)))
            canvas.restore()


def feather_toy(
    canvas: skia.Canvas, light: Light, colours: tuple[Colour, Colour], x: float, y: float, t: float
) -> None:
    """Draw three feathers on a string that hangs from above the frame."""
    string = smooth([(128 + 0.3 * (x - 128), TOP), (128 + 0.6 * (x - 128), 40), (x, y)])
    canvas.drawPath(string, paint(mix(light.key, light.near, 0.3), stroke=1.5))
    tones = (*colours, light.key)
    for k, angle in enumerate((150, 180, 210)):
        leaf(canvas, x, y, angle + 10 * math.sin(6 * t + k) - 0.3 * (x - 128), 42, 9, tones[k])
    canvas.drawCircle(x, y, 7, paint(colours[1]))
    canvas.drawCircle(x - 2, y - 2, 2.4, paint(light.key, 0.8))


def tennis_ball(
    canvas: skia.Canvas, light: Light, colour: Colour, x: float, y: float, radius: float, turn: float
) -> None:
    """Draw a tennis ball with its curved seam."""
    solid(canvas, oval(x, y, radius, radius), colour, light, 1.0)
    canvas.save()
    canvas.translate(x, y)
    canvas.rotate(turn)
    for side in (-1, 1):
        seam = smooth(
            [(-0.8 * radius, 0.55 * radius * side), (0, 0.2 * radius * side), (0.8 * radius, 0.55 * radius * side)]
        )
        canvas.drawPath(seam, paint(mix(light.key, "#ffffff", 0.5), stroke=radius * 0.13))
    canvas.restore()


def coat_colours(light: Light, accent: Colour) -> tuple[Colour, Colour, Colour, Colour]:
    """Return the coats that a cat or a dog may have under this light: warm, dark, pale and mixed."""
    warm, dark = mix(accent, light.near, 0.2), shade(light.near, -0.05)
    return warm, dark, mix(light.key, light.horizon, 0.38), mix(light.far, accent, 0.45)
