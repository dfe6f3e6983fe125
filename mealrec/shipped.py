"""Where the files lie that come with the project.

In a checkout next to the packages, in an installation inside of this one.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
ROOT = next(
    folder
    for folder in (_PACKAGE / "shipped", _PACKAGE.parent)
    if (folder / "checkpoints").is_dir()
)
DEFAULT_BUNDLE = "checkpoints/default"
ENCODER = "checkpoints/encoder"


def shipped(name: str) -> Path:
    """Return a shipped folder: by its short name where that leads there, as in a checkout."""
    return Path(name) if Path(name).exists() else ROOT / name
