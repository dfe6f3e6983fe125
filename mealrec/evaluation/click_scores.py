"""Ways to tell an accidental click from a wanted one: a number for every item of a history, high where it belongs."""

from __future__ import annotations

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional as F

from mealrec.recommender.evidence import agreement, others, preference_of
from mealrec.recommender.scene import Scene


def click_scores(scene: Scene) -> dict[str, Tensor]:
    """Return every candidate by name [B, L]; "agreement" is the one that a trace carries."""
    entry = F.normalize(scene.items.entry - scene.reference.items.entry.mean(0), dim=-1)[scene.histories]
    looks = F.normalize(scene.items.moments - scene.reference.centre, dim=-1)[scene.histories]
    moments = torch.einsum("bikd,bjld->bijkl", looks, looks).flatten(3).amax(-1)
    end = scene.preferences[:, 0]
    return {
        "agreement": agreement(scene),
        "mean likeness to the others": _mean_over_others(scene, entry @ entry.transpose(1, 2)),
        "mean best moment with the others": _mean_over_others(scene, moments),
        "most alike of the others, by moments": _others_only(scene, moments, -2.0).amax(-1),
        "cosine with the end of the walk": _cosine(entry, end),
        "surprise: chance after the items before": _causal_lift(scene),
        **_left_out(scene),
        "recency": torch.arange(scene.histories.shape[1]).expand(scene.histories.shape) - scene.lengths[:, None] + 0.0,
    }


def click_auc(score: np.ndarray, accidental: np.ndarray, present: np.ndarray) -> float:
    """Return how often a wanted click stands above an accidental one, of all viewers together, ties half; [R, L] each.

    NaN where one of the kinds is missing.
    """
    wanted, wrong = score[present & ~accidental], score[present & accidental]
    if not len(wanted) or not len(wrong):
        return float("nan")
    ranks = stats.rankdata(np.concatenate([wanted, wrong]))[: len(wanted)]
    return float((ranks.sum() - len(wanted) * (len(wanted) + 1) / 2) / len(wanted) / len(wrong))


def _cosine(entry: Tensor, preference: Tensor) -> Tensor:
    return F.cosine_similarity(entry, preference[:, None, : entry.shape[-1]], dim=-1)


def _others_only(scene: Scene, pairs: Tensor, fill: float) -> Tensor:
    present = scene.histories > 0
    counted = present.unsqueeze(1) & ~torch.eye(present.shape[1], dtype=torch.bool)
    return pairs.masked_fill(~counted, fill)


def _mean_over_others(scene: Scene, pairs: Tensor) -> Tensor:
    return _others_only(scene, pairs, 0.0).sum(-1) / (scene.lengths - 1).clamp(min=1).unsqueeze(1)


def _causal_lift(scene: Scene) -> Tensor:
    """Return log p(item | the items before it) - log p(item | anybody); the first item has none before: 0."""
    values = torch.zeros(scene.histories.shape)
    for place in range(1, scene.histories.shape[1]):
        rows = (scene.lengths > place).nonzero().squeeze(1)
        if len(rows):
            ends = torch.full_like(rows, place)
            preference = preference_of(scene, scene.histories[rows, :place], ends)
            values[rows, place] = _lift(scene, preference, scene.histories[rows, place])
    return values


def _lift(scene: Scene, preference: Tensor, items: Tensor) -> Tensor:
    table, reference = scene.model.table, scene.reference
    every = torch.cat([preference, reference.anybody])
    chance = table.scores(every, scene.items) - table.scores(every, reference.items).logsumexp(-1, keepdim=True)
    return chance[:-1].gather(1, items.unsqueeze(1)).squeeze(1) - chance[-1, items]


def _left_out(scene: Scene) -> dict[str, Tensor]:
    """Return how little the walk's end moves without each item, and how much likelier the item makes the others."""
    asked = (scene.histories > 0) & (scene.lengths > 1).unsqueeze(1)
    owners = asked.nonzero()[:, 0]
    rest = others(scene.histories)[asked]
    without = Scene(scene.model, scene.features, scene.items, rest, scene.seed, hidden=_nothing(scene, rest))
    end, left = scene.preferences[owners, 0], without.preferences[:, 0]
    width = scene.items.entry.shape[1]
    scores = [scene.model.table.scores(preference, scene.items).log_softmax(-1) for preference in (end, left)]
    gain = ((scores[0] - scores[1]).gather(1, rest) * (rest > 0)).sum(1) / (rest > 0).sum(1)
    unmoved = F.cosine_similarity(end[:, :width], left[:, :width], dim=-1)
    named = {"left out: the preference stays": unmoved, "left out: the others lose": gain}
    return {name: torch.zeros(asked.shape).masked_scatter(asked, values) for name, values in named.items()}


def _nothing(scene: Scene, rows: Tensor) -> Tensor:
    return torch.zeros(len(rows), 1, scene.items.moments.shape[1], dtype=torch.bool)
