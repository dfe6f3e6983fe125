"""Two questions about the last item's frames: which fits the interest, and which drove this recommendation.

Several answers to each are kept side by side under a name, so that an evaluation can compare them;
INTEREST and INFLUENCE name the two that are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.recommender.evidence import evidence_parts, moment_evidence
from mealrec.recommender.reference import Reference
from mealrec.recommender.scene import Ending, Scene
from mealrec.types import ItemFeatures

INTEREST, INFLUENCE = "evidence", "occlusion"
BATCH = 128


def relevance_methods() -> dict[str, Callable[[Scene], Tensor]]:
    """Return every answer by name; each maps a scene to [B, K]."""
    return {
        "preference": preference_fit,
        "start": start_fit,
        "start_without_last": earlier_start_fit,
        "preference_without_last": earlier_preference_fit,
        "refined": refined_fit,
        "history_frames": history_fit,
        "history_moments": moment_fit,
        "history_kinds": lambda scene: evidence_parts(scene)[0],
        "expected_kinds": lambda scene: evidence_parts(scene)[1],
        "evidence": moment_evidence,
        "top_match": top_match,
        "occlusion": occlusion,
        "gradient": gradient,
    }


def frame_relevance(
    model: MealRec,
    features: ItemFeatures,
    items: Items,
    histories: Tensor,
    methods: Iterable[str] | None = None,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Return {method: [B, K]} for histories [B, L], by all methods or the named ones.

    `model` is in evaluation mode and `items` its table, made without inference mode ("gradient" differentiates).
    """
    known = relevance_methods()
    parts: dict[str, list[Tensor]] = {name: [] for name in (known if methods is None else methods)}
    with torch.no_grad():
        reference = Reference.of(model, features, items)
        for rows in histories.split(BATCH):  # a walk keeps all its steps: a thousand at once take half a gigabyte
            scene = Scene(model, features, items, rows, seed, reference=reference)
            for name, values in parts.items():
                values.append(known[name](scene))
    return {name: torch.cat(values) for name, values in parts.items()}


def preference_fit(scene: Scene) -> Tensor:
    """Return the centred cosine of each frame with the walk's end x̂_0 [B, K]."""
    return scene.centred_cosine(scene.frames, scene.preferences[:, 0])


def start_fit(scene: Scene) -> Tensor:
    """Return the centred cosine of each frame with the encoder's own x_0 [B, K]."""
    start = scene.start_at(scene.items, scene.histories, scene.lengths - 1)
    return scene.centred_cosine(scene.frames, start)


def earlier_start_fit(scene: Scene) -> Tensor:
    """Return the centred cosine of each frame with x_0 of the history before the last item [B, K].

    The last item then cannot vouch for itself; a history of one item keeps it.
    """
    start = scene.start_at(scene.items, scene.histories, (scene.lengths - 2).clamp(min=0))
    return scene.centred_cosine(scene.frames, start)


def earlier_preference_fit(scene: Scene) -> Tensor:
    """Return the centred cosine of each frame with the walk's end of the history before the last item [B, K]."""
    kept = (scene.lengths - 1).clamp(min=1)
    steps = torch.arange(scene.histories.shape[1], device=kept.device)
    earlier = scene.histories * (steps < kept[:, None])
    context = scene.model.context(scene.start_at(scene.items, earlier, kept - 1), earlier, scene.items)
    walk = scene.model.walk(context, scene.items, torch.Generator().manual_seed(scene.seed))
    return scene.centred_cosine(scene.frames, walk.preference)


def refined_fit(scene: Scene) -> Tensor:
    """Return the centred cosine of TCD's refined frames with the preference [B, K]; zero without TCD."""
    if not scene.walk.tcd:
        return torch.zeros_like(scene.frames[..., 0])
    refined = scene.walk.tcd[-1].x0_hat.unflatten(0, (len(scene.histories), -1))[:, 0]
    centre = scene.model.tcd.encode(scene.items.moments[scene.features.has_visual]).mean((0, 1))
    return scene.centred_cosine(refined, scene.preferences[:, 0], centre)


