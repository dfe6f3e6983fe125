"""How a measured figure is written. Imports nothing: the page shows figures before torch is
there."""

from __future__ import annotations

LEAST_P = 1e-300


def p_text(p: float) -> str:
    """Return a p-value as text, to one digit; near the least float it may have underflowed to 0,
    so a bound is told."""
    return f"< {LEAST_P:.0e}" if p < LEAST_P else f"{p:.1g}"
