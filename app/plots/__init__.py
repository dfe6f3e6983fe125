"""The figures of one recommendation run, or of one comparison of systems, one a file.

A module offers `TITLE`, `figure(trace) -> dict` and `reading(trace) -> str`, one sentence computed from that very run
(plain text, not HTML); those of `OF_COMPARISONS` take a Comparison in place of a run. The file's name is the figure's
key; `style.py` and `columns.py` are what they share and are none themselves.

A figure is a dict in plotly's JSON form (data, layout, frames). Built as `plotly.graph_objects.Figure`, whose every
assignment is validated, one animated figure took half a second; the tests do that validation instead.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

SHARED = {"columns", "style"}
OF_COMPARISONS = {"system_bump"}


def names() -> tuple[str, ...]:
    """Return the key of every figure in this folder, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED))


def plot(name: str) -> ModuleType:
    """Return the module of one figure; `name` is one of `names()`."""
    return import_module(f"{__name__}.{name}")
