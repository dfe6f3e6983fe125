"""What mattered to the viewer: the definitions that compete, and how they are graded.

Each definition is a short function of some walks and of what anybody wants. It gives a figure for
every frame of the last clips [B, K] or for every clip of the histories [B, L]; high says that the
moment fits the interest, or that the click was no accident. The page shows INTEREST, a trace
carries AGREEMENT; the others are other ways to say what mattered. A lift says how many times more
than anybody a preference wants a kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from mealrec.explain.evidence import Anybody, agreement, interest, log_lift_of_frames
from mealrec.explain.walks import Walks
from mealrec.models.history import before

Definition = Callable[[Walks, Anybody], Tensor]

INTEREST = "interest"
AGREEMENT = "agreement"
ATTENTION = "TCD's attention"
FIRST_ATTENTION = "TCD's attention at its first step"


def lift_after_all(walks: Walks, anybody: Anybody) -> Tensor:
    """Return the log lift of each frame's kinds [B, K] after all clips.

    The last one vouches for its own frames.
    """
    return log_lift_of_frames(walks, anybody, walks.preferences[:, 0])


def lift_after_others(walks: Walks, anybody: Anybody) -> Tensor:
    """Return the log lift of each clip's kinds [B, L] after all the others, as if it came last."""
    return _log_lift(walks, anybody, walks.without).where(walks.told, 0.0)


def lift_after_earlier(walks: Walks, anybody: Anybody) -> Tensor:
    """Return the log lift of each clip's kinds [B, L] after those before it; 0 for the first."""
    # Before the first clip nothing is known.
    is_later = torch.arange(walks.told.shape[1], device=walks.told.device) > 0
    return _log_lift(walks, anybody, before(walks.after)).where(walks.told & is_later, 0.0)


MOMENTS: Mapping[str, Definition] = {
    INTEREST: interest,
    "lift after all clips": lift_after_all,
}
CLICKS: Mapping[str, Definition] = {
    AGREEMENT: agreement,
    "log lift after all the others": lift_after_others,
    "log lift after those before": lift_after_earlier,
}


def moment_scores(walks: Walks, anybody: Anybody) -> dict[str, Tensor]:
    """Return every definition's figures of the last clips' frames [B, K].

    Where there is a TCD, its attention over these frames at both ends of its walk competes too.
    """
    found = {name: definition(walks, anybody) for name, definition in MOMENTS.items()}
    steps = walks.walk.tcd
    if steps:
        of_last = walks.numbers, walks.lengths - 1
        found[ATTENTION] = steps[-1].attention[of_last]
        found[FIRST_ATTENTION] = steps[0].attention[of_last]
    return found


def click_scores(walks: Walks, anybody: Anybody) -> dict[str, Tensor]:
    """Return every definition's figures of the histories' clips [B, L]; 0 on padding."""
    return {name: definition(walks, anybody) for name, definition in CLICKS.items()}


def _log_lift(walks: Walks, anybody: Anybody, preferences: Tensor) -> Tensor:
    """Return the log lift of each clip's kinds [B, L] under a preference for each [B, L, J]."""
    lift = anybody.lift(walks.model, preferences)
    return torch.log((walks.items.kinds[walks.histories] * lift).sum(-1))


def moment_auc(relevance: np.ndarray, matches: np.ndarray) -> float:
    """Return how often a matching frame stands above another frame of the same clip.

    `relevance` [R, K]; `matches` [R, K] bool with both kinds in every row. Ties count half; rows
    weigh alike.
    """
    # Every matching frame of a clip against every other one.
    rows = []
    for value, match in zip(relevance, matches, strict=True):
        gaps = value[match][:, None] - value[~match][None, :]
        rows.append((gaps > 0).mean() + 0.5 * (gaps == 0).mean())
    return float(np.mean(rows))


def click_auc(score: np.ndarray, accidental: np.ndarray, present: np.ndarray) -> float:
    """Return how often a wanted click stands above an accidental one, of all viewers together.

    [R, L] each. Ties count half; NaN where one of the kinds is missing.
    """
    wanted = score[present & ~accidental]
    wrong = score[present & accidental]
    if not len(wanted) or not len(wrong):
        return float("nan")
    # Of all pairs, those in which the wanted click is above: the Mann-Whitney statistic.
    ranks = stats.rankdata(np.concatenate([wanted, wrong]))[: len(wanted)]
    above = ranks.sum() - len(wanted) * (len(wanted) + 1) / 2
    return float(above / len(wanted) / len(wrong))
