"""Drawing vocabulary shared by all scenes: colours, light, paints and paths over skia.

Everything is drawn on a logical canvas of WIDTH x HEIGHT; a scene may paint up to MARGIN outside it,
because the camera drifts. A scene's subject stays inside the SAFE box, so that no drift crops it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import skia

WIDTH, HEIGHT = 256.0, 448.0
MARGIN = 90.0
SAFE = (34.0, 60.0, 222.0, 396.0)  # left, top, right, bottom

Colour = str | tuple[float, float, float]

SCREEN, PLUS, MULTIPLY = skia.BlendMode.kScreen, skia.BlendMode.kPlus, skia.BlendMode.kMultiply


@dataclass(frozen=True)
class Light:
    """A palette that any scene can be lit by, so that colour never gives the motif away.

    Roles: the backdrop from top to horizon, the key light, far and near silhouettes, and three accents
    for subjects.
    """

    name: str
    top: str
    middle: str
    horizon: str
    key: str
    far: str
    near: str
    accents: tuple[str, str, str]
    dark: bool


LIGHTS = (
    Light("night", "#070b24", "#141d4a", "#2b3a78", "#cfd9ff", "#1a2455", "#080c22", ("#ffb454", "#5ad1ff", "#ff6f91"), True),
    Light("dusk", "#2a1a4f", "#8a3b78", "#ff8f5a", "#ffd59a", "#5a2a63", "#1d1030", ("#ffcf56", "#ff6b6b", "#6ee7d8"), True),
    Light("dawn", "#4b6fb5", "#d9a5c7", "#ffe0b0", "#fff2cf", "#8087b5", "#3b4672", ("#ff8a5c", "#3d6fd1", "#fff7e6"), False),
    Light("noon", "#3f9be8", "#86c8f5", "#d9f1ff", "#ffffff", "#6fa3bf", "#2f5f6b", ("#ff5a5f", "#ffc145", "#1fa37a"), False),
    Light("lagoon", "#06242e", "#0f5560", "#5fb8a5", "#e8ffe9", "#124a55", "#041a20", ("#ff9f6e", "#f4e06d", "#7bdff2"), True),
    Light("mauve", "#231942", "#5e548e", "#e0b1cb", "#fff0f6", "#52487f", "#1b1333", ("#f2c14e", "#7ae7c7", "#ff7aa2"), True),
    Light("mint", "#7cc6b8", "#bfe8d4", "#f7fbe4", "#ffffff", "#6aa79b", "#27534f", ("#e4572e", "#f3a712", "#3c6e9f"), False),
    Light("ember", "#2b0f14", "#6b2018", "#e8763a", "#ffe3b3", "#4a1a1c", "#180808", ("#ffd166", "#7fd1ae", "#f25f5c"), True),
    Light("paper", "#e9dcc3", "#f3ead7", "#fdf7ea", "#ffffff", "#b9a88b", "#5b4a3a", ("#c8553d", "#2f6690", "#588b8b"), False),
    Light("storm", "#2d3a45", "#5b6d7a", "#a9b8bd", "#eef6f7", "#475865", "#182229", ("#ffb703", "#e63946", "#8ecae6"), True),
)


def rgb(colour: Colour) -> tuple[float, float, float]:
    """Return (r, g, b) in 0..255 of '#rrggbb' or of a triple."""
    if isinstance(colour, str):
        return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return colour


def mix(a: Colour, b: Colour, share: float) -> tuple[float, float, float]:
    """Return a blended towards b by `share` in 0..1."""
    return tuple(x + (y - x) * share for x, y in zip(rgb(a), rgb(b), strict=True))


def shade(colour: Colour, amount: float) -> tuple[float, float, float]:
    """Return the colour lightened (amount > 0) or darkened (amount < 0), amount in -1..1."""
    return mix(colour, "#ffffff" if amount > 0 else "#000000", abs(amount))


def ink(colour: Colour, alpha: float = 1.0) -> int:
    """Return skia's packed colour."""
    r, g, b = rgb(colour)
    return skia.Color(int(r), int(g), int(b), int(255 * min(1.0, max(0.0, alpha))))


def paint(
    colour: Colour = "#000000",
    alpha: float = 1.0,
    *,
    stroke: float = 0.0,
    blur: float = 0.0,
    blend: skia.BlendMode | None = None,
    shader: skia.Shader | None = None,
) -> skia.Paint:
    """Return an anti-aliased, dithered paint; `stroke` > 0 draws round-capped lines of that width."""
    result = skia.Paint(AntiAlias=True, Dither=True)
    result.setColor(ink(colour, alpha))
    if shader is not None:
        result.setShader(shader)
        result.setAlphaf(alpha)
    if stroke:
        result.setStyle(skia.Paint.kStroke_Style)
        result.setStrokeWidth(stroke)
        result.setStrokeCap(skia.Paint.kRound_Cap)
        result.setStrokeJoin(skia.Paint.kRound_Join)
    if blur:
        result.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    if blend is not None:
        result.setBlendMode(blend)
    return result


