"""TCD seen from above: the frames' way from noise to their clean place among the catalogue's frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.plots import style
from mealrec.recommender.trace import Recommendation, TCDStep

TITLE = "The frames find their place (TCD)"
UNITS = "map of the catalogue’s frames; nearer means more alike (no unit)"
SEGMENTS_TITLE = "The title’s segments find their place (TCD)"
SEGMENTS_UNITS = "map of all titles’ segments; nearer means more alike (no unit)"
EMPTY = "This variant runs without TCD: the frames are used as they are, and nothing walks."


def figure(trace: Recommendation) -> dict:
    """Draw each frame's path z_T … z_1, ẑ_0 and its predicted clean place, one animation frame a step (Eq. 8-10)."""
    if not trace.tcd:
        return style.note(TITLE, UNITS)
    steps = _with_end(trace.tcd)
    still = [_map(trace)]
    moving = [
        {**look, **place} for look, place in zip(_looks(trace), _places(trace, steps, len(steps) - 1), strict=True)
    ]
    meta = {"captions": _captions(steps, style.part(trace.frame_relevance)), "narrow": {"layout.height": 340}}
    title, units = (SEGMENTS_TITLE, SEGMENTS_UNITS) if trace.frame_relevance.segments else (TITLE, UNITS)
    chart = style.titled(title, units, 420, **style.plane_axes(trace.frame_plane), meta=meta)
    chart["data"] = [*still, *moving]
    chart["frames"] = style.animation(steps, lambda index: _places(trace, steps, index), first_trace=len(still))
    return chart


def reading(trace: Recommendation) -> str:
    """Tell when half the way was done and which frame had the farthest to go."""
    if not trace.tcd:
        return EMPTY
    part = style.part(trace.frame_relevance)
    distances = np.stack([step.distance for step in trace.tcd])
    mean = distances.mean(axis=1)
    reached = np.flatnonzero(mean <= mean[0] / 2)
    half = style.step_phrase(int(reached[0]) if reached.size else len(mean) - 1, len(mean))
    if distances.shape[1] == 1:
        return f"The {part} walks to its clean place: half the way is done by {half}."
    farthest = f"{part} {int(np.argmax(distances[0])) + 1} had the farthest to go"
    return f"The {part}s walk to their clean places: half the way is done by {half}; {farthest}."


def _with_end(steps: tuple[TCDStep, ...]) -> tuple[TCDStep, ...]:
    """The walk with its end ẑ_0, the last prediction, as one more place at t = 0 (Eq. 10)."""
    last = steps[-1]
    end = {"latents": last.clean, "plane_latents": last.plane_clean, "distance": np.zeros_like(last.distance)}
    return (*steps, replace(last, diffusion_step=0, **end))


def _captions(steps: tuple[TCDStep, ...], part: str) -> list[str]:
    """A line for each step of a walk with its end."""
    *walked, _ = steps
    lines = [
        f"{style.step_phrase(index, len(walked))} · t = {step.diffusion_step} · mean distance to the end "
        f"{step.distance.mean():.2f}"
        for index, step in enumerate(walked)
    ]
    return [*lines, f"the end · every {part} has reached its predicted clean place"]


def _map(trace: Recommendation) -> dict:
    plane, part = trace.frame_plane, style.part(trace.frame_relevance)
    drawn = style.thinned(len(plane.points))
    return {
        "type": "scatter",
        "name": "catalogue",
        **style.points(plane.points[drawn]),
        "mode": "markers",
        "customdata": [[plane.item_ids[index], style.safe(plane.topics[index])] for index in drawn],
        "marker": {"size": 4, "color": style.INK_FAINT, "opacity": 0.28},
        "hovertemplate": f"a {part} of clip %{{customdata[0]}}<br>%{{customdata[1]}}<extra></extra>",
    }


def _looks(trace: Recommendation) -> list[dict]:
    """The moving traces without their places: a trail a frame, the predicted clean places, the frames themselves."""
    colours = style.frame_colours(len(trace.tcd[0].plane_latents))
    return [
        *(_trail_look(frame, colour) for frame, colour in enumerate(colours)),
        _clean_look(colours),
        _head_look(colours),
    ]


def _trail_look(frame: int, colour: str) -> dict:
    return {
        "type": "scatter",
        "name": f"way of number {frame + 1}",
        "mode": "lines",
        "line": {"color": colour, "width": 2},
        "opacity": 0.6,
        "hoverinfo": "skip",
    }


def _clean_look(colours: list[str]) -> dict:
    return {
        "type": "scatter",
        "name": "predicted clean",
        "mode": "markers",
        "text": [f"number {frame + 1}" for frame in range(len(colours))],
        "marker": {"size": 20, "symbol": "circle-open", "color": colours, "line": {"width": 2}},
        "hovertemplate": "where %{text} is predicted to end<extra></extra>",
    }


def _head_look(colours: list[str]) -> dict:
    return {
        "type": "scatter",
        "name": "frames",
        "mode": "markers+text",
        "text": [str(frame + 1) for frame in range(len(colours))],
        "textfont": {"size": 10, "color": "#ffffff"},
        "marker": {"size": 16, "color": colours, "line": {"width": 1.5, "color": style.SURFACE}},
        "hovertemplate": "%{customdata[1]}<br>%{customdata[2]} from its end<extra></extra>",
    }


def _places(trace: Recommendation, steps: Sequence[TCDStep], index: int) -> list[dict]:
    """Where the moving traces stand at one step, in the order of `_looks`."""
    step = steps[index]
    ways = np.stack([each.plane_latents for each in steps], axis=1)
    relevance = trace.frame_relevance
    facts = zip(style.part_names(relevance), step.distance, strict=True)
    heads = {"customdata": [[relevance.item_id, name, f"{distance:.2f}"] for name, distance in facts]}
    trails = [style.way_so_far(way, index) for way in ways]
    return [*trails, style.points(step.plane_clean), {**style.points(step.plane_latents), **heads}]
