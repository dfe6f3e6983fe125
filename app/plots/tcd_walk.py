"""TCD as streams: what kinds of moments each frame of the last clip seems to show, from noise to
clean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.plots import kinds, style
from mealrec.explain.trace import Recommendation

TITLE = "The frames become moments (TCD)"
UNITS = "shares of kinds in each frame as every step predicts them; the thicker a stream, the more its frame counts"
SEGMENTS_TITLE = "The title’s segments become moments (TCD)"
SEGMENTS_UNITS = UNITS.replace("each frame", "each segment").replace("its frame", "its segment")
EMPTY = "This variant runs without TCD: the frames are used as they are, and nothing walks."

_ROW_PX, _AROUND_PX, _PICTURE_PX = 66, 60, 44
_THIN, _THICK = 0.4, 0.92
"""How thick a stream is, in rows: one that counts for nothing, and the one that ever counts
most."""


def figure(trace: Recommendation, thumbnails: Sequence[str] = ()) -> dict:
    """Draw a stream a frame over the steps (Eq. 8-10); while it plays, what is yet to come lies
    under a veil.

    Args:
        trace: the run.
        thumbnails: one image a frame, as data URIs; without them the frames are numbered only.
    """
    if not trace.tcd:
        return style.note(TITLE, UNITS)
    count, titled = len(trace.last.shares), bool(trace.last.segments)
    pictures = () if titled else thumbnails[:count]
    room = _PICTURE_PX if pictures else 0
    levels = [step.diffusion_step for step in trace.tcd]
    ends = [levels[0] + 0.5, levels[-1] - 0.5]
    chart = style.titled(
        SEGMENTS_TITLE if titled else TITLE,
        SEGMENTS_UNITS if titled else UNITS,
        height=_AROUND_PX + _ROW_PX * count,
        margin={"l": 32 + room, "r": 128, "t": 16, "b": 44},
        xaxis=style.axis("diffusion step t (noise → clean)", range=ends, showgrid=False, nticks=8),
        yaxis=_frames_axis(count, room),
        images=[_thumbnail(source, frame) for frame, source in enumerate(pictures)],
        meta={
            "captions": [_caption(trace, index) for index in range(len(levels))],
            "narrow": _narrow(trace, room),
        },
    )
    streams = [*_streams(trace), _facts(trace)]
    moving = _places(trace, len(levels) - 1)
    chart["data"] = [
        *streams,
        *({**look, **place} for look, place in zip(_looks(trace), moving, strict=True)),
    ]
    steps = [step.diffusion_step for step in trace.tcd]
    chart["frames"] = style.animation(
        steps, lambda index: _places(trace, index), first_trace=len(streams)
    )
    return chart


def reading(trace: Recommendation) -> str:
    """Tell since when every frame has been of its final kind, and which one counts most."""
    if not trace.tcd:
        return EMPTY
    part, steps = style.part(trace.last), len(trace.tcd)
    leaders = np.stack([step.shares.argmax(axis=1) for step in trace.tcd])
    unsettled = np.flatnonzero((leaders != leaders[-1]).any(axis=1))
    when = (
        f"from {style.step_phrase(int(unsettled[-1]) + 1, steps)} on"
        if unsettled.size
        else "at every step"
    )
    first = kinds.quoted(trace.kinds, leaders[-1, 0])
    if leaders.shape[1] == 1:
        return f"The only {part} is of {first} {when}."
    final, attention = len(set(leaders[-1].tolist())), trace.tcd[-1].attention
    are = f"one kind, {first}" if final == 1 else f"{final} kinds"
    top = int(attention.argmax())
    name = kinds.quoted(trace.kinds, leaders[-1, top])
    counts = f"{part} {top + 1} ({name}) counts most, for {style.percent(attention[top])} of what the clip says"
    return f"The {part}s settle into {are}: {'each has' if not unsettled.size else 'each keeps'} its own {when}; {counts}."


def _corners(trace: Recommendation) -> np.ndarray:
    """Return where the streams have their corners: half a step wider than the walk, so that one
    step is one too."""
    levels = [step.diffusion_step for step in trace.tcd]
    return np.array([levels[0] + 0.5, *levels, levels[-1] - 0.5])


def _thickness(trace: Recommendation) -> np.ndarray:
    """Return how thick each stream is at each step [T, K], in rows."""
    attention = np.stack([step.attention for step in trace.tcd])
    return _THIN + (_THICK - _THIN) * attention / max(float(attention.max()), 1e-9)


def _streams(trace: Recommendation) -> list[dict]:
    """An area a kind, through all frames: its shares, stacked on the others', and grey for kinds
    without an area."""
    shares = np.stack([step.shares for step in trace.tcd])
    named, colours = kinds.shown(shares, each=2, least=0.08, most=12), kinds.colours_of(trace)
    rest = 1 - shares[:, :, named].sum(axis=2, keepdims=True)
    parts = np.clip(np.concatenate([shares[:, :, named], rest], axis=2), 0, 1)
    bottoms, tops = _stacked(parts, _thickness(trace)[:, :, None])
    looks = [
        *((kinds.name(trace.kinds, kind), colours[kind], 0.95) for kind in named),
        ("other", kinds.OTHER, 0.28),
    ]
    x = _corners(trace)
    return [
        _area(x, bottoms[:, :, place], tops[:, :, place], *look) for place, look in enumerate(looks)
    ]


def _stacked(parts: np.ndarray, thick: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each part [T, K, P] of each stream begins and ends: what a frame ends up as
    first, the rest last."""
    last = parts[-1].copy()
    last[:, -1] = -1.0
    order = np.broadcast_to(np.argsort(-last, axis=1, kind="stable"), parts.shape)
    ends = np.cumsum(np.take_along_axis(parts, order, axis=2), axis=2)
    ends = np.take_along_axis(ends, np.argsort(order, axis=2), axis=2)
    edges = np.arange(parts.shape[1])[None, :, None] - thick / 2
    return edges + thick * (ends - parts), edges + thick * ends


