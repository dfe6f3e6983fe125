"""One test viewer seen from above (the paper's Fig. 7): preference, true next clip and frames among the catalogue."""

from __future__ import annotations

import numpy as np

from app.plots import style
from mealrec.recommender.trace import ViewerMap

TITLE = "Where the preference ends, and where the next clip lies"
UNITS = (
    "map: the catalogue’s two main directions, the same for every viewer (the paper’s Fig. 7 uses t-SNE); "
    "below: measured distances"
)

_LEGEND = {
    "orientation": "h",
    "x": 0,
    "y": -0.13,
    "yanchor": "top",
    "font": {"size": 11},
    "itemsizing": "constant",
    "itemclick": False,
    "itemdoubleclick": False,
}
_TARGET = {"symbol": "diamond", "color": style.GOOD, "line": {"width": 1.5, "color": style.SURFACE}}


def figure(trace: ViewerMap) -> dict:
    """Draw the map above, and below it a ruler of the preference's cosine distances to clips and to frames."""
    layout = style.plane_axes(trace.plane)
    layout["yaxis"]["domain"] = [0.29, 1]
    layout["xaxis"]["anchor"] = "y"
    layout["margin"] = {"l": 46, "r": 10, "t": 6, "b": 96}
    ruler = {
        "xaxis2": style.axis("cosine distance to the preference", anchor="y2", nticks=6),
        "yaxis2": style.axis(
            "",
            domain=[0, 0.2],
            tickvals=[0, 1],
            ticktext=[f"{_part(trace)}s", "clips"],
            range=[-0.55, 1.55],
            showgrid=False,
        ),
    }
    meta = {"narrow": {"layout.height": 520, "layout.legend.y": -0.15, "layout.margin.b": 132}}
    chart = style.titled(TITLE, UNITS, 560, **layout, **ruler, meta=meta, showlegend=True, legend=_LEGEND)
    chart["data"] = [*_map(trace), *_ruler(trace)]
    return chart


def reading(trace: ViewerMap) -> str:
    """Tell how near the true next clip is, against the others, and its frames against other frames."""
    others = trace.other_distances
    clips = f"The preference ends {trace.target_distance:.2f} from the clip watched next"
    if len(others):
        clips += (
            f", in cosine distance; the other clips are {others.mean():.2f} away on average, "
            f"and {np.mean(others > trace.target_distance):.0%} of them lie farther"
        )
    if not len(trace.liked) or not len(trace.other):
        return f"{clips}."
    frames = f"Its {_part(trace)}s are {trace.liked.mean():.2f} away, those of other clips {trace.other.mean():.2f}."
    return f"{clips}. {frames}"


def _map(trace: ViewerMap) -> list[dict]:
    plane = trace.plane
    drawn = style.thinned(len(plane.points))
    history = plane.points[[plane.place[item] for item in trace.history]]
    names = [f"clip {number} of the history, oldest first" for number in range(1, len(trace.history) + 1)]
    target = plane.points[[plane.place[trace.target]]]
    way = np.vstack([trace.start, trace.path, trace.end])
    return [
        _marks("other clips", plane.points[drawn], {"size": 4, "color": style.INK_FAINT, "opacity": 0.35}, "%{text}")
        | {"text": [_named(plane.item_ids[index], plane.topics[index]) for index in drawn]},
        _marks("history", history, {"size": 17, "color": style.WARM, "opacity": 0.95}, "%{hovertext}")
        | {
            "mode": "markers+text",
            "text": [str(number) for number in range(1, len(history) + 1)],
            "textfont": {"size": 10, "color": style.SURFACE},
            "hovertext": names,
        },
        _frame_marks("last clip", _part(trace), trace.last_frames, style.WARM),
        _frame_marks("next clip", _part(trace), trace.target_frames, style.GOOD),
        _marks("watched next", target, {**_TARGET, "size": 17}, "the clip watched next<br>%{text}")
        | {"text": [_named(trace.target, plane.topics[plane.place[trace.target]])]},
        _line(way),
        _marks("preference: start", way[:1], _ring(style.ACCENT, 11), "where the preference starts (x₀)"),
        _marks(
            "preference: end",
            way[-1:],
            {"size": 17, "symbol": "star", "color": style.ACCENT, "line": {"width": 1.5, "color": style.SURFACE}},
            "where the preference ends",
        ),
    ]


