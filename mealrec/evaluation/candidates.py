"""What competes to say which moment fits the interest, and which click was an accident: high is
yes, and no accident.

A lift says how many times more than anybody a preference wants a kind; `interest` and `agreement`
are those of a trace.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.explain.evidence import Anybody, agreement, interest
from mealrec.explain.walks import Walks

INTEREST, AGREEMENT = "interest", "agreement"


def moment_scores(walks: Walks, anybody: Anybody) -> dict[str, Tensor]:
    """Return every candidate's figure of the last clip's frames [B, K] by name."""
    lift = anybody.lift(walks.model, walks.preferences[:, 0]).unsqueeze(-1)
    found = {
        INTEREST: interest(walks, anybody),
        "lift after all clips": torch.log((walks.items.moments[walks.last] @ lift).squeeze(-1)),
    }
    if walks.walk.tcd:
        found["TCD's attention"] = walks.walk.tcd[-1].attention[
            torch.arange(len(walks.last)), walks.lengths - 1
        ]
    return found


def click_scores(walks: Walks, anybody: Anybody) -> dict[str, Tensor]:
    """Return every candidate's figure of the histories' clips [B, L] by name; 0 on padding."""
    before = F.pad(walks.after, (0, 0, 1, 0))[:, :-1]
    later = walks.told & (torch.arange(walks.told.shape[1], device=walks.told.device) > 0)
    return {
        AGREEMENT: agreement(walks, anybody),
        "log lift after all the others": _given(walks, anybody, walks.without).where(
            walks.told, 0.0
        ),
        "log lift after those before": _given(walks, anybody, before).where(later, 0.0),
    }


def _given(walks: Walks, anybody: Anybody, preferences: Tensor) -> Tensor:
    """Return the log lift of each clip's kinds [B, L] under a preference for each [B, L, J]."""
    return torch.log(
        (walks.items.kinds[walks.histories] * anybody.lift(walks.model, preferences)).sum(-1)
    )
