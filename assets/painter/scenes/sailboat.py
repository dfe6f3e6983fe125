"""Sailing: a boat crossing the light, one heeling hard close by, and a regatta with full spinnakers."""

from __future__ import annotations

import math

import skia

from assets.painter.canvas import below, ellipse, linear, mix, paint, polygon, radial, ridge, shade, smooth
from assets.painter.props_wild import Sea, Sky, gull, haze, puff, record
from assets.painter.scenes.base import Scene, Words

TOPIC = "sea"
WORDS = Words(
    subjects=("a small sailboat", "a yacht under full sail", "boats in a regatta", "the old wooden sloop"),
    actions=("leaning into the wind", "cutting through the swell", "racing for the buoy", "gulls following the wake"),
    places=("out in the bay", "off the islands", "on open water", "just past the harbour wall"),
    tags=("sailing", "sea", "regatta", "wind", "boatlife", "ocean"),
)
CROSSING, HEELING, REGATTA = range(3)


class Painter(Scene):
    """Boats that pitch with the water under them, between bands of waves."""

    def setup(self, rng):
        light = self.light
        self.horizon = (rng.uniform(205, 240), rng.uniform(240, 265), rng.uniform(165, 185))[self.composition]
        self.sky = Sky(rng, light, self.horizon, clouds=5)
        self.sea = Sea(rng, light, self.horizon, bands=9, swell=(1.0, 1.5, 0.9)[self.composition])
        self.sea.glitter_x = self.sky.sun[0]
        accents = [light.accents[k] for k in rng.permutation(3)]
        canvas_white = mix(light.key, light.horizon, 0.12)
        self.cloths = [
            (accents[k], canvas_white) if rng.random() < 0.5 else (canvas_white, accents[k]) for k in range(3)
        ]
        self.hull = accents[rng.integers(3)]
        self.islands = record(self._islands(rng))
        self.gulls = [
            (rng.uniform(30, 226), rng.uniform(70, 150), rng.uniform(4, 8)) for _ in range(rng.integers(2, 6))
        ]
        self.drops = [
            (rng.uniform(0, 1), rng.uniform(-1, 1), rng.uniform(0.6, 1.5), rng.uniform(1, 2.6)) for _ in range(30)
        ]
        self.fleet = self._fleet(rng)

    def _fleet(self, rng):
        """Return boats as (x, rest height, size, speed), far ones first."""
        x = rng.uniform(100, 140)
        if self.composition == CROSSING:
            return [(rng.uniform(40, 216), self.horizon + 8, 0.16, 3), (x - 8, self.horizon + 92, 1.0, 8)]
        if self.composition == HEELING:
            return [(128, 356, 1.4, 3)]
        return [
            (x + 44, self.horizon + 22, 0.36, 4),
            (x - 38, self.horizon + 58, 0.6, 5),
            (x + 6, self.horizon + 172, 1.12, 6),
        ]

    def _islands(self, rng):
        """Return the painter of two hazy headlands on the horizon."""
        light = self.light
        lines = [ridge(rng, self.horizon - 6, 16), ridge(rng, self.horizon + 2, 11)]

        def draw(canvas):
            canvas.clipRect(skia.Rect.MakeLTRB(-90, 0, 346, self.horizon + 1))
            for k, line in enumerate(lines):
                tone = mix(light.far, light.horizon, 0.55 - 0.25 * k)
                canvas.drawPath(
                    below(line),
                    paint(
                        shader=linear((0, self.horizon - 40), (0, self.horizon), [tone, mix(tone, light.horizon, 0.5)])
                    ),
                )
            haze(canvas, light, self.horizon, 18, 0.7)

        return draw

    def draw(self, canvas, t):
        self.sky.draw(canvas, t)
        canvas.drawPicture(self.islands)
        for x, y, size in self.gulls:
            gull(canvas, x + 12 * t, y + 5 * math.sin(1.4 * t + x), size, t, mix(self.light.near, self.light.far, 0.3))
        drawn = 0
        for boat, (x, y, size, speed) in enumerate(self.fleet):
            band = self.sea.nearest(y)
            self.sea.draw(canvas, t, drawn, band + 1)
            drawn = band + 1
            self._sail_by(canvas, t, boat, x + speed * (t - 1.5), band, size)
        self.sea.draw(canvas, t, drawn)
        if self.composition == HEELING:
            self._spray(canvas, t)

    def _sail_by(self, canvas, t, boat, x, band, size):
        """Place one boat on the water: it rides its band, pitches, and drags a reflection and a wake."""
        y = float(self.sea.level(x, band, t)) + 2 * size
        pitch = 0.5 * math.degrees(
            math.atan(float(self.sea.level(x + 20, band, t) - self.sea.level(x - 20, band, t)) / 40)
        )
        heel = (5 + 2.5 * math.sin(1.7 * t + boat), 11 + 4 * math.sin(1.9 * t), 2 + 3 * math.sin(1.6 * t + 2 * boat))[
            self.composition
        ]
        self._reflection(canvas, t, boat, x, y, size)
        canvas.save()
        canvas.translate(x, y)
        canvas.scale(size, size)
        canvas.rotate(pitch + heel)
        if self.composition == REGATTA:
            self._spinnaker(canvas, t, boat)
        else:
            self._jib(canvas, t, boat)
        self._mainsail(canvas, t, boat)
        self._hull(canvas, t, boat)
        canvas.restore()
        self._wake(canvas, t, x, y, size)

    def _reflection(self, canvas, t, boat, x, y, size):
        """Draw the sails' broken mirror image as slices that wobble."""
        cloth = self.cloths[boat % 3][0]
        for k in range(9):
            wide = size * (34 - 3.2 * k) * (0.8 + 0.2 * math.sin(3 * t + k))
            ellipse(
                canvas,
                x + size * 5 * math.sin(2.4 * t + 1.1 * k),
                y + size * (8 + 8 * k),
                wide,
                2.2 * size,
                paint(cloth, 0.34 * (1 - k / 10)),
            )

    def _mainsail(self, canvas, t, boat):
        """Draw mast, boom and the mainsail: bellied leech, battens, seams and a number stripe."""
        light, (cloth, trim) = self.light, self.cloths[boat % 3]
        belly = 5 + 2.5 * math.sin(2.3 * t + boat)
        sail = skia.Path()
        sail.moveTo(-1, -132)
        sail.cubicTo(-14 - belly, -100, -38 - belly, -58, -50, -19)
        sail.quadTo(-24, -13 + 0.3 * belly, -2, -18)
        sail.close()
        canvas.drawPath(
            sail,
            paint(
                shader=linear(
                    (-52, 0),
                    (2, 0),
                    [shade(cloth, 0.12), cloth, mix(shade(cloth, -0.35), light.middle, 0.25)],
                    [0, 0.45, 1],
                )
            ),
        )
        canvas.save()
        canvas.clipPath(sail, True)
        canvas.drawPath(polygon([(-60, -52), (8, -66), (8, -54), (-60, -38)]), paint(trim, 0.9))
        for y in (-104, -80, -32):
            canvas.drawLine(-56, y + 9, 4, y, paint(light.near, 0.2, stroke=0.8))
        canvas.restore()
        canvas.drawLine(0, -8, 0, -137, paint(mix(light.near, light.key, 0.2), stroke=2.4))
        canvas.drawLine(0, -17, -52, -16, paint(mix(light.near, light.key, 0.15), stroke=2.2))
        flag = smooth([(0, -137), (-8, -139 + 2 * math.sin(9 * t)), (-16, -136 + 3 * math.sin(9 * t - 1))])
        canvas.drawPath(flag, paint(trim, stroke=3))

    def _jib(self, canvas, t, boat):
        """Draw the foresail, shadowed where the main takes its wind."""
        cloth, trim = self.cloths[boat % 3]
        belly = 7 + 3 * math.sin(2.3 * t + 1 + boat)
        sail = skia.Path()
        sail.moveTo(2, -122)
        sail.quadTo(24, -70, 48, -14)
        sail.quadTo(24 + belly, -20 - belly, 3, -17)
        sail.quadTo(10 + belly, -62, 2, -122)
        canvas.drawPath(
            sail,
            paint(
                shader=linear((2, 0), (46, 0), [mix(shade(cloth, -0.22), self.light.middle, 0.2), shade(cloth, 0.2)])
            ),
        )
        canvas.drawLine(2, -122, 50, -12, paint(trim, 0.9, stroke=1.4))

    def _spinnaker(self, canvas, t, boat):
        """Draw a ballooning striped foresail that breathes with the wind."""
        cloth, trim = self.cloths[boat % 3]
        breath = 4 * math.sin(2.2 * t + 2 * boat)
        sail = skia.Path()
        sail.moveTo(3, -126)
        sail.cubicTo(48, -128, 74 + breath, -74, 58 + breath, -26)
        sail.quadTo(34, -38 - breath, 8, -24)
        sail.quadTo(22, -76, 3, -126)
        canvas.drawPath(
            sail,
            paint(shader=radial((40 + breath, -90), 74, [shade(trim, 0.3), trim, shade(trim, -0.35)], [0, 0.4, 1])),
        )
        canvas.save()
        canvas.clipPath(sail, True)
        for k, lift in enumerate((0, 34)):
            stripe = smooth([(0, -92 + lift), (40, -106 + lift), (84, -84 + lift)])
            canvas.drawPath(stripe, paint(shade(cloth, -0.08 * k), stroke=10))
        canvas.restore()
        canvas.drawLine(2, -18, 58 + breath, -26, paint(self.light.near, 0.7, stroke=1))

    def _hull(self, canvas, t, boat):
        """Draw the hull with a boot stripe, a rim of light, a cabin and the crew."""
        light = self.light
        for x, lean in ((-32, -4), (-20, -6)):
            canvas.drawLine(x, -8, x + lean, -18, paint(mix(self.cloths[boat % 3][1], light.near, 0.3), stroke=6))
            canvas.drawCircle(x + lean, -24, 3.8, paint(mix(light.near, light.key, 0.35)))
        cabin = smooth([(-12, -9), (-8, -16), (16, -15), (24, -9)])
        canvas.drawPath(cabin, paint(mix(light.key, light.middle, 0.35)))
        for x in (-2, 6, 14):
            canvas.drawCircle(x, -12, 1.5, paint(light.near))
        body = skia.Path()
        body.moveTo(-54, -9)
        body.quadTo(0, -5, 60, -13)
        body.cubicTo(50, 2, 36, 9, 12, 11)
        body.lineTo(-34, 11)
        body.quadTo(-50, 8, -54, -9)
        tone = mix(self.hull, light.near, 0.25)
        canvas.drawPath(
            body,
            paint(
                shader=linear((0, -12), (0, 12), [shade(tone, 0.2), tone, mix(light.near, tone, 0.25)], [0, 0.45, 1])
            ),
        )
        canvas.drawPath(smooth([(-54, -8), (0, -5), (60, -12)]), paint(light.key, 0.9, stroke=1.6))
        canvas.drawPath(smooth([(-51, 1), (0, 4), (46, 0)]), paint(light.key, 0.45, stroke=1.2))

    def _wake(self, canvas, t, x, y, size):
        """Draw the foam along the waterline and the wake trailing behind."""
        for k in range(15):
            q = ((k / 15) + 0.5 * t) % 1
            px = x + size * (56 - 150 * q)
            puff(
                canvas,
                px,
                y + size * (8 + 5 * q + 2 * math.sin(k * 2.1)),
                size * (7 + 7 * math.sin(math.pi * q)),
                self.light.key,
                0.75 * (1 - q),
            )

    def _spray(self, canvas, t):
        """Draw drops thrown up by the bow in arcs."""
        x, y, size = 128 + 3 * (t - 1.5) + 80, 346, self.fleet[0][2]
        for start, side, pace, r in self.drops:
            q = (start + pace * t) % 1
            px, py = x - 20 + 26 * side * q - 40 * q, y - size * (95 * q * (1 - q) * (0.5 + 0.5 * pace)) + 10 * q
            canvas.drawCircle(px, py, r * (1.2 - 0.7 * q), paint("#ffffff", 0.85 * (1 - q)))
