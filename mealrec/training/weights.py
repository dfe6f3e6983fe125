"""What is chosen after training, on all validation rows: the numbers that a ranking is blended
with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mealrec.data.interactions import EvaluationRows
from mealrec.ranking.metrics import ndcg
from mealrec.ranking.ranks import both_ranks
from mealrec.types import ItemFeatures

GRIDS: Mapping[str, Sequence[float]] = {
    "guidance": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
    "unseen": (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0),
    "kinds": (0.0, 0.3, 0.6, 0.9, 1.2, 1.5),
}
START = {"guidance": 3.0, "unseen": 1.0, "kinds": 0.9}
ORDER = ("guidance", "kinds", "guidance", "unseen")
SHARE_OF_ROWS = 1024  # ranked at once


def choose_weights(
    model, rows: EvaluationRows, features: ItemFeatures, candidates: np.ndarray
) -> dict[str, float]:
    """Set a blended model's numbers to the best of GRIDS on `rows`; return them and the masked N@10
    they came to.

    One number after the other, in ORDER, while the others stand: all pairs would take six times as
    long.
    """
    best = {name: START[name] for name in model.names}
    for name in ORDER:
        if name in best:
            grid = [best | {name: value} for value in GRIDS[name]]
            best, found = best_of(model, rows, features, candidates, grid)
    for name, value in best.items():
        getattr(model, name).fill_(value)
    return best | {"validation_N@10": found}


@torch.inference_mode()
def best_of(
    model,
    rows: EvaluationRows,
    features: ItemFeatures,
    candidates: np.ndarray,
    grid: Sequence[Mapping[str, float]],
) -> tuple[dict[str, float], float]:
    """Return the first of the best in `grid` on `rows`, and its masked N@10.

    Best is the mean of N@10 with the history left in the ranking and with it masked: one model
    serves both.
    """
    model.eval()
    items = model.items(features)
    out = torch.from_numpy(~candidates).to(features.text.device)
    out[0] = True
    gained = np.zeros((len(grid), 2))
    for start in range(0, len(rows), SHARE_OF_ROWS):
        some = slice(start, start + SHARE_OF_ROWS)
        histories, targets = (
            torch.from_numpy(values[some]).to(out.device)
            for values in (rows.histories, rows.targets)
        )
        parts = model.parts(histories, items)
        base = parts.pop("base").float().masked_fill(out, -torch.inf)
        blended, asked = torch.empty_like(base), (histories, targets)
        for number, weights in enumerate(grid):
            gained[number] += [
                ndcg(rank, 10).sum()
                for rank in _ranks(_blend(base, parts, weights, blended), *asked)
            ]
    best = int(gained.sum(1).argmax())
    return dict(grid[best]), float(gained[best, 1] / len(rows))


def _blend(
    base: Tensor, parts: Mapping[str, Tensor], weights: Mapping[str, float], into: Tensor
) -> Tensor:
    """Return the sum of a base [R, N+1] and its weighed parts; it may lie in `into`, to spare
    the memory's making."""
    scores = base
    for name, part in parts.items():
        if weights[name]:
            scores = torch.add(scores, part, alpha=weights[name], out=into)
    return scores


def _ranks(scores: Tensor, histories: Tensor, targets: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return each target's rank [R] among all items, and among those that its history [R, L]
    leaves; see metrics.ranks.

    On a GPU they are counted there, and a target that was watched before is nowhere among the
    latter.
    """
    if not scores.is_cuda:
        return both_ranks(scores.numpy(), histories.numpy(), targets.numpy())
    own = scores.gather(1, targets[:, None])
    ahead = (scores > own).sum(1) + ((scores == own).sum(1) - 1) / 2
    watched = scores.gather(1, histories)
    once = (histories.unsqueeze(1) == histories.unsqueeze(2)).int().argmax(2) == _places(histories)
    before = (((watched > own) + (watched == own) / 2) * once).sum(1)
    masked = torch.where((histories == targets[:, None]).any(1), torch.inf, 1 + ahead - before)
    return (1 + ahead).cpu().numpy(), masked.cpu().numpy()


def _places(histories: Tensor) -> Tensor:
    return torch.arange(histories.shape[1], device=histories.device)
