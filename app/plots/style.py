"""What the figures share: colours, a bare layout, the walk's step names, and safe text.

Colours written as CSS variables are resolved by the chart component, so that a figure follows light and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from mealrec.recommender.trace import FrameRelevance, NPDStep, Plane, TCDStep

INK = "var(--mr-ink)"
INK_SOFT = "var(--mr-ink-2)"
INK_FAINT = "var(--mr-ink-3)"
LINE = "var(--mr-line)"
SURFACE = "var(--mr-surface)"
ACCENT = "var(--mr-accent)"
WARM = "var(--mr-warm)"
GOOD = "var(--mr-good)"

_FRAME_RAMP = ("#5b6cf0", "#a05be0", "#e0559a", "#ee7d4f", "#d99a12")
"""Early to late: blue to amber, each readable on white and on near-black."""

MAX_MAP_POINTS = 1600


def frame_colours(count: int) -> list[str]:
    """Return one colour a frame, from early to late."""
    positions = np.linspace(0, len(_FRAME_RAMP) - 1, count).round().astype(int) if count > 1 else [0]
    return [_FRAME_RAMP[position] for position in positions]


def safe(text: str, limit: int = 200) -> str:
    """Return a title as Plotly may show it: cut to `limit` characters, markup escaped."""
    return escape(_cut(text, limit), quote=False)


def quoted(text: str, limit: int = 48) -> str:
    """Return a title in quotation marks for a reading (plain text, so not escaped)."""
    return f"“{_cut(text, limit)}”"


def _cut(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def titled(title: str, units: str, height: int, **layout: object) -> dict:
    """Return an empty figure with the house's layout; `units` says what is measured, `layout` overrides."""
    font = {"family": "var(--font)", "size": 12}
    base = {
        "title": {"text": title, "subtitle": {"text": units}},
        "height": height,
        "margin": {"l": 46, "r": 12, "t": 8, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {**font, "color": INK_SOFT},
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": LINE, "align": "left", "font": {**font, "color": INK}},
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": False,
    }
    return {"data": [], "layout": {**base, **layout}, "frames": []}


def axis(title: str, **settings: object) -> dict:
    """Return an axis in the house's style: hairline grid, no box, not zoomable (a page must scroll by touch)."""
    return {
        "title": {"text": title, "font": {"size": 11, "color": INK_FAINT}, "standoff": 8},
        "tickfont": {"size": 11, "color": INK_FAINT},
        "gridcolor": LINE,
        "zeroline": False,
        "showline": False,
        "fixedrange": True,
        **settings,
    }


def note(title: str, units: str) -> dict:
    """Return a figure without data; the page shows the reading, which says why, in the plot's place."""
    return titled(title, units, height=180)


def plane_axes(plane: Plane) -> dict:
    """Return both axes of a map: equal scales, no ticks, since only nearness means something."""
    shared = {"showticklabels": False, "showgrid": False, "ticks": ""}
    return {
        "xaxis": axis(f"the two main directions ({plane.explained:.0%} of the spread)", **shared),
        "yaxis": axis("", scaleanchor="x", scaleratio=1, **shared),
        "plot_bgcolor": "rgba(128,128,140,0.05)",
        "margin": {"l": 6, "r": 6, "t": 6, "b": 30},
    }


def part(relevance: FrameRelevance) -> str:
    """Return what one of the K parts of the last clip is: a frame, or where there are none a segment of its title."""
    return "title segment" if relevance.segments else "frame"


def part_names(relevance: FrameRelevance, limit: int = 60) -> list[str]:
    """Return each part with its number, and its time or its text; safe for Plotly."""
    if relevance.segments:
        return [f"{number}: “{safe(text, limit)}”" for number, text in enumerate(relevance.segments, start=1)]
    return [f"frame {number} ({time:.1f} s)" for number, time in enumerate(relevance.times_s, start=1)]


def thinned(count: int) -> np.ndarray:
    """Return which of `count` map points to draw: all, or MAX_MAP_POINTS of them evenly spread."""
    return np.linspace(0, max(count - 1, 0), min(count, MAX_MAP_POINTS)).round().astype(int)


def step_axis(first: int, last: int) -> dict:
    """Return the axis of reverse steps: t falls from `first` to `last`, left to right."""
    pad = max(0.3, 0.02 * (first - last))
    return axis("diffusion step t (noise → clean)", range=[first + pad, last - pad], showgrid=False, nticks=8)


def step_phrase(index: int, count: int) -> str:
    """Return "step 4 of 25" for an index that counts from 0."""
    return f"step {index + 1} of {count}"


def plain(values: np.ndarray) -> list:
    """Return an array as nested lists of floats with four decimals: finer than a screen, and a third of the bytes."""
    return np.round(np.asarray(values, dtype=float), 4).tolist()


def points(places: np.ndarray) -> dict:
    """Return points [n, 2] as a trace's x and y."""
    return {"x": plain(places[:, 0]), "y": plain(places[:, 1])}


def way_so_far(places: np.ndarray, index: int) -> dict:
    """Return a walk [T, 2] up to `index`; later points lie on the present one, so that the line grows smoothly."""
    return points(places[np.minimum(np.arange(len(places)), index)])


def animation(
    steps: Sequence[TCDStep] | Sequence[NPDStep], places: Callable[[int], list[dict]], first_trace: int
) -> list[dict]:
    """Return an animation frame a step; `places(index)` gives what changes in the traces from `first_trace` on."""
    frames = []
    for index, step in enumerate(steps):
        moved = places(index)
        traces = list(range(first_trace, first_trace + len(moved)))
        frames.append({"name": f"t = {step.diffusion_step}", "data": moved, "traces": traces})
    return frames