def _ruler(trace: ViewerMap) -> list[dict]:
    place = trace.plane.place
    watched = trace.distances[[place[item] for item in trace.history]]
    faint = {"size": 4, "color": style.INK_FAINT, "opacity": 0.3}
    lanes = [
        _on_ruler("other clips, distance", trace.other_distances, 1, faint, "another clip", spread=0.36),
        _on_ruler("other frames, distance", trace.other, 0, faint, f"a {_part(trace)} of another clip", spread=0.36),
        _on_ruler("history, distance", watched, 1, {"size": 9, "color": style.WARM}, "a clip of the history"),
        _on_ruler(
            "liked frames, distance",
            trace.liked,
            0,
            _ring(style.GOOD, 10),
            f"a {_part(trace)} of the clip watched next",
        ),
        _on_ruler(
            "watched next, distance",
            np.array([trace.target_distance]),
            1,
            {**_TARGET, "size": 14},
            "the clip watched next",
        ),
    ]
    means = [("clips", trace.other_distances, 1), (f"{_part(trace)}s", trace.other, 0)]
    return [*lanes, *(_mean(*mean) for mean in means if len(mean[1]))]


def _part(trace: ViewerMap) -> str:
    return "segment" if trace.has_segments else "frame"


def _marks(name: str, places: np.ndarray, marker: dict, hover: str) -> dict:
    return {
        "type": "scatter",
        "name": name,
        "mode": "markers",
        **style.points(places.reshape(-1, 2)),
        "marker": marker,
        "hovertemplate": f"{hover}<extra></extra>",
    }


def _frame_marks(clip: str, part: str, places: np.ndarray, colour: str) -> dict:
    name, numbers = f"{part}s of the {clip}", [f"{part} {number}" for number in range(1, len(places) + 1)]
    return _marks(name, places, _ring(colour, 9), f"{name}: %{{text}}") | {"text": numbers}


def _ring(colour: str, size: int) -> dict:
    return {"size": size, "symbol": "circle-open", "color": colour, "line": {"width": 2}}


def _line(way: np.ndarray) -> dict:
    return {
        "type": "scatter",
        "name": "its walk",
        "mode": "lines",
        **style.points(way),
        "line": {"color": style.ACCENT, "width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _on_ruler(name: str, distances: np.ndarray, lane: int, marker: dict, what: str, spread: float = 0.0) -> dict:
    """Return distances as marks on a lane; `spread` sets many of them apart by a fixed pattern, up and down."""
    shown = distances[style.thinned(len(distances))] if len(distances) else distances
    heights = lane + spread * (2 * (np.arange(len(shown)) * 0.618034 % 1) - 1)
    return {
        "type": "scatter",
        "name": name,
        "mode": "markers",
        "x": style.plain(shown),
        "y": style.plain(heights),
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": marker,
        "hovertemplate": f"{what}: %{{x:.2f}}<extra></extra>",
        "showlegend": False,
    }


def _mean(kind: str, distances: np.ndarray, lane: int) -> dict:
    mean = float(np.mean(distances))
    return {
        "type": "scatter",
        "name": f"mean of other {kind}",
        "mode": "lines",
        "x": style.plain(np.array([mean, mean])),
        "y": [lane - 0.45, lane + 0.45],
        "xaxis": "x2",
        "yaxis": "y2",
        "line": {"color": style.INK_SOFT, "width": 2},
        "hovertemplate": f"mean of the other {kind}: %{{x:.2f}}<extra></extra>",
        "showlegend": False,
    }


def _named(item_id: str, topic: str) -> str:
    return f"clip {style.safe(item_id)}" + (f"<br>{style.safe(topic)}" if topic else "")
