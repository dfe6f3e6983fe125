"""One history through every system: their first clips side by side, the same clip joined by a line.

A column is a system, a height a rank.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from app.look.palette import rank_colour
from app.plots import style
from app.session.names import system
from mealrec.explain.trace import RankedItem
from mealrec.recommender.comparing import Comparison, SystemRanking

TITLE = "The same history, every system"
UNITS = (
    "each column is a system’s ranking (1 = best; ranks below the shown ones are squeezed); "
    "a line follows one clip"
)
EMPTY = "This bundle holds a single system, so there is nothing to compare it with."

# How wide a system is, and how tall a rank with and without posters, in pixels.
_COLUMN_PX = 100
_POSTER_ROW_PX = 47
_TEXT_ROW_PX = 34
# Deeper ranks worth a label.
_ROUND = (10, 20, 50, 100, 200, 500, 1000, 10000, 100000)


@dataclass(frozen=True)
class Line:
    """One clip through every column: `ranks` and `heights` a column each."""

    item: RankedItem
    ranks: tuple[int, ...]
    heights: tuple[float, ...]
    is_target: bool

    @property
    def colour(self) -> str:
        """Return the colour of the line and of its places."""
        if self.is_target:
            return style.GOOD
        return rank_colour(self.item.topic, self.ranks[0])

    @property
    def spots(self) -> Iterator[tuple[int, int, float]]:
        """Return (column, rank, height) of every column."""
        return zip(range(len(self.ranks)), self.ranks, self.heights, strict=True)

    def enters(self, column: int, top: int) -> bool:
        """Say whether the clip is among a column's first, and was not in the column before."""
        return column > 0 and self.ranks[column] <= top < self.ranks[column - 1]


def figure(comparison: Comparison, posters: Mapping[str, str] = MappingProxyType({})) -> dict:
    """Draw the columns; `posters` are small pictures by item id, as data URIs."""
    rankings = comparison.rankings
    if len(rankings) < 2:
        return style.note(TITLE, UNITS)
    lines, scale = _lines(comparison)
    has_posters = bool(posters)
    row_px = _POSTER_ROW_PX if has_posters else _TEXT_ROW_PX

    # On the left: the first system's clips by title, and the deeper ranks by number.
    deep = _deep_ticks(scale)
    ranks = [*range(1, scale.top + 1), *deep]
    places = _places(lines, scale.top, rankings, has_posters)
    # Below the first clips, where there are deeper ones.
    border = style.dashed(-0.4, len(rankings) - 0.5, scale.top + 0.55, layer="below")
    return style.titled(
        TITLE,
        UNITS,
        height=round(row_px * (scale.depth + 0.4)) + 56,
        data=[*(_drawn(line, scale.top) for line in lines), places],
        margin={"l": 246, "r": 14, "t": 50, "b": 6},
        xaxis=_systems_axis(rankings),
        yaxis=style.names_axis(
            style.plain([scale.height(rank) for rank in ranks]),
            _tick_words(comparison, deep, 34),
            range=[scale.depth + 0.6, 0.2],
            tickfont=style.font(11.5, style.INK_SOFT),
        ),
        shapes=[border] if deep else [],
        images=_pictures(lines, scale.top, posters),
        annotations=_labels(lines, scale.top, has_posters),
        meta={
            "minWidth": 110 + _COLUMN_PX * len(rankings),
            "narrow": {
                "layout.margin.l": 112,
                "layout.yaxis.ticktext": _tick_words(comparison, deep, 11),
            },
        },
    )


