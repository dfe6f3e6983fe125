"""A Space with shared GPUs (ZeroGPU): who lends one, and for what; elsewhere nothing happens.

There a GPU is lent for single calls: a decorated function runs in a process forked for it, its
arguments and its result are pickled by `spaces` itself, and a Space without such a function does
not start. A request's walks are far shorter than such a loan, so they stay on the CPU; a video's
encoding, which can take seconds, borrows a GPU.
"""

from __future__ import annotations

import os
from collections.abc import Callable

# The longest that one encoding may take there.
LOAN_S = 60


def is_lent() -> bool:
    """Whether this is such a Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}


def devices() -> tuple[str, str]:
    """Return where requests are answered and where videos are encoded.

    On such a Space torch claims a GPU in every process, and has one only in a borrowing one.
    """
    return ("cpu", "auto") if is_lent() else ("auto", "auto")


def borrowing(function: Callable) -> Callable:
    """Return the function as it borrows a GPU for each call, where one is lent."""
    if not is_lent():
        return function
    # Only such a Space has it.
    import spaces

    return spaces.GPU(function, duration=LOAN_S)
