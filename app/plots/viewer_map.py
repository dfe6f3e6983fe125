"""One test viewer seen from above (the paper's Fig. 7): preference, true next clip and frames
among the catalogue."""

from __future__ import annotations

import numpy as np

from app.plots import kinds, map_parts, style
from mealrec.explain.trace import ViewerMap

TITLE = "Where the preference ends, and where the next clip lies"
UNITS = "above: the map of kinds, discs as large as what is wanted (the paper’s Fig. 7: t-SNE); below: measured distances"

_NAMED, _STRONG = 12, 3
"""How many of the kinds that the preference wants most have their names on the map, and how many
in bold."""
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
_TARGET = {"symbol": "diamond", "color": style.GOOD, "line": {"width": 1.5, "color": style.SURFACE}}


def figure(trace: ViewerMap) -> dict:
    """Draw the map above, and below it a ruler of the preference's cosine distances to clips and
    to frames."""
    layout = map_parts.axes(np.vstack([map_parts.everything(trace.map), _way(trace)]))
    layout["yaxis"]["domain"] = [0.27, 1]
    layout["xaxis"] |= {"anchor": "y", "title": {"text": ""}}
    layout["margin"] = {"l": 58, "r": 10, "t": 6, "b": 84}
    ruler = {
        "xaxis2": style.axis("cosine distance to the preference", anchor="y2", nticks=6),
        "yaxis2": style.axis(
            "",
            domain=[0, 0.22],
            tickvals=[0, 1],
            ticktext=[f"{_part(trace)}s", "clips"],
            range=[-0.55, 1.55],
            showgrid=False,
        ),
    }
    chart = style.titled(TITLE, UNITS, 620, **layout, **ruler, showlegend=True, legend=_LEGEND)
    colours = kinds.colours(trace.wanted)
    order = kinds.largest(trace.wanted, len(trace.wanted))
    labels, short = map_parts.names(trace.map, order[:_NAMED], order[:_STRONG])
    below = [_discs(trace, colours), _clips(trace, colours), labels | {"showlegend": False}]
    chart["data"] = [*below, *_map(trace), *_ruler(trace)]
    narrow = {
        "layout.height": 560,
        "layout.legend.y": -0.12,
        "layout.margin.b": 118,
        "data.2.text": short["text"],
    }
    chart["layout"]["meta"] = {"narrow": narrow}
    return chart


def reading(trace: ViewerMap) -> str:
    """Tell how near the true next clip is, against the others, and its frames against other
    frames."""
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


def _discs(trace: ViewerMap, colours: list[str]) -> dict:
    """What the preference ends at, under everything else: a disc a kind, its area the kind's
    share."""
    return {
        "type": "scatter",
        "name": "wanted",
        "mode": "markers",
        **style.points(map_parts.places(trace.map)),
        "marker": map_parts.halos(trace.wanted, float(trace.wanted.max()), colours),
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _clips(trace: ViewerMap, colours: list[str]) -> dict:
    rows = style.thinned(len(trace.map.item_ids)).tolist()
    return map_parts.items(trace.map, rows, colours, {"size": 5, "opacity": 0.45}) | {
        "showlegend": False
    }


def _way(trace: ViewerMap) -> np.ndarray:
    return np.vstack([trace.start, trace.path.reshape(-1, 2), trace.end])


def _map(trace: ViewerMap) -> list[dict]:
    place, points = trace.map.place, trace.map.points
    history, target = points[[place[item] for item in trace.history]], place[trace.target]
    names = [
        f"clip {number} of the history<br>{_titled(trace, place[item])}"
        for number, item in enumerate(trace.history, 1)
    ]
    way = _way(trace)
    return [
        _marks(
            "history", history, {"size": 17, "color": style.WARM, "opacity": 0.95}, "%{hovertext}"
        )
        | {
            "mode": "markers+text",
            "text": [str(number) for number in range(1, len(history) + 1)],
            "textfont": {"size": 10, "color": style.SURFACE},
            "hovertext": names,
            "customdata": [[item] for item in trace.history],
        },
        _marks(
            "watched next",
            points[[target]],
            {**_TARGET, "size": 17},
            "the clip watched next<br>%{text}",
        )
        | {"text": [_titled(trace, target)], "customdata": [[trace.target]]},
        _line(way),
        _marks(
            "preference: start",
            way[:1],
            _ring(style.ACCENT, 11),
            "where the preference starts (x₀)",
        ),
        _marks(
            "preference: end",
            way[-1:],
            {
                "size": 17,
                "symbol": "star",
                "color": style.ACCENT,
                "line": {"width": 1.5, "color": style.SURFACE},
            },
            "where the preference ends: the middle of all that it wants",
        ),
    ]


def _ruler(trace: ViewerMap) -> list[dict]:
    place = trace.map.place
    watched = trace.distances[[place[item] for item in trace.history]]
    faint = {"size": 4, "color": style.INK_FAINT, "opacity": 0.3}
    lanes = [
        _on_ruler(
            "other clips, distance", trace.other_distances, 1, faint, "another clip", spread=0.36
        ),
        _on_ruler(
            "other frames, distance",
            trace.other,
            0,
            faint,
            f"a {_part(trace)} of another clip",
            spread=0.36,
        ),
        _on_ruler(
            "history, distance",
            watched,
            1,
            {"size": 9, "color": style.WARM},
            "a clip of the history",
        ),
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


def _on_ruler(
    name: str, distances: np.ndarray, lane: int, marker: dict, what: str, spread: float = 0.0
) -> dict:
    """Return distances as marks on a lane; `spread` sets many of them apart by a fixed pattern,
    up and down."""
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


def _titled(trace: ViewerMap, row: int) -> str:
    kind = kinds.name(trace.map.kinds, int(trace.map.shares[row].argmax()), 30)
    return f"{style.safe(trace.map.titles[row], 60)}<br><i>{kind}</i>"
