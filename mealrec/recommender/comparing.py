"""One history through every system of a bundle: their rankings side by side, and how far chance
moves them.

Plain numpy values, without torch: the page draws them before the model is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mealrec.explain.trace import RankedItem, named

if TYPE_CHECKING:
    from mealrec.bundle.contents import CatalogueItem
    from mealrec.recommender.recommender import Recommender
    from mealrec.recommender.uploads import Upload

OTHER_STEPS, OTHER_NOISE = 5, 0.3
"""What the trained T and no noise are compared with: the paper's smallest T (or twice as many),
a σ of Fig. 5."""
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Ranks:
    """One system's ranking without its trace: the first k as `items`, and the rank of any other
    candidate.

    `scores` [M] of the `candidates` [M], which are rows of the catalogue in rising order; `row_of`
    names them.
    """

    variant: str
    seed: int
    noise: float
    num_steps: int
    items: tuple[RankedItem, ...]
    candidates: np.ndarray
    scores: np.ndarray
    row_of: Mapping[str, int]

    def rank_of(self, item_id: str) -> int | None:
        """Return a candidate's rank, from 1, None for another item; ties keep the catalogue's
        order."""
        row = self.row_of.get(item_id, 0)
        place = int(np.searchsorted(self.candidates, row))
        if place == len(self.candidates) or self.candidates[place] != row:
            return None
        own = self.scores[place]
        return 1 + int((self.scores > own).sum()) + int((self.scores[:place] == own).sum())


@dataclass(frozen=True)
class Overlap:
    """How many of the first `count` items two runs of one system share, and how many keep their
    place.

    The runs differ in `setting` alone ("seed", "num_steps" or "noise"), which is `here` in one and
    `there` in the other.
    """

    setting: str
    here: float
    there: float
    shared: int
    same_place: int
    count: int


@dataclass(frozen=True)
class Comparison:
    """One history's ranking by every system, in the bundle's order; the first is the whole model.

    `target` is the clip that the viewer really watched next, where that is known; `overlaps` are
    the whole model's.
    """

    rankings: tuple[Ranks, ...]
    target: RankedItem | None
    overlaps: tuple[Overlap, ...]


def compare(
    recommender: Recommender,
    history: Sequence[str],
    *,
    uploads: Mapping[str, Upload],
    k: int,
    seed: int,
    noise: float,
    num_steps: int | None,
    target: CatalogueItem | None = None,
) -> Comparison:
    """Rank a history by every system of the bundle, and by the whole model with another seed, T and
    noise.

    The values are those of `Recommender.rank`; raises RequestError as it does.
    """
    asked = {"uploads": uploads, "k": k, "seed": seed, "noise": noise, "num_steps": num_steps}
    rankings = tuple(
        recommender.rank(history, variant=variant, **asked) for variant in recommender.variants
    )
    main = rankings[0]
    others = {
        "seed": seed + 1 if seed < MAX_SEED else 0,
        "num_steps": _other_steps(main, recommender.num_steps),
        "noise": 0.0 if noise else OTHER_NOISE,
    }
    overlaps = [
        overlap(
            setting,
            main,
            recommender.rank(history, variant=main.variant, **{**asked, setting: value}),
        )
        for setting, value in others.items()
    ]
    found = None
    if target is not None:
        name, rank = named(target.title, target.item_id), main.rank_of(target.item_id) or 0
        found = RankedItem(target.item_id, name, target.topic, 0.0, rank)
    return Comparison(rankings, found, tuple(overlaps))


def overlap(setting: str, here: Ranks, there: Ranks) -> Overlap:
    """Count what two runs share."""
    ours, theirs = ([item.item_id for item in ranks.items] for ranks in (here, there))
    same = sum(one == other for one, other in zip(ours, theirs, strict=True))
    return Overlap(
        setting,
        getattr(here, setting),
        getattr(there, setting),
        len({*ours} & {*theirs}),
        same,
        len(ours),
    )


def _other_steps(main: Ranks, trained: int) -> int:
    if main.num_steps != trained:
        return trained
    return OTHER_STEPS if trained != OTHER_STEPS else 2 * OTHER_STEPS
