"""What is chosen after training, on validation rows: a blend's weights, and how sure it may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mealrec.data.interactions import EvaluationRows
from mealrec.models.published.mealrec import OnBackbone
from mealrec.ranking.metrics import both_ranks, ndcg
from mealrec.types import ItemFeatures

GRIDS: Mapping[str, Sequence[float]] = {
    "guidance": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
    "unseen": (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0),
    "kinds": (0.0, 0.3, 0.6, 0.9, 1.2, 1.5),
}
START = {"guidance": 3.0, "unseen": 1.0, "kinds": 0.9}
ORDER = ("guidance", "kinds", "guidance", "unseen")
ROWS_AT_ONCE = 1024

CERTAINTIES = tuple(step / 20 for step in range(1, 21))
CERTAINTY_ROWS = 4096  # a mean of so many is known to a few thousandths
CERTAINTY_ROWS_AT_ONCE = 512


@torch.inference_mode()
def choose_weights(model, rows: EvaluationRows, features: ItemFeatures) -> dict[str, float]:
    """Set a blended model's weights to the best of GRIDS on `rows`; held-out items are not ranked.

    Return them and the masked N@10 that they came to. One weight after the other is chosen, in
    ORDER, while the others stand: all pairs would take six times as long.
    """
    model.eval()
    items = model.items(features)

    # Choose one weight after the other.
    best = {name: START[name] for name in model.names}
    for name in ORDER:
        if name in best:
            grid = [best | {name: value} for value in GRIDS[name]]
            best, found = best_of(model, items, rows, features.has_id, grid)

    # Set them.
    for name, value in best.items():
        getattr(model, name).fill_(value)
    return best | {"validation_N@10": found}


@torch.inference_mode()
def best_of(
    model,
    items: object,
    rows: EvaluationRows,
    candidates: Tensor,
    grid: Sequence[Mapping[str, float]],
) -> tuple[dict[str, float], float]:
    """Return the first of the best weights in `grid` on `rows`, and their masked N@10.

    Best is the mean of N@10 with the history left in the ranking and with it masked: one model
    serves both. `items` is what the model made of them, `candidates` [N+1] what may be ranked.
    """
    out = ~candidates
    out[0] = True
    gained = np.zeros((len(grid), 2))  # unmasked, masked
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = slice(start, start + ROWS_AT_ONCE)
        histories = torch.from_numpy(rows.histories[some]).to(out.device)
        targets = torch.from_numpy(rows.targets[some]).to(out.device)
        # The parts are many rows long, so they are made here and used for the whole grid.
        parts = model.parts(histories, items)
        base = parts.pop("base").float().masked_fill(out, -torch.inf)
        scores = torch.empty_like(base)
        for number, weights in enumerate(grid):
            blended = _blend(base, parts, weights, scores)
            for column, ranks in enumerate(_ranks(blended, histories, targets)):
                gained[number, column] += ndcg(ranks, 10).sum()
    best = int(gained.sum(1).argmax())
    return dict(grid[best]), float(gained[best, 1] / len(rows))


def _ranks(scores: Tensor, histories: Tensor, targets: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return both ranks [R] each; on a CPU numpy counts them several times as fast as torch."""
    if not scores.is_cuda:
        return both_ranks(scores.numpy(), histories.numpy(), targets.numpy())
    unmasked, masked = both_ranks(scores, histories, targets)
    return unmasked.double().cpu().numpy(), masked.double().cpu().numpy()


def _blend(
    base: Tensor, parts: Mapping[str, Tensor], weights: Mapping[str, float], into: Tensor
) -> Tensor:
    """Return the sum of a base [R, N+1] and its weighed parts; `into` may be written over."""
    scores = base
    for name, part in parts.items():
        if weights[name]:
            scores = torch.add(scores, part, alpha=weights[name], out=into)
    return scores


@torch.inference_mode()
def choose_certainty(model: OnBackbone, rows: EvaluationRows, features: ItemFeatures) -> float:
    """Set how far preferences are believed where they are told as shares, and return it.

    The head is trained to rank, where being too sure costs nothing. What is chosen is the most of
    CERTAINTIES at which the kind that is wanted most is promised no more of the next clip than the
    next clips of `rows` show of it.
    """
    model.eval()
    # What each viewer prefers, and the kinds of what each watched next.
    items = model.items(features).kinds
    some = rows.sample(CERTAINTY_ROWS, seed=0)
    histories = torch.from_numpy(some.histories).to(features.text.device)
    targets = torch.from_numpy(some.targets).to(features.text.device)
    walk = model.walk_over_kinds
    walked = [walk.preference(each, items) for each in histories.split(CERTAINTY_ROWS_AT_ONCE)]
    preference = torch.cat(walked)
    shown = items.kinds[targets]

    # Believe more and more, until more is promised than shown.
    kept = CERTAINTIES[0]
    for certainty in CERTAINTIES:
        model.certainty.fill_(certainty)
        promised, first = model.wanted(preference, items.anybody).max(-1)
        if promised.mean() > shown.gather(1, first.unsqueeze(1)).mean():
            break
        kept = certainty
    model.certainty.fill_(kept)
    return kept
