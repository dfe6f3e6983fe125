"""The figures of a run, of a comparison of systems, of the catalogue's map, and of measurements.

A module offers `TITLE`, `figure(trace) -> dict` and `reading(trace) -> str`, one sentence computed
from that very run (plain text, not HTML). Those of `OF_COMPARISONS` take a Comparison in place of a
run, those of `OF_MAPS` a KindMap, those of `OF_VIEWERS` a ViewerMap, those of `OF_METRICS` a
bundle's measured figures. The file's name is the figure's key; the files of `SHARED` are what they
share and are none themselves.

A figure is a dict in plotly's JSON form (data, layout, frames). Built as
`plotly.graph_objects.Figure`, whose every assignment is validated, one animated figure took half a
second; the tests do that validation instead.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

SHARED = {"kinds", "map_parts", "moment_bars", "style"}
OF_COMPARISONS = {"system_bump"}
OF_MAPS = {"kind_map"}
OF_VIEWERS = {"viewer_map"}
OF_METRICS = {"systems", "system_costs"}


def names() -> tuple[str, ...]:
    """Return the key of every figure in this folder, sorted."""
    found = {module.name for module in pkgutil.iter_modules(__path__)}
    return tuple(sorted(found - SHARED))


def plot(name: str) -> ModuleType:
    """Return the module of one figure; `name` is one of `names()`."""
    return import_module(f"{__name__}.{name}")
