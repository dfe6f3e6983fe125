"""A recommender of the real one's interface over an invented world: the page's tests need no bundle."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from mealrec.bundle.manifest import ExampleViewer, ViewerCase
from mealrec.errors import RequestError, VideoError
from mealrec.explain.trace import (
    NO_KIND,
    Effect,
    HistoryItem,
    KindMap,
    LastClip,
    Moment,
    RankedItem,
    Recommendation,
    UploadStanding,
    ViewerMap,
)
from mealrec.question import Question
from mealrec.recommender.comparing import SystemRanking
from tests.app import invented
from tests.app.invented import FRAMES, STEPS
from tests.app.stand_in_parts import (
    Sight,
    StandInMedia,
    Upload,
    catalogue_of,
    invented_manifest,
    without_pictures,
)

__all__ = ["STEPS", "StandInMedia", "StandInRecommender", "Upload", "ViewerCase", "without_pictures"]

NO_TCD = ("no_tcd", "no_tcd_npd", "backbone")
NO_NPD = ("no_npd", "no_tcd_npd", "backbone")


class StandInRecommender:
    """Wants the kinds of the history's clips, the latest the most, and ranks clips by how much of them they show."""

    name = "stand-in"
    variants = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")
    upload_refusal = ""
    num_frames = FRAMES
    num_steps = STEPS

    def __init__(self, count: int = 64, media: Path | None = None, delay_s: float = 0.0) -> None:
        time.sleep(delay_s)
        self.catalogue = catalogue_of(count, media)
        self.media = StandInMedia(media)
        self.manifest = invented_manifest()
        notes = ("campfires, then ramen", "space and little else", "drifts from sport to sea", "cats, mostly")
        self.viewers = tuple(
            ExampleViewer(f"viewer-{n}", tuple(str(8 * n + m) for m in range(1, 7)), str(8 * n + 7), note)
            for n, note in enumerate(notes)
        )
        self.test_viewers = tuple(
            ViewerCase(f"test-{n}", tuple(str(n + m) for m in range(1, 2 + n % 9)), str(n + 20), n % 5 == 0)
            for n in range(40)
        )
        self.rankings = 0

    @property
    def kinds(self):
        return self.kind_map.kinds

    @cached_property
    def kind_map(self) -> KindMap:
        rows = zip(*((item.item_id, item.title, item.topic) for item in self.catalogue), strict=True)
        return invented.invented_map(*rows)

    def target_ranks(self, *, variant: str = "full", seed: int = 0) -> Iterator[np.ndarray]:
        """Give viewer n the rank n + 1 (with seed 0), in two batches."""
        if variant not in self.variants:
            raise RequestError("variant: one of the bundle's is expected.")
        self.rankings += 1
        yield from np.split(1 + np.arange(40) + seed, 2)

    def viewer_map(self, viewer_id: str, *, variant: str = "full", seed: int = 0) -> ViewerMap:
        case = next((case for case in self.test_viewers if case.viewer_id == viewer_id), None)
        if case is None:
            raise RequestError("viewer_id: a test viewer of this bundle is expected.")
        answer = self.recommend(Question(case.history, variant=variant, seed=seed))
        places = np.array([kind.place for kind in self.kinds])
        distances = np.linspace(0.1, 1.4, len(self.catalogue))
        return ViewerMap(
            viewer_id=viewer_id,
            history=case.history,
            target=case.target,
            rank=1 + self.test_viewers.index(case) + seed,
            candidates=60,
            first=("1", "2", "3", "4", "5"),
            map=self.kind_map,
            start=answer.start @ places,
            path=np.array([step.noisy_wanted @ places for step in answer.npd]).reshape(-1, 2),
            end=answer.wanted @ places,
            wanted=answer.wanted,
            distances=distances,
            liked=distances[:FRAMES],
            other=distances,
        )

    def recommend(self, question: Question) -> Recommendation:
        question.check_against(self._row_of, self.variants, FRAMES)
        history, k, variant = question.history, question.k, question.variant
        rng = np.random.default_rng([question.seed, *(sum(item.encode()) for item in history)])
        wanted = self._wanted(history, question.hidden)
        items = self._ranked(wanted, history, k)
        top = tuple(item.item_id for item in items)
        return Recommendation(
            items=items,
            history=self._history(question),
            last=self._last(history, question.hidden, k),
            tcd=() if variant in NO_TCD else invented.tcd_walk(self._frames(history[-1]), rng),
            npd=() if variant in NO_NPD else invented.npd_walk(wanted, rng, top),
            kinds=self.kinds,
            wanted=wanted,
            start=(wanted + invented.anybody()) / 2,
            anybody=invented.anybody(),
            uploads=tuple(UploadStanding(each.upload_id, 14, len(self.catalogue) + 1) for each in question.uploads),
            timing_ms={"total": 42.0},
            bundle=self.name,
            variant=variant,
            seed=question.seed,
            hidden=question.hidden,
            noise=question.noise,
            num_steps=question.num_steps or STEPS,
        )

    def effects(self, question: Question) -> tuple[Effect, ...]:
        history, k = question.history, question.k
        before = self._scores(self._wanted(history, ()), history)
        found = []
        for item_id in history if len(history) > 1 else ():
            rest = [other for other in history if other != item_id]
            after = self._scores(self._wanted(rest, ()), history)
            found.append(Effect(item_id, (), NO_KIND, *_difference(before, after, k)))
        for moment in self._last(history, (), k).moments:
            after = self._scores(self._wanted(history, moment.frames), history)
            found.append(Effect(history[-1], moment.frames, moment.kind, *_difference(before, after, k)))
        return tuple(sorted(found, key=lambda effect: -effect.moved))

    @property
    def _row_of(self) -> dict[str, int]:
        return {item.item_id: row for row, item in enumerate(self.catalogue, start=1)}

    def rank(self, question: Question) -> SystemRanking:
        question.check_against(self._row_of, self.variants, FRAMES)
        history, noise, seed = question.history, question.noise, question.seed
        steps = question.num_steps or STEPS
        taste = np.random.default_rng([sum(item.encode()) for item in history])
        own = np.random.default_rng([self.variants.index(question.variant), seed, steps, int(100 * noise)])
        candidates = np.array([row for item_id, row in self._row_of.items() if item_id not in history])
        scores = taste.normal(size=len(candidates)) + 0.3 * own.normal(size=len(candidates))
        first = [self.catalogue[candidates[n] - 1] for n in np.argsort(-scores)[: question.k]]
        items = tuple(RankedItem(item.item_id, item.title, item.topic, 0.0, n + 1) for n, item in enumerate(first))
        return SystemRanking(question.variant, seed, noise, steps, items, candidates, scores, self._row_of)

    def encode_upload(
        self, path: str | Path, title: str = "", progress: Callable | None = None, cancel: Callable | None = None
    ) -> Upload:
        if not Path(path).read_bytes()[4:8] == b"ftyp":
            raise VideoError("expected an mp4 video, got another kind of file; export the clip as H.264 mp4.")
        for stage in ("decoding", "encoding"):
            for step in range(1, 6):
                time.sleep(0.02)
                if cancel and cancel():
                    raise RequestError("The upload was cancelled.")
                if progress:
                    progress(stage, step / 5)
        return Upload(
            upload_id=f"upload-{secrets.token_hex(12)}",
            title=title,
            times_s=np.arange(FRAMES) + 0.5,
            thumbnails=np.stack(self.media.frame_thumbnails(str(path))),
            nearest=tuple(
                RankedItem(item.item_id, item.title, item.topic, 0.9, n + 1)
                for n, item in enumerate(self.catalogue[:5])
            ),
            sights=tuple((Sight("tabby cat", 0.62), Sight("window sill", 0.2)) for _ in range(FRAMES)),
            resembles="odd" not in title,
        )

    def _wanted(self, history: Sequence[str], hidden: Sequence[int]) -> np.ndarray:
        """What each clip shows, the later the more; a hidden frame of the last clip counts for nothing."""
        wanted, weight = 0.3 * invented.anybody(), 1.0
        for place, item_id in enumerate(reversed(history)):
            frames = self._frames(item_id)
            if place == 0:
                frames = np.delete(frames, list(hidden), axis=0)
            wanted = wanted + weight * frames.sum(0) / FRAMES
            weight *= 0.6
        return wanted / wanted.sum()

    def _ranked(self, wanted: np.ndarray, history: Sequence[str], k: int) -> tuple[RankedItem, ...]:
        scores = self._scores(wanted, history)
        ranked = []
        for rank, row in enumerate(np.argsort(-scores)[: min(k, np.isfinite(scores).sum())], start=1):
            item, parts = self.catalogue[row], self.kind_map.shares[row] * wanted
            kind = int(parts.argmax())
            frame = int(self._frames(item.item_id)[:, kind].argmax())
            ranked.append(RankedItem(item.item_id, item.title, item.topic, float(scores[row]), rank, kind, frame))
        return tuple(ranked)

    def _scores(self, wanted: np.ndarray, history: Sequence[str]) -> np.ndarray:
        scores = np.log(self.kind_map.shares @ (wanted / invented.anybody()))
        watched = [row for row, item in enumerate(self.catalogue) if item.item_id in history]
        scores[watched] = -np.inf
        return scores

    def _last(self, history: Sequence[str], hidden: Sequence[int], k: int) -> LastClip:
        shares = self._frames(history[-1])
        singles = [self._hiding(history, hidden, (frame,), k) for frame in range(FRAMES)]
        moments = []
        for frames in _runs(shares.argmax(1)):
            influence, rank, kept = self._hiding(history, hidden, frames, k)
            kind = int(shares[frames[0]].argmax())
            moments.append(Moment(frames, kind, 0.9, 0.5, influence, influence, rank, kept))
        influence, ranks, _ = (np.array(values) for values in zip(*singles, strict=True))
        return LastClip(
            item_id=history[-1],
            times_s=np.arange(FRAMES) + 0.5,
            shares=shares,
            interest=np.full(FRAMES, 0.5),
            influence=influence,
            rank_without=ranks,
            moments=tuple(moments),
        )

    def _hiding(self, history, hidden, frames, k) -> tuple[float, int, int]:
        """Return influence, rank_without and kept of these frames, in a run that hides `hidden` already."""
        before = self._scores(self._wanted(history, hidden), history)
        after = self._scores(self._wanted(history, sorted({*hidden, *frames})), history)
        first = int(before.argmax())
        fall = float(np.log(_chances(before)[first] / _chances(after)[first]))
        _, kept, rank = _difference(before, after, k)
        return fall, rank, kept

    def _history(self, question: Question) -> tuple[HistoryItem, ...]:
        history = question.history
        weights = np.exp(0.5 * np.arange(len(history)))
        known = {item.item_id: item for item in self.catalogue}
        known |= {upload.upload_id: upload for upload in question.uploads}
        found = []
        for item_id, weight in zip(history, weights / weights.sum(), strict=True):
            item = known[item_id]
            topic = getattr(item, "topic", "")
            wanted = self._frames(item_id).mean(0)
            found.append(HistoryItem(item_id, item.title, topic, float(weight), 0.0, wanted))
        return tuple(found)

    def _frames(self, item_id: str) -> np.ndarray:
        number = next((n for n, item in enumerate(self.catalogue) if item.item_id == item_id), 7)
        return invented.frame_shares(number)


def _runs(kinds: np.ndarray) -> list[tuple[int, ...]]:
    runs: list[tuple[int, ...]] = []
    for frame, kind in enumerate(kinds):
        if runs and kinds[runs[-1][-1]] == kind:
            runs[-1] = (*runs[-1], frame)
        else:
            runs.append((frame,))
    return runs


def _chances(scores: np.ndarray) -> np.ndarray:
    grown = np.exp(scores - scores.max())
    return grown / grown.sum()


def _difference(before: np.ndarray, after: np.ndarray, k: int) -> tuple[float, int, int]:
    """Return what moves to other clips, how many of the first k stay, and where the first one stands then."""
    moved = 0.5 * float(np.abs(_chances(before) - _chances(after)).sum())
    kept = len({*np.argsort(-before)[:k].tolist()} & {*np.argsort(-after)[:k].tolist()})
    return moved, kept, 1 + int((after > after[int(before.argmax())]).sum())
