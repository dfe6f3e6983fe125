"""One history through every system: the first clips of each side by side, the same clip joined
by a line."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.look.palette import rank_colour
from app.plots import style
from app.plots.columns import Line, lines_of
from mealrec.explain.trace import RankedItem
from mealrec.recommender.comparing import Comparison, Ranks

TITLE = "The same history, every system"
UNITS = "each column is a system’s ranking (1 = best; ranks below the shown ones are squeezed); a line follows one clip"
EMPTY = "This bundle holds a single system, so there is nothing to compare it with."

_COLUMN_PX = 100
_POSTER_ROW_PX, _TEXT_ROW_PX = 47, 34
_NOBODY: Mapping[str, str] = MappingProxyType({})


def figure(
    trace: Comparison, names: Mapping[str, str] = _NOBODY, posters: Mapping[str, str] = _NOBODY
) -> dict:
    """Draw the columns; `names` are the systems' short names by variant, `posters` small
    pictures by item id."""
    if len(trace.rankings) < 2:
        return style.note(TITLE, UNITS)
    lines, scale = lines_of(trace)
    top, has_posters = scale.top, bool(posters)
    row = _POSTER_ROW_PX if has_posters else _TEXT_ROW_PX
    first, deep = trace.rankings[0].items, scale.deep_ticks()
    words, short = (
        [_tick_words(trace, item, limit) for item in first] + [str(rank) for rank in deep]
        for limit in (34, 11)
    )
    chart = style.titled(
        TITLE,
        UNITS,
        height=round(row * (scale.depth + 0.4)) + 56,
        margin={"l": 246, "r": 14, "t": 50, "b": 6},
        meta={
            "minWidth": 110 + _COLUMN_PX * len(trace.rankings),
            "narrow": {"layout.margin.l": 112, "layout.yaxis.ticktext": short},
        },
        xaxis=_systems_axis(trace.rankings, names),
        yaxis=style.axis(
            "",
            range=[scale.depth + 0.6, 0.2],
            tickvals=[scale.height(rank) for rank in (*range(1, len(first) + 1), *deep)],
            ticktext=words,
            tickfont={"size": 11.5, "color": style.INK_SOFT},
            showgrid=False,
        ),
        shapes=_below(top, len(trace.rankings)) if deep else [],
        images=_pictures(lines, top, posters),
        annotations=_entering(lines, top, has_posters) + _stars(lines, top),
    )
    chart["data"] = [
        *(_drawn(line, top) for line in lines),
        _places(lines, top, trace, names, has_posters),
    ]
    return chart


def reading(trace: Comparison, names: Mapping[str, str] = _NOBODY) -> str:
    """Tell who agrees least with the whole model, what moved most, and where the true next clip
    stands."""
    if len(trace.rankings) < 2:
        return EMPTY
    main, *others = trace.rankings
    ours = [item.item_id for item in main.items]
    shared = [len({*ours} & {item.item_id for item in ranks.items}) for ranks in others]
    least = min(range(len(others)), key=shared.__getitem__)
    whole, other = _name(main, names), _quoted(others[least], names)
    if len({*shared}) > 1:
        words = f"Least like {whole} ranks {other}: it shares {shared[least]} of the first {len(ours)} clips"
    else:
        words = f"Every other system shares {shared[0]} of {whole}’s first {len(ours)} clips"
    if trace.target is None:
        return f"{words}{_largest_move(main, others, names)}."
    ranked = [
        (ranks.rank_of(trace.target.item_id) or 0, _quoted(ranks, names))
        for ranks in trace.rankings
    ]
    (best, highest), (worst, lowest) = min(ranked), max(ranked)
    if best == worst:
        return f"{words}; the clip watched next stands at rank {best} in each."
    return f"{words}; the clip watched next stands highest in {highest} ({best}), lowest in {lowest} ({worst})."


def _largest_move(main: Ranks, others: list[Ranks], names: Mapping[str, str]) -> str:
    moves = [
        (abs(found - item.rank), item, found, _quoted(ranks, names))
        for ranks in others
        for item in main.items
        if (found := ranks.rank_of(item.item_id)) is not None
    ]
    distance, item, found, name = max(moves, key=lambda move: move[0], default=(0, None, 0, ""))
    return (
        f"; {style.quoted(item.title)}, rank {item.rank} here, stands at {found} in {name}"
        if distance
        else ""
    )


def _drawn(line: Line, top: int) -> dict:
    """A line that lies flat where it passes a system, so that the eye can follow it."""
    flat = (-0.13, 0.0, 0.13)
    is_ours = line.ranks[0] <= top
    return {
        "type": "scatter",
        "name": line.item.item_id,
        "mode": "lines",
        "x": [column + shift for column in range(len(line.ranks)) for shift in flat],
        "y": style.plain([height for height in line.heights for _ in flat]),
        "line": {
            "color": style.GOOD if line.is_target else rank_colour(line.item.topic, line.ranks[0]),
            "width": 5 if line.is_target else 2.6 if is_ours else 1.6,
            "dash": "solid" if line.is_target or is_ours else "dot",
            "shape": "spline",
            "smoothing": 0.7,
        },
        "opacity": 1.0 if line.is_target else 0.75 if is_ours else 0.6,
        "hoverinfo": "skip",
    }


def _places(
    lines: list[Line], top: int, trace: Comparison, names: Mapping[str, str], has_posters: bool
) -> dict:
    """What can be pointed at: every clip in every column, with its rank next to it among the
    first ones."""
    spots = [(line, column) for line in lines for column in range(len(line.ranks))]
    shown = [line.ranks[column] <= top for line, column in spots]
    return {
        "type": "scatter",
        "name": "places",
        "mode": "markers+text",
        "x": [column for _, column in spots],
        "y": style.plain([line.heights[column] for line, column in spots]),
        "marker": {
            "size": [(30 if has_posters else 11) if is_shown else 6 for is_shown in shown],
            "color": [
                style.GOOD if line.is_target else rank_colour(line.item.topic, line.ranks[0])
                for line, _ in spots
            ],
            "opacity": [0 if is_shown and has_posters else 1 for is_shown in shown],
        },
        "text": [
            str(line.ranks[column]) if is_shown else ""
            for (line, column), is_shown in zip(spots, shown, strict=True)
        ],
        "textposition": "top left",
        "textfont": {"size": 10, "color": style.INK_FAINT},
        "customdata": [
            [
                line.item.item_id,
                line.ranks[column],
                style.safe(line.item.title, 60),
                style.safe(_name(trace.rankings[column], names)),
            ]
            for line, column in spots
        ],
        "cliponaxis": False,
        "hovertemplate": "%{customdata[2]}<br>rank %{customdata[1]}, %{customdata[3]}<extra></extra>",
    }


def _pictures(lines: list[Line], top: int, posters: Mapping[str, str]) -> list[dict]:
    return [
        {
            "source": posters[line.item.item_id],
            "xref": "x",
            "yref": "y",
            "x": column,
            "y": line.heights[column],
            "sizex": 0.5,
            "sizey": 0.9,
            "xanchor": "center",
            "yanchor": "middle",
            "sizing": "contain",
            "layer": "above",
        }
        for line in lines
        for column, rank in enumerate(line.ranks)
        if rank <= top and line.item.item_id in posters
    ]


def _entering(lines: list[Line], top: int, has_posters: bool) -> list[dict]:
    """The titles of clips that the column before has not among its first."""
    return [
        _label(
            column,
            line.heights[column],
            ("★ " if line.is_target else "") + style.safe(line.item.title, 13),
            17 if has_posters else 9,
        )
        for line in lines
        for column in range(len(line.ranks))
        if line.enters(column, top)
    ]


def _stars(lines: list[Line], top: int) -> list[dict]:
    """A star next to the true next clip in every column, below the first ones with its rank."""
    return [
        _label(
            column,
            line.heights[column],
            "<b>★</b>" if rank <= top else f"<b>★ {rank}</b>",
            17 if rank <= top else 8,
            color=style.GOOD,
        )
        for line in lines
        if line.is_target
        for column, rank in enumerate(line.ranks)
        if not line.enters(column, top)
    ]


def _label(column: int, height: float, text: str, shift: int, color: str = style.INK_SOFT) -> dict:
    return {
        "x": column,
        "y": round(height, 4),
        "text": text,
        "xanchor": "left",
        "xshift": shift,
        "showarrow": False,
        "font": {"size": 10.5, "color": color},
        "bgcolor": style.SURFACE,
        "borderpad": 1,
    }


def _below(top: int, columns: int) -> list[dict]:
    """The border between the first clips and those that stand deeper."""
    line = {"color": style.LINE, "width": 1, "dash": "dash"}
    return [
        {
            "type": "line",
            "x0": -0.4,
            "x1": columns - 0.5,
            "y0": top + 0.55,
            "y1": top + 0.55,
            "line": line,
            "layer": "below",
        }
    ]


def _systems_axis(rankings: tuple[Ranks, ...], names: Mapping[str, str]) -> dict:
    words = [
        style.safe(_name(ranks, names), 40).replace(", ", ",<br>").replace(" + ", "<br>+ ")
        for ranks in rankings
    ]
    return style.axis(
        "",
        side="top",
        range=[-0.3, len(rankings) - 0.5],
        tickvals=list(range(len(rankings))),
        ticktext=[f"<b>{word}</b>" for word in words],
        tickfont={"size": 12, "color": style.INK},
        showgrid=False,
    )


def _tick_words(trace: Comparison, item: RankedItem, limit: int) -> str:
    star = "★ " if trace.target is not None and item.item_id == trace.target.item_id else ""
    return f"{star}{style.safe(item.title, limit)}  "


def _name(ranks: Ranks, names: Mapping[str, str]) -> str:
    return names.get(ranks.variant, ranks.variant)


def _quoted(ranks: Ranks, names: Mapping[str, str]) -> str:
    return style.quoted(_name(ranks, names))
