"""The paper's tables and figures: a file's name is its key.

Each has `make(study, options) -> Exhibit`, and where it has options of its own
`add_arguments(group)`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType


def names() -> tuple[str, ...]:
    """Return the experiments found in this folder."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load(name: str) -> ModuleType:
    """Return an experiment's module."""
    return import_module(f"{__name__}.{name}")
