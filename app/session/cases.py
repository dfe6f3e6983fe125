"""The bundle's test viewers with the ranks that its own model gives their true next clips."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.session.service import Service

if TYPE_CHECKING:
    from mealrec.bundle.contents import ViewerCase

HIT = 10
KINDS = ("all", "hits", "misses", "accidents")
PAGE_SIZE = 8
_REMEMBERED = 16


@dataclass(frozen=True)
class Case:
    """One test viewer, and where its true next clip stands; a hit is among the first HIT."""

    viewer: ViewerCase
    rank: int

    @property
    def is_hit(self) -> bool:
        """Whether the true next clip is among the first HIT."""
        return self.rank <= HIT

    def is_of(self, kind: str) -> bool:
        """Whether one of KINDS holds this viewer."""
        return {
            "hits": self.is_hit,
            "misses": not self.is_hit,
            "accidents": self.viewer.accident,
        }.get(kind, True)


class Cases:
    """Computes the ranks when they are first asked for, for all viewers at once, and keeps them
    by model and seed."""

    def __init__(self, service: Service) -> None:
        """Prepare; nothing is computed before `ranked` is walked through."""
        self._service = service
        self._known: OrderedDict[tuple[str, int], tuple[Case, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def ranked(self, variant: str, seed: int) -> Iterator[float | tuple[Case, ...]]:
        """Yield how far the ranking has come, a fraction, and at last the cases; known ones come at
        once.

        Raises:
            RequestError: the model is not there, or does not hold this variant.
        """
        key = (variant, seed)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = yield from self._computed(variant, seed)
            with self._lock:
                self._known[key] = known
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        yield known

    def _computed(self, variant: str, seed: int) -> Iterator[float]:
        recommender = self._service.recommender()
        ranks: list[int] = []
        for batch in recommender.target_ranks(variant=variant, seed=seed):
            ranks.extend(batch.tolist())
            yield len(ranks) / len(recommender.test_viewers)
        return tuple(
            Case(viewer, rank) for viewer, rank in zip(recommender.test_viewers, ranks, strict=True)
        )
