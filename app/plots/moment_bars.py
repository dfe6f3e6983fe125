"""The bars under the last clip's frames: what kinds each frame shows, and a moment's answers to
two questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import expm1

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Moment, Recommendation

WIDTH_PX = 640
"""The room that the frames side by side have at least on a wide page."""
_LEAST_NAMED = 0.14
_NOTHING = 0.0005


def fall(moment: Moment) -> float:
    """Return what part of #1's chance goes when the moment is hidden; below 0 it would rise."""
    return -expm1(-min(max(moment.influence, -30.0), 30.0))


def drawn_fall(moment: Moment) -> float:
    """Return the fall as a bar has it: a rise is drawn as a doubling at most, its number says
    the rest."""
    return max(fall(moment), -1.0)


def factor(evidence: float) -> str:
    """Return evidence in log units as how many times likelier it is than for anybody."""
    times = float(np.exp(min(evidence, 20.0)))
    return f"×{times:,.0f}" if times >= 10 else f"×{times:.1f}" if times >= 0.1 else f"×{times:.1g}"


def letters(room: float, letter: float) -> int:
    """Return how many letters fit into so many pixels."""
    return max(3, int(room / letter))


def shares(trace: Recommendation) -> list[dict]:
    """A bar a frame, stacked of its largest kinds, the moments' own at the foot; the rest in
    grey."""
    last, names = trace.last, style.part_names(trace.last)
    texts = share_texts(trace, WIDTH_PX)
    return [
        {
            "type": "bar",
            "name": name,
            "x": list(range(len(names))),
            "y": style.plain(values),
            "width": 0.86,
            "customdata": [
                [last.item_id, part, name, style.percent(value)]
                for part, value in zip(names, values, strict=True)
            ],
            "text": words,
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "constraintext": "none",
            "textfont": {"size": 10, "color": "#14121a"},
            "marker": {
                "color": colour,
                "opacity": opacity,
                "line": {"width": 1, "color": style.SURFACE},
            },
            "hovertemplate": "<b>%{customdata[2]}</b> %{customdata[3]}<br>of %{customdata[1]}<extra></extra>",
        }
        for (name, colour, opacity, values), words in zip(_parts(trace), texts, strict=True)
    ]


def share_texts(trace: Recommendation, room: int) -> list[list[str]]:
    """Return the words in the bars of `shares`: a kind's name where its part is tall enough, cut
    to the room."""
    limit = letters(0.86 * room / len(trace.last.shares), 6.4)
    named = [*_named(trace), None]
    return [
        [
            "" if kind is None or value < _LEAST_NAMED else kinds.name(trace.kinds, kind, limit)
            for value in values
        ]
        for kind, (*_, values) in zip(named, _parts(trace), strict=True)
    ]


def _named(trace: Recommendation) -> list[int]:
    """Return the kinds with a part of their own: the moments', then others that are large in
    some frame."""
    return list(
        dict.fromkeys(
            [*(moment.kind for moment in trace.last.moments), *kinds.shown(trace.last.shares)]
        )
    )


def _parts(trace: Recommendation) -> list[tuple[str, str, float, np.ndarray]]:
    last, colours, named = trace.last, kinds.colours_of(trace), _named(trace)
    rest = np.clip(1 - last.shares[:, named].sum(axis=1), 0, 1)
    own = [
        (kinds.name(trace.kinds, kind), colours[kind], 0.95, last.shares[:, kind]) for kind in named
    ]
    return [*own, ("other kinds", kinds.OTHER, 0.22, rest)]


def interest(trace: Recommendation) -> list[dict]:
    """Bars of the evidence that the viewer is out for a moment, and their words."""
    values = [moment.interest for moment in trace.last.moments]
    return _answer(
        trace,
        "interest",
        "y2",
        values,
        lambda moment: factor(moment.interest),
        "as likely as for anybody",
    )


def drive(trace: Recommendation) -> list[dict]:
    """Bars of what part of the first recommendation's chance goes without a moment, and their
    words."""
    values = [drawn_fall(moment) for moment in trace.last.moments]
    return _answer(trace, "drive", "y3", values, _loss, "of #1’s chance when hidden")


def _loss(moment: Moment) -> str:
    change = fall(moment)
    words = (
        "±0%"
        if abs(change) < _NOTHING
        else f"{'−' if change > 0 else '+'}{style.percent(abs(change))}"
    )
    return f"{words} · #1→{moment.rank_without}" if moment.rank_without > 1 else words


def _answer(
    trace: Recommendation,
    name: str,
    axis: str,
    values: Sequence[float],
    said: Callable[[Moment], str],
    unit: str,
) -> list[dict]:
    """A bar a moment in its kind's colour, as wide as its frames, the strongest in full; and the
    words at its end."""
    moments, colours, strongest = (
        trace.last.moments,
        kinds.colours_of(trace),
        int(np.argmax(values)),
    )
    words = [said(moment).replace(" · ", "<br>") for moment in moments]
    middles = [(moment.frames[0] + moment.frames[-1]) / 2 for moment in moments]
    drawn = style.plain(np.array(values))
    return [
        {
            "type": "bar",
            "name": name,
            "x": middles,
            "y": drawn,
            "yaxis": axis,
            "width": [len(moment.frames) - 0.3 for moment in moments],
            "customdata": [
                [
                    trace.last.item_id,
                    kinds.name(trace.kinds, moment.kind),
                    f"{said(moment)} {unit}",
                    moment.kept,
                ]
                for moment in moments
            ],
            "marker": {
                "color": [colours[moment.kind] for moment in moments],
                "opacity": [1.0 if place == strongest else 0.55 for place in range(len(moments))],
                "cornerradius": 4,
            },
            "hovertemplate": "<b>%{customdata[1]}</b><br>%{customdata[2]}<extra></extra>",
        },
        {
            "type": "scatter",
            "name": f"{name}, in words",
            "mode": "text",
            "x": middles,
            "y": drawn,
            "yaxis": axis,
            "text": words,
            "textposition": ["bottom center" if value < 0 else "top center" for value in values],
            "textfont": {"size": 11, "color": style.INK},
            "cliponaxis": False,
            "hoverinfo": "skip",
        },
    ]
