"""The bundle's test viewers with the ranks that its own model gives their true next clips."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.session.service import Service

if TYPE_CHECKING:
    from mealrec.bundle.manifest import ViewerCase

# As in H@10, the paper's own measure.
HIT = 10
KINDS = ("all", "hits", "misses", "accidents")
PAGE_SIZE = 8
_REMEMBERED = 16  # lists of cases, each of one model and one seed


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
        match kind:
            case "hits":
                return self.is_hit
            case "misses":
                return not self.is_hit
            case "accidents":
                return bool(self.viewer.accident)
        return True


class Cases:
    """Computes all viewers' ranks when they are first asked for; keeps them by model and seed."""

    def __init__(self, service: Service) -> None:
        """Prepare; nothing is computed before `ranked` is walked through."""
        self._service = service
        self._known: OrderedDict[tuple[str, int], tuple[Case, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def ranked(self, variant: str, seed: int) -> Iterator[float | tuple[Case, ...]]:
        """Yield how far the ranking has come, a fraction, and at last the cases.

        Known ones come at once. Raises RequestError where the model is not there, or does not hold
        this variant.
        """
        key = (variant, seed)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            yield known
            return

        # The ranks come batch by batch, in the viewers' order.
        recommender = self._service.recommender()
        viewers = recommender.test_viewers
        ranks: list[int] = []
        for batch in recommender.target_ranks(variant=variant, seed=seed):
            ranks.extend(batch.tolist())
            yield len(ranks) / len(viewers)
        cases = tuple(Case(viewer, rank) for viewer, rank in zip(viewers, ranks, strict=True))

        # Two visitors may have computed the same: that costs time alone.
        with self._lock:
            self._known[key] = cases
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        yield cases
