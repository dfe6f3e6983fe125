"""Houses of a street: in perspective, from above and as shop fronts."""

from __future__ import annotations

import numpy as np
import skia

from assets.painter.canvas import box, linear, mix, paint, polygon, shade
from assets.painter.props_urban import LEFT, down, placed, windows
from assets.painter.scenes.base import Scene


class Houses(Scene):
    """Houses of a street: in perspective, from above and as shop fronts.

    The painter that inherits sets in `setup`: accents, asphalt, head lamp colour, lit share, roofs, shops.
    """

    def _wall(self, rng: np.random.Generator) -> list[tuple[float, float, float, skia.Path, int]]:
        """Return one side of the canyon: (near edge, far edge, height, lit windows in 0..1, accent) per house."""
        houses, edge = [], 0.0
        while edge < 0.93:
            far = min(0.97, edge + (1 - edge) * rng.uniform(0.28, 0.4))
            houses.append(
                (
                    edge,
                    far,
                    rng.uniform(0.9, 2.1),
                    windows(rng, 0.08, 0.06, 0.95, 0.84, (0.16, 0.075), self.lit),
                    int(rng.integers(3)),
                )
            )
            edge = far
        return houses

    def _house(self, canvas: skia.Canvas, side: int, house) -> None:
        near, far, height, panes, accent = house
        light, kerb = self.light, side * 236.0
        colour = mix(mix(light.near, self.accents[accent], 0.22), light.horizon, 0.1 + 0.55 * far**2)
        corners = [
            self._at(near, kerb),
            self._at(near, kerb, 330 * height),
            self._at(far, kerb, 330 * height),
            self._at(far, kerb),
        ]
        stops = [shade(colour, 0.12), mix(colour, light.horizon, 0.2)]
        canvas.drawPath(polygon(corners), paint(shader=linear((0, corners[1][1]), (0, corners[0][1]), stops)))
        canvas.drawLine(*corners[1], *corners[2], paint(light.key, 0.5, stroke=1.2))
        square = [skia.Point(0, 1), skia.Point(0, 0), skia.Point(1, 0), skia.Point(1, 1)]
        matrix = skia.Matrix()
        if matrix.setPolyToPoly(square, [skia.Point(*c) for c in corners]):  # windows follow the perspective
            canvas.save()
            canvas.concat(matrix)
            canvas.drawPath(panes, paint(mix(light.key, self.accents[1], 0.35), 0.85))
            box(canvas, 0.06, 0.9, 0.94, 0.985, paint(mix(light.key, self.accents[accent], 0.5), 0.9))
            canvas.drawRect(skia.Rect.MakeLTRB(0, 0.87, 1, 0.895), paint(self.accents[accent]))
            canvas.restore()

    def _block(self, canvas: skia.Canvas, x: float, y: float, east: int, south: int, corner: int) -> None:
        """Draw a city block at a corner of the crossing: pavement, then a roof with vents above its shadow."""
        light, roof = self.light, mix(self.light.far, self.accents[corner % 3], 0.18)
        pave = mix(self.asphalt, light.key, 0.35)
        with placed(canvas, x, y):
            canvas.scale(east, south)
            box(canvas, -4, -4, 300, 300, paint(shade(pave, -0.3)), 14)
            box(canvas, 0, 0, 300, 300, paint(pave), 12)
            box(canvas, 14, 14, 300, 300, paint("#000000", 0.35), 4)
            box(
                canvas,
                20,
                20,
                300,
                300,
                paint(shader=linear((20, 20), (150, 150), [shade(roof, 0.22), shade(roof, -0.25)])),
                4,
            )
            box(canvas, 26, 26, 300, 300, paint(shade(roof, -0.12)), 3)
            for k, place in enumerate(self.roofs[corner]):
                at, deep = 36 + 34 * (k % 3), 36 + 44 * (k // 3) + 12 * place
                box(canvas, at + 4, deep + 4, at + 22, deep + 20, paint("#000000", 0.35), 2)
                box(canvas, at, deep, at + 18, deep + 16, paint(shade(roof, 0.4 * place)), 2)

    def _shop_fronts(self, canvas: skia.Canvas) -> None:
        light, x = self.light, LEFT
        for wide, accent, panes in self.shops:
            wall = mix(mix(light.near, light.far, 0.6), self.accents[accent], 0.28)
            top = 66 + 60 * ((wide * 7.3) % 1)
            box(canvas, x, top, x + wide, 306, down(top, 306, shade(wall, 0.2), shade(wall, -0.25)))
            box(canvas, x - 2, top - 4, x + wide + 2, top + 3, paint(shade(wall, 0.35)))
            canvas.save()
            canvas.clipRect(skia.Rect.MakeLTRB(x, top + 8, x + wide - 6, 232))
            canvas.translate(x, 306)
            canvas.drawPath(panes, paint(mix(light.key, self.accents[1], 0.3), 0.85))
            canvas.restore()
            box(
                canvas,
                x + 5,
                252,
                x + wide - 5,
                300,
                down(252, 300, mix(light.key, self.head, 0.5), mix(light.key, wall, 0.55)),
                2,
            )
            for k in range(int(wide // 9)):  # a striped awning
                at = x + 3 + k * 9
                flap = polygon([(at + 2, 238), (at + 10, 238), (at + 9, 256), (at, 256)])
                canvas.drawPath(flap, paint(self.accents[accent] if k % 2 else "#f6f2ea"))
            x += wide
