"""The allocator of a server with many threads: what an answer used is given back."""

from __future__ import annotations

import ctypes
import platform

_LARGE_BYTES = 2**20
_ARENAS = 1
# The names and numbers of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def give_back() -> None:
    """Set glibc's malloc so that freed memory leaves the process; another allocator stays as it is.

    By default every thread fills a heap of its own, and a freed block is kept behind whatever small
    one was allocated after it. Before the first thread is started.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_ARENA_MAX, _ARENAS)
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _LARGE_BYTES)
