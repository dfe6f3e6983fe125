"""How much more this viewer's history speaks for a moment, or a clip, than anybody's would: ratios of chances."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.models.table import Items
from mealrec.recommender.reference import items_at
from mealrec.recommender.scene import Scene

SHARPNESS, CLICK_SHARE, EXPECTED_WEIGHT = 10.0, 0.2, 2.0
"""Chosen on validation viewers; `python -m mealrec faithfulness` measures their neighbours beside them."""

Looks = Callable[[Tensor], Tensor]


def moment_evidence(scene: Scene) -> Tensor:
    """Return the evidence [B, K] that the viewer is out for moments such as each frame of the last item; 0 is none."""
    seen, expected = evidence_parts(scene)
    return seen + EXPECTED_WEIGHT * expected


def evidence_parts(scene: Scene, looks: Looks | None = None, sharpness: float = SHARPNESS) -> tuple[Tensor, Tensor]:
    """Return what the earlier items show of each frame's kind, and what the model expects of it, over anybody; [B, K].

    Two frames are of one kind as far as exp(sharpness · (cosine - 1)). The lift of an item is how much of the kind it
    holds, over how much an item of anybody's holds. The earlier items speak by Σ log(1 + CLICK_SHARE · (lift - 1)):
    the likelihood ratio of a click that is made for this kind in a share of the cases. The expectation is the log
    lift of the items that the model gives after the earlier items: habits of moving on are in it. The last item
    vouches for no frame of its own (a history of one item has no other to ask).

    `looks` maps item indices [...] to unit vectors [..., K, C] of their frames; by default the content-mapped frames,
    less the reference's mean.
    """
    reference = scene.reference
    looks = _mapped_looks(scene) if looks is None else looks
    ours = looks(scene.last)
    around = _likeness(ours, looks(reference.rows).expand(len(ours), -1, -1, -1), sharpness) * reference.shown
    anybody = (around @ reference.chances).clamp(min=1e-12)
    expected = (around @ _expected(scene).unsqueeze(-1)).squeeze(-1).clamp(min=1e-12)
    lift = _likeness(ours, looks(scene.histories), sharpness) / anybody.unsqueeze(-1)
    speaks = _earlier(scene) & scene.features.has_visual[scene.histories]
    seen = (torch.log1p(CLICK_SHARE * (lift - 1)) * speaks.unsqueeze(1)).sum(-1)
    return seen, torch.log(expected / anybody)


def agreement(scene: Scene) -> Tensor:
    """Return how well each item fits the others of its history [B, L].

    It is log p(item | the others) - log p(item | anybody): 0 is as likely as for anybody, log 2 twice as likely; an
    accidental click tends to be below 0. The others are read in their order, as if the item had been the next. 0
    where there are no others, and on padding.
    """
    values = torch.zeros(scene.histories.shape, device=scene.histories.device)
    present = scene.histories > 0
    asked = present & (scene.lengths > 1).unsqueeze(1)
    if not asked.any():
        return values
    histories = others(scene.histories)[asked]
    preference = preference_of(scene, histories, (histories > 0).sum(1))
    named, place = scene.histories[asked].unique(return_inverse=True)
    items = items_at(scene.items, named)
    given = _log_chances(scene, preference, items).gather(1, place.unsqueeze(1)).squeeze(1)
    values[asked] = given - _log_chances(scene, scene.reference.anybody, items).squeeze(0)[place]
    return values


def _mapped_looks(scene: Scene) -> Looks:
    return lambda rows: F.normalize(scene.items.moments[rows] - scene.reference.centre, dim=-1)


def _likeness(ours: Tensor, theirs: Tensor, sharpness: float) -> Tensor:
    """Return how many frames of each item [B, M, K, C] are of the kind of each frame [B, K, C]: [B, K, M]."""
    cosine = ours @ theirs.flatten(1, 2).transpose(1, 2)
    return torch.exp(sharpness * (cosine - 1)).unflatten(2, theirs.shape[1:3]).sum(-1)


def _earlier(scene: Scene) -> Tensor:
    return torch.arange(scene.histories.shape[1], device=scene.lengths.device) < scene.lengths.unsqueeze(1) - 1


def _expected(scene: Scene) -> Tensor:
    """Return the chances [B, M] of the reference's items after the earlier items, which themselves are out of it."""
    kept = (scene.lengths - 1).clamp(min=1)
    earlier = scene.histories * (torch.arange(scene.histories.shape[1], device=kept.device) < kept.unsqueeze(1))
    scores = scene.model.table.scores(preference_of(scene, earlier, kept), scene.reference.items)
    watched = (scene.reference.rows == earlier.unsqueeze(-1)).any(1)
    return scores.masked_fill(watched, torch.finfo(scores.dtype).min).softmax(-1)


def preference_of(scene: Scene, histories: Tensor, lengths: Tensor) -> Tensor:
    """Return what the encoder alone would rank by [R, D + 2C] after the first `lengths` [R] of histories [R, L].

    These hold items of the scene's histories alone.
    """
    histories = scene.among_named(histories)
    start = scene.start_at(scene.near, histories, lengths - 1)
    return scene.model.preference(start, scene.model.content_preference(scene.near, histories))


def _log_chances(scene: Scene, preference: Tensor, items: Items) -> Tensor:
    """Return log-probabilities [R, M] of items, where the whole is the reference's items."""
    table = scene.model.table
    whole = table.scores(preference, scene.reference.items).logsumexp(-1, keepdim=True)
    return table.scores(preference, items) - whole


def others(histories: Tensor) -> Tensor:
    """Return histories [B, L] without each of their items in turn [B, L, L - 1]."""
    places = torch.arange(histories.shape[1], device=histories.device)
    return histories[:, places[:-1] + (places[:-1] >= places.unsqueeze(1))]
