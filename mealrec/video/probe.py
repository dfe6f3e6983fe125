"""What a file must be before any decoder sees it: its size, and the container its first bytes
announce."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mealrec.errors import VideoError
from mealrec.video.containers import (
    ACCEPTED,
    HEAD_BYTES,
    demuxer_of,
    is_scrambled,
    is_text,
    still_format,
)

SHOWN_NAME = 60


@dataclass(frozen=True)
class DecodeLimits:
    """What one video may cost: bytes on disk, pixels a side, seconds of video, processor and wall
    time, address space.

    Processor time is the limit that a file meets; the wall time behind it is for a decoder that
    hangs, and long enough for a machine with much else to do.
    """

    max_bytes: int = 200 * 2**20
    max_side: int = 4096
    max_duration_s: float = 600.0
    cpu_s: float = 30.0
    timeout_s: float = 300.0
    max_memory_bytes: int = 3 * 2**30


def check_file(path: Path, limits: DecodeLimits) -> str:
    """Check size and first bytes, and return the name of the one demuxer that may open the file.

    Naming the demuxer matters: a decoder that guesses would open a playlist renamed to .mp4, and
    with it whatever local file the playlist names.

    Raises VideoError for a missing, empty, too large, scrambled or non-video file, stills among
    them.
    """
    name = shown_name(path)
    if not path.is_file():
        raise VideoError(f"There is no file {name}: choose a video file ({ACCEPTED}).")
    size = path.stat().st_size
    if size == 0:
        raise VideoError(f"{name} is empty: the upload may have been cut off, try it again.")
    if size > limits.max_bytes:
        raise VideoError(
            f"{name} has {_mib(size)} and the limit is {_mib(limits.max_bytes)}: choose a shorter or smaller clip."
        )
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if still := still_format(head):
        raise VideoError(
            f"{name} is a picture ({still}), not a video: choose a clip that moves ({ACCEPTED})."
        )
    demuxer = demuxer_of(head)
    if demuxer is None:
        kind = (
            "text (a playlist, perhaps)" if is_text(head) else "no kind of video that is known here"
        )
        raise VideoError(f"{name} is {kind}, whatever its name says: choose a video ({ACCEPTED}).")
    if scheme := is_scrambled(head, demuxer):
        raise VideoError(f"{name}: {encrypted(scheme)}")
    return demuxer


def encrypted(scheme: str) -> str:
    """Return why a video that takes a key to play is refused; `scheme` is what its kind of
    protection is called."""
    return f"This video is encrypted ({scheme}) and shows nothing without its key: export it without protection."


def too_costly(limits: DecodeLimits) -> str:
    """Return why a video that takes too much processor time is refused, with a command that
    helps."""
    return (
        f"The video takes over {limits.cpu_s:g} s of processor time: make it smaller, for example by "
        '"ffmpeg -i IN -vf scale=-2:720 -r 30 OUT.mp4".'
    )


def shown_name(path: Path) -> str:
    """Return a file's name as a message may show it: without control characters, and not longer
    than a line."""
    name = "".join(c if c.isprintable() else "�" for c in path.name)
    return name if len(name) <= SHOWN_NAME else f"{name[: SHOWN_NAME - 1]}…"


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
