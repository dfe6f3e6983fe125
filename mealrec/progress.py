"""What long work says while it runs, on the error stream: the output stays what was asked for."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np

EVERY_S = 5.0
LOOKS_EVERY_S = 1.0
PATIENCE_S = 8.0  # longer than that nobody is left to wonder whether it hangs
Part = TypeVar("Part")


class Progress:
    """Says what is being done, and how far it is whenever a few seconds have passed.

    Inside `with` it says so even where a single step takes longer than that.
    """

    def __init__(self):
        self._started = time.monotonic()
        self._said = self._started
        self._what = ""
        self._over = threading.Event()

    def __enter__(self) -> Progress:
        threading.Thread(target=self._watch, name="progress", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def begins(self, what: str) -> None:
        """Say that a part begins."""
        self._what = what
        self._say(what)

    def reaches(self, what: str, done: int, of: int) -> None:
        """Say how far a part is, unless something was said just now."""
        self._what = f"{what}: {done} of {of}"
        if time.monotonic() - self._said > EVERY_S:
            self._say(f"  {self._what}")

    def watched(
        self, what: str, scorer: Callable[[np.ndarray], np.ndarray], rows: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Return the scorer of `rows` histories that says how far it is."""
        # A scorer is called with a part of the rows at a time.
        done = 0

        def score(histories: np.ndarray) -> np.ndarray:
            nonlocal done
            found = scorer(histories)
            done += len(histories)
            self.reaches(what, done, rows)
            return found

        return score

    def through(self, what: str, parts: Sequence[Part]) -> Iterator[Part]:
        """Yield each part, saying how many are done."""
        for number, part in enumerate(parts):
            self.reaches(what, number, len(parts))
            yield part

    def _watch(self) -> None:
        while not self._over.wait(LOOKS_EVERY_S):
            if time.monotonic() - self._said > PATIENCE_S:
                self._say(f"  {self._what} …")

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        print(f"{self._said - self._started:5.0f} s  {text}", file=sys.stderr, flush=True)
