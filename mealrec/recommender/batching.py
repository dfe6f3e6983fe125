"""Requests that wait together are answered together, by the first that finds nobody at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Clock:
    """Milliseconds between laps, by name, and in total."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._last = self._began
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Add the time since the last lap to a name's."""
        now = time.perf_counter()
        self._laps[name] = self._laps.get(name, 0.0) + (now - self._last) * 1e3
        self._last = now

    def report(self) -> dict[str, float]:
        """Return the laps and `total`, rounded to microseconds."""
        total = (time.perf_counter() - self._began) * 1e3
        return {name: round(value, 3) for name, value in (self._laps | {"total": total}).items()}


class _Place(Generic[Asked, Answer]):
    """One thread's place in the queue: what it asks, and in the end an answer or an error."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.done = False
        self.answer: Answer | None = None
        self.error: Exception | None = None


class Batcher(Generic[Asked, Answer]):
    """Answers requests of many threads in batches; it has no thread of its own.

    `work` answers a batch, in its order; requests of one `kind` fit into one. A request that comes
    alone is answered at once, in its own thread. One that comes while a batch is at work waits for
    that, and then those of the kind of the oldest that waits are the next batch, at most `limit`.
    An error is its own request's alone.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Sequence[Answer]],
        kind: Callable[[Asked], object],
        limit: int,
    ) -> None:
        self._work = work
        self._kind = kind
        self._limit = limit
        self._waiting: list[_Place[Asked, Answer]] = []
        self._turn = threading.Condition()
        self._busy = False

    def ask(self, asked: Asked) -> Answer:
        """Return the answer; raises what `work` raises for this request alone."""
        # Queue up; then serve or wait.
        place: _Place[Asked, Answer] = _Place(asked)
        with self._turn:
            self._waiting.append(place)
            try:
                # Whoever finds nobody at work serves, for others too, until its own turn is done.
                while not place.done:
                    if self._busy:
                        self._turn.wait()
                    else:
                        self._serve()
            finally:
                # Whoever is interrupted while waiting leaves no place behind.
                if place in self._waiting:
                    self._waiting.remove(place)
        if place.error is not None:
            raise place.error
        return place.answer

    def _serve(self) -> None:
        """Answer the oldest request and those like it; the lock is free meanwhile."""
        # Others may queue up while this batch is at work.
        batch = self._next_batch()
        self._busy = True
        self._turn.release()
        try:
            self._answer(batch)
        finally:
            self._turn.acquire()
            # Who was interrupted at work leaves the others of its batch to wait as before.
            undone = [place for place in batch if not place.done]
            self._waiting = undone + self._waiting
            self._busy = False
            self._turn.notify_all()

    def _next_batch(self) -> list[_Place[Asked, Answer]]:
        # The oldest is always among them, so nobody waits for ever.
        kind = self._kind(self._waiting[0].asked)
        alike = [place for place in self._waiting if self._kind(place.asked) == kind]
        batch = alike[: self._limit]
        self._waiting = [place for place in self._waiting if place not in batch]
        return batch

    def _answer(self, batch: Sequence[_Place[Asked, Answer]]) -> None:
        try:
            answers = self._work([place.asked for place in batch])
        except Exception as error:
            # An error is its own request's alone: ask each by itself.
            if len(batch) > 1:
                for place in batch:
                    self._answer([place])
            else:
                batch[0].error = error
                batch[0].done = True
            return
        for place, answer in zip(batch, answers, strict=True):
            place.answer = answer
            place.done = True
