"""What the figures share: colours, safe texts, a bare layout, axes, traces and animation.

Colours written as CSS variables are resolved by the chart component, so that a figure follows light
and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log

import numpy as np

from mealrec.explain.trace import LastClip

# Of text, from strong to faint; of lines and grounds; and what stands out.
INK = "var(--mr-ink)"
INK_SOFT = "var(--mr-ink-2)"
INK_FAINT = "var(--mr-ink-3)"
LINE = "var(--mr-line)"
SURFACE = "var(--mr-surface)"
ACCENT = "var(--mr-accent)"
WARM = "var(--mr-warm)"
GOOD = "var(--mr-good)"
# What is to take room and not be seen, and what sets a mark apart from others.
CLEAR = "rgba(0,0,0,0)"
RIM = {"width": 1.5, "color": SURFACE}

# ---- Texts and numbers.


def safe(text: str, limit: int = 200) -> str:
    """Return a title as Plotly may show it: cut to `limit` characters, markup escaped."""
    return escape(_cut(text, limit), quote=False)


def quoted(text: str, limit: int = 48) -> str:
    """Return a title in quotation marks for a reading (plain text, so not escaped)."""
    return f"“{_cut(text, limit)}”"


def _cut(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def joined(words: Sequence[str]) -> str:
    """Return words as "a", "a and b" or "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def part(last: LastClip) -> str:
    """Return what one of the K parts of the last clip is: a frame, or a segment of its title."""
    return "title segment" if last.segments else "frame"


def part_names(last: LastClip) -> list[str]:
    """Return each part with its number, and its time or its text; safe for Plotly."""
    if last.segments:
        return [f"{number}: “{safe(text, 60)}”" for number, text in enumerate(last.segments, 1)]
    return [f"frame {number} ({time:.1f} s)" for number, time in enumerate(last.times_s, 1)]


def span(places: Sequence[int]) -> str:
    """Return neighbouring parts, which count from 0, by their numbers: "3", or "1–2"."""
    return str(places[0] + 1) if len(places) == 1 else f"{places[0] + 1}–{places[-1] + 1}"


def percent(share: float) -> str:
    """Return a share in percent: whole, below one with a decimal; only none at all is "0%"."""
    if 0 < share < 0.001:
        return "<0.1%"
    # What would be rounded to 1.0 has no decimal.
    if share and round(100 * share, 1) < 1:
        return f"{100 * share:.1f}%"
    return f"{100 * share:.0f}%"


def step_phrase(index: int, count: int) -> str:
    """Return "step 4 of 25" for an index that counts from 0."""
    return f"step {index + 1} of {count}"


def plain(values: np.ndarray | Sequence[float]) -> list:
    """Return nested lists of floats with four decimals: finer than a screen, and short."""
    return np.round(np.asarray(values, dtype=float), 4).tolist()


# ---- Layout and axes.


def titled(
    title: str,
    units: str,
    height: float,
    data: Sequence[dict] = (),
    frames: Sequence[dict] = (),
    **layout: object,
) -> dict:
    """Return a figure of these traces; `units` says what is measured.

    `layout` adds to the house's own, or overrides it. In its `meta` stand `captions`, a line an
    animation frame, and `narrow`: settings by dotted path that hold on a phone.
    """
    # The page's own font, and no ground of its own.
    family = {"family": "var(--font)"}
    base = {
        "title": {"text": title, "subtitle": {"text": units}},
        "height": height,
        "margin": {"l": 46, "r": 12, "t": 8, "b": 40},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": family | font(12, INK_SOFT),
        "hoverlabel": {
            "bgcolor": SURFACE,
            "bordercolor": LINE,
            "align": "left",
            "font": family | font(12, INK),
        },
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": False,
    }
    return {"data": list(data), "layout": {**base, **layout}, "frames": list(frames)}


def note(title: str, units: str) -> dict:
    """Return a figure without data; the page shows the reading, which says why, in its place."""
    return titled(title, units, height=180)


def font(size: float, colour: str) -> dict:
    """Return a font of the page's own family."""
    return {"size": size, "color": colour}


def legend(**place: object) -> dict:
    """Return a legend in one line, of which no entry can be switched off."""
    still = {"itemclick": False, "itemdoubleclick": False}
    return {"orientation": "h", "font": {"size": 11}, **still, **place}


def axis(title: str, **settings: object) -> dict:
    """Return an axis: a hairline grid, no box, not zoomable, since a page must scroll by touch."""
    return {
        "title": {"text": title, "font": font(11, INK_FAINT), "standoff": 8},
        "tickfont": font(11, INK_FAINT),
        "gridcolor": LINE,
        "zeroline": False,
        "showline": False,
        "fixedrange": True,
        **settings,
    }


