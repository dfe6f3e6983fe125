"""One test viewer seen from above (the paper's Fig. 7): preference and next clip on the map."""

from __future__ import annotations

import numpy as np

from app.plots import kinds, map_parts, style
from mealrec.explain.trace import ViewerMap

TITLE = "Where the preference ends, and where the next clip lies"
UNITS = (
    "above: the map of kinds, discs as large as what is wanted (the paper’s Fig. 7: t-SNE); "
    "below: measured distances"
)

# Of the kinds wanted most, how many have their names on the map, and how many in bold.
_NAMED = 12
_STRONG = 3

_TARGET = {"symbol": "diamond", "color": style.GOOD, "line": style.RIM}

# The ruler has two lanes, and axes and no legend of its own.
_CLIPS_LANE = 1
_FRAMES_LANE = 0
_ON_RULER = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}


def figure(viewer: ViewerMap) -> dict:
    """Draw the map, and a ruler of the preference's cosine distances to clips and to frames."""
    # The map's own layout, over a ruler.
    layout = map_parts.axes(np.vstack([map_parts.everything(viewer.map), _way(viewer)]))
    layout["yaxis"]["domain"] = [0.27, 1]
    layout["xaxis"] |= {"anchor": "y", "title": {"text": ""}}
    layout["margin"] = {"l": 58, "r": 10, "t": 6, "b": 84}

    # From the ground up: what is wanted, the clips, the kinds' names, the viewer, the ruler.
    order = kinds.largest(viewer.wanted, len(viewer.wanted))
    names, short = map_parts.names(viewer.map, order[:_NAMED], order[:_STRONG])
    ground = [*_discs_and_clips(viewer), {**names, "showlegend": False}]
    narrow = {"layout.height": 560, "layout.legend.y": -0.12, "layout.margin.b": 118}
    narrow[f"data.{len(ground) - 1}.text"] = short
    return style.titled(
        TITLE,
        UNITS,
        height=620,
        data=[*ground, *_clips_of_viewer(viewer), *_walk(viewer), *_ruler(viewer)],
        **layout,
        xaxis2=style.axis("cosine distance to the preference", anchor="y2", nticks=6),
        yaxis2=style.names_axis(
            [_FRAMES_LANE, _CLIPS_LANE],
            [f"{_part(viewer)}s", "clips"],
            domain=[0, 0.22],
            range=[-0.55, 1.55],
        ),
        showlegend=True,
        legend=style.legend(x=0, y=-0.1, yanchor="top", itemsizing="constant"),
        meta={"narrow": narrow},
    )


def reading(viewer: ViewerMap) -> str:
    """Tell how near the next clip is, against others, and its frames against other frames."""
    # The next clip, against all others.
    others = viewer.other_distances
    said = f"The preference ends {viewer.target_distance:.2f} from the clip watched next"
    if len(others):
        farther = np.mean(others > viewer.target_distance)
        said += (
            f", in cosine distance; the other clips are {others.mean():.2f} away on average, "
            f"and {farther:.0%} of them lie farther"
        )

    # Its frames, against those of others.
    if not len(viewer.liked) or not len(viewer.other):
        return f"{said}."
    return (
        f"{said}. Its {_part(viewer)}s are {viewer.liked.mean():.2f} away, "
        f"those of other clips {viewer.other.mean():.2f}."
    )


def _part(viewer: ViewerMap) -> str:
    return "segment" if viewer.has_segments else "frame"


def _discs_and_clips(viewer: ViewerMap) -> list[dict]:
    # What is wanted most fills its disc.
    colours = kinds.colours(viewer.wanted)
    marker = map_parts.disc_marker(viewer.wanted, float(viewer.wanted.max()), colours)
    discs = map_parts.discs(viewer.map, marker=marker, showlegend=False)

    # The clips are the ground here: small and faint.
    rows = map_parts.thinned(len(viewer.map.item_ids)).tolist()
    clips = map_parts.items(viewer.map, rows, colours, size=5, opacity=0.45)
    return [discs, {**clips, "showlegend": False}]


def _clips_of_viewer(viewer: ViewerMap) -> list[dict]:
    """Return the history's clips with their numbers, and the clip watched next."""
    place = viewer.map.place

    # The history, numbered from the oldest on.
    numbers = range(1, len(viewer.history) + 1)
    told = []
    for number, item_id in zip(numbers, viewer.history, strict=True):
        told.append(f"clip {number} of the history<br>{_titled(viewer, item_id)}")
    history = style.scatter(
        "history",
        "markers+text",
        hover="%{hovertext}",
        **style.points(viewer.map.points[[place[item_id] for item_id in viewer.history]]),
        marker={"size": 17, "color": style.WARM, "opacity": 0.95},
        text=[str(number) for number in numbers],
        textfont=style.font(10, style.SURFACE),
        hovertext=told,
        customdata=[[item_id] for item_id in viewer.history],
    )

    # The clip watched next is a diamond, here and on the ruler.
    watched_next = style.scatter(
        "watched next",
        "markers",
        hover="the clip watched next<br>%{text}",
        **style.points(viewer.map.points[[place[viewer.target]]]),
        marker={**_TARGET, "size": 17},
        text=[_titled(viewer, viewer.target)],
        customdata=[[viewer.target]],
    )
    return [history, watched_next]


