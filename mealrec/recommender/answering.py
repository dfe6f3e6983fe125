"""The parts of an answer: one scene for requests that fit together, then each request's own ranking and figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from mealrec.features.segments import split_title
from mealrec.recommender.request import Request
from mealrec.recommender.scene import Scene
from mealrec.recommender.stage import Stage
from mealrec.recommender.trace import FrameRelevance, HistoryItem, RankedItem, UploadStanding
from mealrec.recommender.tracing import Ranking


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
    stage, device = stages[0], stages[0].items.bias.device
    histories = torch.zeros(len(stages), max(len(stage.walked) for stage in stages), dtype=torch.long)
    allowed = torch.zeros(len(stages), len(stage.items.bias), dtype=torch.bool)
    hidden = torch.eye(stage.times_s.shape[1] + 1, dtype=torch.bool)[:, 1:].repeat(len(stages), 1, 1)
    for row, (staged, request) in enumerate(zip(stages, requests, strict=True)):
        histories[row, : len(staged.walked)] = torch.tensor(staged.walked)
        allowed[row, staged.candidates] = True
        hidden[row, :, list(request.hidden)] = True
    tensors = histories.to(device), requests[0].seed, allowed.to(device), hidden.to(device)
    variant, varied = stage.variant, {"num_steps": requests[0].num_steps, "reference": stage.variant.reference}
    return Scene(variant.model, stage.features, stage.items, *tensors, **varied)


def scores_of(stage: Stage, preferences: Tensor) -> Tensor:
    """Return what ranks: the scores [S, N+1+U+L] of preferences [S, D or D + 2C]."""
    # what was seen gets no guidance to itself: so an upload of the history stands among the others as they do
    seen = torch.tensor([stage.used], device=preferences.device).expand(len(preferences), -1)
    return stage.variant.model.table.scores(preferences, stage.items, seen)


def step_scores(scene: Scene, row: int, stage: Stage) -> Tensor:
    """Return the scores of a scene's history at each of NPD's steps, or at the walk's only end."""
    walk, first = scene.walk, row * scene.hidden.shape[1]  # a history's rows lie together
    preferences = walk.preference[first : first + 1]
    if walk.npd:
        states = torch.stack([step.x0_hat[first] for step in walk.npd])
        preferences = scene.model.preference(states, walk.context.content[first].expand(len(states), -1))
    return scores_of(stage, preferences)


def relevance_of(
    scene: Scene, row: int, answers: Sequence[np.ndarray], stage: Stage, has_title_segments: bool
) -> FrameRelevance:
    """Return what a scene's history says of its last clip's frames; `answers` are interest and influence [B, K]."""
    last, count = stage.rows[-1], stage.times_s.shape[1]
    segments = tuple(split_title(stage[last].title, count) or [""] * count) if has_title_segments else ()
    outcomes = Ranking.of(scene.outcomes[row], scene.candidates[row].nonzero().squeeze(1))
    ranks = outcomes.ranks_of(int(scene.top[row]))[1:]
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


def standings(stage: Stage, scores: Tensor) -> tuple[UploadStanding, ...]:
    """Rank each upload among the whole catalogue and itself, by the last step's scores [N+1+U]."""
    catalogue = scores[1 : stage.num_items + 1]
    return tuple(
        UploadStanding(stage[row].item_id, 1 + int((catalogue > scores[row]).sum()), stage.num_items + 1)
        for row in stage.upload_rows
    )
