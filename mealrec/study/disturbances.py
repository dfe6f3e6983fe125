"""What the noise is worth: MealRec against itself without noise, as it is asked and under
disturbances at test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.setting import Setting
from mealrec.features.noise import VisualSpread, noisy
from mealrec.progress import Progress
from mealrec.ranking.metrics import paired
from mealrec.ranking.ranks import Ranking, model_scorer, rank_rows
from mealrec.study.report import by_viewer
from mealrec.types import ItemFeatures

SIGMAS = (0.1, 0.2, 0.3, 0.5)  # of Fig. 5, in standard deviations
ACCIDENTS = (1, 2)
VIEWERS = 5000


def noise_report(
    setting: Setting, full: Sequence[Ranking], quiet: Sequence[Ranking], progress: Progress
) -> dict[str, dict[str, float]]:
    """Return {how the features or the histories are disturbed: {full, quiet, difference, p}} in
    masked N@10.

    The difference is full less quiet; p is paired by viewer, each averaged over seeds; VIEWERS of
    test answer.
    """
    rows = setting.split.test.sample(VIEWERS, seed=0)
    spread = VisualSpread.of(setting.features)

    def compared(how: str, features: ItemFeatures, shown: EvaluationRows) -> dict[str, float]:
        found = []
        for name, models in (("full", full), ("quiet", quiet)):
            scorers = [
                progress.watched(f"{name}, {how}", model_scorer(model, features), len(shown))
                for model in models
            ]
            found.append(by_viewer([rank_rows(scorer, shown, setting.known) for scorer in scorers]))
        against = paired(*found)
        means = {"full": float(found[0].mean()), "quiet": float(found[1].mean())}
        return means | {"difference": against["difference"], "p": against["p"]}

    report = {"undisturbed": compared("undisturbed", setting.features, rows)}
    for sigma in SIGMAS:
        how = f"features disturbed, σ {sigma:g}"
        features = noisy(setting.features, sigma, torch.Generator().manual_seed(0), spread)
        report[how] = compared(how, features, rows)
    for count in ACCIDENTS:
        how = f"accidental clicks added: {count}"
        report[how] = compared(
            how, setting.features, with_accidents(rows, setting.known, count, seed=0)
        )
    return report


def with_accidents(
    rows: EvaluationRows, candidates: np.ndarray, count: int, seed: int
) -> EvaluationRows:
    """Return rows whose histories hold `count` clips more, any of the `candidates` [N+1] bool at
    any place.

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
