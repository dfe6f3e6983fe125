"""What the noise is worth: MealRec against itself without noise, undisturbed and disturbed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.features.noise import VisualSpread, noisy
from mealrec.progress import Progress
from mealrec.ranking.metrics import paired
from mealrec.ranking.ranks import TrainedSystem, model_scorer, rank_rows
from mealrec.study.comparison import by_user
from mealrec.training.world import World
from mealrec.types import ItemFeatures

VIEWERS = 5000  # of the test at most are asked
SIGMAS = (0.1, 0.2, 0.3, 0.5)  # of Fig. 5, in standard deviations
ACCIDENTS = (1, 2)


def noise_report(
    world: World, full: Sequence[TrainedSystem], quiet: Sequence[TrainedSystem], progress: Progress
) -> dict[str, dict[str, float]]:
    """Return {how the features or the histories are disturbed: {full, quiet, difference, p}}.

    All in masked N@10. The difference is full less quiet; p is paired by viewer, each averaged over
    seeds; VIEWERS of the test answer.
    """
    report = {}
    rows = world.split.test.sample(VIEWERS, seed=0)
    for how, features, shown in disturbed(world, rows):
        by_viewer: dict[str, np.ndarray] = {}
        for name, models in (("full", full), ("quiet", quiet)):
            ranks = []
            for model in models:
                scorer = model_scorer(model, features)
                watched = progress.watched(f"{name}, {how}", scorer, len(shown))
                ranks.append(rank_rows(watched, shown, world.candidates))
            by_viewer[name] = by_user(ranks)

        against = paired(by_viewer["full"], by_viewer["quiet"])
        report[how] = {
            "full": float(by_viewer["full"].mean()),
            "quiet": float(by_viewer["quiet"].mean()),
            "difference": against["difference"],
            "p": against["p"],
        }
    return report


def disturbed(
    world: World, rows: EvaluationRows
) -> Iterator[tuple[str, ItemFeatures, EvaluationRows]]:
    """Yield each disturbance in words, with the features and the rows that it leaves."""
    yield "undisturbed", world.features, rows
    unit = VisualSpread.of(world.features)
    for sigma in SIGMAS:
        features = noisy(world.features, sigma, torch.Generator().manual_seed(0), unit)
        yield f"features disturbed, σ {sigma:g}", features, rows
    for count in ACCIDENTS:
        shown = with_accidents(rows, world.candidates, count, seed=0)
        yield f"accidental clicks added: {count}", world.features, shown


def with_accidents(
    rows: EvaluationRows, candidates: np.ndarray, count: int, seed: int
) -> EvaluationRows:
    """Return rows whose histories hold `count` more of the `candidates` [N+1] bool, at any place.

    Each is new to the history and not the target, as nobody watches a clip twice. The latest clips
    are kept.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(candidates)
    length = rows.histories.shape[1]
    histories = np.zeros_like(rows.histories)
    for number, (row, target) in enumerate(zip(rows.histories, rows.targets, strict=True)):
        clips = row[row > 0].tolist()
        strange = np.setdiff1d(known, [*clips, target])
        for clip in rng.choice(strange, min(count, len(strange)), replace=False):
            clips.insert(rng.integers(len(clips) + 1), int(clip))
        kept = clips[-length:]
        histories[number, : len(kept)] = kept
    return EvaluationRows(rows.users, histories, rows.targets)
