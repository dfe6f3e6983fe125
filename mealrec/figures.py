"""How measured figures are written. Imports nothing: the page shows them before torch is there."""

from __future__ import annotations

from collections.abc import Sequence

LEAST_P = 1e-300


def p_text(p: float) -> str:
    """Return a p-value to one digit; near the least float, where it may be 0, a bound is told."""
    return f"< {LEAST_P:.0e}" if p < LEAST_P else f"{p:.1g}"


def spread(value: dict[str, float], seeds: int) -> str:
    """Return a mean with its standard deviation, where there is more than one seed."""
    return f"{value['mean']:.4f}" + (f" ± {value['sd']:.4f}" if seeds > 1 else "")


def table(head: Sequence[str], body: Sequence[Sequence[str]], align: str = "---:") -> str:
    """Return a Markdown table; all columns but the first are aligned as `align` says."""
    lines = [head, ["---", *[align] * (len(head) - 1)], *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
