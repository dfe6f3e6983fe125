"""Props of the outdoor scenes: sky with its clouds, a living sea, conifers, rocks, sparks and puffs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import skia

from assets.painter.canvas import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Colour,
    Light,
    Stars,
    backdrop,
    glow,
    linear,
    mix,
    paint,
    polygon,
    shade,
    smooth,
)

FRAME = skia.Rect.MakeLTRB(-MARGIN, -MARGIN, WIDTH + MARGIN, HEIGHT + MARGIN)


def record(draw: Callable[[skia.Canvas], None]) -> skia.Picture:
    """Return what `draw(canvas)` paints as a picture, so that still parts cost no Python time per frame."""
    recorder = skia.PictureRecorder()
    draw(recorder.beginRecording(FRAME))
    return recorder.finishRecordingAsPicture()


def area(points: np.ndarray) -> skia.Path:
    """Return the closed path through points [n, 2]."""
    path = skia.Path()
    path.addPoly([skia.Point(float(x), float(y)) for x, y in points], True)
    return path


def haze(canvas: skia.Canvas, light: Light, y: float, reach: float, alpha: float = 0.6) -> None:
    """Draw a band of mist whose middle lies at `y`."""
    band = linear((0, y - reach), (0, y + reach), [(light.horizon, 0.0), (light.horizon, alpha), (light.horizon, 0.0)])
    canvas.drawRect(skia.Rect.MakeLTRB(-MARGIN, y - reach, WIDTH + MARGIN, y + reach), paint(shader=band))


class Sky:
    """Backdrop with a sun or moon, drifting clouds and, under dark lights, stars."""

    def __init__(self, rng: np.random.Generator, light: Light, horizon: float, clouds: int = 4, body: bool = True):
        self.light, self.horizon = light, horizon
        self.sun = (rng.uniform(50, 206), rng.uniform(0.25, 0.75) * horizon, rng.uniform(13, 24)) if body else None
        self.stars = Stars(rng, 60 if light.dark else 0, horizon)
        places = [(rng.uniform(-60, 300), rng.uniform(0.1, 0.85) * horizon) for _ in range(clouds)]
        self.clouds = [(x, y, rng.uniform(2, 7), self._cloud(rng, rng.uniform(0.6, 1.3))) for x, y in places]

    def _cloud(self, rng: np.random.Generator, size: float) -> skia.Picture:
        """Return a heap of puffs with a lit top and a bottom that fades."""
        heap = skia.Path()
        for u in np.linspace(-1, 1, 7):
            r = size * (6 + 13 * (1 - u * u)) * rng.uniform(0.75, 1.2)
            heap.addOval(skia.Rect.MakeXYWH(u * 40 * size - 1.3 * r, -1.2 * r, 2.6 * r, 2 * r))
        lit = mix(self.light.key, self.light.horizon, 0.3)
        fade = linear((0, -24 * size), (0, 12 * size), [(lit, 0.75), (mix(lit, self.light.middle, 0.4), 0.0)])
        return record(lambda canvas: canvas.drawPath(heap, paint(shader=fade)))

    def draw(self, canvas: skia.Canvas, t: float) -> None:
        """Paint the whole sky at time t."""
        backdrop(canvas, self.light, self.horizon)
        self.stars.draw(canvas, t, 0.8)
        if self.sun:
            x, y, r = self.sun
            glow(canvas, x, y, 7 * r, self.light.key, 0.55)
            canvas.drawCircle(x, y, r, paint(mix(self.light.key, self.light.horizon, 0.12)))
        for x, y, pace, heap in self.clouds:
            canvas.drawPicture(heap, skia.Matrix.Translate(x + pace * t, y))


class Sea:
    """Water from the horizon to the bottom of the frame: rolling bands with lit crests, glints and foam."""

    def __init__(self, rng: np.random.Generator, light: Light, horizon: float, bands: int = 9, swell: float = 1.0):
        self.light, self.horizon, self.bands = light, horizon, bands
        self.glitter_x = rng.uniform(60, 196)
        self.depth = (np.arange(bands) / (bands - 1)) if bands > 1 else np.zeros(1)
        self.rest = horizon + 5 + (HEIGHT + 30 - horizon) * self.depth**1.6
        self.height = swell * (0.8 + 9 * self.depth)
        self.frequency = rng.uniform(0.035, 0.055, bands) * (1.7 - 1.1 * self.depth)
        self.phase = rng.uniform(0, math.tau, bands)
        self.pace = rng.uniform(1.4, 2.2, bands)
        self.glints = np.column_stack([rng.normal(0, 1, 90), rng.random(90) ** 1.5, rng.uniform(0, math.tau, 90)])
        self.flecks = [rng.uniform(-MARGIN, WIDTH + MARGIN, 9) for _ in range(bands)]
        self.far = mix(light.horizon, light.middle, 0.55)
        self.deep = mix(light.near, light.top, 0.4 if light.dark else 0.55)

    def level(self, x, band: int, t: float):
        """Return the height of a band's crest line at x (number or array)."""
        f, p, v = self.frequency[band], self.phase[band], self.pace[band]
        roll = np.sin(x * f + p + v * t) + 0.45 * np.sin(2.3 * x * f - 1.3 * v * t + 2 * p)
        return self.rest[band] - self.height[band] * roll

    def nearest(self, y: float) -> int:
        """Return the band whose rest line lies nearest to y."""
        return int(np.argmin(np.abs(self.rest - y)))

    def draw(self, canvas: skia.Canvas, t: float, first: int = 0, last: int | None = None) -> None:
        """Paint bands first..last (the far water and its glitter with band 0), so that boats fit between."""
        if first == 0:
            fill = linear(
                (0, self.horizon), (0, HEIGHT), [self.far, mix(self.far, self.deep, 0.75), self.deep], [0, 0.4, 1]
            )
            canvas.drawRect(
                skia.Rect.MakeLTRB(-MARGIN, self.horizon, FRAME.right(), FRAME.bottom()), paint(shader=fill)
            )
            rim = paint(self.light.key, 0.5, stroke=0.8)
            canvas.drawLine(-MARGIN, self.horizon, FRAME.right(), self.horizon, rim)
        for band in range(first, self.bands if last is None else last):
            self._band(canvas, t, band)
        if first == 0:
            self._glitter(canvas, t)

    def _band(self, canvas: skia.Canvas, t: float, band: int) -> None:
        q = float(self.depth[band])
        xs = np.arange(-MARGIN, WIDTH + MARGIN + 8, 8.0)
        ys = self.level(xs, band, t)
        top, reach = float(self.rest[band] - 1.4 * self.height[band]), 16 + 70 * q
        water = mix(self.far, self.deep, 0.25 + 0.75 * q)
        crest = mix(water, self.light.key, 0.34 - 0.12 * q)
        fall = [(crest, 0.95), (water, 0.8), (shade(water, -0.12), 0.25 + 0.4 * q)]
        outline = np.vstack([np.column_stack([xs, ys]), [[xs[-1], top + 2.5 * reach], [xs[0], top + 2.5 * reach]]])
        canvas.drawPath(area(outline), paint(shader=linear((0, top), (0, top + reach), fall, [0, 0.4, 1])))
        self._foam(canvas, t, band, q)

    def _foam(self, canvas: skia.Canvas, t: float, band: int, q: float) -> None:
        """Draw short lens-shaped flecks that ride below the crest."""
        brush = paint(mix(self.light.key, self.light.horizon, 0.25), 0.2 + 0.3 * q)
        for k, x in enumerate(self.flecks[band]):
            x = float(x + 5 * t * (0.4 + q))
            wide = (5 + 15 * q) * (0.55 + 0.45 * math.sin(1.9 * t + k * 2.4 + band))
            y = float(self.level(x, band, t)) + (1 + 9 * q) * (k % 3)
            slope = float(self.level(x + 4, band, t) - self.level(x - 4, band, t)) / 8
            tall = 0.5 + 1.5 * q
            lens = skia.Path()
            lens.moveTo(x - wide, y - slope * wide)
            lens.quadTo(x, y - tall, x + wide, y + slope * wide)
            lens.quadTo(x, y + tall, x - wide, y - slope * wide)
            canvas.drawPath(lens, brush)

    def _glitter(self, canvas: skia.Canvas, t: float) -> None:
        """Draw the broken path of light under the sun."""
        for spread, depth, phase in self.glints:
            shine = math.sin(3.1 * t + phase)
            if shine <= 0:
                continue
            y = self.horizon + 2 + depth * (HEIGHT - self.horizon)
            x, wide = self.glitter_x + spread * (9 + 34 * depth), (2 + 12 * depth) * (0.4 + shine)
            spot = skia.Rect.MakeLTRB(x - wide, y - 0.4 - depth, x + wide, y + 0.4 + depth)
            canvas.drawOval(spot, paint(self.light.key, 0.75 * shine * (1 - 0.5 * depth)))


