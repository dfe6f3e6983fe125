"""TCD as streams: what kinds each frame of the last clip seems to show, from noise to clean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Recommendation

TITLE = "The frames become moments (TCD)"
UNITS = (
    "shares of kinds in each frame as every step predicts them; "
    "the thicker a stream, the more its frame counts"
)
SEGMENTS_TITLE = "The title’s segments become moments (TCD)"
SEGMENTS_UNITS = UNITS.replace("each frame", "each segment").replace("its frame", "its segment")
EMPTY = "This variant runs without TCD: the frames are used as they are, and nothing walks."

# How tall a stream's row and all around the rows are.
_ROW_PX = 66
_AROUND_PX = 60

# How thick a stream is, in rows: one that counts for nothing, and the one that ever counts most.
_THIN = 0.4
_THICK = 0.92


def figure(trace: Recommendation) -> dict:
    """Draw a stream a frame over the steps (Eq. 8-10); a veil lies on what is yet to come."""
    if not trace.tcd:
        return style.note(TITLE, UNITS)
    count = len(trace.last.shares)
    steps = [step.diffusion_step for step in trace.tcd]
    is_title = bool(trace.last.segments)

    # What stays, what moves, and how it moves.
    still = [*_streams(trace), _facts(trace)]
    changes = [_changes(trace, index) for index in range(len(steps))]
    return style.titled(
        SEGMENTS_TITLE if is_title else TITLE,
        SEGMENTS_UNITS if is_title else UNITS,
        height=_AROUND_PX + _ROW_PX * count,
        data=still + style.at_rest(_looks(trace), changes[-1]),
        frames=style.animation(steps, changes, first_trace=len(still)),
        margin={"l": 32, "r": 128, "t": 16, "b": 44},
        xaxis=style.step_axis(steps[0], steps[-1], pad=0.5),
        yaxis=style.rows_axis([f"<b>{number}</b>" for number in range(1, count + 1)], 6),
        meta={
            "captions": [_caption(trace, index) for index in range(len(steps))],
            "narrow": {
                "layout.margin.l": 24,
                "layout.margin.r": 118,
                "layout.xaxis.nticks": 5,
            },
        },
    )


def reading(trace: Recommendation) -> str:
    """Tell since when every frame has been of its final kind, and which one counts most."""
    if not trace.tcd:
        return EMPTY
    part = style.part(trace.last)

    # Since when no frame has changed its kind.
    leaders = np.stack([step.shares.argmax(axis=1) for step in trace.tcd])
    unsettled = np.flatnonzero((leaders != leaders[-1]).any(axis=1))
    when = "at every step"
    if unsettled.size:
        when = f"from {style.step_phrase(int(unsettled[-1]) + 1, len(trace.tcd))} on"
    first = kinds.quoted(trace.kinds, leaders[-1, 0])
    if leaders.shape[1] == 1:
        return f"The only {part} is of {first} {when}."

    # How many kinds there are at the end, and which frame counts most.
    final = len(set(leaders[-1].tolist()))
    are = f"one kind, {first}" if final == 1 else f"{final} kinds"
    each = "each keeps" if unsettled.size else "each has"
    attention = trace.tcd[-1].attention
    top = int(attention.argmax())
    name = kinds.quoted(trace.kinds, leaders[-1, top])
    return (
        f"The {part}s settle into {are}: {each} its own {when}; {part} {top + 1} ({name}) counts "
        f"most, for {style.percent(attention[top])} of what the clip says."
    )


def _streams(trace: Recommendation) -> list[dict]:
    """An area a kind through all frames: its shares, stacked on the others'; the rest in grey."""
    shares = np.stack([step.shares for step in trace.tcd])
    named = kinds.shown(shares, each=2, least=0.08, most=12)

    # Parts [T, K, P]: the kinds with an area, and all others together.
    rest = 1 - shares[:, :, named].sum(axis=2, keepdims=True)
    parts = np.clip(np.concatenate([shares[:, :, named], rest], axis=2), 0, 1)
    bottoms, tops = _stacked(parts, _thickness(trace))

    # The corners lie half a step wider than the walk, so that a single step has a width too.
    steps = [step.diffusion_step for step in trace.tcd]
    across = [steps[0] + 0.5, *steps, steps[-1] - 0.5]
    colours = kinds.colours_of(trace)
    looks = [(kinds.name(trace.kinds, kind), colours[kind], 0.95) for kind in named]
    areas = []
    for place, (name, colour, opacity) in enumerate([*looks, ("other", kinds.OTHER, 0.28)]):
        outline = _outline(across, bottoms[:, :, place], tops[:, :, place])
        look = {"fill": "toself", "fillcolor": colour, "opacity": opacity, "line": {"width": 0}}
        areas.append(style.scatter(name, "lines", **outline, **look))
    return areas


def _thickness(trace: Recommendation) -> np.ndarray:
    """Return how thick each stream is at each step [T, K, 1], in rows."""
    # The stream that ever counts most is as thick as its row allows.
    attention = np.stack([step.attention for step in trace.tcd])
    most = max(float(attention.max()), 1e-9)
    return (_THIN + (_THICK - _THIN) * attention / most)[:, :, None]


