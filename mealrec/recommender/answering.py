"""The parts of an answer: one scene for requests that fit together, then each request's own ranking and figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from mealrec.features.segments import split_title
from mealrec.models.table import BLOCK
from mealrec.recommender.contenders import contenders
from mealrec.recommender.reference import items_at
from mealrec.recommender.request import Request
from mealrec.recommender.scene import Scene
from mealrec.recommender.stage import Stage
from mealrec.recommender.trace import FrameRelevance, HistoryItem, RankedItem, UploadStanding
from mealrec.recommender.tracing import Ranking, ranks_at


class Clock:
    """Milliseconds between laps, by name, and in total."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Add the time since the last lap to a name's."""
        now = time.perf_counter()
        self._laps[name], self._last = self._laps.get(name, 0.0) + (now - self._last) * 1e3, now

    def report(self) -> dict[str, float]:
        """Return the laps and `total`, rounded to microseconds."""
        total = (time.perf_counter() - self._began) * 1e3
        return {name: round(value, 3) for name, value in (*self._laps.items(), ("total", total))}


def alike(one: tuple[Request, Clock], other: tuple[Request, Clock]) -> bool:
    """Whether two requests fit into one batch: all but their own histories, hidden frames and k is the same.

    Uploads and noisy stand-ins lie behind their own request's catalogue, so these go alone.
    """
    own = {"history": (), "hidden": (), "k": 1}
    first, second = one[0], other[0]
    return not (first.uploads or second.uploads or first.noise) and replace(first, **own) == replace(second, **own)


def scene_of(stages: Sequence[Stage], requests: Sequence[Request]) -> Scene:
    """Return the scene of requests that are `alike`: their histories, and with each frame hidden."""
    stage, device = stages[0], stages[0].variant.items.bias.device
    histories = torch.zeros(len(stages), max(len(stage.walked) for stage in stages), dtype=torch.long)
    allowed = torch.stack([staged.free for staged in stages])
    hidden = torch.eye(stage.times_s.shape[1] + 1, dtype=torch.bool)[:, 1:].repeat(len(stages), 1, 1)
    for row, (staged, request) in enumerate(zip(stages, requests, strict=True)):
        histories[row, : len(staged.walked)] = torch.tensor(staged.walked)
        hidden[row, :, list(request.hidden)] = True
    tensors = histories.to(device), requests[0].seed, allowed.to(device), hidden.to(device)
    variant = stage.variant
    varied = {"num_steps": requests[0].num_steps, "reference": variant.reference, "ranked": variant.items}
    return Scene(variant.model, stage.features, stage.items, *tensors, **varied)


def steps_ranking(scene: Scene, row: int, stage: Stage, k: int) -> Ranking:
    """Rank at each of NPD's steps, or at the walk's only end, all that may stand among the first k or above them.

    The first and the last step's scores are there already: those of the walk's beginning and end.
    """
    walk, first, final = scene.walk, row * scene.hidden.shape[1], scene.ends[row, :1]  # a history's rows lie together
    if not walk.npd:
        return Ranking.of(final[:, scene.candidates[row]], scene.candidates[row].nonzero().squeeze(1))
    states = torch.stack([step.x0_hat[first] for step in walk.npd])
    preferences = scene.model.preference(states, walk.context.content[first].expand(len(states), -1))
    top = final[0].topk(min(k, int(scene.candidates[row].sum()))).indices
    rows = contenders(scene, row, stage, preferences, top)
    scores = preferences.new_empty(len(preferences), len(rows))
    for start, block in zip(range(0, len(rows), BLOCK), rows.split(BLOCK), strict=True):
        near = items_at(stage.variant.items, block)
        scores[1:-1, start : start + len(block)] = scene.model.table.scores(preferences[1:-1], near)
    scores[0], scores[-1] = scene.beginnings[row, rows], final[0, rows]
    return Ranking.of(scores, rows)


def relevance_of(
    scene: Scene, row: int, answers: Sequence[np.ndarray], stage: Stage, has_title_segments: bool
) -> FrameRelevance:
    """Return what a scene's history says of its last clip's frames; `answers` are interest and influence [B, K]."""
    last, count = stage.rows[-1], stage.times_s.shape[1]
    segments = tuple(split_title(stage[last].title, count) or [""] * count) if has_title_segments else ()
    ranks = ranks_at(scene.ends[row, 1:].cpu().numpy(), int(scene.top[row]))
    return FrameRelevance(stage[last].item_id, stage.times_s[last], *(each[row] for each in answers), ranks, segments)


def ranked(stage: Stage, rows: list[int], scores: Tensor) -> tuple[RankedItem, ...]:
    """Return the clips of the rows that rank first, in order."""
    return tuple(
        RankedItem(stage[row].item_id, stage[row].title, stage[row].topic, float(scores[row]), rank)
        for rank, row in enumerate(rows, start=1)
    )


def history_of(stage: Stage, weights: list[float], agrees: list[float]) -> tuple[HistoryItem, ...]:
    """Return the history; what the model does not see of it has no weight and no agreement."""
    unseen = [0.0] * (len(stage.rows) - len(weights))
    values = zip(stage.rows, unseen + weights, unseen + agrees, strict=True)
    return tuple(
        HistoryItem(stage[row].item_id, stage[row].title, stage[row].topic, weight, agrees)
        for row, weight, agrees in values
    )


def standings(stage: Stage, scores: Tensor, preference: Tensor) -> tuple[UploadStanding, ...]:
    """Rank each upload among the whole catalogue and itself, by the end's preference [1, D or D + 2C].

    `scores` [N+1] are those of the candidates; what was seen gets no guidance to itself, so an upload of the history
    stands among the others as they do.
    """
    if not stage.upload_rows:
        return ()
    rows = torch.tensor(stage.rows, device=preference.device)
    seen = torch.arange(len(stage.rows) - len(stage.used), len(stage.rows), device=preference.device)
    own = stage.variant.model.table.scores(preference, items_at(stage.items, rows), seen[None])[0]
    return tuple(
        UploadStanding(stage[row].item_id, 1 + _above(scores, own, rows <= stage.num_items, score), stage.num_items + 1)
        for row, score in sorted(zip(stage.rows, own, strict=True), key=lambda pair: pair[0])
        if row > stage.num_items
    )


def _above(scores: Tensor, own: Tensor, watched: Tensor, score: Tensor) -> int:
    return int((scores > score).sum() + (own[watched] > score).sum())
