"""What the maps of the catalogue share: items around their kinds' places, kinds' names, and
halos of what is wanted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Kind, KindMap

_LETTER, _LINE = 7.6, 16.0
"""About how wide a letter of a label is, and how tall a label, in pixels."""
WIDE_PX, NARROW_PX = (640.0, 480.0), (330.0, 360.0)
"""How large a map is at least, for the choice of which names have room."""
_EDGE = 0.14
_HALO_PX = 74
_LEAST_HALO_PX = 2.0


def axes(places: np.ndarray) -> dict:
    """Return both axes of a map: equal scales, no ticks, since only nearness means something."""
    shared = {"showticklabels": False, "showgrid": False, "ticks": ""}
    low, high = places.min(axis=0), places.max(axis=0)
    pad = 0.08 * np.maximum(high - low, 1e-3)
    x, y = ([float(low[side] - pad[side]), float(high[side] + pad[side])] for side in (0, 1))
    return {
        "xaxis": style.axis(
            "map of kinds of moments; nearer means more alike (no unit)", range=x, **shared
        ),
        "yaxis": style.axis("", range=y, **shared),
        "plot_bgcolor": "rgba(128,128,140,0.05)",
        "margin": {"l": 6, "r": 6, "t": 6, "b": 30},
    }


def everything(placed: KindMap) -> np.ndarray:
    """Return all places of a map, items' and kinds' [N + J, 2]."""
    return np.vstack([placed.points.reshape(-1, 2), places(placed)])


def places(placed: KindMap) -> np.ndarray:
    """Return the kinds' places [J, 2]."""
    return np.array([kind.place for kind in placed.kinds], dtype=float).reshape(-1, 2)


def items(placed: KindMap, rows: Sequence[int], colours: Sequence[str], look: Mapping) -> dict:
    """Return items as dots in the colour of their largest kind; a click on one gives its id."""
    own = placed.shares.argmax(axis=1)
    return {
        "type": "scatter",
        "name": "clips",
        "mode": "markers",
        **style.points(placed.points[list(rows)].reshape(-1, 2)),
        "customdata": [
            [
                placed.item_ids[row],
                style.safe(placed.titles[row], 60),
                kinds.name(placed.kinds, own[row], 30),
            ]
            for row in rows
        ],
        "marker": {
            "size": 6,
            "line": {"width": 0},
            **look,
            "color": [colours[own[row]] for row in rows],
        },
        "hovertemplate": "%{customdata[1]}<br><i>%{customdata[2]}</i><extra></extra>",
    }


def halos(wanted: np.ndarray, largest: float, colours: Sequence[str]) -> dict:
    """Return the marker of a disc a kind, as large as its share of what is wanted next to the
    `largest` one."""
    return {
        "size": style.plain(sizes(wanted, largest)),
        "color": list(colours),
        "opacity": 0.32,
        "line": {"width": 0},
    }


def sizes(wanted: np.ndarray, largest: float) -> np.ndarray:
    """Return discs' diameters in pixels: areas stand to each other as shares do, the largest
    share fills its disc."""
    return np.maximum(
        _HALO_PX * np.sqrt(np.clip(wanted, 0, None) / max(largest, 1e-9)), _LEAST_HALO_PX
    )


def labels(
    placed: KindMap, order: Sequence[int], width: float, height: float, limit: int
) -> list[str]:
    """Return a text a kind: its name where the label stands clear of those before it in `order`,
    else nothing."""
    spots, sides = _within(placed), _sides(placed)
    texts, taken = [""] * len(placed.kinds), []
    for kind in order:
        text = kinds.name(placed.kinds, kind, limit)
        (x, y), room = spots[kind] * (width, height), _LETTER * len(text)
        left = x - room * {"right": 0.0, "center": 0.5, "left": 1.0}[sides[kind]]
        box = (left, left + room, y, y + _LINE)
        if all(
            box[1] < other[0] or other[1] < box[0] or box[3] < other[2] or other[3] < box[2]
            for other in taken
        ):
            taken.append(box)
            texts[kind] = text
    return texts


def _within(placed: KindMap) -> np.ndarray:
    """Return where the kinds lie in the drawn part of the map [J, 2], both sides in [0, 1]."""
    everywhere = everything(placed)
    return (places(placed) - everywhere.min(axis=0)) / np.maximum(np.ptp(everywhere, axis=0), 1e-3)


def _sides(placed: KindMap) -> list[str]:
    """Return to which side of its place each name runs: inwards near the map's edges, so that
    none is cut off."""
    across = _within(placed)[:, 0]
    return ["right" if x < _EDGE else "left" if x > 1 - _EDGE else "center" for x in across]


def names(placed: KindMap, order: Sequence[int], marked: Collection[int] = ()) -> tuple[dict, dict]:
    """Return the kinds' names as a trace, and the shorter ones of a narrow page; `marked` ones
    stand out.

    Names are written where there is room for them, in `order`; every kind tells its name to the
    pointer.
    """
    texts, short = (
        labels(placed, order, *WIDE_PX, limit=22),
        labels(placed, order, *NARROW_PX, limit=14),
    )
    drawn = {
        "type": "scatter",
        "name": "kinds",
        "mode": "markers+text",
        **style.points(places(placed)),
        "marker": {"size": 12, "opacity": 0},
        "text": _bold(texts, marked),
        "textposition": [f"top {side}" for side in _sides(placed)],
        "textfont": {
            "size": 12,
            "color": [style.ACCENT if kind in marked else style.INK for kind in range(len(texts))],
        },
        "hovertext": [_told(kind) for kind in placed.kinds],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    return drawn, {"text": _bold(short, marked)}


def _bold(texts: Sequence[str], marked: Collection[int]) -> list[str]:
    return [
        f"<b>{text}</b>" if text and kind in marked else text for kind, text in enumerate(texts)
    ]


def _told(kind: Kind) -> str:
    """Return what the pointer is told of a kind: its name, what marks it, how much of it anybody
    watches."""
    marks = ", ".join(style.safe(word, 24) for word in (*kind.words[:4], *kind.sights[:2]))
    name = style.safe(kind.name, 60) or f"kind {kind.index + 1}"
    lines = [
        f"<b>{name}</b>",
        *([marks] if marks else []),
        f"{style.percent(kind.share)} of what anybody watches",
    ]
    return "<br>".join(lines)
