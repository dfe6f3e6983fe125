"""The training objective: Eq. 11, 14, 15 and their sum, Eq. 16."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.diffusion.process import q_sample
from mealrec.models.history import shares_of
from mealrec.models.table import Items
from mealrec.models.tcd import is_there, wanted_of
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.models.diffusions import Context, Diffusions
    from mealrec.models.mealrec import MealRec

_OUT = -1e4  # an appeal that leaves an item out; masking the logits instead would copy them
_RARE = 0.1  # added to a kind's lift before its logarithm


@dataclass(frozen=True)
class LossConfig:
    """Weights of the objective's terms. Departs: one is an addition to Eq. 16.

    `lambda_start` ranks by x_0 too, so that the walk begins from a good place. `hide_history`: what
    was watched already is no candidate; nobody watches a clip twice.
    """

    lambda_tcd: float = 0.1
    lambda_npd: float = 0.02
    lambda_start: float = 0.5
    hide_history: bool = True


def total_loss(
    model: MealRec, batch: SequenceBatch, features: ItemFeatures, config: LossConfig
) -> dict[str, Tensor]:
    """Return the terms by name and their weighted sum as "total".

    Paper: Eq. 16. Items without an ID are never negatives: training must not see them.
    """
    items = model.table(features)
    rows = batch.rows
    targets = batch.targets[rows]
    seen = batch.prefixes() if config.hide_history else None

    def rank(preference: Tensor) -> Tensor:
        return ranking_loss(model, preference, items, targets, features, seen)

    start = model.encode(items, batch.items)[rows]
    near = items.rows(batch.items)
    total = model.backbone.extra_loss(model.table.entry(near), batch.items, near.title)
    if model.config.variant == "backbone":
        terms = {"rank": rank(start)}
        return terms | {"total": total + terms["rank"]}
    terms = {"start": rank(start)}
    context = model.context_of(start, items, batch.items, rows)
    wanted, terms["tcd"] = refined(model, context)
    if model.has_npd:
        goal = start if model.config.goal == "state" else next_kinds(model, items, targets)
        x0_hat = denoised(model, goal, wanted, context, items)
        # Eq. 14; an open target collapses x_0
        terms["npd"] = F.mse_loss(model.sphere(x0_hat), goal.detach())
    else:
        x0_hat = model.fused(wanted, context, items)
    terms["rank"] = rank(x0_hat)
    weights = {
        "start": config.lambda_start,
        "tcd": config.lambda_tcd,
        "npd": config.lambda_npd,
        "rank": 1.0,
    }
    return terms | {"total": total + sum(weights[name] * term for name, term in terms.items())}


def ranking_loss(
    model: MealRec,
    preference: Tensor,
    items: Items,
    targets: Tensor,
    features: ItemFeatures,
    seen: Tensor | None,
) -> Tensor:
    """Return the cross-entropy over all items with an ID, those `seen` [R, L] left out. Paper:
    Eq. 15."""
    trainable = features.has_id.clone()
    trainable[0] = False
    ranked = replace(items, bias=items.bias.masked_fill(~trainable, _OUT))
    scores = model.table.scores(preference, ranked)
    if seen is not None:
        own = targets[:, None]  # stays a candidate where a viewer came back to a clip
        scores = scores.scatter(1, seen, _OUT).scatter(1, own, scores.gather(1, own))
    return F.cross_entropy(scores, targets)


def next_kinds(model: MealRec, items: Items, targets: Tensor) -> Tensor:
    """Return the kinds of the clips that were watched next [R, J] as x_0: their log-lift over
    anybody's."""
    lift = items.kinds[targets].detach() / items.anybody.detach()
    return model.sphere(torch.log(lift + _RARE))


def refined(model: Diffusions, context: Context) -> tuple[Tensor, Tensor]:
    """Return r [B, L, J] by one step of TCD from a random t, and Eq. 11's loss; without TCD the
    clips' own kinds."""
    moments, kinds = model.refined_clips(context)
    if not model.has_tcd:
        return shares_of(kinds), kinds.new_zeros(())
    clean = model.tcd.encode(moments)
    schedule = model.tcd_schedule
    steps = torch.randint(1, schedule.num_steps + 1, (len(clean),), device=clean.device)
    zt = q_sample(schedule, clean, steps, torch.randn_like(clean))
    alpha_bar = schedule.alpha_bars.to(clean)[steps].view(-1, 1, 1, 1)
    shares, attention = model.refine(zt, alpha_bar, context)
    # an open target collapses z_0
    missed = (model.tcd.encode(shares) - clean.detach()).square().mean((2, 3))
    present = is_there(kinds)
    weights = present.squeeze(-1)
    return wanted_of(shares, attention, present), (missed * weights).sum() / weights.sum()


def denoised(
    model: Diffusions, goal: Tensor, refined: Tensor, context: Context, items: Items
) -> Tensor:
    """Return x̂_0 [R, J] by one step of NPD from a random t."""
    schedule = model.npd_schedule
    steps = torch.randint(1, schedule.num_steps + 1, (len(goal),), device=goal.device)
    xt = q_sample(schedule, goal, steps, torch.randn_like(goal))
    return model.npd.denoise(xt, model.condition(refined, context, items), model.reader)
