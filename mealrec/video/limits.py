"""What one video may cost, and how the process that decodes it is held to that."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from mealrec.errors import VideoError

OPEN_FILES = 64  # a decoder's libraries and its one video need fewer
WIDEST = 4  # heights: what is wider is scaled down, so that no frame costs more than it shows


@dataclass(frozen=True)
class DecodeLimits:
    """Bytes on disk, pixels a side, seconds of video, processor and wall time, address space.

    Processor time is the limit that a file meets; the wall time behind it is for a decoder that
    hangs, and long enough for a machine with much else to do.
    """

    max_bytes: int = 200 * 2**20
    max_side: int = 4096
    max_duration_s: float = 600.0
    cpu_s: float = 30.0
    timeout_s: float = 300.0
    max_memory_bytes: int = 3 * 2**30


def confine(limits: DecodeLimits, max_output_bytes: int = 0) -> None:
    """Bound this process's memory, processor time, open files and what it may write, for good.

    Nothing is bounded where the system knows no such limits, as Windows does not.
    """
    try:
        import resource
    except ImportError:
        return

    def bound(kind: int, most: int) -> None:
        resource.setrlimit(kind, (most, most))

    bound(resource.RLIMIT_AS, limits.max_memory_bytes)
    bound(resource.RLIMIT_FSIZE, max_output_bytes)
    bound(resource.RLIMIT_CORE, 0)
    bound(resource.RLIMIT_NOFILE, OPEN_FILES)
    # Behind `check_time`, for a decoder that does not come back; the first second beyond says
    # SIGXCPU, the next kills.
    seconds = math.ceil(limits.cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def check_time(limits: DecodeLimits) -> None:
    """Raise VideoError once this process has used up its processor time."""
    if time.process_time() > limits.cpu_s:
        raise VideoError(too_costly(limits))


def too_costly(limits: DecodeLimits) -> str:
    """Return why a video that takes too much processor time is refused, and what helps."""
    return (
        f"The video takes over {limits.cpu_s:g} s of processor time: make it smaller, for example "
        'by "ffmpeg -i IN -vf scale=-2:720 -r 30 OUT.mp4".'
    )


def fitted(rows: int, columns: int, height: int) -> tuple[int, int]:
    """Return (rows, columns) of a picture scaled down, in proportion, to fit `height`.

    WIDEST times that height is the limit of its width; nothing is scaled up.
    """
    scale = min(1.0, height / rows, WIDEST * height / columns)
    return max(1, round(rows * scale)), max(1, round(columns * scale))
