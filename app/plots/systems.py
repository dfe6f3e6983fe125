"""The measured figures of a bundle's systems: how well each ranks, how sure that is, and what it
costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.plots import measured, style

TITLE = "How well each system ranks"
UNITS = "N@10 over all test viewers, watched clips left out (higher is better); bars: 95% interval"
PLAIN_UNITS = "N@10 over all test viewers, watched clips left out (higher is better)"
EMPTY = "This bundle holds no measured figures of its systems."

_ROW_PX = 30


def figure(metrics: Mapping, names: Mapping[str, str]) -> dict:
    """Draw a dot a system, the best first, with its interval where one was measured; oracles stand
    apart below.

    Args: metrics: the bundle's figures: `test`, and where measured `interval` and `cost`, each by
        system. names: the systems' names for people, by key.
    """
    systems, oracles = measured.ranked(metrics)
    rows = [*systems, *oracles]
    if not rows:
        return style.note(TITLE, UNITS)
    intervals = measured.intervals(metrics)
    places = [row + (row >= len(systems)) * (0.6 if systems else 0) for row in range(len(rows))]
    chart = style.titled(
        TITLE,
        UNITS if intervals else PLAIN_UNITS,
        height=round(64 + _ROW_PX * (places[-1] + 1)),
        margin={"l": 210, "r": 58, "t": 8, "b": 44},
        xaxis=style.axis(measured.METRIC, range=_reach(metrics, rows), nticks=6),
        yaxis=style.axis(
            "",
            range=[places[-1] + 0.6, -0.6],
            tickvals=places,
            ticktext=measured.words(rows, names, 34),
            tickfont={"size": 12, "color": style.INK_SOFT},
            showgrid=False,
        ),
        meta={
            "narrow": {
                "layout.margin.l": 126,
                "layout.yaxis.ticktext": measured.words(rows, names, 17),
            }
        },
        shapes=[_border(len(systems) - 0.2)] if systems and oracles else [],
    )
    chart["data"] = [
        _interval_lines(rows, places, intervals),
        _dots(metrics, rows, places, names, len(systems)),
        _numbers(metrics, rows, places),
    ]
    return chart


def reading(metrics: Mapping, names: Mapping[str, str]) -> str:
    """Tell which system ranks best, by how much it leads, and whether the intervals keep the two
    apart."""
    systems, oracles = measured.ranked(metrics)
    if not systems:
        return EMPTY
    best, value = systems[0], measured.value(metrics, systems[0])
    words = f"{measured.quoted(best, names)} ranks best, with an {measured.METRIC} of {value:.4f}"
    if len(systems) > 1:
        second = systems[1]
        ahead = (
            value / measured.value(metrics, second) - 1 if measured.value(metrics, second) else 0.0
        )
        words += (
            f", {ahead:.1%} above {measured.quoted(second, names)}{_apart(metrics, best, second)}"
        )
    if oracles and (top := measured.value(metrics, oracles[0])):
        words += f"; it reaches {value / top:.0%} of {measured.quoted(oracles[0], names)}"
    return f"{words}."


def _apart(metrics: Mapping, best: str, second: str) -> str:
    """Return whether two systems' intervals keep them apart, in words; nothing where one has
    none."""
    intervals = measured.intervals(metrics)
    if best not in intervals or second not in intervals:
        return ""
    return (
        " (their intervals overlap)"
        if intervals[best][0] <= intervals[second][1]
        else ", clear of its interval"
    )


def _reach(metrics: Mapping, rows: Sequence[str]) -> list[float]:
    ends = [
        end for name, pair in measured.intervals(metrics).items() if name in rows for end in pair
    ]
    values = [*(measured.value(metrics, name) for name in rows), *ends]
    pad = max(0.06 * (max(values) - min(values)), 1e-3)
    return [max(0.0, min(values) - pad), max(values) + pad]


def _interval_lines(
    rows: Sequence[str], places: Sequence[float], intervals: Mapping[str, tuple[float, float]]
) -> dict:
    x, y = [], []
    for name, place in zip(rows, places, strict=True):
        if name in intervals:
            x += [*intervals[name], None]
            y += [place, place, None]
    return {
        "type": "scatter",
        "name": "95% interval",
        "mode": "lines",
        "x": x,
        "y": y,
        "line": {"color": style.INK_FAINT, "width": 2},
        "opacity": 0.8,
        "hoverinfo": "skip",
    }


def _dots(
    metrics: Mapping,
    rows: Sequence[str],
    places: Sequence[float],
    names: Mapping[str, str],
    own: int,
) -> dict:
    intervals = measured.intervals(metrics)
    ranges = [
        "<br>95%: {:.4f} to {:.4f}".format(*intervals[row]) if row in intervals else ""
        for row in rows
    ]
    return {
        "type": "scatter",
        "name": measured.METRIC,
        "mode": "markers",
        "x": [round(measured.value(metrics, name), 5) for name in rows],
        "y": list(places),
        "cliponaxis": False,
        "hovertext": [
            f"<b>{word}</b>{more}"
            for word, more in zip(measured.words(rows, names, 60), ranges, strict=True)
        ],
        "marker": {
            "size": 10,
            "symbol": ["circle" if row < own else "diamond-open" for row in range(len(rows))],
            "color": [
                style.WARM if row >= own else measured.colour(name) for row, name in enumerate(rows)
            ],
            "line": {"width": 1.5, "color": style.SURFACE},
        },
        "hovertemplate": f"%{{hovertext}}<br>{measured.METRIC} %{{x:.4f}}<extra></extra>",
    }


def _numbers(metrics: Mapping, rows: Sequence[str], places: Sequence[float]) -> dict:
    """The figures in a column of their own, where no interval runs through them."""
    return {
        "type": "scatter",
        "name": "numbers",
        "mode": "text",
        "x": [_reach(metrics, rows)[1]] * len(rows),
        "y": list(places),
        "text": [f"<b>{measured.value(metrics, row):.3f}</b>" for row in rows],
        "textposition": "middle right",
        "textfont": {"size": 12, "color": style.INK},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _border(height: float) -> dict:
    """The line between the systems and the oracles."""
    line = {"color": style.LINE, "width": 1, "dash": "dash"}
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": height,
        "y1": height,
        "line": line,
    }
