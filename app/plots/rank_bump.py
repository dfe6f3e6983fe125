"""How the recommended clips climbed: their ranks at every step of NPD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.look.palette import rank_colour
from app.plots import kinds, style
from mealrec.explain.trace import NO_KIND, RankedItem, Recommendation

TITLE = "How the recommended clips climbed"
UNITS = "rank among all candidates at each step (1 = best; deep ranks squeezed); colour: the kind it ranks through"
EMPTY = "This variant ranks in one step, so no clip climbs."

_DEEP_TICKS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)
_EMPHASISED = 3


@dataclass(frozen=True)
class RankScale:
    """Rank -> height: one unit a rank down to `top`, then logarithmic, so that rank 150 does not
    squash the top."""

    top: int
    deepest: int

    @property
    def depth(self) -> float:
        """Return the height of the deepest rank."""
        return self.top + self._tail if self.deepest > self.top else float(self.top)

    @property
    def _tail(self) -> float:
        return max(1.5, 0.55 * self.top)

    def height(self, rank: float) -> float:
        """Return where a rank stands on the axis; equal to the rank itself within the top."""
        if rank <= self.top:
            return float(rank)
        return self.top + self._tail * float(
            np.log(rank / self.top) / np.log(self.deepest / self.top)
        )

    def ticks(self) -> list[int]:
        """Return the ranks worth a label: a few of the top, then round numbers that stand clear
        of each other."""
        stride = 1 if self.top <= 6 else 2 if self.top <= 10 else 5
        ticks = [1, *range(stride if stride > 1 else 2, self.top + 1, stride)]
        for rank in (*_DEEP_TICKS, self.deepest):
            if (
                self.top < rank <= self.deepest
                and self.height(rank) - self.height(ticks[-1]) >= 0.075 * self.depth
            ):
                ticks.append(rank)
        return ticks


def figure(trace: Recommendation) -> dict:
    """Draw a line for each finally recommended clip through its rank at every step."""
    if not trace.npd:
        return style.note(TITLE, UNITS)
    ranks = np.stack([step.final_ranks for step in trace.npd])
    scale = RankScale(top=len(trace.items), deepest=int(ranks.max()))
    levels = [step.diffusion_step for step in trace.npd]
    lines = [
        _line(trace, column, levels, ranks[:, column], scale) for column in range(len(trace.items))
    ]
    chart = style.titled(
        TITLE,
        UNITS,
        height=max(516, 220 + 17 * len(trace.items)),
        margin={"l": 46, "r": 190, "t": 8, "b": 42},
        meta={
            "narrow": {
                "layout.margin.r": 116,
                f"data.{len(lines)}.text": _label_texts(trace.items, 15),
            }
        },
        xaxis=style.step_axis(levels[0], levels[-1]),
        yaxis=_rank_axis(scale),
    )
    chart["data"] = [*reversed(lines), _labels(trace.items, levels[-1])]
    return chart


def reading(trace: Recommendation) -> str:
    """Tell where today's first clip started, when it took the lead, and which clip climbed most."""
    if not trace.npd:
        return EMPTY
    ranks = np.stack([step.final_ranks for step in trace.npd])
    first, steps = trace.items[0], len(ranks)
    behind = np.flatnonzero(ranks[:, 0] > 1)
    if not behind.size:
        lead = f"{style.quoted(first.title)} led at every step"
    else:
        since = style.step_phrase(min(int(behind[-1]) + 1, steps - 1), steps)
        lead = f"{style.quoted(first.title)} began at rank {int(ranks[0, 0])} and has led since {since}"
    climber = int(np.argmax(ranks[0] - ranks[-1]))
    if climber == 0 or ranks[0, climber] <= ranks[-1, climber]:
        return f"{lead}."
    return f"{lead}; number {climber + 1} climbed most, from rank {int(ranks[0, climber])}."


def _rank_axis(scale: RankScale) -> dict:
    ticks = scale.ticks()
    labels = {
        "tickvals": [scale.height(rank) for rank in ticks],
        "ticktext": [str(rank) for rank in ticks],
    }
    return style.axis("rank", range=[scale.depth + 0.5, 0.4], **labels)


def _line(
    trace: Recommendation, column: int, levels: list[int], ranks: np.ndarray, scale: RankScale
) -> dict:
    item = trace.items[column]
    leading, through = item.rank <= _EMPHASISED, _through(trace, item)
    return {
        "type": "scatter",
        "name": f"number {item.rank}",
        "x": levels,
        "y": style.plain([scale.height(rank) for rank in ranks]),
        "customdata": [
            [item.item_id, int(rank), style.safe(item.title, 60), through] for rank in ranks
        ],
        "mode": "lines+markers",
        "line": {
            "color": _colour(trace, item),
            "width": 4.5 if item.rank == 1 else 3 if leading else 1.8,
            "shape": "spline",
            "smoothing": 0.5,
        },
        "marker": {"size": 6 if leading else 4},
        "opacity": 1.0 if leading else 0.6,
        "hovertemplate": "%{customdata[2]}<br>rank %{customdata[1]} at t = %{x}%{customdata[3]}<extra></extra>",
    }


def _colour(trace: Recommendation, item: RankedItem) -> str:
    """Return the colour of the kind through which a clip ranks, as in the other charts; its
    topic's without kinds."""
    if item.kind == NO_KIND:
        return rank_colour(item.topic, item.rank)
    return kinds.colours_of(trace)[item.kind]


def _through(trace: Recommendation, item: RankedItem) -> str:
    """Return a line for the hover that says through which kind a clip ranks."""
    return "" if item.kind == NO_KIND else f"<br>through {kinds.name(trace.kinds, item.kind)}"


def _labels(items: tuple[RankedItem, ...], last_level: int) -> dict:
    """The clips' titles at the end of their lines."""
    return {
        "type": "scatter",
        "name": "titles",
        "x": [last_level] * len(items),
        "y": [item.rank for item in items],
        "mode": "text",
        "text": _label_texts(items, 28),
        "textposition": "middle right",
        "textfont": {"size": 11, "color": style.INK_SOFT},
        "customdata": [[item.item_id, style.safe(item.title)] for item in items],
        "cliponaxis": False,
        "hovertemplate": "%{customdata[1]}<extra></extra>",
    }


def _label_texts(items: tuple[RankedItem, ...], limit: int) -> list[str]:
    return [f"  <b>{item.rank}</b>  {style.safe(item.title, limit)}" for item in items]
