"""A folder that is written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def made_next_to(path: Path) -> tuple[Path, Path]:
    """Return where a folder is drafted, and where what it replaces lies for a moment."""
    return path.with_name(f"{path.name}.partial"), path.with_name(f"{path.name}.replaced")


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a draft to fill; when the block has ended well it takes the place of `path`.

    Whatever stops the block leaves an older folder there as it was.
    """
    draft, old = made_next_to(path)
    for left in (draft, old):
        shutil.rmtree(left, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
    except BaseException:  # stopped, or the disk is full
        shutil.rmtree(draft, ignore_errors=True)
        raise

    # Change places.
    if path.exists():
        path.rename(old)
    draft.rename(path)
    shutil.rmtree(old, ignore_errors=True)
