"""Where clips stand in a comparison: a column a system, a height a rank."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from mealrec.explain.trace import RankedItem
from mealrec.recommender.comparing import Comparison

_GAP, _STRIP = 0.9, 1.6
_ROUND = (10, 20, 50, 100, 200, 500, 1000, 10000, 100000)


@dataclass(frozen=True)
class Scale:
    """Rank -> height: one unit a rank down to `top`; below a gap the deeper ranks, logarithmic,
    on a strip."""

    top: int
    deepest: int

    @property
    def depth(self) -> float:
        """Return the height of the deepest rank."""
        return self.height(self.deepest)

    def height(self, rank: int) -> float:
        """Return where a rank stands on the axis."""
        if rank <= self.top:
            return float(rank)
        first = self.top + 1
        share = log(rank / first) / log(self.deepest / first) if self.deepest > first else 0.0
        return round(self.top + _GAP + _STRIP * share, 4)

    def deep_ticks(self) -> list[int]:
        """Return the deeper ranks worth a label: round ones that stand clear of each other, and
        the deepest."""
        ticks: list[int] = []
        for rank in (self.deepest, *reversed(_ROUND)):
            if self.top < rank <= self.deepest and (
                not ticks or self.height(ticks[-1]) - self.height(rank) >= 0.4
            ):
                ticks.append(rank)
        return ticks[::-1]


@dataclass(frozen=True)
class Line:
    """One clip through every column: `ranks` and `heights` a column each."""

    item: RankedItem
    ranks: tuple[int, ...]
    heights: tuple[float, ...]
    is_target: bool

    def enters(self, column: int, top: int) -> bool:
        """Say whether the clip is among a column's first, and was not in the column before."""
        return column > 0 and self.ranks[column] <= top < self.ranks[column - 1]


def lines_of(trace: Comparison) -> tuple[list[Line], Scale]:
    """Return every clip that is among some system's first, in order of appearance, and the scale
    of ranks."""
    items = {item.item_id: item for ranks in trace.rankings for item in ranks.items}
    target = trace.target
    if target is not None:
        items.setdefault(target.item_id, target)
    ranks = {key: tuple(ranking.rank_of(key) or 0 for ranking in trace.rankings) for key in items}
    scale = Scale(len(trace.rankings[0].items), max(max(row) for row in ranks.values()))
    lines = [
        Line(
            item,
            ranks[key],
            tuple(scale.height(rank) for rank in ranks[key]),
            target is not None and key == target.item_id,
        )
        for key, item in items.items()
    ]
    return sorted(lines, key=lambda line: line.is_target), scale
