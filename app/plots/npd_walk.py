"""NPD as a race: how what you are out for rises out of the noise, x_T to x_1 and the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Recommendation

TITLE = "What you are out for takes shape (NPD)"
UNITS = (
    "share of your next click for each kind of moment, in the noisy preference of each step, in %"
)
EMPTY = "This variant runs without NPD: the ranking comes from the plain preference, in one step."

# How tall a row, a face and all around the rows are.
_ROW_PX = 38
_FACE_PX = 34
_AROUND_PX = 92


def figure(trace: Recommendation, faces: Mapping[int, str] = MappingProxyType({})) -> dict:
    """Draw a bar a kind, one animation frame a step (Eq. 13).

    `faces` are pictures of kinds by number, as data URIs.
    """
    if not trace.npd:
        return style.note(TITLE, UNITS)
    rows = kinds.racing(trace)
    reach = _reach(trace, rows)
    indices = range(len(trace.npd) + 1)

    # Faces stand between the names and the bars.
    images = [_face(faces[kind], row) for row, kind in enumerate(rows) if kind in faces]
    room = _FACE_PX + 8 if images else 6

    # What stays, what moves, and how it moves.
    still = [_anybody(trace, rows)]
    looks = [_bars(trace, rows), _guesses(len(rows)), _numbers(len(rows), reach)]
    changes = [_changes(trace, rows, index, reach) for index in indices]

    # On a phone the names are shorter and the faces, which go with the width, larger.
    narrow = {
        "layout.margin.l": 90 + room,
        "layout.margin.r": 44,
        "layout.yaxis.ticktext": _names(trace, rows, 11),
    }
    for number in range(len(images)):
        narrow[f"layout.images.{number}.sizex"] = 0.18
    return style.titled(
        TITLE,
        UNITS,
        height=_AROUND_PX + _ROW_PX * len(rows),
        data=still + style.at_rest(looks, changes[-1]),
        frames=style.animation(kinds.countdown(trace), changes, first_trace=len(still)),
        margin={"l": 140 + room, "r": 46, "t": 34, "b": 40},
        bargap=0.34,
        showlegend=True,
        legend=style.legend(x=0, y=1, yanchor="bottom"),
        xaxis=style.axis("share of the next click", range=[0, reach], tickformat=".0%", nticks=6),
        yaxis=style.rows_axis(_names(trace, rows, 17), room),
        images=images,
        meta={
            "captions": [_caption(trace, rows, index) for index in indices],
            "narrow": narrow,
        },
    )


def reading(trace: Recommendation) -> str:
    """Tell what led in the noise, and when the final first kind came to the front for good."""
    if not trace.npd:
        return EMPTY

    # What leads at the end, and in which steps something else did.
    states = kinds.states(trace)
    first = int(states[-1].argmax())
    name = kinds.quoted(trace.kinds, first)
    end = style.percent(states[-1, first])
    anybody = f"for anybody it is {style.percent(trace.anybody[first])}"
    behind = np.flatnonzero(states.argmax(axis=1) != first)
    if not behind.size:
        return f"{name} led in the noise already and ends at {end} of your next click; {anybody}."

    # Since when it has led.
    steps = len(trace.npd)
    since = int(behind[-1]) + 1
    when = "the end" if since == steps else style.step_phrase(since, steps)

    # Who leads in the noise.
    in_noise = int(states[0].argmax())
    start = f"In the noise {kinds.quoted(trace.kinds, in_noise)} leads"
    start += " too, but" if in_noise == first else ";"
    return f"{start} from {when} on it is {name}, with {end} of your next click at last; {anybody}."


def _names(trace: Recommendation, rows: Sequence[int], limit: int) -> list[str]:
    return [kinds.name(trace.kinds, kind, limit) for kind in rows]


def _reach(trace: Recommendation, rows: Sequence[int]) -> float:
    """Return where the axis ends, the same at every step so that lengths can be compared."""
    # Noise leaps higher than what matters, so the first half of the walk does not count.
    later = kinds.states(trace)[len(trace.npd) // 2 :, rows]
    anybody = float(trace.anybody[rows].max())
    return max(1.12 * float(later.max()), 1.2 * anybody, 0.01)


def _changes(trace: Recommendation, rows: Sequence[int], index: int, reach: float) -> list[dict]:
    """What changes with the step: the bars of x_t, the rings of what g_θ makes of it, the numbers.

    A bar of the noise may be longer than the axis; its number and its hover say the true share.
    """
    # At the end there is no further guess: the last one stays.
    shares = kinds.states(trace)[index][rows]
    guess = trace.npd[min(index, len(trace.npd) - 1)].wanted[rows]

    # What the pointer is told: name, share, and anybody's.
    told = []
    for kind, share in zip(rows, shares, strict=True):
        name = style.safe(trace.kinds[kind].name, 60)
        told.append([name, style.percent(share), style.percent(trace.anybody[kind])])
    return [
        {"x": style.plain(np.minimum(shares, reach)), "customdata": told},
        {
            "x": style.plain(np.minimum(guess, reach)),
            "text": [style.percent(share) for share in guess],
        },
        {"text": [f"<b>{style.percent(share)}</b>" for share in shares]},
    ]


def _bars(trace: Recommendation, rows: Sequence[int]) -> dict:
    colours = kinds.colours_of(trace)
    return style.bars(
        "still noisy, xₜ",
        hover="<b>%{customdata[0]}</b><br>%{customdata[1]} of the next click<br>"
        "anybody: %{customdata[2]}",
        orientation="h",
        y=list(range(len(rows))),
        marker={"color": [colours[kind] for kind in rows], "cornerradius": 4},
        showlegend=False,
    )


def _guesses(count: int) -> dict:
    return style.scatter(
        "what NPD makes of it, x̂₀",
        "markers",
        hover="in x̂₀: %{text}",
        y=list(range(count)),
        marker={
            "size": 9,
            "symbol": "circle-open",
            "color": style.INK_SOFT,
            "line": {"width": 1.6},
        },
        cliponaxis=False,
    )


def _numbers(count: int, end: float) -> dict:
    """The bars' numbers in a column of their own, where neither ring nor line runs into them."""
    place = {"x": [end] * count, "y": list(range(count))}
    return style.words("numbers", style.font(12, style.INK), **place, showlegend=False)


def _anybody(trace: Recommendation, rows: Sequence[int]) -> dict:
    """A short upright line a kind: what anybody's share of it is."""
    ends = []
    for row, kind in enumerate(rows):
        share = round(float(trace.anybody[kind]), 4)
        ends.append((share, share, row - 0.44, row + 0.44))
    line = {"color": style.INK, "width": 1.6}
    return style.scatter("anybody", "lines", **style.strokes(ends), line=line)


def _face(source: str, row: int) -> dict:
    """A kind's picture between its name and its bar."""
    place = {"xref": "paper", "yref": "y", "xanchor": "right"}
    return style.picture(source, -0.005, row, (0.075, 0.9), **place)


def _caption(trace: Recommendation, rows: Sequence[int], index: int) -> str:
    """Return a line for a step, plain text: who leads, and what the kinds without a bar have."""
    shares = kinds.states(trace)[index]
    leader = int(shares.argmax())
    name = kinds.quoted(trace.kinds, leader)
    said = f"{kinds.step_name(trace, index)} · in front: {name} {style.percent(shares[leader])}"

    # The kinds without a bar.
    rest = len(shares) - len(rows)
    if not rest:
        return said
    left = max(0.0, 1 - float(shares[rows].sum()))
    s = "" if rest == 1 else "s"
    return f"{said} · the other {rest} kind{s} together: {style.percent(left)}"
