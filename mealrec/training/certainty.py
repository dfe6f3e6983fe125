"""How surely a preference may be told: as shares of the next click that come true."""

from __future__ import annotations

import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.models.published.mealrec import OnBackbone
from mealrec.types import ItemFeatures

GRID = tuple(step / 20 for step in range(1, 21))
ROWS = 4096  # of the validation viewers: a mean of so many is known to a few thousandths
_AT_ONCE = 512


@torch.inference_mode()
def choose_certainty(model: OnBackbone, rows: EvaluationRows, features: ItemFeatures) -> float:
    """Set how far preferences are believed where they are told as shares, and return it.

    The head is trained to rank, where being too sure costs nothing. What is chosen is the most of
    GRID at which the kind that is wanted most is promised no more of the next clip than the next
    clips of `rows` show of it.
    """
    model.eval()
    items = model.items(features).kinds
    some = rows.sample(ROWS, seed=0)
    histories, targets = (
        torch.from_numpy(part).to(features.text.device) for part in (some.histories, some.targets)
    )
    walk = model.walk_over_kinds
    preference = torch.cat([walk.preference(each, items) for each in histories.split(_AT_ONCE)])
    shown = items.kinds[targets]
    kept = GRID[0]
    for certainty in GRID:
        model.certainty.fill_(certainty)
        promised, first = model.wanted(preference, items.anybody).max(-1)
        if promised.mean() > shown.gather(1, first.unsqueeze(1)).mean():
            break
        kept = certainty
    model.certainty.fill_(kept)
    return kept
