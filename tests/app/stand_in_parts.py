"""What the stand-in is made of: its catalogue and media, what it calls things, what its manifest says."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from mealrec.bundle.manifest import CatalogueItem
from mealrec.explain.trace import RankedItem
from mealrec.video.frames import SampledFrames, sample_frames
from tests.app.invented import FRAMES

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
class Sight:
    name: str
    chance: float


@dataclass(frozen=True, eq=False)
class Upload:
    upload_id: str
    title: str
    times_s: np.ndarray
    thumbnails: np.ndarray
    nearest: tuple[RankedItem, ...]
    sights: tuple[tuple[Sight, ...], ...] = ()
    resembles: bool = True

    def to_dict(self) -> dict:
        seen = [[vars(sight) for sight in sights] for sights in self.sights]
        known = {"upload_id": self.upload_id, "title": self.title, "resembles": self.resembles, "sights": seen}
        return known | {"times_s": self.times_s.tolist(), "nearest": [vars(item) for item in self.nearest]}


class StandInMedia:
    """Media of a folder (posters/, clips/) or, without one, no media but drawn thumbnails."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._decoded = lru_cache(256)(self._decode)

    def clip_path(self, item_id: str) -> Path | None:
        return self._path("clips", item_id, ".mp4")

    def poster_path(self, item_id: str) -> Path | None:
        return self._path("posters", item_id, ".webp")

    def frame_thumbnails(self, item_id: str) -> list[np.ndarray]:
        if self.clip_path(item_id):
            return list(self._decoded(item_id))
        rng = np.random.default_rng(sum(item_id.encode()))
        colours = rng.integers(40, 220, (FRAMES, 1, 1, 3), np.uint8)
        return list(np.broadcast_to(colours, (FRAMES, 112, 64, 3)))

    def _decode(self, item_id: str) -> tuple[np.ndarray, ...]:
        return tuple(self.sampled(self.clip_path(item_id), max_height=224).frames)

    def sampled(self, path: Path, **settings) -> SampledFrames:
        return sample_frames(path, num_frames=FRAMES, **settings)

    def _path(self, kind: str, item_id: str, suffix: str) -> Path | None:
        path = (self._folder / kind / f"{item_id}{suffix}").resolve() if self._folder else None
        return path if path and path.is_file() else None


def without_pictures(recommender, segments: tuple[str, ...]):
    """Make a recommender one of titles alone: no topics, no uploads, and segments of the title for frames."""
    recommender.catalogue = tuple(replace(item, topic="") for item in recommender.catalogue)
    recommender.upload_refusal = "Made from titles alone."
    recommender.media.frame_thumbnails = lambda item_id: []
    last = recommender._last
    recommender._last = lambda *asked: replace(last(*asked), segments=segments)
    return recommender


def catalogue_of(count: int, media: Path | None) -> tuple[CatalogueItem, ...]:
    """Invented titles, or those of the folder that has the media."""
    if media is None or not (media / "titles.csv").is_file():
        return tuple(
            CatalogueItem(str(n + 1), f"{TITLES[n % len(TITLES)]} {n + 1}", TOPICS[n // 8 % len(TOPICS)])
            for n in range(count)
        )
    tables = []
    for name in ("titles", "topics"):
        with (media / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            tables.append(dict(list(csv.reader(file))[1:]))
    titles, topics = tables
    return tuple(CatalogueItem(item_id, titles[item_id], topics.get(item_id, "")) for item_id in list(titles)[:count])


def invented_manifest() -> dict:
    return {
        "format_version": 1,
        "created_with": "mealrec 0.1.0",
        "training": {"epochs": 40, "minutes": 12.5, "seeds": [0, 1, 2]},
        "encoders": {kind: {"name": "invented", "sha256": "0" * 64} for kind in ("video", "text")},
        "metrics": {
            "test": {
                "full": {"H@10": 0.2113, "N@10": 0.1187, "H@20": 0.3021, "N@20": 0.1415},
                "backbone": {"H@10": 0.2011, "N@10": 0.1105, "H@20": 0.2903, "N@20": 0.1329},
                "popularity": {"H@10": 0.0701, "N@10": 0.0344, "H@20": 0.1132, "N@20": 0.0451},
            },
            "interval": {"full": {"low": 0.1150, "high": 0.1224}, "backbone": {"low": 0.1070, "high": 0.1140}},
            "cost": {"full": {"train_s": 95.0}, "backbone": {"train_s": 61.0}},
        },
    }
