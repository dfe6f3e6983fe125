"""What the figures share: colours, a bare layout, the walk's step names, and safe text.

Colours written as CSS variables are resolved by the chart component, so that a figure follows light
and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from mealrec.explain.trace import LastClip

INK = "var(--mr-ink)"
INK_SOFT = "var(--mr-ink-2)"
INK_FAINT = "var(--mr-ink-3)"
LINE = "var(--mr-line)"
SURFACE = "var(--mr-surface)"
ACCENT = "var(--mr-accent)"
WARM = "var(--mr-warm)"
GOOD = "var(--mr-good)"

MAX_MAP_POINTS = 1600


def safe(text: str, limit: int = 200) -> str:
    """Return a title as Plotly may show it: cut to `limit` characters, markup escaped."""
    return escape(_cut(text, limit), quote=False)


def quoted(text: str, limit: int = 48) -> str:
    """Return a title in quotation marks for a reading (plain text, so not escaped)."""
    return f"“{_cut(text, limit)}”"


def _cut(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def titled(title: str, units: str, height: float, **layout: object) -> dict:
    """Return an empty figure with the house's layout; `units` says what is measured, `layout`
    overrides."""
    font = {"family": "var(--font)", "size": 12}
    base = {
        "title": {"text": title, "subtitle": {"text": units}},
        "height": height,
        "margin": {"l": 46, "r": 12, "t": 8, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {**font, "color": INK_SOFT},
        "hoverlabel": {
            "bgcolor": SURFACE,
            "bordercolor": LINE,
            "align": "left",
            "font": {**font, "color": INK},
        },
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": False,
    }
    return {"data": [], "layout": {**base, **layout}, "frames": []}


def axis(title: str, **settings: object) -> dict:
    """Return an axis in the house's style: hairline grid, no box, not zoomable (a page must
    scroll by touch)."""
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
    """Return a figure without data; the page shows the reading, which says why, in the plot's
    place."""
    return titled(title, units, height=180)


def part(last: LastClip) -> str:
    """Return what one of the K parts of the last clip is: a frame, or where there are none a
    segment of its title."""
    return "title segment" if last.segments else "frame"


def part_names(last: LastClip, limit: int = 60) -> list[str]:
    """Return each part with its number, and its time or its text; safe for Plotly."""
    if last.segments:
        return [
            f"{number}: “{safe(text, limit)}”" for number, text in enumerate(last.segments, start=1)
        ]
    return [f"frame {number} ({time:.1f} s)" for number, time in enumerate(last.times_s, start=1)]


def span(places: Sequence[int]) -> str:
    """Return neighbouring parts, which count from 0, by their numbers: "3", or "1–2"."""
    return str(places[0] + 1) if len(places) == 1 else f"{places[0] + 1}–{places[-1] + 1}"


def percent(share: float) -> str:
    """Return a share in percent: whole, below one with a decimal, and never a nought that is
    none."""
    if 0 < share < 0.001:
        return "<0.1%"
    return f"{100 * share:.1f}%" if share and round(100 * share, 1) < 1 else f"{100 * share:.0f}%"


def thinned(count: int) -> np.ndarray:
    """Return which of `count` map points to draw: all, or MAX_MAP_POINTS of them evenly spread."""
    return np.linspace(0, max(count - 1, 0), min(count, MAX_MAP_POINTS)).round().astype(int)


def step_axis(first: int, last: int) -> dict:
    """Return the axis of reverse steps: t falls from `first` to `last`, left to right."""
    pad = max(0.3, 0.02 * (first - last))
    return axis(
        "diffusion step t (noise → clean)",
        range=[first + pad, last - pad],
        showgrid=False,
        nticks=8,
    )


def step_phrase(index: int, count: int) -> str:
    """Return "step 4 of 25" for an index that counts from 0."""
    return f"step {index + 1} of {count}"


def plain(values: np.ndarray) -> list:
    """Return an array as nested lists of floats with four decimals: finer than a screen, and a
    third of the bytes."""
    return np.round(np.asarray(values, dtype=float), 4).tolist()


def points(places: np.ndarray) -> dict:
    """Return points [n, 2] as a trace's x and y."""
    return {"x": plain(places[:, 0]), "y": plain(places[:, 1])}


def picture(source: str, **place: object) -> dict:
    """Return a picture of a layout: whole, in its own proportions, in the middle of the box that
    `place` gives."""
    middle = {"xanchor": "center", "yanchor": "middle", "sizing": "contain"}
    return {"source": source, "layer": "above", **middle, **place}


def animation(
    steps: Sequence[int], places: Callable[[int], list[dict]], first_trace: int
) -> list[dict]:
    """Return an animation frame a step; `places(index)` is what changes in the traces from
    `first_trace` on."""
    frames = []
    for index, step in enumerate(steps):
        moved = places(index)
        traces = list(range(first_trace, first_trace + len(moved)))
        frames.append({"name": f"t = {step}", "data": moved, "traces": traces})
    return frames
