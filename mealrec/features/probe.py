"""What a file must be before any decoder sees it: its size, and the container its first bytes announce."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mealrec.errors import VideoError

HEAD_BYTES = 512
TS_PACKET = 188
SHOWN_NAME = 60
EBML = b"\x1a\x45\xdf\xa3"
ACCEPTED = "MP4, MOV, WebM, MKV, AVI, MPEG-TS or GIF"


@dataclass(frozen=True)
class DecodeLimits:
    """What one video may cost: bytes on disk, pixels a side, seconds of video, wall time, address space."""

    max_bytes: int = 200 * 2**20
    max_side: int = 4096
    max_duration_s: float = 600.0
    timeout_s: float = 30.0
    max_memory_bytes: int = 3 * 2**30


def check_file(path: Path, limits: DecodeLimits) -> str:
    """Check size and first bytes, and return the name of the one demuxer that may open the file.

    Naming the demuxer matters: a decoder that guesses would open a playlist renamed to .mp4, and with it
    whatever local file the playlist names.

    Raises VideoError for a missing, empty, too large or non-video file.
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
    demuxer = _demuxer(head)
    if demuxer is None:
        kind = "text (a playlist, perhaps)" if _is_text(head) else "no kind of video that is known here"
        raise VideoError(f"{name} is {kind}, whatever its name says: choose a video ({ACCEPTED}).")
    return demuxer


def shown_name(path: Path) -> str:
    """Return a file's name as a message may show it: without control characters, and not longer than a line."""
    name = "".join(c if c.isprintable() else "�" for c in path.name)
    return name if len(name) <= SHOWN_NAME else f"{name[: SHOWN_NAME - 1]}…"


def _demuxer(head: bytes) -> str | None:
    # A box of 64 KiB or more before the brand is no real file's: its length could spell a playlist's first word.
    if head[:2] == b"\0\0" and head[4:8] == b"ftyp":
        return "mov"
    if head[:4] == EBML:
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if len(head) > 2 * TS_PACKET and all(head[i] == 0x47 for i in (0, TS_PACKET, 2 * TS_PACKET)):
        return "mpegts"
    return None


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", errors="strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    return len(text) > 0.9 * len(head) and all(c.isprintable() or c.isspace() for c in text)


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