def _stacked(parts: np.ndarray, thick: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each part [T, K, P] of each stream begins and ends.

    What a frame ends up as comes first, the rest last.
    """
    # The order of the parts in each frame, by the last step; the rest is made the smallest.
    last = parts[-1].copy()
    last[:, -1] = -1.0
    order = np.broadcast_to(np.argsort(-last, axis=1, kind="stable"), parts.shape)

    # Add up in that order, then back to the parts' own.
    ends = np.cumsum(np.take_along_axis(parts, order, axis=2), axis=2)
    ends = np.take_along_axis(ends, np.argsort(order, axis=2), axis=2)

    # Each frame's stream lies around its own row.
    edges = np.arange(parts.shape[1])[None, :, None] - thick / 2
    return edges + thick * (ends - parts), edges + thick * ends


def _outline(across: Sequence[float], bottoms: np.ndarray, tops: np.ndarray) -> dict:
    """Return a kind's areas [T, K] as x and y; a gap sets one frame's apart from the next."""
    # The first and the last step's thickness hold to the outermost corners.
    corners = [0, *range(len(bottoms)), -1]
    x = []
    y = []
    for low, high in zip(bottoms[corners].T, tops[corners].T, strict=True):
        # Along the lower edge, and back along the upper one.
        x += [*across, *reversed(across), None]
        y += [*style.plain(low), *style.plain(high[::-1]), None]
    return {"x": x[:-1], "y": y[:-1]}


def _facts(trace: Recommendation) -> dict:
    """What can be pointed at: every frame at every step, with its kinds and how much it counts."""
    # Unseen marks that catch the pointer.
    names = style.part_names(trace.last)
    x = []
    y = []
    told = []
    for step in trace.tcd:
        for frame, name in enumerate(names):
            x.append(step.diffusion_step)
            y.append(frame)
            mixture = _mixture(trace, step.shares[frame])
            counts = style.percent(step.attention[frame])
            told.append([trace.last.item_id, name, mixture, counts])
    return style.scatter(
        "facts",
        "markers",
        hover="%{customdata[1]}, t = %{x}<br>%{customdata[2]}<br>"
        "counts for %{customdata[3]} of the clip",
        x=x,
        y=y,
        marker={"size": 16, "opacity": 0},
        customdata=told,
    )


def _mixture(trace: Recommendation, shares: np.ndarray) -> str:
    """Return a frame's largest kinds with their shares, in words."""
    parts = []
    for kind in kinds.largest(shares, 3):
        parts.append(f"{kinds.name(trace.kinds, kind, 28)} {style.percent(shares[kind])}")
    return ", ".join(parts)


def _looks(trace: Recommendation) -> list[dict]:
    """The moving traces without what changes: the veil, the present step's line, the words."""
    count = len(trace.last.shares)
    veil = {"fill": "toself", "fillcolor": style.SURFACE, "opacity": 0.8, "line": {"width": 0}}
    place = {"x": [_end(trace)] * count, "y": list(range(count))}
    return [
        style.scatter("yet to come", "lines", **veil),
        style.scatter("present step", "lines", line={"width": 1.5, "color": style.ACCENT}),
        style.words("words", style.font(12, style.INK_SOFT), **place),
    ]


def _changes(trace: Recommendation, index: int) -> list[dict]:
    """What changes with the step, in the order of `_looks`."""
    # The veil begins at the present step, and is gone at the last one.
    step = trace.tcd[index]
    end = _end(trace)
    is_last = index == len(trace.tcd) - 1
    now = end if is_last else float(step.diffusion_step)
    foot = len(trace.last.shares) - 0.5

    # For each frame its largest kind, and how much the frame counts.
    words = []
    for shares, attention in zip(step.shares, step.attention, strict=True):
        kind = int(shares.argmax())
        name = kinds.name(trace.kinds, kind, 14)
        counts = style.percent(attention)
        words.append(f"  <b>{name}</b><br>  {style.percent(shares[kind])} · counts {counts}")
    return [
        {"x": [now, end, end, now], "y": [-0.5, -0.5, foot, foot]},
        {"x": [now, now], "y": [-0.5, foot]},
        {"text": words},
    ]


def _end(trace: Recommendation) -> float:
    """Return where the streams end on the axis of steps."""
    return trace.tcd[-1].diffusion_step - 0.5


def _caption(trace: Recommendation, index: int) -> str:
    """Return a line for a step, plain text: how many frames already are what they end as."""
    # A frame is settled where its largest kind is that of the last step.
    step = trace.tcd[index]
    final = trace.tcd[-1].shares.argmax(axis=1)
    settled = int((step.shares.argmax(axis=1) == final).sum())

    # One frame alone is not counted.
    part = style.part(trace.last)
    count = len(final)
    line = f"{style.step_phrase(index, len(trace.tcd))} · t = {step.diffusion_step}"
    if count == 1:
        shows = "already shows" if settled else "does not show yet"
        return f"{line} · the {part} {shows} its final kind"
    return f"{line} · {settled} of {count} {part}s already show their final kind"