def reading(comparison: Comparison) -> str:
    """Tell who agrees least with the whole model, and what moved most or where the next clip is."""
    if len(comparison.rankings) < 2:
        return EMPTY
    main, *others = comparison.rankings

    # Which system shares the fewest of the whole model's first clips.
    ours = {item.item_id for item in main.items}
    shared = []
    for ranks in others:
        theirs = {item.item_id for item in ranks.items}
        shared.append(len(ours & theirs))
    fewest = min(shared)
    count = len(main.items)
    if len(set(shared)) > 1:
        least = _quoted(others[shared.index(fewest)])
        said = f"Least like {_name(main)} ranks {least}: "
        said += f"it shares {fewest} of the first {count} clips"
    else:
        said = f"Every other system shares {fewest} of {_name(main)}’s first {count} clips"

    # Where the true next clip stands; where none is known, what moved most.
    target = comparison.target
    if target is None:
        return f"{said}{_largest_move(main, others)}."
    ranked = [(ranks.rank_of(target.item_id) or 0, _quoted(ranks)) for ranks in comparison.rankings]
    best, highest = min(ranked)
    worst, lowest = max(ranked)
    if best == worst:
        return f"{said}; the clip watched next stands at rank {best} in each."
    said += f"; the clip watched next stands highest in {highest} ({best})"
    return f"{said}, lowest in {lowest} ({worst})."


def _lines(comparison: Comparison) -> tuple[list[Line], style.RankScale]:
    """Return every clip that is among some system's first, the target last, and the scale."""
    items = {item.item_id: item for ranks in comparison.rankings for item in ranks.items}
    target = comparison.target
    if target is not None:
        items.setdefault(target.item_id, target)

    # The rank of each in every column, and the scale that holds them all.
    ranks = {}
    for item_id in items:
        ranks[item_id] = tuple(ranking.rank_of(item_id) or 0 for ranking in comparison.rankings)
    deepest = max(max(row) for row in ranks.values())
    scale = style.RankScale(len(comparison.rankings[0].items), deepest, gap=0.9, strip=1.6)

    # A line lies at the heights of its ranks.
    lines = []
    for item_id, item in items.items():
        heights = tuple(style.plain([scale.height(rank) for rank in ranks[item_id]]))
        lines.append(Line(item, ranks[item_id], heights, _is_target(comparison, item)))
    return sorted(lines, key=lambda line: line.is_target), scale


def _deep_ticks(scale: style.RankScale) -> list[int]:
    """Return the deeper ranks worth a label: the deepest, and round ones that stand clear of it."""
    # From below, each where the one under it leaves room.
    ticks: list[int] = []
    for rank in (scale.deepest, *reversed(_ROUND)):
        is_clear = not ticks or scale.height(ticks[-1]) - scale.height(rank) >= 0.4
        if scale.is_deep(rank) and is_clear:
            ticks.append(rank)
    return ticks[::-1]


def _is_target(comparison: Comparison, item: RankedItem) -> bool:
    return comparison.target is not None and comparison.target.item_id == item.item_id


def _largest_move(main: SystemRanking, others: Sequence[SystemRanking]) -> str:
    """Return which of the first clips stands farthest from its rank in which system, in words."""
    farthest = 0
    words = ""
    for ranks in others:
        for item in main.items:
            found = ranks.rank_of(item.item_id)
            if found is not None and abs(found - item.rank) > farthest:
                farthest = abs(found - item.rank)
                words = f"; {style.quoted(item.title)}, rank {item.rank} here, "
                words += f"stands at {found} in {_quoted(ranks)}"
    return words


def _drawn(line: Line, top: int) -> dict:
    """A line that lies flat where it passes a system, so that the eye can follow it."""
    # The true next clip stands out, those that only others recommend are dotted.
    if line.is_target:
        look = {"width": 5, "dash": "solid"}
        opacity = 1.0
    elif line.ranks[0] <= top:
        look = {"width": 2.6, "dash": "solid"}
        opacity = 0.75
    else:
        look = {"width": 1.6, "dash": "dot"}
        opacity = 0.6

    # Three places a column, at one height.
    x = []
    y = []
    for column, height in enumerate(line.heights):
        x += [column - 0.13, column, column + 0.13]
        y += [height] * 3
    return style.scatter(
        line.item.item_id,
        "lines",
        x=x,
        y=style.plain(y),
        line={"color": line.colour, "shape": "spline", "smoothing": 0.7, **look},
        opacity=opacity,
    )


