"""What the quality of a bundle's systems costs: N@10 against the time that they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

from app.plots import style
from app.plots.systems import METRIC, OURS, Measured, measured

TITLE = "What the quality costs"
UNITS = (
    "N@10 against cost on a logarithmic scale: the higher, the better; "
    "the farther left, the cheaper"
)
EMPTY = "This bundle does not say what its systems cost."

COSTS = {"train_s": "seconds to train", "request_ms": "milliseconds a request"}
_NAME_PX = 24  # how tall a name is


def figure(metrics: Mapping) -> dict:
    """Draw a dot a system: what it costs across, how well it ranks upwards.

    Args:
        metrics: the bundle's figures: `test`, and where measured `cost`, each by system.
    """
    key, rows = _paid(metrics)
    if not rows:
        return style.note(TITLE, UNITS)

    # Where the dots lie across, and their names upwards.
    costs = [row.costs[key] for row in rows]
    low, high = _decades(costs)
    ticks = _ticks(low, high)
    end = 10**high
    places = _spread([row.value for row in rows])
    pad = max(0.06 * (places[0] - places[-1]), 1e-3)
    return style.titled(
        TITLE,
        UNITS,
        height=max(300, 90 + _NAME_PX * len(rows)),
        data=[
            _leaders(rows, costs, places, end),
            _dots(rows, costs, COSTS[key]),
            _labels(rows, places, end),
        ],
        margin={"l": 52, "r": 168, "t": 10, "b": 46},
        xaxis=style.axis(
            COSTS[key],
            type="log",
            range=[low, high],
            tickvals=ticks,
            ticktext=[f"{tick:,g}" for tick in ticks],
        ),
        yaxis=style.axis(METRIC, range=[places[-1] - pad, places[0] + pad], nticks=6),
        meta={"narrow": {"layout.margin.r": 106, "data.2.text": _names(rows, 14)}},
    )


def reading(metrics: Mapping) -> str:
    """Tell what the best system costs next to the cheapest, and what it gains for that."""
    key, rows = _paid(metrics)
    if not rows:
        return EMPTY

    # The best system, and the cheapest: of equally cheap ones the best.
    best = rows[0]
    cheapest = min(rows, key=lambda row: (row.costs[key], -row.value))
    cost = best.costs[key]
    amount = f"{cost:,.0f}" if cost >= 10 else f"{cost:.2g}"
    takes = f"takes {amount} {COSTS[key]}"
    if cost == cheapest.costs[key]:
        return f"{best.quoted} ranks best, and none costs less: it {takes}."

    # What more it costs, and what for.
    times = cost / cheapest.costs[key]
    more = f"{times:.1f}" if times < 10 else f"{times:,.0f}"
    gain = best.value - cheapest.value
    return (
        f"{best.quoted} ranks best and {takes}, {more} times as many as the cheapest, "
        f"{cheapest.quoted}, which stands {gain:.3f} lower in {METRIC}."
    )


def _paid(metrics: Mapping) -> tuple[str, list[Measured]]:
    """Return the cost that is known of most systems, and these systems, the best first."""
    rivals = [row for row in measured(metrics) if not row.is_oracle]

    # Not every system has both costs.
    known = {}
    for key in COSTS:
        known[key] = [row for row in rivals if key in row.costs]
    key = max(known, key=lambda key: len(known[key]))
    return key, known[key]


def _spread(values: Sequence[float]) -> list[float]:
    """Return where names stand: at their falling values, or as far apart as names need."""
    # Names keep most of an even share of the height between them.
    gap = max(1.15 * (values[0] - values[-1]) / max(len(values) - 1, 1), 1e-3) * 0.72

    # From the top down: at its value, or below the name before it.
    places = [values[0]]
    for value in values[1:]:
        places.append(min(value, places[-1] - gap))
    return places


def _decades(costs: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the logarithmic axis, with some air at both."""
    low = log10(min(costs))
    high = log10(max(costs))
    pad = max(0.08 * (high - low), 0.1)
    return low - pad, high + pad


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers for the axis: 1, 2 and 5 within two decades, else one a decade."""
    digits = (1, 2, 5) if high - low <= 2 else (1,)
    powers = range(floor(low), ceil(high) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in digits]
    return [tick for tick in ticks if low <= log10(tick) <= high]


def _leaders(
    rows: Sequence[Measured], costs: Sequence[float], places: Sequence[float], end: float
) -> dict:
    """A hairline from every dot to its name at the right, since dots may lie close together."""
    ends = []
    for row, cost, place in zip(rows, costs, places, strict=True):
        ends.append((round(cost, 4), end, round(row.value, 5), round(place, 5)))
    line = {"color": style.INK_FAINT, "width": 1}
    return style.scatter("leaders", "lines", **style.strokes(ends), line=line, opacity=0.45)


def _dots(rows: Sequence[Measured], costs: Sequence[float], unit: str) -> dict:
    return style.scatter(
        "systems",
        "markers",
        hover=f"<b>%{{hovertext}}</b><br>{METRIC} %{{y:.4f}}<br>%{{x:,.3~f}} {unit}",
        x=[round(cost, 4) for cost in costs],
        y=[round(row.value, 5) for row in rows],
        hovertext=[row.name(60) for row in rows],
        marker={
            "size": 13,
            "color": [row.colour for row in rows],
            "line": style.RIM,
        },
    )


def _labels(rows: Sequence[Measured], places: Sequence[float], end: float) -> dict:
    return style.words(
        "names",
        style.font(12, style.INK_SOFT),
        x=[end] * len(rows),
        y=[round(place, 5) for place in places],
        text=_names(rows, 24),
    )


def _names(rows: Sequence[Measured], limit: int) -> list[str]:
    # The whole model stands out.
    names = []
    for row in rows:
        name = row.name(limit)
        names.append(f"<b>{name}</b>" if row.key == OURS else name)
    return names
