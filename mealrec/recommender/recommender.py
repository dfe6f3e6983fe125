"""The trained model at work: a history in, a ranking out, with every step of the walks that made it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from mealrec.features.segments import split_title
from mealrec.features.weights import pick_device
from mealrec.recommender.batching import Batcher
from mealrec.recommender.bundle import read_bundle, read_manifest
from mealrec.recommender.contents import TITLE_SEGMENTS, BundleContents
from mealrec.recommender.effects import effects
from mealrec.recommender.explain import INFLUENCE, INTEREST, Scene, relevance_methods
from mealrec.recommender.media import Media
from mealrec.recommender.places import project_path
from mealrec.recommender.request import Request, checked
from mealrec.recommender.stage import Stage, Variant, set_stage
from mealrec.recommender.trace import Effect, FrameRelevance, HistoryItem, RankedItem, Recommendation, UploadStanding
from mealrec.recommender.tracing import Ranking, npd_steps, tcd_steps
from mealrec.recommender.uploads import Upload, UploadEncoder

BATCH, BATCH_SCORES = 16, 2**25
"""The most requests in a batch, and the most scores that a batch holds at once: 128 MB."""


class Recommender:
    """A loaded bundle. Threads may share it: a request leaves nothing behind, and those that wait for each other's
    end are walked as one batch.

    Attributes: `name`, `manifest`, `catalogue`, `viewers`, `variants` (their names), `media`.
    """

    def __init__(self, path: Path, contents: BundleContents, manifest: dict, device: torch.device):
        self.name, self.manifest = contents.name, manifest
        self.catalogue, self.viewers, self.variants = contents.catalogue, contents.viewers, tuple(contents.models)
        self._item_ids = tuple(item.item_id for item in contents.catalogue)
        self._row_of = {item_id: row for row, item_id in enumerate(self._item_ids, start=1)}
        self.media = Media(
            project_path(path, contents.media),
            self._item_ids,
            contents.times_s.shape[1],
            contents.interval_s,
        )
        self._contents, self._device, self._num_frames = contents, device, contents.times_s.shape[1]
        self._features = contents.features.to(device)
        self._uploads = UploadEncoder(path, contents, device)
        self._loaded: dict[str, Variant] = {}
        self._loading = threading.Lock()
        scores = (self._num_frames + 1) * (len(self._item_ids) + 1)
        self._batches = Batcher(self._answers, _alike, max(1, min(BATCH, BATCH_SCORES // scores)))

    @classmethod
    def from_bundle(cls, path: str | Path, device: str = "auto") -> Recommender:
        """Load a bundle; "auto" takes CUDA where there is one.

        Raises BundleError naming what is missing, damaged or does not fit.
        """
        path = Path(path)
        return cls(path, read_bundle(path), read_manifest(path), pick_device(device))

    def recommend(
        self,
        history: Sequence[str],
        *,
        uploads: Mapping[str, Upload] = MappingProxyType({}),
        k: int = 10,
        seed: int = 0,
        variant: str = "full",
        hidden: Sequence[int] = (),
    ) -> Recommendation:
        """Rank the catalogue for a history and keep every step of the walks.

        `history`: 1 to 50 different item ids, oldest first; an upload stands in it under its id, with the upload
        itself in `uploads`. The model sees the latest `max_length` items (10); older ones get weight 0. Nothing
        of the history is recommended; fewer than `k` (1 to 50) items come where fewer are left. The same `seed`
        gives the same answer. `hidden`: frames 0 to K-1 of the last clip that the model is not shown. Raises
        RequestError saying which value does not fit.
        """
        clock = Clock()
        request = checked(history, uploads, k, seed, variant, self._row_of, self.variants, hidden, self._num_frames)
        return self._batches.ask((request, clock))

    def effects(
        self,
        history: Sequence[str],
        *,
        uploads: Mapping[str, Upload] = MappingProxyType({}),
        k: int = 10,
        seed: int = 0,
        variant: str = "full",
        hidden: Sequence[int] = (),
    ) -> tuple[Effect, ...]:
        """Tell what would change the answer to `recommend` most, which takes the same values.

        One entry for each clip that the model sees, left out, and for each frame of the last clip, hidden; the
        largest `moved` first. Raises RequestError saying which value does not fit.
        """
        request = checked(history, uploads, k, seed, variant, self._row_of, self.variants, hidden, self._num_frames)
        with torch.inference_mode():
            return effects(self._stage(request), request.k, request.seed, request.hidden)

    @property
    def upload_refusal(self) -> str:
        """Say why no video can be uploaded to this bundle; "" where one can."""
        return self._uploads.refusal

    def encode_upload(
        self,
        path: str | Path,
        title: str = "",
        progress: Callable[[str, float], None] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> Upload:
        """Decode and encode a video so that it can stand in a history; the first one loads the encoders.

        `progress(stage, fraction)` is told of the stages "decoding" and "encoding"; what it raises ends the work,
        and so does `cancel()` returning true. Raises VideoError for an unusable video, RequestError for a title
        that is too long, a cancelled upload or a bundle without frames, BundleError where its encoders are not to be
        had.
        """
        return self._uploads.encode(path, title, progress, cancel)

    def _stage(self, request: Request) -> Stage:
        shared = self._variant(request.variant)
        return set_stage(shared, self._features, self._contents, self._row_of, request.history, request.uploads)

    def _variant(self, name: str) -> Variant:
        with self._loading:
            if name not in self._loaded:
                with torch.inference_mode(False):  # kept for later requests, so no request's own tensors
                    self._loaded[name] = Variant.load(name, self._contents, self._features, self._device)
            return self._loaded[name]

    @torch.inference_mode()
    def _answers(self, asked: Sequence[tuple[Request, Clock]]) -> list[Recommendation]:
        """Answer requests that are `_alike`: one walk for all, then each its own ranking and trace."""
        requests, clocks = zip(*asked, strict=True)
        _lap(clocks, "wait")
        stages = [self._stage(request) for request in requests]
        _lap(clocks, "prepare")
        scene = _scene(stages, requests)
        _ = scene.walk
        _lap(clocks, "walk")
        answers = tuple(relevance_methods()[name](scene).cpu().numpy() for name in (INTEREST, INFLUENCE))
        _lap(clocks, "explain")
        return [self._answer(scene, row, answers, stages[row], *asked[row]) for row in range(len(asked))]

    def _answer(
        self, scene: Scene, row: int, answers: tuple[np.ndarray, ...], stage: Stage, request: Request, clock: Clock
    ) -> Recommendation:
        clock.lap("wait")
        walk, first = scene.walk, row * scene.hidden.shape[1]  # a history's rows lie together
        candidates = scene.candidates[row].nonzero().squeeze(1)
        scores = _scores(scene, row, stage)
        ranking = Ranking.of(scores, candidates)
        clock.lap("rank")
        relevance = _relevance(scene, row, answers, stage, self._contents.frames_from == TITLE_SEGMENTS)
        clock.lap("explain")
        item_ids = ("", *self._item_ids)  # row 0 is padding
        tcd = tcd_steps(walk.tcd, stage.variant.frame_map.project, first)
        npd = npd_steps(walk.npd, stage.variant.item_map.project, ranking, item_ids, request.k, first)
        clock.lap("trace")
        return Recommendation(
            items=_ranked(stage, ranking.top(request.k).tolist(), scores[-1]),
            history=_history(stage, walk.context.log_weights[first, : len(stage.used)].exp().tolist()),
            frame_relevance=relevance,
            tcd=tcd,
            npd=npd,
            frame_plane=stage.variant.frame_map.plane,
            item_plane=stage.variant.item_map.plane,
            uploads=_standings(stage, scores[-1]),
            timing_ms=clock.report(),
            bundle=self.name,
            variant=request.variant,
            seed=request.seed,
            hidden=request.hidden,
        )


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


def _lap(clocks: Sequence[Clock], name: str) -> None:
    for clock in clocks:
        clock.lap(name)


def _alike(one: tuple[Request, Clock], other: tuple[Request, Clock]) -> bool:
    """Whether two requests fit into one batch: all but their own histories, hidden frames and k is the same.

    An upload stands behind its own request's catalogue, so it goes alone.
    """
    own = {"history": (), "hidden": (), "k": 1}
    return not (one[0].uploads or other[0].uploads) and replace(one[0], **own) == replace(other[0], **own)


def _scene(stages: Sequence[Stage], requests: Sequence[Request]) -> Scene:
    stage, device = stages[0], stages[0].items.bias.device
    histories = torch.zeros(len(stages), max(len(stage.used) for stage in stages), dtype=torch.long)
    allowed = torch.zeros(len(stages), len(stage.items.bias), dtype=torch.bool)
    hidden = torch.eye(stage.times_s.shape[1] + 1, dtype=torch.bool)[:, 1:].repeat(len(stages), 1, 1)
    for row, (staged, request) in enumerate(zip(stages, requests, strict=True)):
        histories[row, : len(staged.used)] = torch.tensor(staged.used)
        allowed[row, staged.candidates] = True
        hidden[row, :, list(request.hidden)] = True
    tensors = histories.to(device), requests[0].seed, allowed.to(device), hidden.to(device)
    return Scene(stage.variant.model, stage.features, stage.items, *tensors)


def _scores(scene: Scene, row: int, stage: Stage) -> Tensor:
    """Return the logits [S, N+1] of a history at each of NPD's steps, or at the walk's only end."""
    walk, first = scene.walk, row * scene.hidden.shape[1]
    preferences = walk.preference[first : first + 1]
    if walk.npd:
        states = torch.stack([step.x0_hat[first] for step in walk.npd])
        preferences = scene.model.preference(states, walk.context.content[first].expand(len(states), -1))
    seen = scene.histories[row].expand(len(preferences), -1)  # an upload stands among others, none is like itself
    return scene.model.table.scores(preferences, stage.items, seen)


def _relevance(
    scene: Scene, row: int, answers: tuple[np.ndarray, ...], stage: Stage, has_title_segments: bool
) -> FrameRelevance:
    last, count = stage.rows[-1], stage.times_s.shape[1]
    segments = tuple(split_title(stage[last].title, count) or [""] * count) if has_title_segments else ()
    outcomes = Ranking.of(scene.outcomes[row], scene.candidates[row].nonzero().squeeze(1))
    ranks = outcomes.ranks_of(int(scene.top[row]))[1:]
    return FrameRelevance(stage[last].item_id, stage.times_s[last], *(each[row] for each in answers), ranks, segments)


def _ranked(stage: Stage, rows: list[int], scores: Tensor) -> tuple[RankedItem, ...]:
    return tuple(
        RankedItem(stage[row].item_id, stage[row].title, stage[row].topic, float(scores[row]), rank)
        for rank, row in enumerate(rows, start=1)
    )


def _history(stage: Stage, weights: list[float]) -> tuple[HistoryItem, ...]:
    weights = [0.0] * (len(stage.rows) - len(weights)) + weights
    items = [stage[row] for row in stage.rows]
    return tuple(
        HistoryItem(item.item_id, item.title, item.topic, weight) for item, weight in zip(items, weights, strict=True)
    )


def _standings(stage: Stage, scores: Tensor) -> tuple[UploadStanding, ...]:
    """Rank each upload among the whole catalogue and itself, by the last step's scores [N+1+U]."""
    catalogue = scores[1 : stage.num_items + 1]
    return tuple(
        UploadStanding(stage[row].item_id, 1 + int((catalogue > scores[row]).sum()), stage.num_items + 1)
        for row in stage.upload_rows
    )
