"""What a process that decodes may take of the machine, where the system knows such limits
(Windows knows none)."""

from __future__ import annotations

import math
import time
from importlib import import_module

from mealrec.errors import VideoError
from mealrec.video.probe import DecodeLimits, too_costly

OPEN_FILES = 64


def confine(limits: DecodeLimits, max_output_bytes: int = 0) -> None:
    """Bound this process's address space, processor time, open files and what it may write, for
    good."""
    try:
        resource = import_module("resource")
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits.max_memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_output_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES,) * 2)
    # Behind `check_time`, for a decoder that does not come back; the first second beyond says
    # SIGXCPU, the next kills.
    seconds = math.ceil(limits.cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def check_time(limits: DecodeLimits) -> None:
    """Raise VideoError once this process has used up its processor time."""
    if time.process_time() > limits.cpu_s:
        raise VideoError(too_costly(limits))
