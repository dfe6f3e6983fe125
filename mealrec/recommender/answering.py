"""The parts of an answer: one batch of walks for requests that fit together, then each request's
own figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mealrec.bundle.contents import CatalogueItem
from mealrec.explain.evidence import (
    agreement,
    all_but,
    influence,
    interest,
    masks_of,
    runs,
    sets_of,
)
from mealrec.explain.trace import HistoryItem, LastClip, Moment, RankedItem, UploadStanding, named
from mealrec.explain.tracing import Ranking
from mealrec.explain.walks import Walks
from mealrec.features.segments import split_title
from mealrec.recommender.request import Request
from mealrec.recommender.stage import Stage, Variant


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
    """Whether two requests fit into one batch: all but their own histories, hidden frames and k
    is the same."""
    own = {"history": (), "uploads": {}, "hidden": (), "k": 1}
    return replace(one[0], **own) == replace(other[0], **own)


@dataclass(frozen=True)
class Question:
    """One request on its stage; each of its `sets` of frames is hidden once, what the request
    hides alone first."""

    stage: Stage
    request: Request

    @cached_property
    def moments(self) -> tuple[tuple[int, ...], ...]:
        """Return the moments of the last clip."""
        return runs(self.stage.walked.moments[-1])

    @cached_property
    def sets(self) -> tuple[tuple[int, ...], ...]:
        """Return the sets of frames to hide."""
        return sets_of(self.moments, self.request.hidden)

    def row_of(self, frames: Sequence[int]) -> int:
        """Return in which row of its walks these frames are hidden as well."""
        return self.sets.index(tuple(sorted({*self.request.hidden, *frames})))


def walks_of(questions: Sequence[Question]) -> Walks:
    """Return the walks of requests that are `alike`; each clip of a history is an item of its
    own."""
    stages, num_frames = (
        [question.stage for question in questions],
        questions[0].stage.times_s.shape[1],
    )
    most = max(len(question.sets) for question in questions)
    sets = [
        question.sets + question.sets[:1] * (most - len(question.sets)) for question in questions
    ]
    hidden = torch.stack([masks_of(some, num_frames) for some in sets])
    return _walks(stages, questions[0].request, hidden, leaves_out=True)


def bare_walks(stage: Stage, request: Request) -> Walks:
    """Return the walk of a request alone, nothing hidden beside."""
    return _walks([stage], request, masks_of([request.hidden], stage.times_s.shape[1])[None])


def _walks(
    stages: Sequence[Stage], request: Request, hidden: Tensor, leaves_out: bool = False
) -> Walks:
    variant = stages[0].variant
    items = variant.items.rows(slice(0, 1))
    histories = torch.zeros(
        len(stages), max(len(stage.walked) for stage in stages), dtype=torch.long
    )
    for row, stage in enumerate(stages):
        histories[row, : len(stage.walked)] = torch.arange(
            len(items), len(items) + len(stage.walked)
        )
        items = items.followed_by(stage.walked)
    free = torch.stack([stage.free for stage in stages])
    device, steps = items.bias.device, request.num_steps
    tensors = histories.to(device), request.seed, free.to(device), hidden.to(device)
    return Walks(
        variant.model, items, *tensors, num_steps=steps, ranked=variant.items, leaves_out=leaves_out
    )


@dataclass(frozen=True)
class Figures:
    """What the walks of B requests say of their last clips' frames [B, K], rows [B, M] and clips
    [B, L]."""

    interest: np.ndarray
    influence: np.ndarray
    agreement: np.ndarray

    @classmethod
    def of(cls, walks: Walks, variant: Variant) -> Figures:
        """Work them out."""
        found = (
            interest(walks, variant.anybody),
            influence(walks),
            agreement(walks, variant.anybody),
        )
        return cls(*(values.cpu().numpy() for values in found))


def steps_ranking(walks: Walks, row: int) -> Ranking:
    """Rank at each of NPD's steps, or at the walk's only end; the last step's scores are the
    end's own."""
    first = row * walks.hidden.shape[1]  # a history's rows lie together
    scores = walks.ends[row, :1]
    if len(walks.walk.npd) > 1:
        states = torch.stack([step.x0_hat[first] for step in walks.walk.npd[:-1]])
        # what ranks beside the kinds stays over the walk
        rest = walks.preferences[row, 0, states.shape[1] :]
        states = torch.cat([states, rest.expand(len(states), -1)], 1)
        scores = torch.cat([walks.model.table.scores(states, walks.ranked), scores])
    return Ranking.of(scores, walks.candidates[row])


