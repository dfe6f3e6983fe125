"""The trained model at work: a history in, a ranking out, with every step of the walks that made
it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from mealrec.bundle.contents import TITLE_SEGMENTS, BundleContents
from mealrec.bundle.disk import read_bundle, read_manifest
from mealrec.bundle.hub import SCHEME, local_bundle
from mealrec.bundle.layout import kind_map
from mealrec.bundle.media import Media
from mealrec.bundle.places import project_path
from mealrec.errors import RequestError
from mealrec.explain.trace import Effect, KindMap, Recommendation, ViewerMap
from mealrec.explain.tracing import Ranking, npd_steps, tcd_steps
from mealrec.explain.walks import Walks
from mealrec.features.noise import VisualSpread
from mealrec.features.weights import pick_device
from mealrec.recommender.answering import (
    Clock,
    Figures,
    Question,
    alike,
    bare_walks,
    history_of,
    last_clip,
    ranked,
    standings,
    steps_ranking,
    walks_of,
)
from mealrec.recommender.batching import Batcher
from mealrec.recommender.comparing import Ranks
from mealrec.recommender.effects import effects
from mealrec.recommender.inspection import Inspection
from mealrec.recommender.request import Request, checked
from mealrec.recommender.stage import Stage, Variant, set_stage, with_noise
from mealrec.recommender.uploads import Upload, UploadEncoder

BATCH, BATCH_SCORES = 16, 2**25
"""The most requests in a batch, and the most scores that a batch holds at once: 128 MB."""


class Recommender:
    """A loaded bundle. Threads may share it: a request leaves nothing behind, and those that wait
    for each other's end are walked as one batch.

    Attributes: `name`, `manifest`, `catalogue`, `viewers`, `test_viewers`, `variants` (their
    names), `num_frames` K, `num_steps` (T of the first one as trained), `kinds` of moments,
    `media`.
    """

    def __init__(
        self,
        path: Path,
        contents: BundleContents,
        manifest: dict,
        device: torch.device,
        uploads_on: str,
    ):
        self.name, self.manifest = contents.name, manifest
        self.catalogue, self.viewers, self.variants = (
            contents.catalogue,
            contents.viewers,
            tuple(contents.models),
        )
        self.num_steps = next(iter(contents.models.values()))[0].num_steps
        self.test_viewers, self.kinds = contents.test_viewers, contents.kinds
        self._item_ids = tuple(item.item_id for item in contents.catalogue)
        self._names = ("", *self._item_ids)  # row 0 is padding
        self._row_of = {item_id: row for row, item_id in enumerate(self._item_ids, start=1)}
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
        scores = 2 * self.num_frames * (len(self._item_ids) + 1)
        self._batches = Batcher(self._answers, alike, max(1, min(BATCH, BATCH_SCORES // scores)))

    @classmethod
    def from_bundle(
        cls, path: str | Path, device: str = "auto", uploads_on: str | None = None
    ) -> Recommender:
        """Load a bundle; "auto" takes CUDA where there is one, `uploads_on` is the encoders' device
        if another.

        Raises BundleError naming what is missing, damaged or does not fit.
        """
        path = Path(path)
        contents, manifest = read_bundle(path), read_manifest(path)
        return cls(path, contents, manifest, pick_device(device), uploads_on or device)

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str = "auto") -> Recommender:
        """Load a bundle from the hub ("owner/name", or in full as of `local_bundle`) or a
        folder; see `from_bundle`."""
        is_place = str(name).startswith(SCHEME) or Path(name).exists()
        return cls.from_bundle(local_bundle(name if is_place else f"{SCHEME}{name}"), device)

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

        `history`: 1 to 50 different item ids, oldest first; an upload stands in it under its id,
        with the upload itself in `uploads`. The model sees the latest `max_length` items (10);
        older ones get weight 0. Nothing of the history is recommended; fewer than `k` (1 to 50)
        items come where fewer are left. The same `seed` gives the same answer. `hidden`: frames 0
        to K-1 of the last clip that the model is not shown. `noise`: Fig. 5's σ on what the
        history's clips look like, 0 to 10 standard deviations; `num_steps`: T of both walks, 1 to
        50, by default the trained one. Raises RequestError saying which value does not fit.
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

        One entry for each clip that the model sees, left out, and for each moment of the last clip,
        hidden; the largest `moved` first. Raises RequestError saying which value does not fit.
        """
        request = self._checked(history, uploads, k, seed, variant, hidden)
        with torch.inference_mode():
            return effects(Question(self._stage(request), request))

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
        """Give the ranking of `recommend`, which takes the same values, without a trace: a
        fraction of the work."""
        request = self._checked(history, uploads, k, seed, variant, (), noise, num_steps)
        with torch.inference_mode():
            stage = self._stage(request)
            walks = bare_walks(stage, request)
            scores, preference = walks.ends[0], walks.preferences[0, 0]
            ranking = Ranking.of(scores, walks.candidates[0])
            items = ranked(stage, ranking.top(request.k).tolist(), scores[0], preference)
        return Ranks(
            request.variant,
            request.seed,
            request.noise,
            request.num_steps or stage.variant.model.config.num_steps,
            items,
            ranking.candidates,
            ranking.scores[0],
            self._row_of,
        )

    def target_ranks(self, *, variant: str = "full", seed: int = 0) -> Iterator[np.ndarray]:
        """Yield where the test viewers' true next items stand in their rankings, batch by batch in
        their order.

        Ranks count from 1 among all items that a viewer has not watched, as in `recommend`. Raises
        RequestError for an unknown variant.
        """
        yield from self._inspection.ranks(self._variant(self._known(variant)), seed)

    def viewer_map(self, viewer_id: str, *, variant: str = "full", seed: int = 0) -> ViewerMap:
        """Return one test viewer's preference and true next item among the catalogue's kinds (the
        paper's Fig. 7).

        Raises RequestError for an unknown variant, or where the bundle holds no such test viewer.
        """
        if viewer_id not in self._inspection:
            raise RequestError(
                f"viewer_id: a test viewer of this bundle is expected, {viewer_id[:40]!r} came."
            )
        return self._inspection.map(
            self._variant(self._known(variant)), self.kind_map, viewer_id, seed
        )

    @cached_property
    def kind_map(self) -> KindMap:
        """Return the catalogue by the kinds that the bundle's first model sees in it."""
        return kind_map(
            self.catalogue,
            self.kinds,
            self._variant(self.variants[0]).items.kinds[1:].cpu().numpy(),
        )

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
        """Decode and encode a video so that it can stand in a history; the first one loads the
        encoders.

        `progress(stage, fraction)` is told of the stages "decoding" and "encoding"; what it raises
        ends the work, and so does `cancel()` returning true. Raises VideoError for an unusable
        video, RequestError for a title that is too long, a cancelled upload or a bundle without
        frames, BundleError where its encoders are not to be had.
        """
        return self._uploads.encode(path, title, progress, cancel)

    def _checked(
        self, history, uploads, k, seed, variant, hidden=(), noise=0.0, num_steps=None
    ) -> Request:
        known = self._row_of, self.variants, self.num_frames
        return checked(history, uploads, k, seed, variant, *known, hidden, noise, num_steps)

    def _stage(self, request: Request) -> Stage:
        shared = self._variant(request.variant)
        stage = set_stage(shared, self._contents, self._row_of, request.history, request.uploads)
        if not request.noise:
            return stage
        return with_noise(
            stage, self._features, request.uploads, request.noise, request.seed, self._spread
        )

    @cached_property
    def _inspection(self) -> Inspection:
        return Inspection(
            self.test_viewers, self._row_of, self._contents.frames_from == TITLE_SEGMENTS
        )

    @cached_property
    def _spread(self) -> VisualSpread:
        return VisualSpread.of(self._features)

    def _known(self, variant: str) -> str:
        if variant not in self.variants:
            raise RequestError(
                f"variant: one of {', '.join(self.variants)} is expected, {variant[:40]!r} came."
            )
        return variant

    def _variant(self, name: str) -> Variant:
        with self._loading:
            if name not in self._loaded:
                # kept for later requests, so no request's own tensors
                with torch.inference_mode(False):
                    self._loaded[name] = Variant.load(
                        name, self._contents, self._features, self._device
                    )
            return self._loaded[name]

    @torch.inference_mode()
    def _answers(self, asked: Sequence[tuple[Request, Clock]]) -> list[Recommendation]:
        """Answer requests that are `alike`: one walk for all, then each its own ranking and
        trace."""
        requests, clocks = zip(*asked, strict=True)

        def lap(name: str) -> None:
            for clock in clocks:
                clock.lap(name)

        lap("wait")
        questions = [Question(self._stage(request), request) for request in requests]
        lap("prepare")
        walks = walks_of(questions)
        _ = walks.walk
        lap("walk")
        figures = Figures.of(walks, questions[0].stage.variant)
        lap("explain")
        pairs = enumerate(zip(questions, clocks, strict=True))
        return [
            self._answer(walks, row, figures, question, clock) for row, (question, clock) in pairs
        ]

    def _answer(
        self, walks: Walks, row: int, figures: Figures, question: Question, clock: Clock
    ) -> Recommendation:
        clock.lap("wait")
        stage, request = question.stage, question.request
        model, anybody = walks.model, stage.variant.items.anybody
        walk, first, count = walks.walk, row * walks.hidden.shape[1], len(stage.walked)
        ranking, preference = steps_ranking(walks, row), walks.preferences[row, 0]
        items = ranked(stage, ranking.top(request.k).tolist(), walks.ends[row, 0], preference)
        uploads = standings(stage, walks.ends[row, 0], preference)
        clock.lap("rank")
        last = last_clip(
            walks, row, question, figures, self._contents.frames_from == TITLE_SEGMENTS
        )
        clock.lap("explain")
        start = walk.context.start[first]
        wanted, start = (
            model.table.wanted(torch.stack([preference[: len(start)], start]), anybody)
            .cpu()
            .numpy()
        )
        tcd = tcd_steps(model, walk, first, count - 1)
        npd = npd_steps(model, walk, anybody, ranking, self._names, request.k, first)
        watched = walk.wanted[first, :count].cpu().numpy()
        clock.lap("trace")
        return Recommendation(
            items=items,
            history=history_of(stage, watched, figures.agreement[row, :count]),
            last=last,
            tcd=tcd,
            npd=npd,
            kinds=self.kinds,
            wanted=wanted,
            start=start,
            anybody=stage.variant.anybody.wanted.cpu().numpy(),
            uploads=uploads,
            timing_ms=clock.report(),
            bundle=self.name,
            variant=request.variant,
            seed=request.seed,
            hidden=request.hidden,
            noise=request.noise,
            num_steps=request.num_steps or model.config.num_steps,
        )
