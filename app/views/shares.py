"""Shares and chances as a visitor reads them: "4 in 10", "1 in 50", "24%"."""

from __future__ import annotations

import math

_MANY = 0.35
"""From here on tenths say it best; below, "1 in so many"."""
_NEARLY_ALL, _HARDLY_ANY = 0.95, 1 / 1500
_ROUND = (
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    12,
    15,
    20,
    25,
    30,
    40,
    50,
    60,
    80,
    100,
    150,
    200,
    300,
    400,
    500,
    700,
    1000,
)
MINUS = "−"


def in_words(share: float) -> str:
    """Return a share in [0, 1] as "4 in 10" or "1 in 50"."""
    if share >= _NEARLY_ALL:
        return "nearly all"
    if share >= _MANY:
        return f"{round(10 * share)} in 10"
    if share <= _HARDLY_ANY:
        return "hardly any"
    nearest = min(_ROUND, key=lambda count: abs(math.log(count * share)))
    return f"1 in {nearest}"


def percent(share: float) -> str:
    """Return a share as "24%"; a small one keeps a decimal, so that it is not nothing."""
    if 0 < share < 0.001:
        return "<0.1%"
    digits = 0 if share >= 0.01 or share == 0 else 1
    return f"{100 * share:.{digits}f}%"


def likelier(influence: float) -> str:
    """Return by how much of itself a chance changes where its logarithm falls by `influence`:
    "−24%"."""
    change = math.expm1(-influence)
    if abs(change) < 0.001:
        return "±0%"
    return f"{MINUS if change < 0 else '+'}{percent(abs(change))}"
