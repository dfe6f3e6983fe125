"""The catalogue as a map of kinds of moments, what the viewer is out for upon it, and what a
search finds."""

from __future__ import annotations

import numpy as np

from app.plots import kinds, map_parts, style
from mealrec.explain.trace import KindMap, Recommendation

TITLE = "The catalogue, by kinds of moments"
UNITS = "a dot is a clip, in the colour of its largest kind"
WANTED_UNITS = f"{UNITS}; a disc’s area is that kind’s share of your next click"
EMPTY = "This bundle has no clips to draw a map of."

_HEIGHT, _NARROW_HEIGHT = 560, 430
_FAINT, _FOUND = 0.16, {"size": 11, "opacity": 1}
_LONGEST_QUERY = 100


def figure(placed: KindMap, trace: Recommendation | None = None, query: str = "") -> dict:
    """Draw the map; with a run also what it wants, step by step; with a query what holds it
    stands out."""
    if not placed.item_ids:
        return style.note(TITLE, UNITS)
    run = _of_same_kinds(placed, trace)
    found, named = search(placed, query)
    weights = np.array([kind.share for kind in placed.kinds]) if run is None else run.wanted
    colours = kinds.colours(weights) if run is None else kinds.colours_of(run)
    order = [*named, *(kind for kind in kinds.largest(weights, len(weights)) if kind not in named)]
    marked = set(named) if query.strip() else set(run.out_for()) if run else set()
    labels, short = map_parts.names(placed, order, marked)
    chart = style.titled(
        TITLE,
        WANTED_UNITS if run else UNITS,
        height=_HEIGHT,
        **map_parts.axes(map_parts.everything(placed)),
    )
    below = [] if run is None else [_discs(placed, run, colours)]
    chart["data"] = [*below, *_clips(placed, colours, found, bool(query.strip())), labels]
    narrow = {"layout.height": _NARROW_HEIGHT, f"data.{len(chart['data']) - 1}.text": short["text"]}
    chart["layout"]["meta"] = {"narrow": narrow}
    if run is not None and run.npd:
        chart["layout"]["meta"]["captions"] = [
            _caption(run, index) for index in range(len(run.npd) + 1)
        ]
        chart["frames"] = style.animation(
            kinds.countdown(run), lambda index: [_grown(run, colours, index)], first_trace=0
        )
    return chart


def reading(placed: KindMap, trace: Recommendation | None = None, query: str = "") -> str:
    """Tell what a search found, or what the viewer seems to be out for, or what the map holds."""
    if not placed.item_ids:
        return EMPTY
    if query.strip():
        return _reading_of_search(placed, query)
    run = _of_same_kinds(placed, trace)
    if run is None:
        counts = np.bincount(placed.shares.argmax(axis=1), minlength=len(placed.kinds))
        most = int(counts.argmax())
        clips = f"{len(placed.item_ids)} clip{'s' * (len(placed.item_ids) != 1)}"
        lie = f"{clips} lie{'s' * (len(placed.item_ids) == 1)} around {len(placed.kinds)} kinds of moments"
        return (
            f"{lie}; the largest, {kinds.quoted(placed.kinds, most)}, has {counts[most]} of them."
        )
    wanted = list(run.out_for())
    named = [
        f"{kinds.quoted(run.kinds, kind)} ({style.percent(run.wanted[kind])})" for kind in wanted
    ]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    ours, theirs = (
        style.percent(float(shares[wanted].sum())) for shares in (run.wanted, run.anybody)
    )
    return f"You seem to be out for {listed}: {ours} of your next click, where anybody’s would be {theirs}."


def search(placed: KindMap, query: str) -> tuple[list[int], list[int]]:
    """Return the items whose title and the kinds whose name hold a query, in their order; none
    for an empty one."""
    words = " ".join(query.split())[:_LONGEST_QUERY].casefold()
    if not words:
        return [], []
    found = [row for row, title in enumerate(placed.titles) if words in title.casefold()]
    return found, [
        number for number, kind in enumerate(placed.kinds) if words in kind.name.casefold()
    ]


def _reading_of_search(placed: KindMap, query: str) -> str:
    found, named = search(placed, query)
    words = style.quoted(query, 40)
    if not found and not named:
        return f"No clip’s title and no kind’s name holds {words}."
    clips = f"in the title{'s' * (len(found) != 1)} of {len(found) or 'no'} clip{'s' * (len(found) != 1)}"
    return f"{words} stands {clips} and in the name of {len(named) or 'no'} kind{'s' * (len(named) != 1)} of moments."


def _of_same_kinds(placed: KindMap, trace: Recommendation | None) -> Recommendation | None:
    """Return the run where it speaks of the map's kinds; another bundle's would mean others by
    the same numbers."""
    return trace if trace is not None and len(trace.kinds) == len(placed.kinds) else None


def _clips(placed: KindMap, colours: list[str], found: list[int], is_search: bool) -> list[dict]:
    rows = style.thinned(len(placed.item_ids)).tolist()
    if not is_search:
        return [map_parts.items(placed, rows, colours, {"opacity": 0.75})]
    drawn = [found[place] for place in style.thinned(len(found))]
    kept = set(drawn)
    others = map_parts.items(
        placed, [row for row in rows if row not in kept], colours, {"opacity": _FAINT}
    )
    ringed = _FOUND | {"line": {"width": 1.5, "color": style.INK}}
    return [others, map_parts.items(placed, drawn, colours, ringed) | {"name": "found"}]


def _discs(placed: KindMap, run: Recommendation, colours: list[str]) -> dict:
    """What the viewer is out for, under everything else: a disc a kind."""
    return {
        "type": "scatter",
        "name": "wanted",
        "mode": "markers",
        **style.points(map_parts.places(placed)),
        "hoverinfo": "skip",
        **_grown(run, colours, len(run.npd)),
    }


def _grown(run: Recommendation, colours: list[str], index: int) -> dict:
    """Return the discs at a step; sizes can be compared through all steps."""
    states = kinds.states(run)
    return {"marker": map_parts.halos(states[index], float(states.max()), colours)}


def _caption(run: Recommendation, index: int) -> str:
    shares = kinds.states(run)[index]
    leaders = " · ".join(
        f"{kinds.quoted(run.kinds, kind)} {style.percent(shares[kind])}"
        for kind in kinds.largest(shares, 3)
    )
    return f"{kinds.stage(run, index)} · {leaders}"