Stop = Colour | tuple[Colour, float]


def _stops(stops: list[Stop]) -> list[int]:
    return [ink(*s) if isinstance(s, tuple) and len(s) == 2 else ink(s) for s in stops]


def linear(start: tuple[float, float], end: tuple[float, float], stops: list[Stop], at: list[float] | None = None):
    """Return a linear gradient shader; a stop is a colour or (colour, alpha)."""
    return skia.GradientShader.MakeLinear([start, end], _stops(stops), at)


def radial(centre: tuple[float, float], radius: float, stops: list[Stop], at: list[float] | None = None):
    """Return a radial gradient shader; a stop is a colour or (colour, alpha)."""
    return skia.GradientShader.MakeRadial(centre, radius, _stops(stops), at)


def polygon(points, *, close: bool = True) -> skia.Path:
    """Return the path through the points."""
    path = skia.Path()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    if close:
        path.close()
    return path


def smooth(points, *, close: bool = False) -> skia.Path:
    """Return a smooth curve through the points (Catmull-Rom, as cubic Béziers)."""
    pts = [np.asarray(p, float) for p in points]
    ring = [pts[-1], *pts, pts[0], pts[1]] if close else [pts[0], *pts, pts[-1]]
    path = skia.Path()
    path.moveTo(*map(float, ring[1]))
    for a, b, c, d in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        path.cubicTo(*map(float, b + (c - a) / 6), *map(float, c - (d - b) / 6), *map(float, c))
    if close:
        path.close()
    return path


def ellipse(canvas: skia.Canvas, x: float, y: float, rx: float, ry: float, brush: skia.Paint) -> None:
    """Draw an ellipse by centre and radii."""
    canvas.drawOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry), brush)


def box(canvas: skia.Canvas, left, top, right, bottom, brush: skia.Paint, radius: float = 0.0) -> None:
    """Draw a rectangle, rounded where radius > 0."""
    canvas.drawRoundRect(skia.Rect.MakeLTRB(left, top, right, bottom), radius, radius, brush)


def glow(canvas: skia.Canvas, x, y, radius, colour: Colour, alpha: float = 1.0, blend=SCREEN) -> None:
    """Draw a soft light with a smooth falloff (enough stops that no band shows)."""
    levels = np.linspace(0, 1, 9)
    stops = [(colour, alpha * float((1 - q) ** 2.2)) for q in levels]
    canvas.drawCircle(x, y, radius, paint(shader=radial((x, y), radius, stops, list(map(float, levels))), blend=blend))


def ridge(rng: np.random.Generator, base: float, height: float, waves: int = 5):
    """Return a random skyline y(x): a sum of sines around `base`, about `height` tall."""
    frequency = rng.uniform(0.008, 0.06, waves)
    phase = rng.uniform(0, math.tau, waves)
    size = height * rng.uniform(0.3, 1, waves) * (0.008 / frequency) ** 0.35
    return lambda x: float(base + np.sum(size * np.sin(x * frequency + phase)))


def below(skyline, step: float = 6.0) -> skia.Path:
    """Return the filled path under a skyline, over the canvas and its margin."""
    xs = np.arange(-MARGIN, WIDTH + MARGIN + step, step)
    return polygon([(-MARGIN, HEIGHT + MARGIN), *((float(x), skyline(float(x))) for x in xs), (WIDTH + MARGIN + step, HEIGHT + MARGIN)])


def backdrop(canvas: skia.Canvas, light: Light, horizon: float = HEIGHT) -> None:
    """Fill canvas and margin with the light's sky, from top to `horizon`."""
    sky = linear((0, -MARGIN), (0, horizon), [light.top, light.middle, light.horizon], [0, 0.55, 1])
    canvas.drawRect(skia.Rect.MakeLTRB(-MARGIN, -MARGIN, WIDTH + MARGIN, HEIGHT + MARGIN), paint(shader=sky))


class Stars:
    """A field of twinkling stars above `bottom`."""

    def __init__(self, rng: np.random.Generator, count: int, bottom: float = 300.0):
        self.stars = np.column_stack(
            [rng.uniform(-MARGIN, WIDTH + MARGIN, count), rng.uniform(-MARGIN, bottom, count),
             rng.uniform(0.4, 1.4, count), rng.uniform(0, math.tau, count)]
        )

    def draw(self, canvas: skia.Canvas, t: float, alpha: float = 1.0) -> None:
        for x, y, radius, phase in self.stars:
            canvas.drawCircle(x, y, radius, paint("#ffffff", alpha * (0.55 + 0.4 * math.sin(2.2 * t + phase))))
