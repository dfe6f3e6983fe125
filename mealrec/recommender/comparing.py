"""One history through every system of a bundle, and how far chance moves a ranking.

Plain numpy values, without torch: the page draws them before the model is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mealrec.explain.trace import RankedItem, named
from mealrec.question import MAX_SEED, Question
from mealrec.ranking.metrics import Ranking

if TYPE_CHECKING:
    from mealrec.bundle.manifest import CatalogueItem
    from mealrec.recommender.recommender import Recommender

OTHER_STEPS = 5
"""What the trained T is compared with, or twice as many: the paper's smallest T."""
OTHER_NOISE = 0.3
"""What no noise is compared with: a σ of Fig. 5."""


@dataclass(frozen=True)
class SystemRanking:
    """One system's ranking without its trace: the first k as `items`, and all others' scores.

    `scores` [C] are those of the C `candidates` [C], rows of the catalogue in rising order;
    `row_of` names them.
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
        """Return a candidate's rank, from 1, None for another item.

        Ties keep the catalogue's order.
        """
        # An upload has no row, and what was watched is no candidate.
        row = self.row_of.get(item_id, 0)
        if row not in self.candidates:
            return None
        return int(Ranking(self.candidates, self.scores[None]).ranks_of(row)[0])


@dataclass(frozen=True)
class Overlap:
    """How many of the first `count` items two runs of one system share, and how many stay in place.

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

    `target` is the item that the viewer really watched next, where that is known; `overlaps` are
    the whole model's.
    """

    rankings: tuple[SystemRanking, ...]
    target: RankedItem | None
    overlaps: tuple[Overlap, ...]


def compare(
    recommender: Recommender, question: Question, target: CatalogueItem | None = None
) -> Comparison:
    """Ask every system of the bundle, and the whole model with another seed, T and noise.

    The question's own variant does not count. `target` is looked for in the whole model's ranking.
    Raises RequestError as `Recommender.rank` does.
    """
    # Every system with the question as it is.
    rankings = []
    for variant in recommender.variants:
        rankings.append(recommender.rank(replace(question, variant=variant)))
    main = rankings[0]

    # The whole model with one setting changed at a time.
    others = {
        "seed": question.seed + 1 if question.seed < MAX_SEED else 0,
        "num_steps": _other_steps(main.num_steps, recommender.num_steps),
        "noise": 0.0 if question.noise else OTHER_NOISE,
    }
    overlaps = []
    for setting, value in others.items():
        changed = replace(question, variant=main.variant, **{setting: value})
        overlaps.append(overlap(setting, main, recommender.rank(changed)))

    # Where the whole model has what was really watched next.
    found = None
    if target is not None:
        title = named(target.title, target.item_id)
        rank = main.rank_of(target.item_id) or 0
        found = RankedItem(target.item_id, title, target.topic, 0.0, rank)
    return Comparison(tuple(rankings), found, tuple(overlaps))


def overlap(setting: str, here: SystemRanking, there: SystemRanking) -> Overlap:
    """Count what two runs share."""
    # Both rank the same candidates, so the lists are equally long.
    ours = [item.item_id for item in here.items]
    theirs = [item.item_id for item in there.items]
    return Overlap(
        setting=setting,
        here=getattr(here, setting),
        there=getattr(there, setting),
        shared=len({*ours} & {*theirs}),
        same_place=sum(one == other for one, other in zip(ours, theirs, strict=True)),
        count=len(ours),
    )


def _other_steps(num_steps: int, trained: int) -> int:
    # The trained T where another was asked for, and else one that is not the trained.
    if num_steps != trained:
        return trained
    return OTHER_STEPS if trained != OTHER_STEPS else 2 * OTHER_STEPS
