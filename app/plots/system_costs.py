"""What the quality of a bundle's systems costs: N@10 against training time, or against the time
of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

from app.plots import measured, style

TITLE = "What the quality costs"
UNITS = "N@10 against cost on a logarithmic scale: the higher, the better; the farther left, the cheaper"
EMPTY = "This bundle does not say what its systems cost."

_ROUND = (1, 2, 5)
_NAME_PX = 24


def figure(metrics: Mapping, names: Mapping[str, str], by: str = "") -> dict:
    """Draw a dot a system: what it costs across, how well it ranks upwards.

    Args:
        metrics: the bundle's figures: `test`, and where measured `cost`, each by system.
        names: the systems' names for people, by key.
        by: which cost, "train_s" or "request_ms"; without it the one that most systems have.
    """
    key, costs = measured.costs(metrics, by)
    if not costs:
        return style.note(TITLE, UNITS)
    axis = measured.COSTS[key]
    rows = [system for system in measured.ranked(metrics)[0] if system in costs]
    places = _spread([measured.value(metrics, row) for row in rows])
    pad = max(0.06 * (places[0] - places[-1]), 1e-3)
    ticks = _ticks(list(costs.values()))
    chart = style.titled(
        TITLE,
        UNITS,
        height=max(300, 90 + _NAME_PX * len(rows)),
        margin={"l": 52, "r": 168, "t": 10, "b": 46},
        xaxis=style.axis(
            axis,
            type="log",
            range=_decades(list(costs.values())),
            tickvals=ticks,
            ticktext=[f"{tick:,g}" for tick in ticks],
        ),
        yaxis=style.axis(measured.METRIC, range=[places[-1] - pad, places[0] + pad], nticks=6),
        meta={"narrow": {"layout.margin.r": 106, "data.2.text": _names(rows, names, 14)}},
    )
    end = 10 ** _decades(list(costs.values()))[1]
    chart["data"] = [
        _leaders(metrics, rows, costs, places, end),
        _dots(metrics, rows, costs, names, axis),
        _labels(rows, names, places, end),
    ]
    return chart


def reading(metrics: Mapping, names: Mapping[str, str], by: str = "") -> str:
    """Tell what the best system costs next to the cheapest, and what it gains for that."""
    key, costs = measured.costs(metrics, by)
    if not costs:
        return EMPTY
    best = next(system for system in measured.ranked(metrics)[0] if system in costs)
    cheapest = min(costs, key=lambda system: (costs[system], -measured.value(metrics, system)))
    takes, axis = f"takes {_amount(costs[best])} {measured.COSTS[key]}", measured.METRIC
    if costs[best] == costs[cheapest]:
        return f"{measured.quoted(best, names)} ranks best, and none costs less: it {takes}."
    times, gain = (
        costs[best] / costs[cheapest],
        measured.value(metrics, best) - measured.value(metrics, cheapest),
    )
    more = f"{times:.1f}" if times < 10 else f"{times:,.0f}"
    return (
        f"{measured.quoted(best, names)} ranks best and {takes}, {more} times as many as the cheapest, "
        f"{measured.quoted(cheapest, names)}, which stands {gain:.3f} lower in {axis}."
    )


def _amount(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 10 else f"{cost:.2g}"


def _spread(values: Sequence[float]) -> list[float]:
    """Return where names stand for falling values: at their value, or as far apart as names
    need."""
    gap = max(1.15 * (values[0] - values[-1]) / max(len(values) - 1, 1), 1e-3) * 0.72
    places = [values[0]]
    for value in values[1:]:
        places.append(min(value, places[-1] - gap))
    return places


def _decades(costs: Sequence[float]) -> list[float]:
    """Return the ends of the logarithmic axis, with some air at both."""
    low, high = log10(min(costs)), log10(max(costs))
    pad = max(0.08 * (high - low), 0.1)
    return [low - pad, high + pad]


def _ticks(costs: Sequence[float]) -> list[float]:
    """Return round numbers for the axis: 1, 2 and 5 within two decades, else one a decade."""
    low, high = _decades(costs)
    steps = _ROUND if high - low <= 2 else _ROUND[:1]
    ticks = [digit * 10.0**power for power in range(floor(low), ceil(high) + 1) for digit in steps]
    return [tick for tick in ticks if low <= log10(tick) <= high]


def _dots(
    metrics: Mapping,
    rows: Sequence[str],
    costs: Mapping[str, float],
    names: Mapping[str, str],
    axis: str,
) -> dict:
    return {
        "type": "scatter",
        "name": "systems",
        "mode": "markers",
        "x": [round(costs[row], 4) for row in rows],
        "y": [round(measured.value(metrics, row), 5) for row in rows],
        "hovertext": measured.words(rows, names, 60),
        "marker": {
            "size": 13,
            "color": [measured.colour(row) for row in rows],
            "line": {"width": 1.5, "color": style.SURFACE},
        },
        "hovertemplate": f"<b>%{{hovertext}}</b><br>{measured.METRIC} %{{y:.4f}}<br>%{{x:,.3~f}} {axis}<extra></extra>",
    }


def _leaders(
    metrics: Mapping,
    rows: Sequence[str],
    costs: Mapping[str, float],
    places: Sequence[float],
    end: float,
) -> dict:
    """A hairline from every dot to its name at the right, since dots may lie close together."""
    x, y = [], []
    for row, place in zip(rows, places, strict=True):
        x += [round(costs[row], 4), end, None]
        y += [round(measured.value(metrics, row), 5), round(place, 5), None]
    look = {"line": {"color": style.INK_FAINT, "width": 1}, "opacity": 0.45, "hoverinfo": "skip"}
    return {"type": "scatter", "name": "leaders", "mode": "lines", "x": x, "y": y, **look}


def _labels(
    rows: Sequence[str], names: Mapping[str, str], places: Sequence[float], end: float
) -> dict:
    return {
        "type": "scatter",
        "name": "names",
        "mode": "text",
        "x": [end] * len(rows),
        "y": [round(place, 5) for place in places],
        "text": _names(rows, names, 24),
        "textposition": "middle right",
        "textfont": {"size": 12, "color": style.INK_SOFT},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _names(rows: Sequence[str], names: Mapping[str, str], limit: int) -> list[str]:
    words = measured.words(rows, names, limit)
    return [
        f"<b>{word}</b>" if row == measured.OURS else word
        for row, word in zip(rows, words, strict=True)
    ]