def _titled(viewer: ViewerMap, item_id: str) -> str:
    """Return an item's title and its largest kind."""
    row = viewer.map.place[item_id]
    kind = kinds.name(viewer.map.kinds, int(viewer.map.shares[row].argmax()), 30)
    return f"{style.safe(viewer.map.titles[row], 60)}<br><i>{kind}</i>"


def _way(viewer: ViewerMap) -> np.ndarray:
    """Return the preference's places, from its start to its end [T + 2, 2]."""
    return np.vstack([viewer.start, viewer.path, viewer.end])


def _walk(viewer: ViewerMap) -> list[dict]:
    """Return the preference's way as a line, and marks where it starts and ends."""
    # A ring where it starts, a star where it ends.
    way = _way(viewer)
    line = {"color": style.ACCENT, "width": 2}
    star = {"size": 17, "symbol": "star", "color": style.ACCENT, "line": style.RIM}
    return [
        style.scatter("its walk", "lines", **style.points(way), line=line, showlegend=False),
        style.scatter(
            "preference: start",
            "markers",
            hover="where the preference starts (x₀)",
            **style.points(way[:1]),
            marker=_ring(style.ACCENT, 11),
        ),
        style.scatter(
            "preference: end",
            "markers",
            hover="where the preference ends: the middle of all that it wants",
            **style.points(way[-1:]),
            marker=star,
        ),
    ]


def _ring(colour: str, size: int) -> dict:
    return {"size": size, "symbol": "circle-open", "color": colour, "line": {"width": 2}}


def _ruler(viewer: ViewerMap) -> list[dict]:
    """Return all distances on two lanes: many faint ones, then those of this viewer, then means."""
    part = _part(viewer)
    clips = _CLIPS_LANE
    frames = _FRAMES_LANE

    # Of the history, of the next clip, and of all other clips.
    watched = viewer.distances[[viewer.map.place[item_id] for item_id in viewer.history]]
    target = np.array([viewer.target_distance])
    others = viewer.other_distances

    # How each sort of distance looks, and what a mark of it is.
    faint = {"size": 4, "color": style.INK_FAINT, "opacity": 0.3}
    warm = {"size": 9, "color": style.WARM}
    ring = _ring(style.GOOD, 10)
    diamond = {**_TARGET, "size": 14}

    # The many first, so that those of this viewer lie on top of them.
    lanes = [
        _marks("other clips", "another clip", others, clips, faint, 0.36),
        _marks("other frames", f"a {part} of another clip", viewer.other, frames, faint, 0.36),
        _marks("history", "a clip of the history", watched, clips, warm),
        _marks("liked frames", f"a {part} of the clip watched next", viewer.liked, frames, ring),
        _marks("watched next", "the clip watched next", target, clips, diamond),
    ]
    if len(others):
        lanes.append(_mean("clips", others, clips))
    if len(viewer.other):
        lanes.append(_mean(f"{part}s", viewer.other, frames))
    return lanes


def _marks(
    name: str, what: str, distances: np.ndarray, lane: int, marker: dict, spread: float = 0.0
) -> dict:
    """Return distances as marks on a lane.

    `spread` sets many of them apart by a fixed pattern, up and down.
    """
    # Multiples of the golden ratio, cut to their fractions, never fall into rows.
    shown = distances[map_parts.thinned(len(distances))]
    heights = lane + spread * (2 * (np.arange(len(shown)) * 0.618034 % 1) - 1)
    return style.scatter(
        f"{name}, distance",
        "markers",
        hover=f"{what}: %{{x:.2f}}",
        x=style.plain(shown),
        y=style.plain(heights),
        marker=marker,
        **_ON_RULER,
    )


def _mean(what: str, distances: np.ndarray, lane: int) -> dict:
    """Return the mean distance as an upright line across a lane."""
    mean = float(np.mean(distances))
    return style.scatter(
        f"mean of other {what}",
        "lines",
        hover=f"mean of the other {what}: %{{x:.2f}}",
        x=style.plain([mean, mean]),
        y=[lane - 0.45, lane + 0.45],
        line={"color": style.INK_SOFT, "width": 2},
        **_ON_RULER,
    )