def _skirt(rng: np.random.Generator, top: float, bottom: float, half: float, teeth: int) -> list[tuple[float, float]]:
    """Return the outline of one tier of boughs: a peak, and a ragged hem that droops at its ends."""
    hem = [
        (u * half, bottom + (bottom - top) * (0.12 * u * u + (0.0 if k % 2 else -0.2) + rng.uniform(-0.05, 0.05)))
        for k, u in enumerate(np.linspace(-1, 1, 2 * teeth + 1))
    ]
    waist = 0.36 * half, 0.5 * (top + bottom)
    return [(0.0, top), (-waist[0], waist[1]), *hem, (waist[0], waist[1])]


class Pine:
    """A conifer of height 1 standing at the origin, in one picture; draw it at any place and size."""

    def __init__(
        self, rng: np.random.Generator, colour: Colour, rim: Colour, snow: Colour | None = None, tiers: int = 6
    ):
        width = rng.uniform(0.4, 0.52)
        cuts = -1 + np.linspace(0, 1, tiers + 1) ** 1.15 * 0.93
        rows = []
        for k in range(tiers):
            half = 0.5 * width * ((k + 1) / tiers) ** 0.85 * rng.uniform(0.92, 1.08)
            top = float(cuts[k] - (0.0 if k == 0 else 0.05))
            rows.append((top, float(cuts[k + 1]), half, _skirt(rng, top, float(cuts[k + 1]), half, 3 + k)))
        caps = [_skirt(rng, top, top + 0.66 * (low - top), 0.74 * half, 3) for top, low, half, _ in rows]
        self.picture = record(lambda canvas: self._paint(canvas, rows, caps, colour, rim, snow))

    def _paint(self, canvas, rows, caps, colour, rim, snow) -> None:
        canvas.drawRect(skia.Rect.MakeLTRB(-0.02, -0.12, 0.02, 0.02), paint(shade(colour, -0.3)))
        for (top, low, half, outline), cap in reversed(list(zip(rows, caps, strict=True))):
            across = linear((-half, 0), (half, 0), [mix(colour, rim, 0.32), colour, shade(colour, -0.28)], [0, 0.45, 1])
            canvas.drawPath(polygon(outline), paint(shader=across))
            under = linear((0, top), (0, low), [("#000000", 0.3), ("#000000", 0.0)], [0.1, 0.8])
            if snow is None:
                canvas.drawPath(polygon(outline), paint(shader=under))
            else:
                white = linear((-half, 0), (half, 0), [shade(snow, 0.25), snow, mix(snow, colour, 0.42)], [0, 0.4, 1])
                canvas.drawPath(smooth(cap, close=True), paint(shader=white))

    def draw(self, canvas: skia.Canvas, x: float, y: float, height: float, lean: float = 0.0) -> None:
        """Draw the tree with its foot at (x, y); `lean` shears the top sideways, as wind does."""
        canvas.save()
        canvas.translate(x, y)
        canvas.skew(-lean, 0)
        canvas.scale(height, height)
        canvas.drawPicture(self.picture)
        canvas.restore()


