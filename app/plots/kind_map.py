"""The catalogue as a map of kinds, with what the viewer is out for, or what a search finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.plots import kinds, map_parts, style
from mealrec.explain.trace import KindMap, Recommendation

TITLE = "The catalogue, by kinds of moments"
UNITS = "a dot is a clip, in the colour of its largest kind"
WANTED_UNITS = f"{UNITS}; a disc’s area is that kind’s share of your next click"

_FAINT = 0.16  # how opaque clips are that a search did not find


def figure(placed: KindMap, trace: Recommendation | None = None, query: str = "") -> dict:
    """Draw the map; a run shows what it wants, step by step; what holds a query stands out."""
    is_search = bool(query.strip())
    found, named = search(placed, query)

    # The weightiest kinds get colours of their own, and their names on the map first.
    if trace is None:
        weights = np.array([kind.share for kind in placed.kinds])
        colours = kinds.colours(weights)
    else:
        weights = trace.wanted
        colours = kinds.colours_of(trace)
    others = [kind for kind in kinds.largest(weights, len(weights)) if kind not in named]
    marked = named if trace is None or is_search else trace.out_for()
    names, short = map_parts.names(placed, [*named, *others], set(marked))

    # Discs of what is wanted lie under everything else, and grow with the steps of the walk.
    data = []
    frames = []
    meta = {}
    if trace is not None:
        # One scale for all of them, so that sizes can be compared through the steps.
        states = kinds.states(trace)
        changes = []
        for shares in states:
            marker = map_parts.disc_marker(shares, float(states.max()), colours)
            changes.append([{"marker": marker}])
        data = style.at_rest([map_parts.discs(placed)], changes[-1])
        if trace.npd:
            frames = style.animation(kinds.countdown(trace), changes)
            meta["captions"] = [_caption(trace, index) for index in range(len(changes))]

    # The clips, and over them the names.
    data += [*_clips(placed, colours, found, is_search), names]
    meta["narrow"] = {"layout.height": 430, f"data.{len(data) - 1}.text": short}
    return style.titled(
        TITLE,
        UNITS if trace is None else WANTED_UNITS,
        height=560,
        data=data,
        frames=frames,
        **map_parts.axes(map_parts.everything(placed)),
        meta=meta,
    )


def reading(placed: KindMap, trace: Recommendation | None = None, query: str = "") -> str:
    """Tell what a search found, or what the viewer seems to be out for, or what the map holds."""
    if query.strip():
        return _reading_of_search(placed, query)
    if trace is None:
        return _reading_of_map(placed)

    # What the viewer is out for, and how much of it anybody would be.
    wanted = list(trace.out_for())
    named = []
    for kind in wanted:
        named.append(f"{kinds.quoted(trace.kinds, kind)} ({style.percent(trace.wanted[kind])})")
    ours = style.percent(float(trace.wanted[wanted].sum()))
    theirs = style.percent(float(trace.anybody[wanted].sum()))
    return (
        f"You seem to be out for {style.joined(named)}: {ours} of your next click, "
        f"where anybody’s would be {theirs}."
    )


def search(placed: KindMap, query: str) -> tuple[list[int], list[int]]:
    """Return the items whose title and the kinds whose name hold a query; none for an empty one."""
    words = " ".join(query.split()).casefold()
    if not words:
        return [], []
    found = [row for row, title in enumerate(placed.titles) if words in title.casefold()]
    named = [row for row, kind in enumerate(placed.kinds) if words in kind.name.casefold()]
    return found, named


def _reading_of_map(placed: KindMap) -> str:
    # Every clip lies around the kind that it shows most.
    counts = np.bincount(placed.shares.argmax(axis=1), minlength=len(placed.kinds))
    most = int(counts.argmax())
    items = len(placed.item_ids)
    lie = "1 clip lies" if items == 1 else f"{items} clips lie"
    largest = kinds.quoted(placed.kinds, most)
    return (
        f"{lie} around {len(placed.kinds)} kinds of moments; "
        f"the largest, {largest}, has {counts[most]} of them."
    )


def _reading_of_search(placed: KindMap, query: str) -> str:
    found, named = search(placed, query)
    words = style.quoted(query, 40)
    if not found and not named:
        return f"No clip’s title and no kind’s name holds {words}."

    # Of one title or of several, and likewise of kinds.
    s = "" if len(found) == 1 else "s"
    clips = f"in the title{s} of {len(found) or 'no'} clip{s}"
    s = "" if len(named) == 1 else "s"
    return f"{words} stands {clips} and in the name of {len(named) or 'no'} kind{s} of moments."


def _clips(
    placed: KindMap, colours: Sequence[str], found: Sequence[int], is_search: bool
) -> list[dict]:
    """Return the clips as dots; those that a search found have a ring, and the others are faint."""
    rows = map_parts.thinned(len(placed.item_ids)).tolist()
    if not is_search:
        return [map_parts.items(placed, rows, colours, opacity=0.75)]

    # Found ones lie on top of the others.
    drawn = [found[place] for place in map_parts.thinned(len(found))]
    others = [row for row in rows if row not in set(drawn)]
    ring = {"width": 1.5, "color": style.INK}
    ringed = map_parts.items(placed, drawn, colours, size=11, opacity=1, line=ring)
    return [map_parts.items(placed, others, colours, opacity=_FAINT), {**ringed, "name": "found"}]


def _caption(trace: Recommendation, index: int) -> str:
    """Return a line for a step, plain text: the kinds in front."""
    shares = kinds.states(trace)[index]
    parts = [kinds.step_name(trace, index)]
    for kind in kinds.largest(shares, 3):
        parts.append(f"{kinds.quoted(trace.kinds, kind)} {style.percent(shares[kind])}")
    return " · ".join(parts)
