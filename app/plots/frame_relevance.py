"""The last item's frames and two questions about each: does it fit the interest, and did it drive the ranking?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from app.plots import style
from mealrec.recommender.trace import FrameRelevance, Recommendation

TITLE = "Which frames of the last clip matter"
UNITS = "interest: evidence from your other clips, 0 as for anybody · drive: score points lost when the frame is hidden"
SEGMENTS_TITLE = "Which parts of the last clip’s title matter"
SEGMENTS_UNITS = UNITS.replace("the frame", "the segment")
EMPTY = "This variant does not look at single frames, so there is nothing to tell apart here."

_BARS_HEIGHT, _LINE_HEIGHT = 360, 20
_WIDE_TEXT, _NARROW_TEXT = 84, 38
_THUMBNAIL_ROW = (0.64, 1.0)
_ROWS = ((0.345, 0.57), (0.04, 0.265))
_NARROW_ROWS = ((0.40, 0.67), (0.04, 0.31))
_BARE_ROWS = ((0.56, 0.92), (0.04, 0.40))
"""Where interest and influence stand: with thumbnails above, the same on a phone, and without thumbnails."""


def figure(trace: Recommendation, thumbnails: Sequence[str] = ()) -> dict:
    """Draw both answers as bars, aligned under the frames.

    Args:
        trace: the run.
        thumbnails: one image a frame, as data URIs; without them the frames are numbered only.
    """
    relevance = trace.frame_relevance
    if not len(relevance.times_s):
        return style.note(TITLE, UNITS)
    if relevance.segments:
        return _of_segments(relevance)
    names = [f"{index + 1} · {time:.1f} s" for index, time in enumerate(relevance.times_s)]
    rows = _ROWS if thumbnails else _BARE_ROWS
    chart = _chart(TITLE, UNITS, 536 if thumbnails else 360, relevance, names, rows)
    chart["layout"]["meta"] = {"narrow": _narrow() if thumbnails else {}}
    chart["layout"]["images"] = [_thumbnail(index, source) for index, source in enumerate(thumbnails[: len(names)])]
    return chart


def _of_segments(relevance: FrameRelevance) -> dict:
    """Draw both answers under the segments' texts, a line each; a text held for several segments stands once."""
    names = [str(index + 1) for index in range(len(relevance.segments))]
    runs = [(text, [index for index, _ in run]) for text, run in groupby(enumerate(relevance.segments), lambda e: e[1])]
    height = _BARS_HEIGHT + _LINE_HEIGHT * len(runs) + 12
    share = _BARS_HEIGHT / height
    rows = tuple((low * share, high * share) for low, high in _BARE_ROWS)
    chart = _chart(SEGMENTS_TITLE, SEGMENTS_UNITS, height, relevance, names, rows)
    heads = chart["layout"]["annotations"]
    lines = [_segment(text, places, number) for number, (text, places) in enumerate(runs)]
    short = {
        f"layout.annotations.{len(heads) + number}.text": _segment_text(text, places, _NARROW_TEXT)
        for number, (text, places) in enumerate(runs)
    }
    heads += lines
    chart["layout"]["meta"] = {"narrow": short}
    return chart


def _segment(text: str, places: list[int], number: int) -> dict:
    below = -_LINE_HEIGHT * number
    place = {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xshift": -34,
        "yshift": below,
        "xanchor": "left",
        "yanchor": "top",
    }
    font = {"size": 13, "color": style.INK}
    return {"text": _segment_text(text, places, _WIDE_TEXT), "showarrow": False, "align": "left", "font": font, **place}


def _segment_text(text: str, places: list[int], limit: int) -> str:
    span = str(places[0] + 1) if len(places) == 1 else f"{places[0] + 1}–{places[-1] + 1}"
    return f"<b>{span}</b>  {style.safe(text, limit) or '(no title)'}"


