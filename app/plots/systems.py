"""How well a bundle's systems rank, and how sure that is; `system_costs` reads the same figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from app.plots import style
from app.session.names import system

TITLE = "How well each system ranks"
PLAIN_UNITS = "N@10 over all test viewers, watched clips left out (higher is better)"
UNITS = f"{PLAIN_UNITS}; bars: 95% interval"
EMPTY = "This bundle holds no measured figures of its systems."

# The metric that is drawn, and the system that stands out.
METRIC = "N@10"
OURS = "full"
# How tall a row is, in pixels, and how far down the oracles are set, in rows.
_ROW_PX = 30
_ORACLES_APART = 0.6


@dataclass(frozen=True)
class Measured:
    """What was measured of one system.

    `value` is its metric, `interval` the two ends of the 95 % interval, none where that was not
    measured; `costs` by name, each above 0. An oracle knows what no system may.
    """

    key: str
    value: float
    interval: tuple[float, ...]
    costs: Mapping[str, float]

    @property
    def is_oracle(self) -> bool:
        """Say whether it is no rival, but knows too much."""
        return self.key.startswith("oracle")

    @property
    def colour(self) -> str:
        """Return its colour: the whole model stands out."""
        if self.is_oracle:
            return style.WARM
        return style.ACCENT if self.key == OURS else style.INK_FAINT

    @property
    def quoted(self) -> str:
        """Return its name in quotation marks for a reading (plain text)."""
        return style.quoted(system(self.key).name)

    def name(self, limit: int) -> str:
        """Return its name for people, safe for Plotly."""
        return style.safe(system(self.key).name, limit)


def figure(metrics: Mapping) -> dict:
    """Draw a dot a system, the best first, with its interval where one was measured.

    Args:
        metrics: the bundle's figures: `test`, and where measured `interval` and `cost`, each by
            system.
    """
    rows = measured(metrics)
    if not rows:
        return style.note(TITLE, UNITS)

    # A row a system; the oracles stand apart below.
    count = sum(not row.is_oracle for row in rows)
    has_border = 0 < count < len(rows)
    gap = _ORACLES_APART if has_border else 0
    places = [row if row < count else row + gap for row in range(len(rows))]
    foot = places[-1]
    return style.titled(
        TITLE,
        UNITS if any(row.interval for row in rows) else PLAIN_UNITS,
        height=round(64 + _ROW_PX * (foot + 1)),
        data=[_intervals(rows, places), _dots(rows, places), _numbers(rows, places)],
        margin={"l": 210, "r": 58, "t": 8, "b": 44},
        xaxis=style.axis(METRIC, range=_reach(rows), nticks=6),
        yaxis=style.names_axis(
            places,
            [row.name(34) for row in rows],
            range=[foot + 0.6, -0.6],
            tickfont=style.font(12, style.INK_SOFT),
        ),
        shapes=[style.dashed(0, 1, count - 0.2, xref="paper")] if has_border else [],
        meta={
            "narrow": {
                "layout.margin.l": 126,
                "layout.yaxis.ticktext": [row.name(17) for row in rows],
            }
        },
    )


def reading(metrics: Mapping) -> str:
    """Tell which system ranks best, by how much, and whether the intervals keep the two apart."""
    rows = measured(metrics)
    rivals = [row for row in rows if not row.is_oracle]
    if not rivals:
        return EMPTY
    best = rivals[0]
    said = f"{best.quoted} ranks best, with an {METRIC} of {best.value:.4f}"

    # How far behind the second is.
    if len(rivals) > 1:
        second = rivals[1]
        ahead = best.value / second.value - 1 if second.value else 0.0
        said += f", {ahead:.1%} above {second.quoted}{_apart(best, second)}"

    # How much of what an oracle reaches.
    oracles = rows[len(rivals) :]
    if oracles and oracles[0].value:
        said += f"; it reaches {best.value / oracles[0].value:.0%} of {oracles[0].quoted}"
    return f"{said}."


def measured(metrics: Mapping) -> list[Measured]:
    """Return the systems with the metric, the best first, and behind them the oracles likewise."""
    intervals = _finite(metrics, "interval")
    costs = _finite(metrics, "cost")
    found = []
    for key, figures in _finite(metrics, "test").items():
        if METRIC not in figures:
            continue

        # Where they were measured, its interval and what it costs.
        ends = intervals.get(key, {})
        interval = (ends["low"], ends["high"]) if {"low", "high"} <= ends.keys() else ()
        paid = {name: cost for name, cost in costs.get(key, {}).items() if cost > 0}
        found.append(Measured(key, figures[METRIC], interval, paid))
    return sorted(found, key=lambda row: (row.is_oracle, -row.value))


def _finite(metrics: Mapping, part: str) -> dict[str, dict[str, float]]:
    """Return one part of the figures by system, without what is no finite number.

    A bundle is somebody's file, and may hold anything.
    """
    rows = metrics.get(part)
    if not isinstance(rows, Mapping):
        return {}
    found = {}
    for key, row in rows.items():
        if isinstance(row, Mapping):
            numbers = {name: cell for name, cell in row.items() if isinstance(cell, int | float)}
            found[key] = {name: float(cell) for name, cell in numbers.items() if isfinite(cell)}
    return found


def _apart(best: Measured, second: Measured) -> str:
    """Return whether two intervals keep two systems apart, in words; "" where one has none."""
    if not best.interval or not second.interval:
        return ""
    # The better one's low end against the other's high one.
    overlap = best.interval[0] <= second.interval[1]
    return " (their intervals overlap)" if overlap else ", clear of its interval"


def _reach(rows: Sequence[Measured]) -> list[float]:
    """Return the ends of the metric's axis."""
    # Every dot and both ends of every interval lie within.
    values = [value for row in rows for value in (row.value, *row.interval)]
    pad = max(0.06 * (max(values) - min(values)), 1e-3)
    return [max(0.0, min(values) - pad), max(values) + pad]


def _intervals(rows: Sequence[Measured], places: Sequence[float]) -> dict:
    # A level stroke from the low end to the high one.
    ends = []
    for row, place in zip(rows, places, strict=True):
        if row.interval:
            ends.append((*row.interval, place, place))
    line = {"color": style.INK_FAINT, "width": 2}
    return style.scatter("95% interval", "lines", **style.strokes(ends), line=line, opacity=0.8)


def _dots(rows: Sequence[Measured], places: Sequence[float]) -> dict:
    # The pointer is told the whole name and both ends.
    told = []
    for row in rows:
        ends = "<br>95%: {:.4f} to {:.4f}".format(*row.interval) if row.interval else ""
        told.append(f"<b>{row.name(60)}</b>{ends}")
    return style.scatter(
        METRIC,
        "markers",
        hover=f"%{{hovertext}}<br>{METRIC} %{{x:.4f}}",
        x=[round(row.value, 5) for row in rows],
        y=places,
        cliponaxis=False,
        hovertext=told,
        marker={
            "size": 10,
            "symbol": ["diamond-open" if row.is_oracle else "circle" for row in rows],
            "color": [row.colour for row in rows],
            "line": style.RIM,
        },
    )


def _numbers(rows: Sequence[Measured], places: Sequence[float]) -> dict:
    """The figures in a column of their own, where no interval runs through them."""
    text = [f"<b>{row.value:.3f}</b>" for row in rows]
    end = [_reach(rows)[1]] * len(rows)
    return style.words("numbers", style.font(12, style.INK), x=end, y=places, text=text)
