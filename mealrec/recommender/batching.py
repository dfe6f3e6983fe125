"""Requests that wait together are answered together: the first to find nobody at work answers
for all that wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked, Answer = TypeVar("Asked"), TypeVar("Answer")


class _Place(Generic[Asked, Answer]):
    """One thread's place in the queue: what it asks, and in the end an answer or an error."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.done = asked, False
        self.answer: Answer | None = None
        self.error: Exception | None = None


class Batcher(Generic[Asked, Answer]):
    """Answers requests of many threads in batches; it has no thread of its own.

    `work` answers a batch, in its order; `alike(a, b)` says whether two requests fit into one. A
    request that comes alone is answered at once, in its own thread. One that comes while a batch is
    at work waits for that, and then those like the oldest of all that wait are the next batch, at
    most `limit`. An error is its own request's alone.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Sequence[Answer]],
        alike: Callable[[Asked, Asked], bool],
        limit: int,
    ) -> None:
        self._work, self._alike, self._limit = work, alike, limit
        self._waiting: list[_Place[Asked, Answer]] = []
        self._turn = threading.Condition()
        self._busy = False

    def ask(self, asked: Asked) -> Answer:
        """Return the answer; raises what `work` raises for this request alone."""
        place: _Place[Asked, Answer] = _Place(asked)
        with self._turn:
            self._waiting.append(place)
            try:
                while not place.done:
                    if self._busy:
                        self._turn.wait()
                    else:
                        self._serve()
            finally:  # whoever is interrupted while waiting leaves no place behind
                if place in self._waiting:
                    self._waiting.remove(place)
        if place.error is not None:
            raise place.error
        return place.answer

    def _serve(self) -> None:
        """Answer the oldest request and those like it; the lock is held at the beginning and the
        end only."""
        batch = self._next_batch()
        self._busy = True
        self._turn.release()
        try:
            self._answer(batch)
        finally:
            self._turn.acquire()
            # none but when interrupted
            self._waiting = [place for place in batch if not place.done] + self._waiting
            self._busy = False
            self._turn.notify_all()

    def _next_batch(self) -> list[_Place[Asked, Answer]]:
        oldest, *others = self._waiting
        batch = [oldest, *(place for place in others if self._alike(oldest.asked, place.asked))][
            : self._limit
        ]
        self._waiting = [place for place in self._waiting if place not in batch]
        return batch

    def _answer(self, batch: Sequence[_Place[Asked, Answer]]) -> None:
        try:
            answers = self._work([place.asked for place in batch])
        except Exception as error:
            if len(batch) > 1:
                for place in batch:
                    self._answer([place])
            else:
                batch[0].error, batch[0].done = error, True
            return
        for place, answer in zip(batch, answers, strict=True):
            place.answer, place.done = answer, True
