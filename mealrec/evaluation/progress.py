"""What a long measurement says while it runs, on the error stream: the output stays what was measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from torch import Tensor

from mealrec.evaluation.ranking import Scorer

EVERY_S = 5.0
Part = TypeVar("Part", np.ndarray, Tensor)


class Progress:
    """Says what is being measured, and how far it is whenever a few seconds have passed."""

    def __init__(self):
        self._started = self._said = time.monotonic()

    def begins(self, what: str) -> None:
        """Say that a part begins."""
        self._say(what)

    def reaches(self, what: str, done: int, of: int) -> None:
        """Say how far a part is, unless something was said just now."""
        if time.monotonic() - self._said > EVERY_S:
            self._say(f"  {what}: {done} of {of}")

    def watched(self, what: str, scorer: Scorer, rows: int) -> Scorer:
        """Return the scorer of `rows` histories that says how far it is."""
        done = 0

        def score(histories: np.ndarray) -> np.ndarray:
            nonlocal done
            found = scorer(histories)
            done += len(histories)
            self.reaches(what, done, rows)
            return found

        return score

    def through(self, what: str, parts: Sequence[Part]) -> Sequence[Part]:
        """Yield each part, saying how many are done."""
        for number, part in enumerate(parts):
            self.reaches(what, number, len(parts))
            yield part

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        print(f"{self._said - self._started:5.0f} s  {text}", file=sys.stderr, flush=True)