def rock(canvas: skia.Canvas, x, y, rx, ry, colour: Colour, rim: Colour, seed: int = 0) -> None:
    """Draw a boulder with a lit shoulder, a facet and a dark foot."""
    turn = np.linspace(0, math.tau, 9, endpoint=False)
    bumps = 1 + 0.13 * np.sin(3 * turn + seed) + 0.08 * np.cos(5 * turn + 2 * seed)
    points = [
        (float(x + rx * b * math.cos(a)), float(y + ry * b * math.sin(a))) for a, b in zip(turn, bumps, strict=True)
    ]
    fill = linear(
        (x - rx, y - ry), (x + rx, y + ry), [mix(colour, rim, 0.5), colour, shade(colour, -0.45)], [0, 0.4, 1]
    )
    canvas.drawPath(polygon(points), paint(shader=fill))
    facet = polygon([points[4], points[5], points[6], (x - 0.1 * rx, y - 0.1 * ry)])
    canvas.drawPath(facet, paint(rim, 0.22))


class Rising:
    """Specks that rise and fade: sparks, bubbles or steam, by how they are drawn."""

    def __init__(self, rng: np.random.Generator, count: int, spread: float, reach: float, size: float):
        self.reach, self.size = reach, size
        self.specks = np.column_stack(
            [
                rng.uniform(-spread, spread, count),
                rng.random(count),
                rng.uniform(0.3, 0.7, count),
                rng.uniform(0, math.tau, count),
                rng.uniform(0.5, 1, count),
            ]
        )

    def draw(self, canvas: skia.Canvas, x: float, y: float, t: float, colour: Colour, alpha: float = 1.0) -> None:
        """Draw the specks above their source (x, y)."""
        for offset, start, pace, phase, weight in self.specks:
            q = (start + pace * t) % 1
            sway = 7 * math.sin(phase + 6 * q)
            fade = alpha * math.sin(math.pi * min(1.0, q * 0.9 + 0.1)) ** 0.7
            canvas.drawCircle(
                x + offset * (1 + q) + sway, y - q * self.reach, self.size * weight * (1.1 - q), paint(colour, fade)
            )


