"""The trained model at work: a question in, a ranking out, with every step of the walks to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from mealrec.bundle.contents import BundleContents
from mealrec.bundle.disk import read_contents
from mealrec.bundle.hub import SCHEME, local_bundle
from mealrec.bundle.layout import kind_map
from mealrec.bundle.manifest import project_path, read_manifest
from mealrec.bundle.media import Media
from mealrec.errors import RequestError
from mealrec.explain.evidence import masks_of
from mealrec.explain.trace import Effect, KindMap, Recommendation, ViewerMap
from mealrec.features.noise import VisualSpread
from mealrec.features.weights import pick_device
from mealrec.question import Question, check_variant
from mealrec.ranking.metrics import ORDER, Ranking, ranks_of
from mealrec.recommender.batching import Batcher, Clock
from mealrec.recommender.comparing import SystemRanking
from mealrec.recommender.effects import effects
from mealrec.recommender.history import Asked, History, Variant, walk_together, walks_of
from mealrec.recommender.inspection import viewer_map
from mealrec.recommender.tracing import Figures, ranked_items, recommendation
from mealrec.recommender.uploads import Upload, UploadEncoder

BATCH = 16
"""The most questions in a batch."""
BATCH_SCORES = 2**25
"""The most scores that a batch holds at once: 128 MB."""
VIEWERS = 64
"""How many test viewers are ranked at once."""


class Recommender:
    """A loaded bundle.

    Threads may share it: a question leaves nothing behind, and those that wait for each other's end
    are walked as one batch.

    Attributes: `name`, `manifest`, `catalogue`, `viewers`, `test_viewers`, `variants` (their
    names), `num_frames` K, `num_steps` (T of the first one as trained), `kinds` of moments,
    `media`; `contents`, all that the bundle holds, and its `features` on the device.
    """

    def __init__(
        self,
        path: Path,
        contents: BundleContents,
        manifest: dict,
        device: str,
        uploads_on: str | None = None,
    ):
        # What the bundle holds, and what the page asks of it by name.
        self.contents = contents
        self.manifest = manifest
        self._device = pick_device(device)
        self.features = contents.features.to(self._device)
        self.name = contents.name
        self.catalogue = contents.catalogue
        self.viewers = contents.viewers
        self.test_viewers = contents.test_viewers
        self.kinds = contents.kinds
        self.variants = tuple(contents.models)
        self.num_frames = contents.times_s.shape[1]
        main_config, _ = contents.models[self.variants[0]]
        self.num_steps = main_config.num_steps

        # Its clips and pictures, its encoders, and its models once somebody asks for them.
        item_ids = [item.item_id for item in contents.catalogue]
        folder = project_path(path, contents.media)
        self.media = Media(folder, item_ids, self.num_frames, contents.interval_s)
        self._row_of = {item_id: row for row, item_id in enumerate(item_ids, start=1)}
        self._uploads = UploadEncoder(path, contents, uploads_on or device)
        self._loaded: dict[str, Variant] = {}
        self._loading = threading.Lock()

        # A walk holds about two scores an item for each frame that is hidden.
        scores = 2 * self.num_frames * (len(item_ids) + 1)
        limit = max(1, min(BATCH, BATCH_SCORES // scores))
        self._batches = Batcher(self.answer_together, _walked_alike, limit)

    @classmethod
    def from_bundle(
        cls, path: str | Path, device: str = "auto", uploads_on: str | None = None
    ) -> Recommender:
        """Load a bundle's folder; `device` "auto" takes CUDA where there is one.

        `uploads_on` is the encoders' device if another: a Space with shared GPUs lends one to
        encodings alone. Raises BundleError naming what is missing, damaged or does not fit.
        """
        path = Path(path)
        manifest = read_manifest(path)
        return cls(path, read_contents(path, manifest), manifest, device, uploads_on)

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str = "auto") -> Recommender:
        """Load a bundle of the hub ("owner/name", or in full as of `local_bundle`) or a folder."""
        is_place = str(name).startswith(SCHEME) or Path(name).exists()
        return cls.from_bundle(local_bundle(name if is_place else f"{SCHEME}{name}"), device)

    def recommend(self, question: Question) -> Recommendation:
        """Rank the catalogue for a question and keep every step of the walks.

        The model sees the latest `max_length` items of the history (10); older ones get weight 0.
        Nothing of the history is recommended; fewer than `k` items come where fewer are left. The
        same question gets the same answer. Raises RequestError saying which value does not fit.
        """
        clock = Clock()
        self._check(question)
        return self._batches.ask((question, clock))

    def effects(self, question: Question) -> tuple[Effect, ...]:
        """Tell what would change the answer to a question most.

        One entry for each item that the model sees, left out, and for each moment of the last one,
        hidden; the largest `moved` first. They are told of the trained T, without noise: the
        question's `num_steps` and `noise` are not counted. Raises RequestError saying which value
        does not fit.
        """
        self._check(question)
        plain = replace(question, noise=0.0, num_steps=None)
        with torch.inference_mode():
            return effects(self._asked(plain))

    def rank(self, question: Question) -> SystemRanking:
        """Return the ranking of `recommend` without a trace: a fraction of the work."""
        self._check(question)
        with torch.inference_mode():
            # One walk, with what the question hides.
            asked = self._asked(question)
            hidden = masks_of([question.hidden], self.num_frames)[None]
            walks = walks_of([asked.history], question.seed, hidden, question.num_steps)
            scores = walks.ends[0]

            # The ranking is its end.
            ranking = Ranking.of(scores.cpu().numpy(), walks.candidates[0].cpu().numpy())
            top = ranking.top(question.k)
            preference = walks.preferences[0, 0]
            items = ranked_items(top, scores[0], preference, asked.history, self.contents)
        return SystemRanking(
            variant=question.variant,
            seed=question.seed,
            noise=question.noise,
            num_steps=question.num_steps or asked.history.variant.model.config.num_steps,
            items=items,
            candidates=ranking.candidates,
            scores=ranking.scores[0],
            row_of=self._row_of,
        )

    def target_ranks(self, *, variant: str = "full", seed: int = 0) -> Iterator[np.ndarray]:
        """Yield where the test viewers' true next items stand, batch by batch in their order.

        Ranks count from 1 among all items that a viewer has not watched, as in `recommend`. Raises
        RequestError for an unknown variant.
        """
        # A few viewers at a time, so that whoever asks can show the first before the last.
        check_variant(variant, self.variants)
        loaded = self.variant(variant)
        for start in range(0, len(self.test_viewers), VIEWERS):
            cases = self.test_viewers[start : start + VIEWERS]
            targets = np.array([self._row_of[case.target] for case in cases])
            with torch.inference_mode():
                histories = [self._history(case.history, loaded) for case in cases]
                scores = walks_of(histories, seed).ends[:, 0]
            # What was watched counts not: a rank is the place in the list that would be shown.
            yield ranks_of(scores.cpu().numpy(), targets, ORDER)

    def viewer_map(self, viewer_id: str, *, variant: str = "full", seed: int = 0) -> ViewerMap:
        """Return one test viewer's preference among the catalogue's kinds (the paper's Fig. 7).

        Raises RequestError for an unknown variant, or where the bundle holds no such test viewer.
        """
        # Who it is.
        case = next((case for case in self.test_viewers if case.viewer_id == viewer_id), None)
        if case is None:
            raise RequestError(
                f"viewer_id: a test viewer of this bundle is expected, {viewer_id[:40]!r} came."
            )
        check_variant(variant, self.variants)

        # One walk, and where it leads in the map.
        with torch.inference_mode():
            history = self._history(case.history, self.variant(variant))
            target = self._row_of[case.target]
            return viewer_map(case, history, target, self.kind_map, self.contents, seed)

    @cached_property
    def kind_map(self) -> KindMap:
        """Return the catalogue by the kinds that the bundle's first model sees in it."""
        shares = self.variant(self.variants[0]).items.kinds[1:].cpu().numpy()
        return kind_map(self.catalogue, self.kinds, shares)

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
        """Decode and encode a video so that it can stand in a history.

        The first one loads the encoders. `progress(stage, fraction)` is told of the stages
        "decoding" and "encoding"; what it raises ends the work, and so does `cancel()` returning
        true. Raises VideoError for an unusable video, RequestError for a title that is too long, a
        cancelled upload or a bundle without frames, BundleError where its encoders are not to be
        had.
        """
        return self._uploads.encode(path, title, progress, cancel)

    def variant(self, name: str) -> Variant:
        """Return one of the bundle's models; the first who asks for it builds it."""
        with self._loading:
            if name not in self._loaded:
                # It is kept for later questions: no tensors of this one's inference mode.
                with torch.inference_mode(False):
                    variant = Variant.load(name, self.contents, self.features, self._device)
                self._loaded[name] = variant
            return self._loaded[name]

    @torch.inference_mode()
    def answer_together(self, waiting: Sequence[tuple[Question, Clock]]) -> list[Recommendation]:
        """Answer questions that fit into one batch: one walk, then each its ranking and trace."""
        questions = [question for question, _ in waiting]
        clocks = [clock for _, clock in waiting]

        def lap(name: str) -> None:
            for clock in clocks:
                clock.lap(name)

        lap("wait")
        batch = [self._asked(question) for question in questions]
        lap("prepare")
        walks = walk_together(batch)
        lap("walk")
        figures = Figures.of(walks, batch)
        lap("explain")

        answers = []
        for row, (asked, clock) in enumerate(zip(batch, clocks, strict=True)):
            clock.lap("wait")  # for those before it in the batch
            answers.append(recommendation(asked, walks, row, figures, self.contents, clock))
        return answers

    def _check(self, question: Question) -> None:
        question.check_against(self._row_of, self.variants, self.num_frames)

    def _asked(self, question: Question) -> Asked:
        """Return a question with its history on the model that it asks."""
        variant = self.variant(question.variant)
        history = self._history(question.history, variant, question.uploads)
        if question.noise:
            history = history.with_noise(question, self.features, self._spread)
        return Asked(question, history)

    def _history(
        self, item_ids: Sequence[str], variant: Variant, uploads: Sequence[Upload] = ()
    ) -> History:
        return History.of(item_ids, variant, self.contents, self._row_of, uploads)

    @cached_property
    def _spread(self) -> VisualSpread:
        return VisualSpread.of(self.features)


def _walked_alike(waiting: tuple[Question, Clock]) -> tuple:
    """Return what questions of one batch share: the model, and how it walks."""
    question, _ = waiting
    return question.variant, question.seed, question.noise, question.num_steps
