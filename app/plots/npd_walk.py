"""NPD as a race: how what you are out for rises out of the noise, x_T to x_1 and the end, kind
by kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Recommendation

TITLE = "What you are out for takes shape (NPD)"
UNITS = (
    "share of your next click for each kind of moment, in the noisy preference of each step, in %"
)
EMPTY = "This variant runs without NPD: the ranking comes from the plain preference, in one step."

_ROW_PX, _FACE_PX = 38, 34
_AROUND_PX = 92
_NO_FACES: Mapping[int, str] = MappingProxyType({})
_LEGEND = {
    "orientation": "h",
    "x": 0,
    "y": 1,
    "yanchor": "bottom",
    "font": {"size": 11},
    "itemclick": False,
    "itemdoubleclick": False,
}


def figure(trace: Recommendation, faces: Mapping[int, str] = _NO_FACES) -> dict:
    """Draw a bar a kind, one animation frame a step (Eq. 13); `faces` are pictures of kinds, as
    data URIs."""
    if not trace.npd:
        return style.note(TITLE, UNITS)
    rows = kinds.racing(trace)
    has_faces = any(kind in faces for kind in rows)
    room = _FACE_PX + 8 if has_faces else 6
    captions = [_caption(trace, index) for index in range(len(trace.npd) + 1)]
    chart = style.titled(
        TITLE,
        UNITS,
        height=_AROUND_PX + _ROW_PX * len(rows),
        margin={"l": 140 + room, "r": 46, "t": 34, "b": 40},
        bargap=0.34,
        showlegend=True,
        legend=_LEGEND,
        xaxis=style.axis(
            "share of the next click", range=[0, _reach(trace, rows)], tickformat=".0%", nticks=6
        ),
        yaxis=_names_axis(trace, rows, room),
        images=[_face(faces[kind], row) for row, kind in enumerate(rows) if kind in faces],
        meta={"captions": captions, "narrow": _narrow(trace, rows, faces, room)},
    )
    still = [_anybody(trace, rows)]
    moving = _places(trace, rows, len(trace.npd))
    looks = (
        _bar_look(trace, rows),
        _guess_look(len(rows)),
        _number_look(len(rows), _reach(trace, rows)),
    )
    chart["data"] = [
        *still,
        *({**look, **place} for look, place in zip(looks, moving, strict=True)),
    ]
    steps = kinds.countdown(trace)
    chart["frames"] = style.animation(
        steps, lambda index: _places(trace, rows, index), first_trace=len(still)
    )
    return chart


def reading(trace: Recommendation) -> str:
    """Tell what led in the noise, and when the final first kind came to the front for good."""
    if not trace.npd:
        return EMPTY
    states, steps = kinds.states(trace), len(trace.npd)
    first, in_noise = int(states[-1].argmax()), int(states[0].argmax())
    name, end = kinds.quoted(trace.kinds, first), style.percent(states[-1, first])
    anybody = f"for anybody it is {style.percent(trace.anybody[first])}"
    behind = np.flatnonzero(states.argmax(axis=1) != first)
    if not behind.size:
        return f"{name} led in the noise already and ends at {end} of your next click; {anybody}."
    since = int(behind[-1]) + 1
    since = "the end" if since == steps else style.step_phrase(since, steps)
    noise = f"In the noise {kinds.quoted(trace.kinds, in_noise)} leads"
    again = f"{noise} too, but" if in_noise == first else f"{noise};"
    return (
        f"{again} from {since} on it is {name}, with {end} of your next click at last; {anybody}."
    )


def _reach(trace: Recommendation, rows: list[int]) -> float:
    """Return where the axis ends, the same at every step so that lengths can be compared."""
    largest = max(
        float(shares[rows].max()) for shares in kinds.states(trace)[len(trace.npd) // 2 :]
    )
    return max(1.12 * largest, 1.2 * float(trace.anybody[rows].max()), 0.01)


def _places(trace: Recommendation, rows: list[int], index: int) -> list[dict]:
    """What changes with the step: the bars of x_t, the rings of what g_θ makes of it, the bars'
    numbers."""
    reach = _reach(trace, rows)
    shares = kinds.states(trace)[index][rows]
    guess = trace.npd[min(index, len(trace.npd) - 1)].wanted[rows]
    return [
        {
            # A bar of the noise may be longer than the axis; its number and its hover still say the
            # true share.
            "x": style.plain(np.minimum(shares, reach)),
            "customdata": [
                [
                    style.safe(trace.kinds[kind].name, 60),
                    style.percent(share),
                    style.percent(trace.anybody[kind]),
                ]
                for kind, share in zip(rows, shares, strict=True)
            ],
        },
        {
            "x": style.plain(np.minimum(guess, reach)),
            "text": [style.percent(share) for share in guess],
        },
        {"text": [f"<b>{style.percent(share)}</b>" for share in shares]},
    ]


def _bar_look(trace: Recommendation, rows: list[int]) -> dict:
    colours = kinds.colours_of(trace)
    return {
        "type": "bar",
        "name": "still noisy, xₜ",
        "orientation": "h",
        "y": list(range(len(rows))),
        "marker": {"color": [colours[kind] for kind in rows], "cornerradius": 4},
        "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]} of the next click<br>"
        "anybody: %{customdata[2]}<extra></extra>",
        "showlegend": False,
    }


def _guess_look(count: int) -> dict:
    return {
        "type": "scatter",
        "name": "what NPD makes of it, x̂₀",
        "mode": "markers",
        "y": list(range(count)),
        "marker": {
            "size": 9,
            "symbol": "circle-open",
            "color": style.INK_SOFT,
            "line": {"width": 1.6},
        },
        "cliponaxis": False,
        "hovertemplate": "in x̂₀: %{text}<extra></extra>",
    }


def _number_look(count: int, end: float) -> dict:
    """The bars' numbers in a column of their own, where neither ring nor line runs into them."""
    return {
        "type": "scatter",
        "name": "numbers",
        "mode": "text",
        "x": [end] * count,
        "y": list(range(count)),
        "textposition": "middle right",
        "textfont": {"size": 12, "color": style.INK},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _anybody(trace: Recommendation, rows: list[int]) -> dict:
    """A short upright line a kind: what anybody's share of it is."""
    ends = [
        (float(trace.anybody[kind]), row + shift)
        for row, kind in enumerate(rows)
        for shift in (-0.44, 0.44)
    ]
    x, y = [], []
    for start, stop in zip(ends[::2], ends[1::2], strict=True):
        x += [round(start[0], 4), round(stop[0], 4), None]
        y += [start[1], stop[1], None]
    return {
        "type": "scatter",
        "name": "anybody",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": style.INK, "width": 1.6},
        "hoverinfo": "skip",
    }


def _names_axis(trace: Recommendation, rows: list[int], room: int) -> dict:
    """Names left of the faces: an unseen tick as long as a face is wide keeps the room for it."""
    return style.axis(
        "",
        range=[len(rows) - 0.5, -0.5],
        tickvals=list(range(len(rows))),
        ticktext=[kinds.name(trace.kinds, kind, 17) for kind in rows],
        tickfont={"size": 12, "color": style.INK},
        ticks="outside",
        ticklen=room,
        tickcolor="rgba(0,0,0,0)",
        showgrid=False,
    )


def _face(source: str, row: int) -> dict:
    place = {"xref": "paper", "yref": "y", "x": -0.005, "y": row, "sizex": 0.075, "sizey": 0.9}
    return style.picture(source, **place) | {"xanchor": "right"}


def _narrow(trace: Recommendation, rows: list[int], faces: Mapping[int, str], room: int) -> dict:
    pictures = sum(kind in faces for kind in rows)
    return {
        "layout.margin.l": 90 + room,
        "layout.margin.r": 44,
        "layout.yaxis.ticktext": [kinds.name(trace.kinds, kind, 11) for kind in rows],
        **{f"layout.images.{number}.sizex": 0.18 for number in range(pictures)},
    }


def _caption(trace: Recommendation, index: int) -> str:
    """A line for a step, plain text: which kind leads, and what is left to the kinds that have
    no bar."""
    shares = kinds.states(trace)[index]
    rows, leader = kinds.racing(trace), int(shares.argmax())
    line = f"{kinds.stage(trace, index)} · in front: "
    line += f"{kinds.quoted(trace.kinds, leader)} {style.percent(shares[leader])}"
    rest = len(shares) - len(rows)
    if not rest:
        return line
    left = max(0.0, 1 - float(shares[rows].sum()))
    return f"{line} · the other {rest} kind{'s' * (rest > 1)} together: {style.percent(left)}"
