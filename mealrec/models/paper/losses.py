"""The training objective: Eq. 11, 14, 15 and their sum, Eq. 16."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.diffusion.process import q_sample
from mealrec.errors import TrainingError
from mealrec.models.paper.table import Items
from mealrec.types import ItemFeatures, SequenceBatch

if TYPE_CHECKING:
    from mealrec.models.paper.model import Context, PaperMealRec


@dataclass(frozen=True)
class PaperLoss:
    """Weights of the objective's terms. Departs: three are additions to Eq. 16; zero switches one
    off.

    `lambda_start` ranks by x_0 too, so that the walk begins from a good place. The walk applies g_θ
    T times, training otherwise only once, so an answer of g_θ is noised and denoised anew, up to
    `longest_detour` times: `lambda_again` ranks by what comes out, `lambda_settle` asks that it
    stay where it was. `joint` false trains the encoder by ranking with x_0 alone and both denoisers
    by Eq. 11 and 14 alone, on what the encoder made, closed to the gradient: a denoiser that is
    taught to rank learns the training rows by heart. `denoised_share` of the rows train the
    denoisers then: they learn from fewer, and cost as much less. `frame_dropout` hides frames of
    the last item. `click_noise` replaces that share of the clicks at random in what both modules
    see, while Eq. 14's target stays the undisturbed x_0: a click can be an accident, and Gaussian
    noise does not look like one.
    """

    lambda_tcd: float = 0.1
    lambda_npd: float = 0.1
    lambda_start: float = 0.5
    lambda_again: float = 0.5
    lambda_settle: float = 0.5
    longest_detour: int = 3
    joint: bool = True
    denoised_share: float = 1.0
    frame_dropout: float = 0.15
    click_noise: float = 0.0

    def weight(self, term: str) -> float:
        """Return a term's weight in the sum; the ranking loss has 1."""
        return getattr(self, f"lambda_{term}", 1.0)


def total_loss(
    model: PaperMealRec, batch: SequenceBatch, features: ItemFeatures, config: PaperLoss
) -> dict[str, Tensor]:
    """Return the terms by name, their weighted sum as "total", and figures to watch for a collapse
    as "watch/...".

    Paper: Eq. 16. Items without an ID are never negatives: training must not see them.
    """
    whole, watched = model.config.variant != "backbone", batch
    if whole and config.click_noise:
        watched = replace(batch, items=with_accidents(batch.items, features, config.click_noise))
    users, positions = batch.rows
    targets, histories = batch.targets[users, positions], watched.prefixes()
    share = (1.0 if config.joint else config.denoised_share) if whole else 0.0
    denoised = torch.rand(len(targets), device=targets.device).argsort()[
        : math.ceil(share * len(targets))
    ]
    items = model.table(features, model.looks_at(histories[denoised]))
    content = model.content_preference(items, histories)

    def rank(state: Tensor) -> Tensor:
        return ranking_loss(model, model.preference(state, content), items, targets, features)

    clean = model.encode(items, batch.items)[users, positions]
    terms = {("start" if whole else "rank"): rank(clean)}
    if whole:
        start = clean if watched is batch else model.encode(items, watched.items)[users, positions]
        # On the few rows that train closed denoisers, casting each weight would cost more than
        # bfloat16 saves.
        with torch.autocast(
            clean.device.type, enabled=config.joint and torch.is_autocast_enabled(clean.device.type)
        ):
            terms |= _denoiser_terms(
                model, (clean, start, histories), denoised, items, config, rank
            )
    total = sum(
        config.weight(name) * term for name, term in terms.items() if not name.startswith("watch/")
    )
    entered = items.entry[batch.items], batch.items, items.text[batch.items]
    return terms | {"total": total + model.backbone.extra_loss(*entered)}


def with_accidents(sequences: Tensor, features: ItemFeatures, share: float) -> Tensor:
    """Return the histories [B, L] with a share of the clicks replaced by clicks on any item with
    an ID."""
    known = features.has_id.nonzero().squeeze(1)
    random_items = known[torch.randint(len(known), sequences.shape, device=sequences.device)]
    struck = (torch.rand(sequences.shape, device=sequences.device) < share) & (sequences > 0)
    return torch.where(struck, random_items, sequences)


