"""The folder that Gradio writes uploads to: a file goes once it is encoded, or soon if unused."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import gradio.utils

# Of all files together, and how long one may lie unused.
MAX_BYTES = 2 * 2**30
UNUSED_S = 1800.0  # from the upload to the click on "Add to my history"
# The parser writes parts to the folder itself, and leaves them where the visitor hangs up.
BROKEN_OFF_S = 120.0
LONGEST_PATH = 1024


def upload_folder() -> Path:
    """Return the folder of uploads."""
    return Path(gradio.utils.get_upload_folder()).resolve()


def is_uploaded(path: str | Path) -> bool:
    """Whether a path leads to a file in the folder of uploads.

    No request may name another file of this server.
    """
    if len(str(path)) > LONGEST_PATH:
        return False
    try:
        resolved = Path(path).resolve()
        return resolved.is_relative_to(upload_folder()) and resolved.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def discard(path: str | Path) -> None:
    """Delete an uploaded file, and its folder where nothing else is in it; any other file stays."""
    if is_uploaded(path):
        _delete(Path(path).resolve())


def trim(
    max_bytes: int = MAX_BYTES, unused_s: float = UNUSED_S, broken_off_s: float = BROKEN_OFF_S
) -> None:
    """Delete what nobody came back for; beyond `max_bytes` the oldest files go first."""
    folder = upload_folder()
    now = time.time()

    # Every file with its age and size; one may be gone meanwhile.
    held = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file():
                status = path.stat()
                held.append((status.st_mtime, status.st_size, path))

    # The oldest first. Those in the folder itself are parts of broken-off uploads.
    total = sum(size for _, size, _ in held)
    for changed, size, path in sorted(held):
        limit_s = broken_off_s if path.parent == folder else unused_s
        if total > max_bytes or now - changed > limit_s:
            total -= size
            _delete(path)


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
        if path.parent != upload_folder():
            path.parent.rmdir()  # fails, and may, where another file is left in it