def step_axis(first: int, last: int, pad: float | None = None) -> dict:
    """Return the axis of reverse steps: t falls from `first` to `last`, left to right."""
    # Room for the marks at both ends.
    if pad is None:
        pad = max(0.3, 0.02 * (first - last))
    ends = [first + pad, last - pad]
    return axis("diffusion step t (noise → clean)", range=ends, showgrid=False, nticks=8)


def names_axis(places: Sequence[float], names: Sequence[str], **settings: object) -> dict:
    """Return an axis that has names in place of numbers."""
    return axis("", tickvals=list(places), ticktext=list(names), showgrid=False, **settings)


def rows_axis(names: Sequence[str], room: int) -> dict:
    """Return the upright axis of rows, the first on top, `room` pixels from their names.

    An unseen tick keeps the room free.
    """
    return names_axis(
        range(len(names)),
        names,
        range=[len(names) - 0.5, -0.5],
        tickfont=font(12, INK),
        ticks="outside",
        ticklen=room,
        tickcolor=CLEAR,
    )


@dataclass(frozen=True)
class RankScale:
    """Rank -> height: one unit a rank down to `top`; deeper ranks logarithmic, on a strip below.

    So rank 150 does not squash the top. `gap` sets the strip apart; without one it goes straight
    on from the top.
    """

    top: int
    deepest: int
    gap: float
    strip: float

    @property
    def depth(self) -> float:
        """Return the height of the deepest rank."""
        return self.height(self.deepest)

    def height(self, rank: int) -> float:
        """Return where a rank stands on the axis; equal to the rank itself within the top."""
        if rank <= self.top:
            return float(rank)
        # Where the strip begins, and how far down it the rank stands, in [0, 1].
        first = self.top + 1 if self.gap else self.top
        share = log(rank / first) / log(self.deepest / first) if self.deepest > first else 0.0
        return self.top + self.gap + self.strip * share

    def is_deep(self, rank: int) -> bool:
        """Say whether a rank stands on the strip."""
        return self.top < rank <= self.deepest


# ---- What stands on a layout.


def label(text: str, x: float, y: float, look: dict, **place: object) -> dict:
    """Return an annotation without an arrow; `look` is its font."""
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": look, **place}


def picture(source: str, x: float, y: float, size: tuple[float, float], **place: object) -> dict:
    """Return a picture in its own proportions, in the middle of a box of `size` around x and y."""
    return {
        "source": source,
        "layer": "above",
        "sizing": "contain",
        "x": x,
        "y": y,
        "sizex": size[0],
        "sizey": size[1],
        "xanchor": "center",
        "yanchor": "middle",
        **place,
    }


def dashed(x0: float, x1: float, y: float, **place: object) -> dict:
    """Return a level dashed line."""
    line = {"color": LINE, "width": 1, "dash": "dash"}
    return {"type": "line", "x0": x0, "x1": x1, "y0": y, "y1": y, "line": line, **place}


# ---- Traces and their animation.


def scatter(name: str, mode: str, hover: str = "", **look: object) -> dict:
    """Return a trace of markers, lines or text; without `hover` the pointer is told nothing."""
    return {"type": "scatter", "name": name, "mode": mode, **_told(hover), **look}


def bars(name: str, hover: str, **look: object) -> dict:
    """Return a trace of bars, which tell the pointer `hover`."""
    return {"type": "bar", "name": name, **_told(hover), **look}


def _told(hover: str) -> dict:
    return {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}


def words(name: str, look: dict, hover: str = "", **more: object) -> dict:
    """Return a trace of text that runs to the right of its places; `look` is its font."""
    place = {"textposition": "middle right", "textfont": look, "cliponaxis": False}
    return scatter(name, "text", hover, **{**place, **more})


def points(places: np.ndarray) -> dict:
    """Return points [n, 2] as a trace's x and y."""
    return {"x": plain(places[:, 0]), "y": plain(places[:, 1])}


def strokes(ends: Sequence[tuple[float, float, float, float]]) -> dict:
    """Return lines (x0, x1, y0, y1) as a trace's x and y, with a gap behind each."""
    # One trace draws them all: at None the pen is lifted.
    x = []
    y = []
    for x0, x1, y0, y1 in ends:
        x += [x0, x1, None]
        y += [y0, y1, None]
    return {"x": x, "y": y}


def at_rest(looks: Sequence[dict], changes: Sequence[dict]) -> list[dict]:
    """Return the moving traces where they end: each look with what changes in it."""
    return [{**look, **change} for look, change in zip(looks, changes, strict=True)]


def animation(
    steps: Sequence[int], changes: Sequence[list[dict]], first_trace: int = 0
) -> list[dict]:
    """Return an animation frame a step, with what then changes in the traces from the first on."""
    # The traces that stand before `first_trace` stay as they are.
    frames = []
    for step, changed in zip(steps, changes, strict=True):
        traces = list(range(first_trace, first_trace + len(changed)))
        frames.append({"name": f"t = {step}", "data": changed, "traces": traces})
    return frames
