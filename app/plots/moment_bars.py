"""The bars under the last clip's frames: what kinds each shows, and a moment's two answers."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, expm1

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Moment, Recommendation

# From which share on a part of a bar has its name, and below which a change counts as none.
_LEAST_NAMED = 0.14
_NOTHING = 0.0005
# How wide a frame's bar is, of 1, and a letter in it, in pixels.
_BAR = 0.86
_LETTER_PX = 6.4


def fall(moment: Moment) -> float:
    """Return what part of #1's chance goes when the moment is hidden; below 0 it would rise."""
    # Far beyond any bar, and short of an overflow.
    return -expm1(-min(max(moment.influence, -30.0), 30.0))


def drawn_fall(moment: Moment) -> float:
    """Return the fall as a bar has it: a rise is at most a doubling, its number says the rest."""
    return max(fall(moment), -1.0)


def factor(evidence: float) -> str:
    """Return evidence in log units as how many times likelier it is than for anybody."""
    # Fewer digits the larger or smaller it is.
    times = exp(min(evidence, 20.0))
    if times >= 10:
        return f"×{times:,.0f}"
    return f"×{times:.1f}" if times >= 0.1 else f"×{times:.1g}"


def letters(room: float, letter: float) -> int:
    """Return how many letters fit into so many pixels."""
    return max(3, int(room / letter))


def shares(trace: Recommendation, room: int) -> list[dict]:
    """Return a bar a frame, stacked of its kinds, the moments' own at the foot; the rest in grey.

    `room` is how many pixels the frames have side by side.
    """
    last = trace.last
    frames = style.part_names(last)
    colours = kinds.colours_of(trace)

    # What every frame is stacked of: (name, colour, opacity, heights [K]).
    named = _named(trace)
    parts = []
    for kind in named:
        parts.append((kinds.name(trace.kinds, kind), colours[kind], 0.95, last.shares[:, kind]))
    rest = np.clip(1 - last.shares[:, named].sum(axis=1), 0, 1)
    parts.append(("other kinds", kinds.OTHER, 0.22, rest))

    # A trace a part, with a bar in every frame.
    drawn = []
    for part, words in zip(parts, share_texts(trace, room), strict=True):
        name, colour, opacity, heights = part
        told = []
        for frame, height in zip(frames, heights, strict=True):
            told.append([last.item_id, frame, name, style.percent(height)])
        line = {"width": 1, "color": style.SURFACE}
        bar = style.bars(
            name,
            hover="<b>%{customdata[2]}</b> %{customdata[3]}<br>of %{customdata[1]}",
            x=list(range(len(frames))),
            y=style.plain(heights),
            width=_BAR,
            customdata=told,
            text=words,
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont=style.font(10, "#14121a"),
            marker={"color": colour, "opacity": opacity, "line": line},
        )
        drawn.append(bar)
    return drawn


def share_texts(trace: Recommendation, room: int) -> list[list[str]]:
    """Return the words in the bars of `shares`: a kind's name where its part is tall enough."""
    limit = letters(_BAR * room / len(trace.last.shares), _LETTER_PX)
    texts = []
    for kind in _named(trace):
        name = kinds.name(trace.kinds, kind, limit)
        heights = trace.last.shares[:, kind]
        texts.append([name if height >= _LEAST_NAMED else "" for height in heights])

    # All other kinds together have no name.
    texts.append([""] * len(trace.last.shares))
    return texts


def _named(trace: Recommendation) -> list[int]:
    """Return the kinds with a part of their own: the moments', then others large in some frame."""
    own = [moment.kind for moment in trace.last.moments]
    return list(dict.fromkeys([*own, *kinds.shown(trace.last.shares)]))


def interest(trace: Recommendation) -> list[dict]:
    """Return bars of the evidence that the viewer is out for a moment, and their words."""
    moments = trace.last.moments
    values = [moment.interest for moment in moments]
    said = [factor(moment.interest) for moment in moments]
    return _answer(trace, "interest", "y2", values, said, "as likely as for anybody")


def drive(trace: Recommendation) -> list[dict]:
    """Return bars of what part of #1's chance goes without a moment, and their words."""
    moments = trace.last.moments
    values = [drawn_fall(moment) for moment in moments]
    said = [_loss(moment) for moment in moments]
    return _answer(trace, "drive", "y3", values, said, "of #1’s chance when hidden")


def _loss(moment: Moment) -> str:
    # The chance, and the rank where #1 does not stay first.
    change = fall(moment)
    sign = "−" if change > 0 else "+"
    words = f"{sign}{style.percent(abs(change))}" if abs(change) >= _NOTHING else "±0%"
    return f"{words} · #1→{moment.rank_without}" if moment.rank_without > 1 else words


def _answer(
    trace: Recommendation,
    name: str,
    axis: str,
    values: Sequence[float],
    said: Sequence[str],
    unit: str,
) -> list[dict]:
    """Return a bar a moment in its kind's colour, the strongest in full, and the words at its end.

    A bar is as wide as its moment's frames.
    """
    moments = trace.last.moments
    colours = kinds.colours_of(trace)

    # What a click gives, and what the pointer is told.
    told = []
    for moment, words in zip(moments, said, strict=True):
        kind = kinds.name(trace.kinds, moment.kind)
        told.append([trace.last.item_id, kind, f"{words} {unit}", moment.kept])

    # Bars, and words in the same places.
    place = {
        "x": [(moment.frames[0] + moment.frames[-1]) / 2 for moment in moments],
        "y": style.plain(values),
        "yaxis": axis,
    }
    strongest = int(np.argmax(values))
    bars = style.bars(
        name,
        hover="<b>%{customdata[1]}</b><br>%{customdata[2]}",
        **place,
        width=[len(moment.frames) - 0.3 for moment in moments],
        customdata=told,
        marker={
            "color": [colours[moment.kind] for moment in moments],
            "opacity": [1.0 if number == strongest else 0.55 for number in range(len(moments))],
            "cornerradius": 4,
        },
    )
    words = style.words(
        f"{name}, in words",
        style.font(11, style.INK),
        **place,
        text=[words.replace(" · ", "<br>") for words in said],
        textposition=["bottom center" if value < 0 else "top center" for value in values],
    )
    return [bars, words]
