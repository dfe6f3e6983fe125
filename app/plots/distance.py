"""How far both walks still are from their ends, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.plots import style
from mealrec.explain.trace import NPDStep, Recommendation, TCDStep

TITLE = "How far each walk still has to go"
UNITS = "distance to the walk’s end, in % of the distance at its first step"
EMPTY = "This variant walks neither frames nor preference: there is no way to measure."

_LEGEND = {
    "orientation": "h",
    "x": 1,
    "y": 1.0,
    "xanchor": "right",
    "yanchor": "bottom",
    "font": {"size": 11},
    "itemclick": False,
    "itemdoubleclick": False,
}


def figure(trace: Recommendation) -> dict:
    """Draw the remaining distance of TCD (mean over frames) and of NPD against the diffusion
    step."""
    walks = _walks(trace)
    if not walks:
        return style.note(TITLE, UNITS)
    chart = style.titled(
        TITLE,
        UNITS,
        height=230,
        margin={"l": 48, "r": 12, "t": 26, "b": 42},
        xaxis=style.step_axis(max(levels[0] for levels, _, _ in walks.values()), 0),
        yaxis=style.axis("% of the way left", rangemode="tozero", nticks=5),
        showlegend=True,
        legend=_LEGEND,
    )
    chart["data"] = [_line(name, *walk) for name, walk in walks.items()]
    return chart


def reading(trace: Recommendation) -> str:
    """Tell at which step each walk had half its way behind it."""
    walks = _walks(trace)
    if not walks:
        return EMPTY
    parts = []
    for name, (levels, distances, _) in walks.items():
        reached = np.flatnonzero(np.asarray(distances) <= distances[0] / 2)
        when = (
            style.step_phrase(int(reached[0]), len(levels) - 1)
            if reached[0] < len(levels) - 1
            else "the last prediction"
        )
        parts.append(f"the {name} by {when}")
    return f"Half the way is behind {' and '.join(parts)}."


def _walks(trace: Recommendation) -> dict[str, tuple[list[int], list[float], str]]:
    """Name -> (diffusion steps, distances, colour) of every walk this run took; t = 0 is the
    walk's end itself."""
    walks = {}
    if trace.tcd:
        distances = [float(step.distance.mean()) for step in trace.tcd]
        walks[f"{style.part(trace.last)}s (TCD)"] = (
            _levels(trace.tcd),
            [*distances, 0.0],
            style.WARM,
        )
    if trace.npd:
        distances = [float(step.distance) for step in trace.npd]
        walks["preference (NPD)"] = (_levels(trace.npd), [*distances, 0.0], style.ACCENT)
    return walks


def _levels(steps: Sequence[TCDStep] | Sequence[NPDStep]) -> list[int]:
    return [*(step.diffusion_step for step in steps), 0]


def _line(name: str, levels: list[int], distances: list[float], colour: str) -> dict:
    whole = distances[0] or 1.0
    return {
        "type": "scatter",
        "name": name,
        "x": levels,
        "y": [100 * distance / whole for distance in distances],
        "customdata": distances,
        "mode": "lines+markers",
        "line": {"color": colour, "width": 2.5},
        "marker": {"size": 5},
        "hovertemplate": f"{name}, t = %{{x}}<br>distance %{{customdata:.3f}} (%{{y:.0f}} %)<extra></extra>",
    }
