"""A recommender of the real one's interface whose walks are invented: the page's tests need no bundle."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.errors import RequestError, VideoError
from mealrec.recommender.comparing import Ranks
from mealrec.recommender.request import checked
from mealrec.recommender.trace import (
    Effect,
    FrameRelevance,
    HistoryItem,
    NPDStep,
    Plane,
    RankedItem,
    Recommendation,
    TCDStep,
    UploadStanding,
    ViewerMap,
)

STEPS, FRAMES, WIDTH = 25, 5, 16
TOPICS = ("nature", "sea", "space", "city", "food", "sport", "music", "pets")
TITLES = (
    "the quiet bit before the rain #slow",
    "POV you finally found the good bench",
    "nobody told me it sounds like this #soundon",
    "Two minutes of calm, you are welcome",
    "wait for the last second!! #foryou",
    "we tried it so that you do not have to",
)


@dataclass(frozen=True)
class CatalogueItem:
    item_id: str
    title: str
    topic: str
    held_out: bool = False


@dataclass(frozen=True)
class ExampleViewer:
    viewer_id: str
    history: tuple[str, ...]
    target: str
    note: str


@dataclass(frozen=True)
class ViewerCase:
    viewer_id: str
    history: tuple[str, ...]
    target: str
    accident: bool | None = None


@dataclass(frozen=True)
class Upload:
    upload_id: str
    title: str
    times_s: np.ndarray
    thumbnails: np.ndarray
    nearest: tuple[RankedItem, ...]


class StandInMedia:
    """Media of a folder (posters/, clips/) or, without one, no media but drawn thumbnails."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def clip_path(self, item_id: str) -> Path | None:
        return self._path("clips", item_id, ".mp4")

    def poster_path(self, item_id: str) -> Path | None:
        return self._path("posters", item_id, ".webp")

    def frame_thumbnails(self, item_id: str) -> list[np.ndarray]:
        rng = np.random.default_rng(sum(item_id.encode()))
        colours = rng.integers(40, 220, (FRAMES, 1, 1, 3), np.uint8)
        return list(np.broadcast_to(colours, (FRAMES, 112, 64, 3)))

    def _path(self, kind: str, item_id: str, suffix: str) -> Path | None:
        path = self._folder / kind / f"{item_id}{suffix}" if self._folder else None
        return path if path and path.is_file() else None


