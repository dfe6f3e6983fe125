"""The objective of the kinds half: Eq. 11, 14 and 15, on kinds that never saw the row's own
viewer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.models.losses import denoised, refined
from mealrec.models.published.kinds import GraphKinds
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.models.published.walk import KindWalk

_OUT = -1e4  # a score that leaves an item out


@dataclass(frozen=True)
class GraphLoss:
    """Weights of the objective's terms, and how many items each row is ranked against.

    Departs: `lambda_start` ranks by x_0 too, so that the walk begins from a good place; `negatives`
    are sampled, since a few hundred numbers learn from few of them.
    """

    lambda_tcd: float = 0.1
    lambda_npd: float = 0.02
    lambda_start: float = 0.3
    negatives: int = 800


def graph_loss(
    model: KindWalk, batch: SequenceBatch, features: ItemFeatures, config: GraphLoss
) -> dict[str, Tensor]:
    """Return the terms by name and their weighted sum as "total", the mean over all rows. Paper:
    Eq. 16."""
    parts = [_terms(model, kinds, part, features, config) for kinds, part in model.by_fold(batch)]
    whole = sum(count for count, _ in parts)
    terms = {
        name: sum(count * found[name] for count, found in parts) / whole for name in parts[0][1]
    }
    weights = {
        "start": config.lambda_start,
        "tcd": config.lambda_tcd,
        "npd": config.lambda_npd,
        "rank": 1.0,
    }
    return terms | {"total": sum(weights[name] * term for name, term in terms.items())}


def _terms(
    model: KindWalk,
    kinds: GraphKinds,
    batch: SequenceBatch,
    features: ItemFeatures,
    config: GraphLoss,
) -> tuple[int, dict[str, Tensor]]:
    """Return how many rows a batch has, and the means of its terms over them."""
    targets = batch.targets[batch.rows]
    named = torch.cat([batch.items.flatten(), targets.new_zeros(1)]).unique()
    items = model.items_of(kinds, features, named)
    context = model.context(items, torch.searchsorted(named, batch.items.contiguous()), batch.rows)
    known = features.has_id[1:].nonzero().squeeze(1) + 1  # training must not see the others
    sampled = known[torch.randint(len(known), (config.negatives,), device=targets.device)]
    wanted, tcd = refined(model, context)
    terms = {"start": _ranking(model, context.start, kinds, targets, sampled), "tcd": tcd}
    if model.has_npd:
        x0_hat = denoised(model, context.start, wanted, context, items)
        # Eq. 14; an open target collapses x_0
        terms["npd"] = F.mse_loss(model.sphere(x0_hat), context.start.detach())
    else:
        x0_hat = model.fused(wanted, context, items)
    return len(targets), terms | {"rank": _ranking(model, x0_hat, kinds, targets, sampled)}


def _ranking(
    model: KindWalk, preference: Tensor, kinds: GraphKinds, targets: Tensor, sampled: Tensor
) -> Tensor:
    """Return the cross-entropy of `targets` [R] among the items `sampled` [S], which stand for
    all. Paper: Eq. 15."""
    head, anybody = model.table, kinds.anybody
    popular = head.popularity * torch.log1p(kinds.clicks)
    own = head.match(preference, kinds.kinds[targets], anybody) + popular[targets]
    others = head.matches(preference, kinds.kinds[sampled], anybody) + popular[sampled]
    others = others + math.log((len(popular) - 1) / len(sampled))
    others = others.masked_fill(sampled == targets[:, None], _OUT)
    return (torch.logaddexp(own, others.logsumexp(1)) - own).mean()
