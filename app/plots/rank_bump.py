"""How the recommended clips climbed: their ranks at every step of NPD."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import RankedItem, Recommendation

TITLE = "How the recommended clips climbed"
UNITS = (
    "rank among all candidates at each step (1 = best; deep ranks squeezed); "
    "colour: the kind it ranks through"
)
EMPTY = "This variant ranks in one step, so no clip climbs."

# Deeper ranks worth a label, and how many clips stand out.
_ROUND = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)
_EMPHASISED = 3


def figure(trace: Recommendation) -> dict:
    """Draw a line for each finally recommended clip through its rank at every step."""
    if not trace.npd:
        return style.note(TITLE, UNITS)
    ranks = np.stack([step.final_ranks for step in trace.npd])
    # The list's own ranks one unit each; deeper ones share a strip below.
    top = len(trace.items)
    scale = style.RankScale(top, int(ranks.max()), gap=0.0, strip=max(1.5, 0.55 * top))
    first = trace.npd[0].diffusion_step
    last = trace.npd[-1].diffusion_step

    # The first clips' lines lie on top of the others.
    colours = kinds.colours_of(trace)
    lines = []
    for item, own in zip(trace.items, ranks.T, strict=True):
        lines.insert(0, _line(trace, item, own, colours, scale))
    ticks = _ticks(scale)

    # Titles stand at the right, shorter on a phone.
    return style.titled(
        TITLE,
        UNITS,
        height=max(516, 220 + 17 * len(trace.items)),
        data=[*lines, _titles(trace.items, last)],
        margin={"l": 46, "r": 190, "t": 8, "b": 42},
        xaxis=style.step_axis(first, last),
        yaxis=style.axis(
            "rank",
            range=[scale.depth + 0.5, 0.4],
            tickvals=[scale.height(rank) for rank in ticks],
            ticktext=[str(rank) for rank in ticks],
        ),
        meta={
            "narrow": {
                "layout.margin.r": 116,
                f"data.{len(lines)}.text": _title_texts(trace.items, 15),
            }
        },
    )


def reading(trace: Recommendation) -> str:
    """Tell where today's first clip started, when it took the lead, and which clip climbed most."""
    if not trace.npd:
        return EMPTY
    ranks = np.stack([step.final_ranks for step in trace.npd])
    steps = len(ranks)

    # Since when the first clip has led.
    first = style.quoted(trace.items[0].title)
    behind = np.flatnonzero(ranks[:, 0] > 1)
    if behind.size:
        since = style.step_phrase(min(int(behind[-1]) + 1, steps - 1), steps)
        lead = f"{first} began at rank {int(ranks[0, 0])} and has led since {since}"
    else:
        lead = f"{first} led at every step"

    # Who climbed most, if not the first one.
    climber = int(np.argmax(ranks[0] - ranks[-1]))
    start = int(ranks[0, climber])
    if climber == 0 or start <= ranks[-1, climber]:
        return f"{lead}."
    return f"{lead}; number {climber + 1} climbed most, from rank {start}."


def _ticks(scale: style.RankScale) -> list[int]:
    """Return the ranks worth a label: a few of the top, then round ones that stand clear."""
    # Within the top every rank, or every second or fifth.
    if scale.top <= 6:
        ticks = list(range(1, scale.top + 1))
    else:
        stride = 2 if scale.top <= 10 else 5
        ticks = [1, *range(stride, scale.top + 1, stride)]

    # Below it round ranks, and the deepest.
    clear = 0.075 * scale.depth
    for rank in (*_ROUND, scale.deepest):
        if scale.is_deep(rank) and scale.height(rank) - scale.height(ticks[-1]) >= clear:
            ticks.append(rank)
    return ticks


def _line(
    trace: Recommendation,
    item: RankedItem,
    ranks: np.ndarray,
    colours: Sequence[str],
    scale: style.RankScale,
) -> dict:
    # The first few stand out.
    is_leading = item.rank <= _EMPHASISED
    width = 3 if is_leading else 1.8
    if item.rank == 1:
        width = 4.5
    title = style.safe(item.title, 60)
    through = f"<br>through {kinds.name(trace.kinds, item.kind)}"
    return style.scatter(
        f"number {item.rank}",
        "lines+markers",
        hover="%{customdata[2]}<br>rank %{customdata[1]} at t = %{x}%{customdata[3]}",
        x=[step.diffusion_step for step in trace.npd],
        y=style.plain([scale.height(rank) for rank in ranks]),
        customdata=[[item.item_id, int(rank), title, through] for rank in ranks],
        line={"color": colours[item.kind], "width": width, "shape": "spline", "smoothing": 0.5},
        marker={"size": 6 if is_leading else 4},
        opacity=1.0 if is_leading else 0.6,
    )


def _titles(items: Sequence[RankedItem], last_step: int) -> dict:
    """The clips' titles at the end of their lines."""
    return style.words(
        "titles",
        style.font(11, style.INK_SOFT),
        hover="%{customdata[1]}",
        x=[last_step] * len(items),
        y=[item.rank for item in items],
        text=_title_texts(items, 28),
        customdata=[[item.item_id, style.safe(item.title)] for item in items],
    )


def _title_texts(items: Sequence[RankedItem], limit: int) -> list[str]:
    return [f"  <b>{item.rank}</b>  {style.safe(item.title, limit)}" for item in items]
