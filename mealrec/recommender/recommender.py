"""The trained model at work: a history in, a ranking out, with every step of the walks that made it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from mealrec.features.segments import split_title
from mealrec.features.weights import pick_device
from mealrec.recommender.bundle import read_bundle, read_manifest
from mealrec.recommender.contents import TITLE_SEGMENTS, BundleContents
from mealrec.recommender.explain import INFLUENCE, INTEREST, Scene, relevance_methods
from mealrec.recommender.media import Media
from mealrec.recommender.places import project_path
from mealrec.recommender.request import Request, checked
from mealrec.recommender.stage import Stage, Variant, set_stage
from mealrec.recommender.trace import FrameRelevance, HistoryItem, RankedItem, Recommendation, UploadStanding
from mealrec.recommender.tracing import Ranking, npd_steps, tcd_steps
from mealrec.recommender.uploads import Upload, UploadEncoder


class Recommender:
    """A loaded bundle. Threads may share it: a request leaves nothing behind.

    Attributes: `name`, `manifest`, `catalogue`, `viewers`, `variants` (their names), `media`.
    """

    def __init__(self, path: Path, contents: BundleContents, manifest: dict, device: torch.device, uploads_on: str):
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
        self._contents, self._device = contents, device
        self._features = contents.features.to(device)
        self._uploads = UploadEncoder(path, contents, uploads_on)
        self._loaded: dict[str, Variant] = {}
        self._loading = threading.Lock()

    @classmethod
    def from_bundle(cls, path: str | Path, device: str = "auto", uploads_on: str | None = None) -> Recommender:
        """Load a bundle; "auto" takes CUDA where there is one, `uploads_on` is the encoders' device if another.

        Raises BundleError naming what is missing, damaged or does not fit.
        """
        path = Path(path)
        contents, manifest = read_bundle(path), read_manifest(path)
        return cls(path, contents, manifest, pick_device(device), uploads_on or device)

    def recommend(
        self,
        history: Sequence[str],
        *,
        uploads: Mapping[str, Upload] = MappingProxyType({}),
        k: int = 10,
        seed: int = 0,
        variant: str = "full",
    ) -> Recommendation:
        """Rank the catalogue for a history and keep every step of the walks.

        `history`: 1 to 50 different item ids, oldest first; an upload stands in it under its id, with the upload
        itself in `uploads`. The model sees the latest `max_length` items (10); older ones get weight 0. Nothing
        of the history is recommended; fewer than `k` (1 to 50) items come where fewer are left. The same `seed`
        gives the same answer. Raises RequestError saying which value does not fit.
        """
        clock = Clock()
        request = checked(history, uploads, k, seed, variant, self._row_of, self.variants)
        with torch.inference_mode():
            shared = self._variant(request.variant)
            stage = set_stage(shared, self._features, self._contents, self._row_of, request.history, request.uploads)
            clock.lap("prepare")
            return self._answer(request, stage, clock)

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

    def _variant(self, name: str) -> Variant:
        with self._loading:
            if name not in self._loaded:
                with torch.inference_mode(False):  # kept for later requests, so no request's own tensors
                    self._loaded[name] = Variant.load(name, self._contents, self._features, self._device)
            return self._loaded[name]

    def _answer(self, request: Request, stage: Stage, clock: Clock) -> Recommendation:
        candidates = stage.candidates.to(self._device)
        scene = _scene(stage, candidates, request.seed)
        walk, model = scene.walk, stage.variant.model
        clock.lap("walk")
        preferences = [model.preference(step.x0_hat, walk.context.content)[0] for step in walk.npd] or [
            walk.preference[0]
        ]
        seen = scene.histories.expand(len(preferences), -1)  # an upload stands among others without guidance to itself
        scores = model.table.scores(torch.stack(preferences), stage.items, seen)
        ranking = Ranking.of(scores, candidates)
        clock.lap("rank")
        relevance = _relevance(scene, stage, self._contents.frames_from == TITLE_SEGMENTS)
        clock.lap("explain")
        item_ids = ("", *self._item_ids)  # row 0 is padding
        tcd = tcd_steps(walk.tcd, stage.variant.frame_map.project)
        npd = npd_steps(walk.npd, stage.variant.item_map.project, ranking, item_ids, request.k)
        clock.lap("trace")
        return Recommendation(
            items=_ranked(stage, ranking.top(request.k).tolist(), scores[-1]),
            history=_history(stage, walk.context.log_weights[0].exp().tolist()),
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
        )


class Clock:
    """Milliseconds between laps, by name, and in total."""

    def __init__(self) -> None:
        self._began = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Note the time since the last lap under a name."""
        now = time.perf_counter()
        self._laps[name], self._last = (now - self._last) * 1e3, now

    def report(self) -> dict[str, float]:
        """Return the laps and `total`, rounded to microseconds."""
        total = (time.perf_counter() - self._began) * 1e3
        return {name: round(value, 3) for name, value in (*self._laps.items(), ("total", total))}


def _scene(stage: Stage, candidates: Tensor, seed: int) -> Scene:
    history = torch.tensor([stage.used], device=candidates.device)
    allowed = torch.zeros(1, len(stage.items.bias), dtype=torch.bool, device=candidates.device)
    allowed[0, candidates] = True
    return Scene(stage.variant.model, stage.features, stage.items, history, seed, allowed)


def _relevance(scene: Scene, stage: Stage, has_title_segments: bool) -> FrameRelevance:
    methods, last = relevance_methods(), stage.rows[-1]
    count = stage.times_s.shape[1]
    segments = tuple(split_title(stage[last].title, count) or [""] * count) if has_title_segments else ()
    interest, influence = (methods[name](scene)[0].cpu().numpy() for name in (INTEREST, INFLUENCE))
    return FrameRelevance(stage[last].item_id, stage.times_s[last], interest, influence, segments)


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
