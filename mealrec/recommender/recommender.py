"""The trained model at work: a history in, a ranking out, with every step of the walks that made it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from mealrec.errors import RequestError
from mealrec.features.noise import VisualSpread
from mealrec.features.weights import pick_device
from mealrec.recommender.answering import (
    Clock,
    alike,
    history_of,
    ranked,
    relevance_of,
    scene_of,
    standings,
    steps_ranking,
)
from mealrec.recommender.batching import Batcher
from mealrec.recommender.bundle import read_bundle, read_manifest
from mealrec.recommender.comparing import Ranks
from mealrec.recommender.contents import TITLE_SEGMENTS, BundleContents
from mealrec.recommender.effects import effects
from mealrec.recommender.evidence import agreement
from mealrec.recommender.explain import INFLUENCE, INTEREST, relevance_methods
from mealrec.recommender.inspection import Inspection
from mealrec.recommender.media import Media
from mealrec.recommender.places import project_path
from mealrec.recommender.request import Request, checked
from mealrec.recommender.scene import Scene, scored
from mealrec.recommender.stage import Stage, Variant, set_stage, with_noise
from mealrec.recommender.trace import Effect, Recommendation, ViewerMap
from mealrec.recommender.tracing import Ranking, npd_steps, tcd_steps
from mealrec.recommender.uploads import Upload, UploadEncoder

BATCH, BATCH_SCORES = 16, 2**25
"""The most requests in a batch, and the most scores that a batch holds at once: 128 MB."""


class Recommender:
    """A loaded bundle. Threads may share it: a request leaves nothing behind, and those that wait for each other's
    end are walked as one batch.

    Attributes: `name`, `manifest`, `catalogue`, `viewers`, `test_viewers`, `variants` (their names), `num_frames` K,
    `num_steps` (T of the first one as trained), `media`.
    """

    def __init__(self, path: Path, contents: BundleContents, manifest: dict, device: torch.device, uploads_on: str):
        self.name, self.manifest = contents.name, manifest
        self.catalogue, self.viewers, self.variants = contents.catalogue, contents.viewers, tuple(contents.models)
        self.num_steps = next(iter(contents.models.values()))[0].schedule.num_steps
        self.test_viewers = contents.test_viewers
        self._item_ids = tuple(item.item_id for item in contents.catalogue)
        self._names = ("", *self._item_ids)  # row 0 is padding
        self._row_of = {item_id: row for row, item_id in enumerate(self._item_ids, start=1)}
        self._inspection = Inspection(
            contents.test_viewers, self._row_of, has_segments=contents.frames_from == TITLE_SEGMENTS
        )
        self.media = Media(
            project_path(path, contents.media),
            self._item_ids,
            contents.times_s.shape[1],
            contents.interval_s,
        )
        self._contents, self._device, self.num_frames = contents, device, contents.times_s.shape[1]
        self._features = contents.features.to(device)
        self._uploads = UploadEncoder(path, contents, uploads_on)
        self._loaded: dict[str, Variant] = {}
        self._loading = threading.Lock()
        scores = (self.num_frames + 1) * (len(self._item_ids) + 1)
        self._batches = Batcher(self._answers, alike, max(1, min(BATCH, BATCH_SCORES // scores)))

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
        hidden: Sequence[int] = (),
        noise: float = 0.0,
        num_steps: int | None = None,
    ) -> Recommendation:
        """Rank the catalogue for a history and keep every step of the walks.

        `history`: 1 to 50 different item ids, oldest first; an upload stands in it under its id, with the upload
        itself in `uploads`. The model sees the latest `max_length` items (10); older ones get weight 0. Nothing
        of the history is recommended; fewer than `k` (1 to 50) items come where fewer are left. The same `seed`
        gives the same answer. `hidden`: frames 0 to K-1 of the last clip that the model is not shown. `noise`: Fig. 5's
        σ on what the history's clips look like, 0 to 10 standard deviations; `num_steps`: T of both walks, 1 to 50, by
        default the trained one. Raises RequestError saying which value does not fit.
        """
        clock = Clock()
        request = self._checked(history, uploads, k, seed, variant, hidden, noise, num_steps)
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
        request = self._checked(history, uploads, k, seed, variant, hidden)
        with torch.inference_mode():
            return effects(self._stage(request), request.k, request.seed, request.hidden)

    def rank(
        self,
        history: Sequence[str],
        *,
        uploads: Mapping[str, Upload] = MappingProxyType({}),
        k: int = 10,
        seed: int = 0,
        variant: str = "full",
        noise: float = 0.0,
        num_steps: int | None = None,
    ) -> Ranks:
        """Give the ranking of `recommend`, which takes the same values, without a trace: a fraction of the work."""
        request = self._checked(history, uploads, k, seed, variant, (), noise, num_steps)
        with torch.inference_mode():
            stage = self._stage(request)
            scene, items = scene_of([stage], [request]), stage.variant.items
            scores = scored(scene.model, scene.bare_walk.preference, items, scene.candidates)
            rows = scene.candidates[0].nonzero().squeeze(1)
            ranking = Ranking.of(scores[:, rows], rows)
            items = ranked(stage, ranking.top(request.k).tolist(), scores[0])
        return Ranks(
            request.variant,
            request.seed,
            request.noise,
            request.num_steps or stage.variant.model.schedule.num_steps,
            items,
            ranking.candidates,
            ranking.scores[0],
            self._row_of,
        )

    def target_ranks(self, *, variant: str = "full", seed: int = 0) -> Iterator[np.ndarray]:
        """Yield where the test viewers' true next items stand in their rankings, batch by batch in their order.

        Ranks count from 1 among all items that a viewer has not watched, as in `recommend`. Raises RequestError for
        an unknown variant.
        """
        yield from self._inspection.ranks(self._variant(self._known(variant)), seed)

    def viewer_map(self, viewer_id: str, *, variant: str = "full", seed: int = 0) -> ViewerMap:
        """Return one test viewer's preference, true next item and frames among the catalogue (the paper's Fig. 7).

        Raises RequestError for an unknown variant, or where the bundle holds no such test viewer.
        """
        if viewer_id not in self._inspection:
            raise RequestError(f"viewer_id: a test viewer of this bundle is expected, {viewer_id[:40]!r} came.")
        return self._inspection.map(self._variant(self._known(variant)), self._features, viewer_id, seed)

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

    def _checked(self, history, uploads, k, seed, variant, hidden=(), noise=0.0, num_steps=None) -> Request:
        known = self._row_of, self.variants, self.num_frames
        return checked(history, uploads, k, seed, variant, *known, hidden, noise, num_steps)

    def _stage(self, request: Request) -> Stage:
        shared = self._variant(request.variant)
        stage = set_stage(shared, self._features, self._contents, self._row_of, request.history, request.uploads)
        if not request.noise:
            return stage
        return with_noise(stage, request.uploads, request.noise, request.seed, self._spread)

    @cached_property
    def _spread(self) -> VisualSpread:
        return VisualSpread.of(self._features)

    def _known(self, variant: str) -> str:
        if variant not in self.variants:
            raise RequestError(f"variant: one of {', '.join(self.variants)} is expected, {variant[:40]!r} came.")
        return variant

    def _variant(self, name: str) -> Variant:
        with self._loading:
            if name not in self._loaded:
                with torch.inference_mode(False):  # kept for later requests, so no request's own tensors
                    self._loaded[name] = Variant.load(name, self._contents, self._features, self._device)
            return self._loaded[name]

    @torch.inference_mode()
    def _answers(self, asked: Sequence[tuple[Request, Clock]]) -> list[Recommendation]:
        """Answer requests that are `alike`: one walk for all, then each its own ranking and trace."""
        requests, clocks = zip(*asked, strict=True)

        def lap(name: str) -> None:
            for clock in clocks:
                clock.lap(name)

        lap("wait")
        stages = [self._stage(request) for request in requests]
        lap("prepare")
        scene = scene_of(stages, requests)
        _ = scene.walk
        lap("walk")
        figures = [relevance_methods()[name](scene).cpu().numpy() for name in (INTEREST, INFLUENCE)]
        figures.append(agreement(scene).cpu().numpy())
        lap("explain")
        return [self._answer(scene, row, figures, stages[row], *asked[row]) for row in range(len(asked))]

    def _answer(
        self, scene: Scene, row: int, figures: Sequence[np.ndarray], stage: Stage, request: Request, clock: Clock
    ) -> Recommendation:
        clock.lap("wait")
        walk, first, count = scene.walk, row * scene.hidden.shape[1], len(stage.used)
        ranking, scores = steps_ranking(scene, row, stage, request.k), scene.ends[row, 0]
        clock.lap("rank")
        *answers, agrees = figures
        relevance = relevance_of(scene, row, answers, stage, self._contents.frames_from == TITLE_SEGMENTS)
        weights = walk.context.log_weights[first, :count].exp().tolist()
        clock.lap("explain")
        tcd = tcd_steps(walk.tcd, stage.variant.frame_map.project, first)
        npd = npd_steps(walk.npd, stage.variant.item_map.project, ranking, self._names, request.k, first)
        clock.lap("trace")
        return Recommendation(
            items=ranked(stage, ranking.top(request.k).tolist(), scores),
            history=history_of(stage, weights, agrees[row, :count].tolist()),
            frame_relevance=relevance,
            tcd=tcd,
            npd=npd,
            frame_plane=stage.variant.frame_map.plane,
            item_plane=stage.variant.item_map.plane,
            uploads=standings(stage, scores, scene.preferences[row, :1]),
            timing_ms=clock.report(),
            bundle=self.name,
            variant=request.variant,
            seed=request.seed,
            hidden=request.hidden,
            noise=request.noise,
            num_steps=request.num_steps or scene.model.schedule.num_steps,
        )
