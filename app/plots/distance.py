"""How far both walks still are from their ends, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.plots import style
from mealrec.explain.trace import Recommendation

TITLE = "How far each walk still has to go"
UNITS = "distance to the walk’s end, in % of the distance at its first step"
EMPTY = "This variant walks neither frames nor preference: there is no way to measure."


@dataclass(frozen=True)
class Walk:
    """A walk's distance to its end at each of its diffusion steps; t = 0 is the end itself."""

    name: str
    steps: list[int]
    distances: list[float]
    colour: str


def figure(trace: Recommendation) -> dict:
    """Draw the distance left of TCD (mean over frames) and of NPD against the diffusion step."""
    walks = _walks(trace)
    if not walks:
        return style.note(TITLE, UNITS)
    # Both walks on one axis, from the longer one's first step on.
    return style.titled(
        TITLE,
        UNITS,
        height=230,
        data=[_line(walk) for walk in walks],
        margin={"l": 48, "r": 12, "t": 26, "b": 42},
        xaxis=style.step_axis(max(walk.steps[0] for walk in walks), 0),
        yaxis=style.axis("% of the way left", rangemode="tozero", nticks=5),
        showlegend=True,
        legend=style.legend(x=1, y=1.0, xanchor="right", yanchor="bottom"),
    )


def reading(trace: Recommendation) -> str:
    """Tell at which step each walk had half its way behind it."""
    walks = _walks(trace)
    if not walks:
        return EMPTY

    # The first step with half the distance or less.
    parts = []
    for walk in walks:
        reached = np.flatnonzero(np.asarray(walk.distances) <= walk.distances[0] / 2)
        half = int(reached[0])
        count = len(walk.steps) - 1
        when = style.step_phrase(half, count) if half < count else "the last prediction"
        parts.append(f"the {walk.name} by {when}")
    return f"Half the way is behind {' and '.join(parts)}."


def _walks(trace: Recommendation) -> list[Walk]:
    """Return every walk that this run took."""
    # Each ends at t = 0, where nothing is left. TCD walks every frame: the mean counts.
    walks = []
    if trace.tcd:
        steps = [step.diffusion_step for step in trace.tcd]
        distances = [float(step.distance.mean()) for step in trace.tcd]
        name = f"{style.part(trace.last)}s (TCD)"
        walks.append(Walk(name, [*steps, 0], [*distances, 0.0], style.WARM))
    if trace.npd:
        steps = [step.diffusion_step for step in trace.npd]
        distances = [float(step.distance) for step in trace.npd]
        walks.append(Walk("preference (NPD)", [*steps, 0], [*distances, 0.0], style.ACCENT))
    return walks


def _line(walk: Walk) -> dict:
    # A walk that begins at its end has no way to measure by.
    whole = walk.distances[0] or 1.0
    return style.scatter(
        walk.name,
        "lines+markers",
        hover=f"{walk.name}, t = %{{x}}<br>distance %{{customdata:.3f}} (%{{y:.0f}} %)",
        x=walk.steps,
        y=[100 * distance / whole for distance in walk.distances],
        customdata=walk.distances,
        line={"color": walk.colour, "width": 2.5},
        marker={"size": 5},
    )
