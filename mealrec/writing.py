"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file at once: a reader, and whatever stops it, finds the old one or the new one."""
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:  # the disk is full: what cannot be finished only takes more of it
        draft.unlink(missing_ok=True)
        error.filename = error.filename or str(path)
        raise


def write_json(path: Path, values: dict) -> None:
    """Write readable JSON at once."""
    write_whole(path, (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode())


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