def ranking_loss(
    model: PaperMealRec, preference: Tensor, items: Items, targets: Tensor, features: ItemFeatures
) -> Tensor:
    """Return the cross-entropy over all items with an ID. Paper: Eq. 15."""
    trainable = features.has_id.clone()
    trainable[0] = False
    # An own appeal this low leaves an item out; masking the logits instead would copy them.
    ranked = replace(items, bias=items.bias.masked_fill(~trainable, -1e4))
    return F.cross_entropy(model.table.scores(preference, ranked), targets)


def _denoiser_terms(
    model: PaperMealRec,
    rows: tuple[Tensor, Tensor, Tensor],
    denoised: Tensor,
    items: Items,
    config: PaperLoss,
    rank: Callable[[Tensor], Tensor],
) -> dict[str, Tensor]:
    """Return the terms of Eq. 11, 14 and 15 over the rows that are `denoised` [M].

    `rows` are x_0 of the undisturbed histories [R, D], Eq. 14's target and closed to the gradient;
    x_0 of the histories that both modules see [R, D]; and these histories [R, L]. `rank` needs all
    rows.
    """
    if config.joint:
        denoised = torch.arange(len(rows[0]), device=denoised.device)
    else:
        items = Items(**{name: tensor.detach().float() for name, tensor in vars(items).items()})
    clean, start, histories = (tensor[denoised] for tensor in rows)
    clean, start = clean.detach().float(), start if config.joint else start.detach().float()
    hidden = (
        torch.rand(len(clean), model.config.num_frames, device=clean.device) < config.frame_dropout
    )
    context = model.context(start, histories, items, hidden)
    if not config.joint:  # what stands for a hidden frame is the encoder's too
        context = replace(context, frames=context.frames.detach())
    return _diffusion_terms(model, context, clean, items, config, rank)


def _diffusion_terms(
    model: PaperMealRec,
    context: Context,
    clean: Tensor,
    items: Items,
    config: PaperLoss,
    rank: Callable[[Tensor], Tensor],
) -> dict[str, Tensor]:
    """Return the terms of Eq. 11, 14 and 15; `clean` [M, D] is Eq. 14's target x_0, closed to
    the gradient."""
    start, terms = context.start, {"watch/var_x0": clean.var(0, correction=0).mean()}
    steps = torch.randint(1, model.schedule.num_steps + 1, (len(start),), device=start.device)
    refined = context.frames
    if model.has_tcd:
        z0 = model.tcd.encode(context.frames)
        zt = q_sample(model.schedule, z0, steps, torch.randn_like(z0))
        refined = model.refine(zt, steps, context, items)
        terms["tcd"] = F.mse_loss(refined, z0.detach())  # Eq. 11; an open target collapses z_0
        terms["watch/var_z0"] = z0.detach().flatten(0, 1).var(0, correction=0).mean()
    if not model.has_npd:
        if not config.joint:
            raise TrainingError(
                f"joint=false: only ranking trains variant {model.config.variant}; set joint=true"
            )
        return terms | {"rank": rank(model.fused(refined, context, items))}
    refined = refined if config.joint else refined.detach()
    memory, visible = model.condition(refined, context, items)

    def denoise(x0: Tensor, at: Tensor) -> Tensor:
        return model.npd.denoise(
            q_sample(model.schedule, x0, at, torch.randn_like(x0)), memory, visible
        )

    x0_hat = denoise(start, steps)
    terms["npd"] = F.mse_loss(x0_hat, clean)  # Eq. 14; an open target collapses x_0
    terms["watch/npd_over_var_x0"] = terms["npd"].detach() / terms["watch/var_x0"].clamp(min=1e-3)
    terms["watch/cosine"] = F.cosine_similarity(x0_hat.detach(), clean, dim=-1).mean()
    if not config.joint:
        return terms
    terms["rank"] = rank(x0_hat)
    if config.lambda_again or config.lambda_settle:
        again = denoise(_walked(denoise, x0_hat.detach(), steps, config.longest_detour), steps)
        terms["again"] = rank(again)
        terms["settle"] = F.mse_loss(again, x0_hat.detach())
    return terms


@torch.no_grad()
def _walked(denoise, x0_hat: Tensor, steps: Tensor, longest: int) -> Tensor:
    """Return x̂_0 after 0 to `longest - 1` further rounds of noise and g_θ, a random number for
    each row."""
    rounds = torch.randint(longest, (len(x0_hat), 1), device=x0_hat.device)
    for done in range(longest - 1):
        shuffled = steps[torch.randperm(len(steps), device=steps.device)]
        x0_hat = torch.where(done < rounds, denoise(x0_hat, shuffled), x0_hat)
    return x0_hat