def history_fit(scene: Scene) -> Tensor:
    """Return, without any model, each frame's likeness to the history before it [B, K]."""
    return _likeness_to_earlier(scene, scene.features.frames)


def moment_fit(scene: Scene) -> Tensor:
    """Return each frame's likeness to the history before it [B, K], in the learned content space.

    A history of one item has nothing before it: there the preference answers.
    """
    likeness = _likeness_to_earlier(scene, scene.items.moments, scene.mean_frame)
    alone = (scene.lengths == 1).unsqueeze(1)
    return torch.where(alone, relevance_methods()["preference"](scene), likeness)


def top_match(scene: Scene) -> Tensor:
    """Return the best centred cosine of each frame with a moment of the top recommendation [B, K]."""
    pairs = (scene.frames, scene.items.moments[scene.top])
    ours, theirs = (F.normalize(frames - scene.mean_frame, dim=-1) for frames in pairs)
    return (ours @ theirs.transpose(1, 2)).amax(-1)


def occlusion(scene: Scene) -> Tensor:
    """Return how far the top recommendation's log-probability falls when frame k is hidden [B, K]: exact.

    A hidden frame is hidden everywhere: from the encoder, from TCD and from NPD.
    """
    of_top = scene.ends.take_along_dim(scene.top[:, None, None], 2).squeeze(2) - scene.ends.logsumexp(-1)
    return of_top[:, :1] - of_top[:, 1:]


def gradient(scene: Scene) -> Tensor:
    """Return gradient x what hiding changes, of the top recommendation's log-probability [B, K].

    A cheap estimate of `occlusion`: first order, and through one clean step of each module, not T.
    """
    with torch.enable_grad():
        moments = scene.frames.detach().requires_grad_()
        visual = scene.items.visual[scene.last].detach().requires_grad_()
        preference = _one_step(scene, Ending(moments, visual, scene.items.anchor[scene.last]))
        of_top = scene.log_probabilities(preference.unsqueeze(1)).squeeze(1).gather(1, scene.top[:, None])
        by_moment, by_visual = torch.autograd.grad(of_top.sum(), (moments, visual), materialize_grads=True)
    hidden_moment = scene.model.content.absent_visual - scene.frames
    change = (by_moment * hidden_moment).sum(-1) + (by_visual.unsqueeze(1) * scene.visual_shifts).sum(-1)
    return -change.detach()


def _one_step(scene: Scene, ending: Ending) -> Tensor:
    """Return what ranks [B, D or D + 2C] after one denoising of the clean sample at t = 1, differentiably."""
    model, (items, histories) = scene.model, scene.ending_with(ending)
    context = model.context(scene.start_at(items, histories, scene.lengths - 1), histories, items)
    refined = context.frames
    if model.config.variant == "backbone":
        return model.preference(context.start, context.content)
    if model.has_tcd:
        refined = model.refine(model.tcd.encode(refined), torch.ones_like(scene.last), context, items)
    if not model.has_npd:
        return model.preference(model.fused(refined, context, items), context.content)
    x0_hat = model.npd.denoise(context.start, *model.condition(refined, context, items))
    return model.preference(x0_hat, context.content)


def _likeness_to_earlier(scene: Scene, frames: Tensor, centre: Tensor | float = 0.0) -> Tensor:
    """Return the mean over the earlier items of the best cosine with one of their frames [B, K].

    `frames` [N+1, K, ...] of all items, less `centre`. Zero without earlier items.
    """
    ours, theirs = (F.normalize(frames[rows] - centre, dim=-1) for rows in (scene.last, scene.histories))
    steps = torch.arange(scene.histories.shape[1], device=scene.histories.device)
    earlier = (steps < scene.lengths[:, None] - 1) & scene.features.has_visual[scene.histories]
    likeness = torch.einsum("bkv,blmv->bklm", ours, theirs).amax(-1)
    return (likeness * earlier.unsqueeze(1)).sum(-1) / earlier.sum(1, keepdim=True).clamp(min=1)
