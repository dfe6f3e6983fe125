"""What the maps of the catalogue share: items around their kinds, kinds' names, and discs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Kind, KindMap

# More dots than these cover each other, and a page takes long to draw them.
MAX_POINTS = 1600
# About how wide a letter of a name is, and how tall a name, in pixels.
_LETTER_PX = 7.6
_LINE_PX = 16.0
# How near the map's edge a name runs inwards.
_EDGE = 0.14
# How wide the disc of the largest share is, and one that is hardly anything.
_DISC_PX = 74
_LEAST_DISC_PX = 2.0


@dataclass(frozen=True)
class Room:
    """How large a map is at least, in pixels, and how many letters of a name it shows."""

    width: float
    height: float
    letters: int


WIDE = Room(640.0, 480.0, 22)
NARROW = Room(330.0, 360.0, 14)


def axes(places: np.ndarray) -> dict:
    """Return the layout of a map: equal scales, no ticks, since only nearness means something."""
    bare = {"showticklabels": False, "showgrid": False, "ticks": ""}

    # Some air around the outermost points.
    low = places.min(axis=0)
    high = places.max(axis=0)
    pad = 0.08 * np.maximum(high - low, 1e-3)
    x, y = np.transpose([low - pad, high + pad]).tolist()

    title = "map of kinds of moments; nearer means more alike (no unit)"
    return {
        "xaxis": style.axis(title, range=x, **bare),
        "yaxis": style.axis("", range=y, **bare),
        "plot_bgcolor": "rgba(128,128,140,0.05)",
        "margin": {"l": 6, "r": 6, "t": 6, "b": 30},
    }


def everything(placed: KindMap) -> np.ndarray:
    """Return all places of a map, items' and kinds' [N + J, 2]."""
    return np.vstack([placed.points, _places(placed)])


def thinned(count: int) -> np.ndarray:
    """Return which of `count` points to draw: all, or MAX_POINTS of them evenly spread."""
    return np.linspace(0, count - 1, min(count, MAX_POINTS)).round().astype(int)


def items(placed: KindMap, rows: Sequence[int], colours: Sequence[str], **look: object) -> dict:
    """Return items as dots in the colour of their largest kind; a click on one gives its id."""
    own = placed.shares.argmax(axis=1)

    # What a click gives and the pointer is told: id, title, kind.
    told = []
    for row in rows:
        kind = kinds.name(placed.kinds, own[row], 30)
        told.append([placed.item_ids[row], style.safe(placed.titles[row], 60), kind])
    colour = {"color": [colours[own[row]] for row in rows]}
    return style.scatter(
        "clips",
        "markers",
        hover="%{customdata[1]}<br><i>%{customdata[2]}</i>",
        **style.points(placed.points[list(rows)]),
        customdata=told,
        marker={"size": 6, "line": {"width": 0}, **look, **colour},
    )


def discs(placed: KindMap, **look: object) -> dict:
    """Return a disc a kind, which lies under everything else; `disc_marker` says how large."""
    return style.scatter("wanted", "markers", **style.points(_places(placed)), **look)


def disc_marker(wanted: np.ndarray, largest: float, colours: Sequence[str]) -> dict:
    """Return the marker of the discs: areas stand to each other as shares [J] of what is wanted.

    The `largest` share fills its disc.
    """
    # An area goes with the square of its diameter.
    diameters = _DISC_PX * np.sqrt(np.clip(wanted, 0, None) / max(largest, 1e-9))
    return {
        "size": style.plain(np.maximum(diameters, _LEAST_DISC_PX)),
        "color": list(colours),
        "opacity": 0.32,
        "line": {"width": 0},
    }


def names(placed: KindMap, order: Sequence[int], marked: Collection[int]) -> tuple[dict, list[str]]:
    """Return the kinds' names as a trace, and the texts of a narrow page; `marked` ones stand out.

    Names are written where there is room for them, in `order`; every kind tells its name to the
    pointer.
    """
    inks = [style.INK] * len(placed.kinds)
    for kind in marked:
        inks[kind] = style.ACCENT

    # The markers are unseen: they only catch the pointer.
    drawn = style.scatter(
        "kinds",
        "markers+text",
        hover="%{hovertext}",
        **style.points(_places(placed)),
        marker={"size": 12, "opacity": 0},
        text=_texts(placed, order, marked, WIDE),
        textposition=[f"top {side}" for side in _sides(placed)],
        textfont={"size": 12, "color": inks},
        hovertext=[_told(placed, kind) for kind in placed.kinds],
    )
    return drawn, _texts(placed, order, marked, NARROW)


def _places(placed: KindMap) -> np.ndarray:
    """Return the kinds' places [J, 2]."""
    return np.array([kind.place for kind in placed.kinds])


def _texts(placed: KindMap, order: Sequence[int], marked: Collection[int], room: Room) -> list[str]:
    """Return a text a kind: its name where it stands clear of those before it, else nothing."""
    spots = _within(placed) * (room.width, room.height)
    sides = _sides(placed)
    texts = [""] * len(placed.kinds)
    taken: list[tuple[float, float, float, float]] = []
    for kind in order:
        # The box that the name fills.
        name = kinds.name(placed.kinds, kind, room.letters)
        width = _LETTER_PX * len(name)
        x, y = spots[kind]
        left = x - width * {"right": 0.0, "center": 0.5, "left": 1.0}[sides[kind]]
        box = (left, left + width, y, y + _LINE_PX)

        # It is written where no name before it stands.
        if not any(_overlap(box, other) for other in taken):
            taken.append(box)
            texts[kind] = f"<b>{name}</b>" if kind in marked else name
    return texts


def _overlap(box: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Say whether two boxes (left, right, low, high) share a point."""
    across = box[0] <= other[1] and other[0] <= box[1]
    return across and box[2] <= other[3] and other[2] <= box[3]


def _within(placed: KindMap) -> np.ndarray:
    """Return where the kinds lie in the drawn part of the map [J, 2], both sides in [0, 1]."""
    all_places = everything(placed)
    extent = np.maximum(np.ptp(all_places, axis=0), 1e-3)
    return (_places(placed) - all_places.min(axis=0)) / extent


def _sides(placed: KindMap) -> list[str]:
    """Return to which side of its place each name runs: inwards near the edges, so none is cut."""
    sides = []
    for x in _within(placed)[:, 0]:
        if x < _EDGE:
            sides.append("right")
        elif x > 1 - _EDGE:
            sides.append("left")
        else:
            sides.append("center")
    return sides


def _told(placed: KindMap, kind: Kind) -> str:
    """Return what the pointer is told of a kind: its name, its marks, how much it is watched."""
    lines = [f"<b>{kinds.name(placed.kinds, kind.index, 60)}</b>"]
    # The words that mark it in titles, and what its frames look like.
    marks = [style.safe(word, 24) for word in (*kind.words[:4], *kind.sights[:2])]
    if marks:
        lines.append(", ".join(marks))
    lines.append(f"{style.percent(kind.share)} of what anybody watches")
    return "<br>".join(lines)
