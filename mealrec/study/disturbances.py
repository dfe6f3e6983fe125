"""What the noise is worth: MealRec against itself without noise, undisturbed and disturbed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.features.noise import VisualSpread, noisy
from mealrec.progress import Progress
from mealrec.ranking.metrics import paired
from mealrec.ranking.ranks import TrainedSystem, model_scorer, rank_rows
from mealrec.study.comparison import by_user
from mealrec.study.tables import VIEWERS
from mealrec.training.world import World
from mealrec.types import ItemFeatures

SIGMAS = (0.1, 0.2, 0.3, 0.5)  # of Fig. 5, in standard deviations
ACCIDENTS = (1, 2)


def noise_report(
    world: World, full: Sequence[TrainedSystem], quiet: Sequence[TrainedSystem], progress: Progress
) -> dict[str, dict[str, float]]:
    """Return {how the features or the histories are disturbed: {full, quiet, difference, p}}.

    All in masked N@10. The difference is full less quiet; p is paired by viewer, each averaged over
    seeds; VIEWERS of the test answer.
    """
    rows = world.split.test.sample(VIEWERS, seed=0)
    unit = VisualSpread.of(world.features)

    def by_viewer(name: str, models: Sequence[TrainedSystem], features, shown) -> np.ndarray:
        ranks = []
        for model in models:
            scorer = progress.watched(name, model_scorer(model, features), len(shown))
            ranks.append(rank_rows(scorer, shown, world.candidates))
        return by_user(ranks)

    def compared(how: str, features: ItemFeatures, shown: EvaluationRows) -> dict[str, float]:
        with_noise = by_viewer(f"full, {how}", full, features, shown)
        without = by_viewer(f"quiet, {how}", quiet, features, shown)
        against = paired(with_noise, without)
        return {
            "full": float(with_noise.mean()),
            "quiet": float(without.mean()),
            "difference": against["difference"],
            "p": against["p"],
        }

    report = {"undisturbed": compared("undisturbed", world.features, rows)}
    for sigma in SIGMAS:
        how = f"features disturbed, σ {sigma:g}"
        features = noisy(world.features, sigma, torch.Generator().manual_seed(0), unit)
        report[how] = compared(how, features, rows)
    for count in ACCIDENTS:
        how = f"accidental clicks added: {count}"
        shown = with_accidents(rows, world.candidates, count, seed=0)
        report[how] = compared(how, world.features, shown)
    return report


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
