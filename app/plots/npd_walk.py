"""NPD seen from above: the preference's way from noise to its clean place among the catalogue's clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.palette import rank_colour, topic_colour
from app.plots import style
from mealrec.recommender.trace import NPDStep, Plane, Recommendation

TITLE = "Your preference finds its place (NPD)"
UNITS = "map of the catalogue’s clips, coloured by topic; nearer means more alike (no unit)"
UNITS_WITHOUT_TOPICS = "map of the catalogue’s clips; nearer means more alike (no unit)"
EMPTY = "This variant runs without NPD: the ranking comes from the plain preference, in one step."

_MOST_TOPICS = 8
_LEGEND = {
    "orientation": "h",
    "x": 0,
    "y": -0.1,
    "yanchor": "top",
    "font": {"size": 11},
    "itemsizing": "constant",
    "itemclick": False,
    "itemdoubleclick": False,
}
_RINGS = {
    "type": "scatter",
    "name": "top at this step",
    "mode": "markers",
    "marker": {"size": 21, "symbol": "circle-open", "color": style.INK, "line": {"width": 1.6}},
    "hoverinfo": "skip",
}
_TRAIL = {
    "type": "scatter",
    "name": "way so far",
    "mode": "lines",
    "line": {"color": style.ACCENT, "width": 2},
    "opacity": 0.75,
    "hoverinfo": "skip",
    "showlegend": False,
}
_HEAD = {
    "type": "scatter",
    "name": "your preference",
    "mode": "markers",
    "marker": {"size": 17, "symbol": "star", "color": style.ACCENT, "line": {"width": 1.5, "color": style.SURFACE}},
    "hovertemplate": "your preference<br>%{text}<extra></extra>",
}


def figure(trace: Recommendation) -> dict:
    """Draw the path x_T … x_1 and its end x̂_0 (Eq. 13); each animation frame rings that step's own top-k."""
    if not trace.npd:
        return style.note(TITLE, UNITS)
    steps = _with_end(trace.npd)
    still = [*_map(trace.item_plane), _final(trace)]
    looks = (_RINGS, _TRAIL, _HEAD)
    moving = [{**look, **place} for look, place in zip(looks, _places(trace, steps, len(steps) - 1), strict=True)]
    meta = {"captions": _captions(trace), "narrow": {"layout.height": 430}}
    layout = style.plane_axes(trace.item_plane) | {"margin": {"l": 6, "r": 6, "t": 6, "b": 74}}
    units = UNITS if any(trace.item_plane.topics) else UNITS_WITHOUT_TOPICS
    chart = style.titled(TITLE, units, 440, **layout, meta=meta, showlegend=True, legend=_LEGEND)
    chart["data"] = [*still, *moving]
    chart["frames"] = style.animation(steps, lambda index: _places(trace, steps, index), first_trace=len(still))
    return chart


def reading(trace: Recommendation) -> str:
    """Tell how many of the final top-k were there at the start, and from which step on all were."""
    if not trace.npd:
        return EMPTY
    shared = _shared(trace)
    count, steps = len(trace.items), len(trace.npd)
    if count == 1:
        return _reading_of_one(shared, steps)
    start = (
        f"At the first, noisiest step {_share(shared[0], count)} of the final {count} clips stood in the top {count}"
    )
    settled = _settled(shared, count)
    if settled == 0:
        return f"{start}, and no later step changed that set."
    if settled == steps - 1:
        return f"{start}; the last step brought the set as it is now."
    return f"{start}; from {style.step_phrase(settled, steps)} on it was the same set as now."


def _reading_of_one(shared: list[int], steps: int) -> str:
    settled = _settled(shared, 1)
    if settled == 0:
        return "Your top clip stood first from the first, noisiest step on."
    return f"Your top clip came first at {style.step_phrase(settled, steps)} and stayed there."


def _share(number: int, count: int) -> str:
    return "none" if number == 0 else "all" if number == count else str(number)


def _shared(trace: Recommendation) -> list[int]:
    """How many of the final items stand in each step's own top-k."""
    final = {item.item_id for item in trace.items}
    return [len(final.intersection(step.top_item_ids)) for step in trace.npd]


