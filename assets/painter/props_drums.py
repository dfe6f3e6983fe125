"""The parts of the drum kit."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import (
    Colour,
    Light,
    box,
    ellipse,
    linear,
    mix,
    paint,
    polygon,
    radial,
    shade,
)
from assets.painter.props_home import cast


class Drums:
    """The parts of one drum kit, each drawn on its own: skins and cymbals in the kit's finish."""

    def __init__(self, light: Light, shell: Colour, brass: Colour, badge: Colour, emblem: int):
        self.light, self.shell, self.brass = light, shell, brass
        self.badge, self.emblem = badge, emblem

    def cymbal(self, canvas: skia.Canvas, radius: float, flat: float) -> None:
        """Paint a cymbal about the origin, laid down by the factor `flat`."""
        canvas.save()
        canvas.scale(1, flat)
        brass = self.brass
        bands = [shade(brass, s) for s in (-0.1, 0.35, -0.35, 0.1, -0.25, 0.4, -0.1)]
        sweep = skia.GradientShader.MakeSweep(0, 0, [paint(b).getColor() for b in bands])
        canvas.drawCircle(0, radius * 0.08, radius, paint(shade(brass, -0.6)))
        canvas.drawCircle(0, 0, radius, paint(shader=sweep))
        for part in (0.5, 0.66, 0.82, 0.94):
            canvas.drawCircle(0, 0, radius * part, paint(shade(brass, -0.45), 0.45, stroke=0.9))
        fill = radial((-4, -4), radius * 0.3, [shade(brass, 0.5), shade(brass, -0.4)])
        canvas.drawCircle(0, 0, radius * 0.24, paint(shader=fill))
        canvas.restore()
        canvas.drawCircle(0, -radius * 0.03, 2.6, paint(self.light.near))

    def front(self, canvas: skia.Canvas, x, y, half, tall, hit: float, lean: float = 0.0) -> None:
        """Paint a drum from the front: shell with lugs, two hoops and the lit skin."""
        light = self.light
        canvas.save()
        canvas.translate(x, y + 1.5 * hit)
        canvas.rotate(lean)
        shell = polygon([(-half, 0), (half, 0), (half, tall), (-half, tall)])
        tones = [shade(self.shell, -0.35), mix(self.shell, light.key, 0.55), self.shell, shade(self.shell, -0.55)]
        ellipse(canvas, 0, tall, half, half * 0.24, paint(shade(self.shell, -0.6)))
        canvas.drawPath(shell, paint(shader=linear((-half, 0), (half, 0), tones, [0, 0.25, 0.5, 1])))
        for part in (-0.66, 0, 0.66):
            box(canvas, half * part - 2, tall * 0.3, half * part + 2, tall * 0.7, paint(light.key, 0.9), 2)
        for level in (0.0, tall):
            ellipse(canvas, 0, level, half + 2, half * 0.27, paint(mix(light.key, light.near, 0.4), stroke=3))
        ellipse(canvas, 0, 0, half, half * 0.24, paint(mix(mix(light.key, light.horizon, 0.25), "#ffffff", 0.5 * hit)))
        canvas.restore()
        for side in (-0.7, 0.7):
            canvas.drawLine(x + half * side, y + tall, x + half * side * 1.15, 374, paint(light.near, 0.9, stroke=2.4))

    def bass(self, canvas: skia.Canvas, x: float, y: float, radius: float, kick: float) -> None:
        """Paint the bass drum from the front; `kick` in 0..1 swells its skin."""
        light = self.light
        cast(canvas, x, y + radius, radius * 1.3, 10, 0.7)
        radius *= 1 + 0.025 * kick
        fill = linear(
            (x - radius, y - radius),
            (x + radius, y + radius),
            [mix(self.shell, light.key, 0.5), self.shell, shade(self.shell, -0.5)],
        )
        canvas.drawCircle(x, y, radius, paint(shader=fill))
        skin = mix(light.key, light.horizon, 0.35)
        fill = radial((x - 14, y - 18), radius, [mix(skin, "#ffffff", 0.4 + 0.5 * kick), shade(skin, -0.3)])
        canvas.drawCircle(x, y, radius * 0.86, paint(shader=fill))
        self._emblem(canvas, x, y, radius, kick)
        for k in range(8):
            angle = math.tau * (k + 0.5) / 8
            canvas.drawCircle(
                x + radius * 0.94 * math.cos(angle), y + radius * 0.94 * math.sin(angle), 3.2, paint(light.key)
            )

    def _emblem(self, canvas: skia.Canvas, x: float, y: float, radius: float, kick: float) -> None:
        """Paint the sign on the bass drum: a ring, a star or a bolt."""
        if self.emblem == 0:
            canvas.drawCircle(x, y, radius * (0.4 + 0.06 * kick), paint(self.badge, stroke=radius * 0.14))
        elif self.emblem == 1:
            reach = [radius * (0.5 if k % 2 else 0.24) for k in range(10)]
            corners = [
                (x + r * math.sin(k * math.pi / 5), y + r * math.cos(k * math.pi / 5)) for k, r in enumerate(reach)
            ]
            canvas.drawPath(polygon(corners), paint(self.badge))
        else:
            canvas.drawPath(
                polygon([(x + 4, y - 32), (x - 18, y + 6), (x, y + 4), (x - 4, y + 34), (x + 18, y - 6), (x, y - 4)]),
                paint(self.badge),
            )

    def above(self, canvas: skia.Canvas, x, y, radius, hit: float) -> None:
        """Paint a drum from above, its stroke (`hit` in 0..1) running out in rings."""
        light = self.light
        canvas.drawCircle(x + 9, y + 13, radius, paint("#000000", 0.32))
        fill = linear(
            (x - radius, y - radius),
            (x + radius, y + radius),
            [mix(self.shell, light.key, 0.5), shade(self.shell, -0.45)],
        )
        canvas.drawCircle(x, y, radius, paint(shader=fill))
        canvas.drawCircle(x, y, radius - 4, paint(mix(light.key, light.near, 0.5), stroke=3))
        skin = mix(mix(light.key, light.horizon, 0.3), self.badge, 0.45 * hit)
        fill = radial((x - radius * 0.3, y - radius * 0.4), radius * 1.3, [skin, shade(skin, -0.35)])
        canvas.drawCircle(x, y, radius - 6, paint(shader=fill))
        for k in range(3):  # the stroke runs out in rings
            ring = (1 - hit) * (radius - 8) * (0.4 + 0.3 * k)
            canvas.drawCircle(x, y, ring, paint(light.near, 0.5 * hit, stroke=1.6))
        for k in range(8):
            angle = math.tau * k / 8 + 0.3
            canvas.drawCircle(
                x + (radius - 1) * math.cos(angle), y + (radius - 1) * math.sin(angle), 2.6, paint(light.key)
            )

    def stick(self, canvas: skia.Canvas, x: float, y: float, turn: float, lift: float) -> None:
        """Paint a drum stick from above; `lift` in 0..1 takes it, and its shadow, off the skin."""
        canvas.save()
        canvas.translate(x, y + 16 * lift)
        canvas.rotate(turn + 16 * lift * (1 if turn > 0 else -1))
        wood = mix(self.light.key, self.shell, 0.25)
        canvas.drawLine(10 + 16 * lift, 10, 10 + 16 * lift, 150, paint("#000000", 0.3, stroke=8))
        canvas.drawLine(0, 6, 0, 170, paint(shade(wood, -0.3), stroke=8))
        canvas.drawLine(-1.4, 6, -1.4, 170, paint(wood, stroke=4))
        ellipse(canvas, 0, 0, 5, 8, paint(wood))
        canvas.restore()