def _chart(
    title: str,
    units: str,
    height: int,
    relevance: FrameRelevance,
    names: list[str],
    rows: Sequence[tuple[float, float]],
) -> dict:
    """Return the two rows of bars, one bar a frame."""
    chart = style.titled(
        title,
        units,
        height=height,
        margin={"l": 46, "r": 10, "t": 4, "b": 24},
        bargap=0.32,
        xaxis=style.axis("", showgrid=False, anchor="y2", range=[-0.5, len(names) - 0.5], type="category"),
        yaxis=_value_axis("evidence", relevance.interest, rows[0]),
        yaxis2=_value_axis("score", relevance.influence, rows[1]),
        annotations=[_head("Fits your interest", rows[0]), _head("Drove this recommendation", rows[1])],
    )
    chart["data"] = [
        _bars(names, relevance.interest, "evidence", "interest", "y", relevance),
        _bars(names, relevance.influence, "score lost", "drive", "y2", relevance),
    ]
    return chart


def reading(trace: Recommendation) -> str:
    """Name the frame that fits best and the frame that the top clip owes most to."""
    relevance = trace.frame_relevance
    if not len(relevance.times_s):
        return EMPTY
    best, driver = int(np.argmax(relevance.interest)), int(np.argmax(relevance.influence))
    part = style.part(relevance)
    named = style.quoted(relevance.segments[best]) if relevance.segments else f"{relevance.times_s[best]:.1f} s"
    fits = f"{part.capitalize()} {best + 1} ({named}) fits your interest best"
    if relevance.interest[best] <= 0:
        fits = f"No {part} speaks for you more than for anybody, {part} {best + 1} ({named}) still the most"
    if relevance.influence[driver] <= 0:
        return f"{fits}; hiding any one {part} would not lower the top clip’s score."
    loss = f"cost the top clip most ({relevance.influence[driver]:.2g} points)"
    which = "it" if driver == best else f"{part} {driver + 1}"
    joint = "and" if driver == best else "but" if _opposed(relevance, driver) else "while"
    return f"{fits}, {joint} hiding {which} would {loss}."


def _opposed(relevance: FrameRelevance, driver: int) -> bool:
    """True where the frame that drove the ranking fits the interest less than most frames do."""
    return bool(relevance.interest[driver] < np.median(relevance.interest))


def _bars(names: list[str], values: np.ndarray, unit: str, kind: str, yaxis: str, relevance: FrameRelevance) -> dict:
    """One bar a frame, the strongest in the accent."""
    strongest = [index == int(np.argmax(values)) for index in range(len(names))]
    return {
        "type": "bar",
        "name": kind,
        "x": names,
        "y": style.plain(values),
        "yaxis": yaxis,
        "customdata": [[relevance.item_id, name] for name in style.part_names(relevance)],
        "text": [_signed(value) for value in values],
        "textposition": "outside",
        "textfont": {"size": 11, "color": style.INK_SOFT},
        "cliponaxis": False,
        "marker": {
            "color": [style.ACCENT if first else style.INK_FAINT for first in strongest],
            "opacity": [1.0 if first else 0.42 for first in strongest],
            "cornerradius": 4,
        },
        "hovertemplate": f"%{{customdata[1]}}<br>{unit} %{{y:.3f}}<extra></extra>",
    }


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # no minus before a nought


def _value_axis(title: str, values: np.ndarray, domain: tuple[float, float]) -> dict:
    """An axis that holds zero and leaves room for the number above (or below) each bar."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.34 * max(high - low, 1e-3)
    ends = [low - (room if low < 0 else 0), high + room]
    return style.axis(title, domain=list(domain), range=ends, nticks=4, zeroline=True, zerolinecolor=style.LINE)


def _head(text: str, row: tuple[float, float]) -> dict:
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": row[1], "yshift": 5, "xanchor": "left", "yanchor": "bottom"}
    return {"text": f"<b>{text}</b>", "showarrow": False, "font": {"size": 12, "color": style.INK}, **place}


def _thumbnail(index: int, source: str) -> dict:
    low, high = _THUMBNAIL_ROW
    size = {"sizex": 0.86, "sizey": high - low, "sizing": "contain"}
    place = {"xref": "x", "yref": "paper", "x": index, "y": high, "xanchor": "center", "yanchor": "top"}
    return {"source": source, "layer": "above", **size, **place}


def _narrow() -> dict:
    """On a phone the frames are small, so the bars take the room."""
    return {
        "layout.height": 400,
        "layout.yaxis.domain": list(_NARROW_ROWS[0]),
        "layout.yaxis2.domain": list(_NARROW_ROWS[1]),
        "layout.annotations.0.y": _NARROW_ROWS[0][1],
        "layout.annotations.1.y": _NARROW_ROWS[1][1],
    }