def _settled(shared: list[int], count: int) -> int:
    """The first step from which on every step's top-k holds the final items."""
    unsettled = [index for index, number in enumerate(shared) if number < count]
    return min(unsettled[-1] + 1, len(shared) - 1) if unsettled else 0


def _with_end(steps: tuple[NPDStep, ...]) -> tuple[NPDStep, ...]:
    """The walk with its end x̂_0, the last prediction, as one more place at t = 0 (Eq. 13)."""
    last = steps[-1]
    end = {"preference": last.clean, "plane": last.plane_clean, "cosine": 1.0, "distance": 0.0}
    return (*steps, replace(last, diffusion_step=0, **end))


def _captions(trace: Recommendation) -> list[str]:
    count = len(trace.items)
    lines = [
        f"{style.step_phrase(index, len(trace.npd))} · t = {step.diffusion_step} · cosine to the end {step.cosine:.2f} "
        f"· {number} of the final {count} in the top {count}"
        for index, (step, number) in enumerate(zip(trace.npd, _shared(trace), strict=True))
    ]
    return [*lines, "the end · this preference ranks the clips you see"]


def _map(plane: Plane) -> list[dict]:
    drawn = style.thinned(len(plane.points))
    counts = Counter(plane.topics[index] for index in drawn if plane.topics[index])
    named = {topic for topic, _ in counts.most_common(_MOST_TOPICS)}
    members: dict[str, list[int]] = {}
    for index in drawn:
        topic = plane.topics[index]
        members.setdefault(topic if topic in named else "", []).append(int(index))
    rest = "other" if named else "the catalogue"
    return [_topic(plane, topic, indices, rest) for topic, indices in sorted(members.items())]


def _topic(plane: Plane, topic: str, indices: list[int], rest: str) -> dict:
    return {
        "type": "scatter",
        "name": style.safe(topic, 20) or rest,
        **style.points(plane.points[indices]),
        "mode": "markers",
        "customdata": [[plane.item_ids[index], style.safe(plane.topics[index])] for index in indices],
        "marker": {"size": 6, "color": topic_colour(topic), "opacity": 0.5},
        "hovertemplate": "clip %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    }


def _final(trace: Recommendation) -> dict:
    """The recommended clips, as discs with their rank."""
    known = [item for item in trace.items if item.item_id in trace.item_plane.place]
    return {
        "type": "scatter",
        "name": "final top clips",
        **_spots(trace.item_plane, [item.item_id for item in known]),
        "mode": "markers+text",
        "text": [str(item.rank) for item in known],
        "textfont": {"size": 9, "color": "#ffffff"},
        "customdata": [
            [item.item_id, style.safe(item.title, 60), round(item.score, 4), style.safe(item.topic)] for item in known
        ],
        "marker": {
            "size": 15,
            "color": [rank_colour(item.topic, item.rank) for item in known],
            "line": {"width": 1, "color": style.SURFACE},
        },
        "hovertemplate": "<b>%{text}</b> %{customdata[1]}<br>%{customdata[3]} · score %{customdata[2]}<extra></extra>",
        "showlegend": False,
    }


def _spots(plane: Plane, item_ids: Sequence[str]) -> dict:
    """Where clips stand on the map; one that is not on it, such as an upload, is left out."""
    return style.points(plane.points[[plane.place[item_id] for item_id in item_ids if item_id in plane.place]])


def _rings(plane: Plane, item_ids: tuple[str, ...]) -> dict:
    """Rings that carry their clips' ids, so that a ring appears on its clip and never travels between two."""
    return {**_spots(plane, item_ids), "ids": [item_id for item_id in item_ids if item_id in plane.place]}


def _places(trace: Recommendation, steps: Sequence[NPDStep], index: int) -> list[dict]:
    """What changes with the step: rings on its top-k, the way so far, the preference itself."""
    step = steps[index]
    way = np.stack([each.plane for each in steps])
    facts = f"t = {step.diffusion_step}<br>cosine to the end {step.cosine:.3f}<br>distance {step.distance:.3f}"
    return [
        _rings(trace.item_plane, step.top_item_ids),
        style.way_so_far(way, index),
        {**style.points(way[[index]]), "text": [facts]},
    ]