def last_clip(
    walks: Walks, row: int, question: Question, figures: Figures, has_title_segments: bool
) -> LastClip:
    """Return what a history's walks say of its last clip."""
    stage, k = question.stage, question.request.k
    last, count = stage.rows[-1], stage.times_s.shape[1]
    shares, evidence = stage.walked.moments[-1].cpu().numpy(), figures.interest[row]
    ranking = Ranking.of(walks.ends[row], walks.candidates[row])
    ranks, before = ranking.ranks_of(int(walks.top[row])), set(ranking.top(k, 0))
    falls, everything = figures.influence[row], question.row_of(range(count))
    moments = []
    for frames in question.moments:
        place, at, others = question.row_of(frames), list(frames), all_but(question.moments, frames)
        kind = int(shares[at[0]].argmax())
        moments.append(
            Moment(
                frames=frames,
                kind=kind,
                share=float(shares[at, kind].mean()),
                interest=float(np.log(np.exp(evidence[at]).mean())),
                influence=float(falls[place]),
                worth=float(falls[place] + falls[everything] - falls[question.row_of(others)]) / 2,
                rank_without=int(ranks[place]),
                kept=len(before & set(ranking.top(k, place))),
            )
        )
    alone = [question.row_of((frame,)) for frame in range(count)]
    segments = (
        tuple(split_title(stage[last].title, count) or [""] * count) if has_title_segments else ()
    )
    return LastClip(
        item_id=stage[last].item_id,
        times_s=stage.times_s[last],
        shares=shares,
        interest=evidence,
        influence=falls[alone],
        rank_without=ranks[alone],
        moments=tuple(moments),
        segments=segments,
    )


def ranked(
    stage: Stage, rows: Sequence[int], scores: Tensor, preference: Tensor
) -> tuple[RankedItem, ...]:
    """Return the clips of the rows that rank first, in order, by scores [N+1] of a preference [J].

    A clip ranks most through the kind of which its share times its appeal is the largest.
    """
    places = torch.tensor(rows, dtype=torch.long, device=scores.device)
    items = stage.variant.items.rows(places)
    kinds = (items.kinds.log() + stage.variant.model.table.appeal(preference)).argmax(-1)
    frames = (
        items.moments.gather(2, kinds[:, None, None].expand(-1, items.moments.shape[1], 1))
        .squeeze(2)
        .argmax(1)
    )
    values = zip(rows, scores[places].tolist(), kinds.tolist(), frames.tolist(), strict=True)
    return tuple(
        _ranked(stage[row], score, rank, kind, frame)
        for rank, (row, score, kind, frame) in enumerate(values, start=1)
    )


def _ranked(item: CatalogueItem, *values: float) -> RankedItem:
    return RankedItem(item.item_id, named(item.title, item.item_id), item.topic, *values)


def history_of(stage: Stage, wanted: np.ndarray, agrees: np.ndarray) -> tuple[HistoryItem, ...]:
    """Return the history; `wanted` [L, J] and `agrees` [L] are of what the model sees, the rest
    has no weight."""
    unseen = len(stage.rows) - len(wanted)
    weights = [0.0] * unseen + stage.variant.weights(len(wanted))
    wanted = np.concatenate([np.zeros((unseen, wanted.shape[1]), wanted.dtype), wanted])
    values = zip(stage.rows, weights, [0.0] * unseen + agrees.tolist(), wanted, strict=True)
    return tuple(
        HistoryItem(stage[row].item_id, stage[row].title, stage[row].topic, weight, fits, kinds)
        for row, weight, fits, kinds in values
    )


def standings(stage: Stage, scores: Tensor, preference: Tensor) -> tuple[UploadStanding, ...]:
    """Rank each upload among the whole catalogue and itself, by the end's preference [J].

    `scores` [N+1] are those of the candidates; the watched clips of the catalogue count as well.
    """
    if max(stage.rows) <= stage.num_items:
        return ()
    rows = torch.tensor(stage.rows, device=scores.device)
    own = stage.variant.model.table.scores(preference[None], stage.clips)[0]
    rivals = torch.cat([scores, own[rows <= stage.num_items]])
    uploaded = sorted(
        (row, score) for row, score in zip(stage.rows, own, strict=True) if row > stage.num_items
    )
    return tuple(
        UploadStanding(stage[row].item_id, 1 + int((rivals > score).sum()), stage.num_items + 1)
        for row, score in uploaded
    )