class StandInRecommender:
    """Ranks at random, but the same way each time it is asked the same."""

    name = "stand-in"
    variants = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")
    upload_refusal = ""
    num_frames = FRAMES
    num_steps = STEPS

    def __init__(self, count: int = 64, media: Path | None = None, delay_s: float = 0.0) -> None:
        time.sleep(delay_s)
        self.catalogue = tuple(
            CatalogueItem(str(n + 1), f"{TITLES[n % len(TITLES)]} {n + 1}", TOPICS[n // 8 % len(TOPICS)])
            for n in range(count)
        )
        self.media = StandInMedia(media)
        self.manifest = {
            "format_version": 1,
            "created_with": "mealrec 0.1.0",
            "training": {"epochs": 40, "minutes": 12.5, "seeds": [0, 1, 2]},
            "encoders": {kind: {"name": "invented", "sha256": "0" * 64} for kind in ("video", "text")},
            "metrics": {
                "test": {
                    "full": {"H@10": 0.2113, "N@10": 0.1187, "H@20": 0.3021, "N@20": 0.1415},
                    "backbone": {"H@10": 0.2011, "N@10": 0.1105, "H@20": 0.2903, "N@20": 0.1329},
                    "popularity": {"H@10": 0.0701, "N@10": 0.0344, "H@20": 0.1132, "N@20": 0.0451},
                }
            },
        }
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
        plane, rank = self._plane(), 1 + self.test_viewers.index(case) + seed
        places, distances = plane.points[:FRAMES], np.linspace(0.1, 1.4, len(plane.points))
        return ViewerMap(
            *(viewer_id, case.history, case.target, rank, 60, ("1", "2", "3", "4", "5"), plane),
            *(places[0], places, places[1], places, places, distances, distances[:FRAMES], distances),
        )

    def recommend(
        self,
        history: Sequence[str],
        *,
        uploads: Mapping[str, Upload] | None = None,
        k: int = 10,
        seed: int = 0,
        variant: str = "full",
        hidden: Sequence[int] = (),
        noise: float = 0.0,
        num_steps: int | None = None,
    ) -> Recommendation:
        known = [item.item_id for item in self.catalogue]
        checked(history, uploads or {}, k, seed, variant, known, self.variants, FRAMES, hidden, noise, num_steps)
        rng = np.random.default_rng([seed, k, *hidden, *(sum(item.encode()) for item in history)])
        free = [item for item in self.catalogue if item.item_id not in history]
        order = rng.permutation(len(free))[:k]
        items = tuple(
            RankedItem(free[n].item_id, free[n].title, free[n].topic, 9.5 - 0.4 * rank, rank + 1)
            for rank, n in enumerate(order)
        )
        return Recommendation(
            items=items,
            history=self._history(history, uploads or {}),
            frame_relevance=FrameRelevance(
                history[-1],
                np.arange(FRAMES) + 0.5,
                rng.uniform(-1, 1, FRAMES),
                rng.uniform(0.1, 0.4, FRAMES),
                rng.integers(2, 6, FRAMES),
            ),
            tcd=() if variant in ("no_tcd", "no_tcd_npd", "backbone") else _tcd(rng),
            npd=() if variant in ("no_npd", "no_tcd_npd", "backbone") else _npd(rng, [item.item_id for item in items]),
            frame_plane=self._plane(),
            item_plane=self._plane(),
            uploads=tuple(UploadStanding(item, 14, len(self.catalogue) + 1) for item in uploads or {}),
            timing_ms={"total": 42.0},
            bundle=self.name,
            variant=variant,
            seed=seed,
            hidden=tuple(hidden),
            noise=noise,
            num_steps=num_steps or STEPS,
        )

    def effects(self, history: Sequence[str], *, k: int = 10, **asked) -> tuple[Effect, ...]:
        left_out = [Effect(item_id, None, 0.9 - 0.1 * n, k // 2, 3 + n) for n, item_id in enumerate(history)]
        hidden = [Effect(history[-1], frame, 0.02, k, 1) for frame in range(FRAMES)]
        return (*left_out[: len(history) if len(history) > 1 else 0], *hidden)

    def rank(
        self,
        history: Sequence[str],
        *,
        uploads: Mapping[str, Upload] | None = None,
        k: int = 10,
        seed: int = 0,
        variant: str = "full",
        noise: float = 0.0,
        num_steps: int | None = None,
    ) -> Ranks:
        row_of = {item.item_id: row for row, item in enumerate(self.catalogue, start=1)}
        checked(history, uploads or {}, k, seed, variant, row_of, self.variants, FRAMES, (), noise, num_steps)
        steps, taste = num_steps or STEPS, np.random.default_rng([sum(item.encode()) for item in history])
        own = np.random.default_rng([self.variants.index(variant), seed, steps, int(100 * noise)])
        candidates = np.array([row for item_id, row in row_of.items() if item_id not in history])
        scores = taste.normal(size=len(candidates)) + 0.3 * own.normal(size=len(candidates))
        first = [self.catalogue[candidates[n] - 1] for n in np.argsort(-scores)[:k]]
        items = tuple(RankedItem(item.item_id, item.title, item.topic, 0.0, n + 1) for n, item in enumerate(first))
        return Ranks(variant, seed, noise, steps, items, candidates, scores, row_of)

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
        frames = np.stack(self.media.frame_thumbnails(str(path)))
        nearest = tuple(
            RankedItem(item.item_id, item.title, item.topic, 0.9, n + 1) for n, item in enumerate(self.catalogue[:5])
        )
        return Upload(f"upload-{secrets.token_hex(12)}", title, np.arange(FRAMES) + 0.5, frames, nearest)

    def _history(self, history: Sequence[str], uploads: Mapping[str, Upload]) -> tuple[HistoryItem, ...]:
        weights = np.exp(0.5 * np.arange(len(history)))
        known = {item.item_id: item for item in self.catalogue}
        return tuple(
            HistoryItem(item_id, known[item_id].title, known[item_id].topic, float(weight))
            if item_id in known
            else HistoryItem(item_id, uploads[item_id].title, "", float(weight))
            for item_id, weight in zip(history, weights / weights.sum(), strict=True)
        )

    def _plane(self) -> Plane:
        points = np.random.default_rng(1).normal(size=(len(self.catalogue), 2))
        ids = tuple(item.item_id for item in self.catalogue)
        return Plane(ids, tuple(item.topic for item in self.catalogue), points, 0.31)


def _tcd(rng: np.random.Generator) -> tuple[TCDStep, ...]:
    end = rng.normal(size=(FRAMES, WIDTH))
    noise = rng.normal(size=(FRAMES, WIDTH))
    steps = []
    for t in range(STEPS, 0, -1):
        latents = end + (t - 1) / STEPS * (noise - end)
        distance = np.linalg.norm(latents - end, axis=1)
        steps.append(TCDStep(t, latents, end, latents[:, :2], end[:, :2], distance))
    return tuple(steps)


def _npd(rng: np.random.Generator, top: list[str]) -> tuple[NPDStep, ...]:
    end, noise = rng.normal(size=WIDTH), rng.normal(size=WIDTH)
    steps = []
    for t in range(STEPS, 0, -1):
        x = end + (t - 1) / STEPS * (noise - end)
        cosine = float(x @ end / (np.linalg.norm(x) * np.linalg.norm(end)))
        spread = (t - 1) * rng.integers(0, 4, len(top))
        ranks = np.arange(1, len(top) + 1) + spread
        distance = float(np.linalg.norm(x - end))
        steps.append(NPDStep(t, x, end, x[:2], end[:2], cosine, distance, tuple(top), ranks))
    return tuple(steps)