def puff(canvas: skia.Canvas, x: float, y: float, radius: float, colour: Colour, alpha: float) -> None:
    """Draw one soft round cloud of mist, smoke or spray."""
    glow(canvas, x, y, radius, colour, alpha, skia.BlendMode.kSrcOver)


def gull(canvas: skia.Canvas, x: float, y: float, size: float, t: float, colour: Colour) -> None:
    """Draw a flying gull whose wings beat, as two bowed wings with a body."""
    lift = size * 0.5 * math.sin(7 * t + x)
    wings = skia.Path()
    wings.moveTo(x - 1.6 * size, y - lift)
    wings.quadTo(x - 0.8 * size, y - 0.8 * size - 0.4 * lift, x, y)
    wings.quadTo(x + 0.8 * size, y - 0.8 * size - 0.4 * lift, x + 1.6 * size, y - lift)
    wings.quadTo(x + 0.7 * size, y - 0.35 * size, x, y + 0.3 * size)
    wings.quadTo(x - 0.7 * size, y - 0.35 * size, x - 1.6 * size, y - lift)
    canvas.drawPath(wings, paint(colour))


def hiker(canvas: skia.Canvas, x: float, y: float, t: float, light: Light, coat: Colour) -> None:
    """Draw a small hiker with a rucksack standing at (x, y), for scale; the scarf flutters."""
    for step in (-2.5, 2.5):
        canvas.drawLine(x, y - 12, x + step, y + 1, paint(light.near, stroke=3.2))
    canvas.drawLine(x, y - 22, x, y - 12, paint(mix(coat, light.near, 0.12), stroke=8))
    canvas.drawLine(x + 5, y - 23, x + 5, y - 14, paint(light.near, stroke=5))
    canvas.drawCircle(x, y - 31, 3.8, paint(mix(light.near, light.key, 0.35)))
    scarf = smooth([(x, y - 27), (x + 7, y - 27 + 2 * math.sin(7 * t)), (x + 14, y - 25 + 3 * math.sin(7 * t - 1))])
    canvas.drawPath(scarf, paint(shade(coat, 0.3), stroke=2))