def _places(
    lines: Sequence[Line], top: int, rankings: Sequence[SystemRanking], has_posters: bool
) -> dict:
    """What can be pointed at: every clip in every column, the first ones with their rank."""
    names = [style.safe(_name(ranks)) for ranks in rankings]
    size = 30 if has_posters else 11

    # The first clips of a column are as large as their posters, which stand over them.
    x = []
    y = []
    sizes = []
    colours = []
    opacities = []
    texts = []
    told = []
    for line in lines:
        title = style.safe(line.item.title, 60)
        for column, rank, height in line.spots:
            is_shown = rank <= top
            x.append(column)
            y.append(height)
            sizes.append(size if is_shown else 6)
            colours.append(line.colour)
            opacities.append(0 if is_shown and has_posters else 1)
            texts.append(str(rank) if is_shown else "")
            told.append([line.item.item_id, rank, title, names[column]])
    return style.scatter(
        "places",
        "markers+text",
        hover="%{customdata[2]}<br>rank %{customdata[1]}, %{customdata[3]}",
        x=x,
        y=style.plain(y),
        marker={"size": sizes, "color": colours, "opacity": opacities},
        text=texts,
        textposition="top left",
        textfont=style.font(10, style.INK_FAINT),
        customdata=told,
        cliponaxis=False,
    )


def _pictures(lines: Sequence[Line], top: int, posters: Mapping[str, str]) -> list[dict]:
    """The posters of the first clips of every column."""
    drawn = []
    for line in lines:
        source = posters.get(line.item.item_id)
        for column, rank, height in line.spots:
            if source is not None and rank <= top:
                place = {"xref": "x", "yref": "y"}
                drawn.append(style.picture(source, column, height, (0.5, 0.9), **place))
    return drawn


def _labels(lines: Sequence[Line], top: int, has_posters: bool) -> list[dict]:
    """The titles of clips where they first appear; elsewhere a star next to the true next clip."""
    # Right of the poster, or of the bare place.
    room = 17 if has_posters else 9
    titles = []
    stars = []
    for line in lines:
        star = "★ " if line.is_target else ""
        title = star + style.safe(line.item.title, 13)
        for column, rank, height in line.spots:
            # A deep place has no number of its own, so its star says the rank.
            if line.enters(column, top):
                titles.append(_label(column, height, title, room, style.INK_SOFT))
            elif line.is_target and rank <= top:
                stars.append(_label(column, height, "<b>★</b>", 17, style.GOOD))
            elif line.is_target:
                stars.append(_label(column, height, f"<b>★ {rank}</b>", 8, style.GOOD))
    return titles + stars


def _label(column: int, height: float, text: str, shift: int, colour: str) -> dict:
    look = style.font(10.5, colour)
    ground = {"bgcolor": style.SURFACE, "borderpad": 1}
    return style.label(text, column, height, look, xanchor="left", xshift=shift, **ground)


def _systems_axis(rankings: Sequence[SystemRanking]) -> dict:
    words = []
    for ranks in rankings:
        name = style.safe(_name(ranks), 40)
        # Broken where a long name can be.
        words.append(f"<b>{name.replace(', ', ',<br>').replace(' + ', '<br>+ ')}</b>")
    return style.names_axis(
        range(len(rankings)),
        words,
        side="top",
        range=[-0.3, len(rankings) - 0.5],
        tickfont=style.font(12, style.INK),
    )


def _tick_words(comparison: Comparison, deep: Sequence[int], limit: int) -> list[str]:
    """Return the first system's clips by title, then the deeper ranks."""
    words = []
    for item in comparison.rankings[0].items:
        star = "★ " if _is_target(comparison, item) else ""
        words.append(f"{star}{style.safe(item.title, limit)}  ")
    return words + [str(rank) for rank in deep]


def _name(ranks: SystemRanking) -> str:
    return system(ranks.variant).name


def _quoted(ranks: SystemRanking) -> str:
    return style.quoted(_name(ranks))
