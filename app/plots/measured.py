"""A bundle's measured figures, by system: how well each ranks, how sure that is, and what it
costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from app.plots import style

METRIC = "N@10"
OURS = "full"
COSTS = {"train_s": "seconds to train", "request_ms": "milliseconds a request"}


def ranked(metrics: Mapping) -> tuple[list[str], list[str]]:
    """Return the systems and the oracles, which know what no system may, each the best first."""
    found = {name: row[METRIC] for name, row in _rows(metrics, "test").items() if METRIC in row}
    known = sorted(found, key=lambda name: -found[name])
    oracles = [name for name in known if name.startswith("oracle")]
    return [name for name in known if name not in oracles], oracles


def value(metrics: Mapping, system: str) -> float:
    """Return how well a system ranks."""
    return _rows(metrics, "test")[system][METRIC]


def intervals(metrics: Mapping) -> dict[str, tuple[float, float]]:
    """Return the ends of the 95 % interval of every system that has one."""
    ends = _rows(metrics, "interval")
    return {
        name: (row["low"], row["high"])
        for name, row in ends.items()
        if {"low", "high"} <= row.keys()
    }


def costs(metrics: Mapping, by: str = "") -> tuple[str, dict[str, float]]:
    """Return a cost of every ranked system that has it: which one it is, and that cost by system.

    Without `by`, a key of `COSTS`, it is the one that most systems have.
    """
    systems, measured = ranked(metrics)[0], _rows(metrics, "cost")
    known = {
        key: {
            name: measured[name][key] for name in systems if measured.get(name, {}).get(key, 0) > 0
        }
        for key in COSTS
    }
    key = by if by in COSTS else max(known, key=lambda key: len(known[key]))
    return key, known[key]


def _rows(metrics: Mapping, part: str) -> dict[str, dict[str, float]]:
    """Return one part of the figures by system; what is no finite number is left out, since a
    bundle may hold it."""
    rows = metrics.get(part)
    if not isinstance(rows, Mapping):
        return {}
    return {
        name: {
            key: float(figure)
            for key, figure in row.items()
            if isinstance(figure, int | float) and isfinite(figure)
        }
        for name, row in rows.items()
        if isinstance(row, Mapping)
    }


def words(rows: Sequence[str], names: Mapping[str, str], limit: int) -> list[str]:
    """Return the systems' names for people, safe for Plotly."""
    return [style.safe(names.get(row, row), limit) for row in rows]


def quoted(system: str, names: Mapping[str, str]) -> str:
    """Return a system's name in quotation marks for a reading (plain text)."""
    return style.quoted(names.get(system, system))


def colour(system: str) -> str:
    """Return a system's colour: the whole model stands out."""
    return style.ACCENT if system == OURS else style.INK_FAINT