def _area(
    x: np.ndarray, bottoms: np.ndarray, tops: np.ndarray, name: str, colour: str, opacity: float
) -> dict:
    """Return one kind's areas in all frames; a gap sets one frame's apart from the next."""
    across, up = [], []
    for frame in range(bottoms.shape[1]):
        low, high = (edge[[0, *range(len(edge)), -1], frame] for edge in (bottoms, tops))
        across += [*x.tolist(), *x[::-1].tolist(), None]
        up += [*style.plain(low), *style.plain(high[::-1]), None]
    return {
        "type": "scatter",
        "name": name,
        "mode": "lines",
        "x": across[:-1],
        "y": up[:-1],
        "fill": "toself",
        "fillcolor": colour,
        "opacity": opacity,
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def _facts(trace: Recommendation) -> dict:
    """What can be pointed at: every frame at every step, with its largest kinds and how much it
    counts."""
    parts = list(enumerate(style.part_names(trace.last)))
    spots = [(step, frame, name) for step in trace.tcd for frame, name in parts]
    return {
        "type": "scatter",
        "name": "facts",
        "mode": "markers",
        "x": [step.diffusion_step for step, _, _ in spots],
        "y": [frame for _, frame, _ in spots],
        "marker": {"size": 16, "opacity": 0},
        "customdata": [
            [
                trace.last.item_id,
                name,
                _mixture(trace, step.shares[frame]),
                style.percent(step.attention[frame]),
            ]
            for step, frame, name in spots
        ],
        "hovertemplate": "%{customdata[1]}, t = %{x}<br>%{customdata[2]}<br>"
        "counts for %{customdata[3]} of the clip<extra></extra>",
    }


def _mixture(trace: Recommendation, shares: np.ndarray) -> str:
    named = kinds.largest(shares, 3)
    return ", ".join(
        f"{kinds.name(trace.kinds, kind, 28)} {style.percent(shares[kind])}" for kind in named
    )


def _looks(trace: Recommendation) -> list[dict]:
    """The moving traces without what changes: the veil, the line at the present step, the words
    at the right."""
    count, end = len(trace.last.shares), trace.tcd[-1].diffusion_step - 0.5
    hidden = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    words = {
        "textposition": "middle right",
        "textfont": {"size": 12, "color": style.INK_SOFT},
        "cliponaxis": False,
    }
    return [
        {
            **hidden,
            "name": "yet to come",
            "fill": "toself",
            "fillcolor": style.SURFACE,
            "opacity": 0.8,
            "line": {"width": 0},
        },
        {**hidden, "name": "present step", "line": {"width": 1.5, "color": style.ACCENT}},
        {
            **hidden,
            "name": "words",
            "mode": "text",
            "x": [end] * count,
            "y": list(range(count)),
            **words,
        },
    ]


def _places(trace: Recommendation, index: int) -> list[dict]:
    """What changes with the step, in the order of `_looks`."""
    step, last = trace.tcd[index], index == len(trace.tcd) - 1
    end = trace.tcd[-1].diffusion_step - 0.5
    now, foot = end if last else float(step.diffusion_step), len(trace.last.shares) - 0.5
    return [
        {"x": [now, end, end, now], "y": [-0.5, -0.5, foot, foot]},
        {"x": [now, now], "y": [-0.5, foot]},
        {"text": _words(trace, index, 14)},
    ]


def _words(trace: Recommendation, index: int, limit: int) -> list[str]:
    """Return for each frame its largest kind at a step, and how much it counts."""
    step = trace.tcd[index]
    leaders = step.shares.argmax(axis=1)
    return [
        f"  <b>{kinds.name(trace.kinds, kind, limit)}</b><br>"
        f"  {style.percent(shares[kind])} · counts {style.percent(attention)}"
        for kind, shares, attention in zip(leaders, step.shares, step.attention, strict=True)
    ]


def _frames_axis(count: int, room: int) -> dict:
    """Numbers left of the pictures: an unseen tick keeps the room for them."""
    return style.axis(
        "",
        range=[count - 0.5, -0.5],
        tickvals=list(range(count)),
        ticktext=[f"<b>{number}</b>" for number in range(1, count + 1)],
        tickfont={"size": 12, "color": style.INK},
        ticks="outside",
        ticklen=room + 6,
        tickcolor="rgba(0,0,0,0)",
        showgrid=False,
    )


def _thumbnail(source: str, frame: int) -> dict:
    place = {"xref": "paper", "yref": "y", "x": -0.008, "y": frame, "sizex": 0.084, "sizey": 0.92}
    return style.picture(source, **place) | {"xanchor": "right"}


def _narrow(trace: Recommendation, room: int) -> dict:
    pictures = len(trace.last.shares) if room else 0
    return {
        "layout.margin.l": 24 + room,
        "layout.margin.r": 118,
        "layout.xaxis.nticks": 5,
        **{f"layout.images.{number}.sizex": 0.25 for number in range(pictures)},
    }


def _caption(trace: Recommendation, index: int) -> str:
    """A line for a step, plain text: how many frames already are what they end as."""
    step, last = trace.tcd[index], trace.tcd[-1]
    settled = int((step.shares.argmax(axis=1) == last.shares.argmax(axis=1)).sum())
    part, count = style.part(trace.last), len(step.shares)
    line = f"{style.step_phrase(index, len(trace.tcd))} · t = {step.diffusion_step}"
    if count == 1:
        return f"{line} · the {part} {'already shows' if settled else 'does not show yet'} its final kind"
    return f"{line} · {settled} of {count} {part}s already show their final kind"
