"""The motifs: one file each, found by listing this folder; the file's name is the motif's name.

A motif file holds `TOPIC`, `WORDS` (what a title may say of it) and one class `Painter(Scene)`.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def motifs() -> tuple[str, ...]:
    """Return the names of all motifs, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base"))


def motif(name: str) -> ModuleType:
    """Return the module of one motif (TOPIC, WORDS, Painter)."""
    return import_module(f"{__name__}.{name}")
