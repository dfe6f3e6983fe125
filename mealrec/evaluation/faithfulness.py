"""Do the explanations hold? Definitions compete on validation viewers, the ones that are shown are graded on test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.click_scores import click_auc, click_scores
from mealrec.evaluation.denoising import interest_directions, moved_toward, movement, walking_scene
from mealrec.evaluation.explanations import mean_spearman, moment_auc, planted_moments
from mealrec.evaluation.masking import areas, best_gap, falls, gap, masked_outcomes, shapley
from mealrec.evaluation.planted import PlantedTruth
from mealrec.evaluation.planted_clicks import PlantedRows, frame_motifs
from mealrec.evaluation.report import Setting
from mealrec.models.mealrec import MealRec
from mealrec.models.table import Items
from mealrec.recommender.evidence import EXPECTED_WEIGHT, evidence_parts
from mealrec.recommender.explain import frame_relevance
from mealrec.recommender.reference import Reference
from mealrec.recommender.scene import Scene

MASKED_SHARE = 0.5  # of the viewers: every set of frames is hidden
ORACLE_ROWS = 250  # the clicks' oracle walks each history as often as it is long
SHARPNESSES, WEIGHTS = (6.0, 8.0, 10.0, 12.0), (1.0, 2.0, 3.0)


@dataclass(frozen=True)
class Subject:
    """One trained model under test, and how many viewers of each part answer for it."""

    setting: Setting
    model: MealRec
    count: int

    @cached_property
    def items(self) -> Items:
        self.model.requires_grad_(False)
        return self.model.table(self.setting.features)

    @cached_property
    def reference(self) -> Reference:
        return Reference.of(self.model, self.setting.features, self.items)

    @property
    def scene_of(self) -> Callable[[Tensor], Scene]:
        """Return a maker of scenes for histories [B, L] with no frame hidden."""
        return walking_scene(self.model, self.setting.features, self.items, self.reference)

    def parts(self, share: float = 1.0) -> dict[str, EvaluationRows]:
        """Return rows of both parts with at least two items of history, a fixed draw."""
        split = {"validation": self.setting.split.validation, "test": self.setting.split.test}
        long = {name: rows.pick((rows.histories > 0).sum(1) > 1) for name, rows in split.items()}
        return {name: rows.sample(max(1, round(self.count * share)), seed=0) for name, rows in long.items()}

    def relevance(self, rows: EvaluationRows) -> dict[str, np.ndarray]:
        """Return every method's relevance of the last item's frames [R, K]."""
        values = frame_relevance(self.model, self.setting.features, self.items, torch.from_numpy(rows.histories))
        return {name: value.numpy() for name, value in values.items()}


def masking_report(subject: Subject) -> dict[str, dict]:
    """Return, for each part, {rows, orders: {method: measures}}: how the outcome falls as frames are hidden.

    Beside the methods stand random order, Shapley values over all sets of frames, and each row's own best order.
    """
    report = {}
    for part, rows in subject.parts(MASKED_SHARE).items():
        with torch.no_grad():
            outcomes = masked_outcomes(
                subject.model, subject.setting.features, subject.items, rows.histories, rows.targets
            )
        values = subject.relevance(rows)
        values["random order"] = np.random.default_rng(0).random(values["occlusion"].shape)
        references = {
            "top": falls(outcomes.top),
            "target": falls(outcomes.target),
            "shapley": shapley(outcomes.top),
        }
        values["Shapley value"] = references["shapley"]
        best = best_gap(outcomes.top).mean()
        report[part] = {
            "rows": len(rows),
            "best_gap": float(best),
            "orders": {name: _order_row(value, outcomes.top, references, best) for name, value in values.items()},
        }
    return report


def _order_row(
    relevance: np.ndarray, top: np.ndarray, references: dict[str, np.ndarray], best: float
) -> dict[str, float]:
    deletion, insertion = areas(top, relevance)
    return {
        **{f"spearman_{name}": mean_spearman(relevance, values) for name, values in references.items()},
        "deletion": float(deletion.mean()),
        "insertion": float(insertion.mean()),
        "gap": float((insertion - deletion).mean()),
        "gap_reversed": float(gap(top, relevance, reverse=True).mean()),
        "of_best": float((insertion - deletion).mean() / best) if best else float("nan"),
    }


def moment_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return each definition's AUC against the planted moment on both parts, its settings' on validation, and how
    far oracles get on the test rows.
    """
    setting, report = subject.setting, {"rows": {}, "auc": {}}
    for part, rows in subject.parts().items():
        matches, usable = planted_moments(truth, setting.catalogue, rows, setting.times_s)
        rows, matches = rows.pick(usable), matches[usable]
        report["rows"][part] = len(rows)
        values = subject.relevance(rows)
        report["auc"][part] = {name: moment_auc(value, matches) for name, value in values.items()}
        if part == "validation":
            report["settings"] = _settings(subject, rows, matches)
        else:
            report["oracles"] = _oracles(subject, truth, rows, matches)
    report["chosen"] = max(report["auc"]["validation"], key=report["auc"]["validation"].get)
    return report


def _settings(subject: Subject, rows: EvaluationRows, matches: np.ndarray) -> dict[str, float]:
    """Return the AUC of "evidence" at settings around its own: {"sharpness, weight": AUC}."""
    found = {}
    for sharpness in SHARPNESSES:
        seen, expected = _evidence(subject, rows, sharpness=sharpness)
        for weight in WEIGHTS:
            found[f"{sharpness:g}, {weight:g}"] = moment_auc(seen + weight * expected, matches)
    return found


def _oracles(subject: Subject, truth: PlantedTruth, rows: EvaluationRows, matches: np.ndarray) -> dict[str, float]:
    setting = subject.setting
    planted = PlantedRows(truth, setting.catalogue, rows)
    motifs = frame_motifs(truth, setting.catalogue, setting.times_s)
    seen, expected = _evidence(subject, rows, looks=lambda items: motifs[items])
    return {
        "every chance known": moment_auc(planted.oracle_moments(setting.times_s), matches),
        "all but the habit known": moment_auc(planted.oracle_moments(setting.times_s, knows_habit=False), matches),
        "evidence, motifs known": moment_auc(seen + EXPECTED_WEIGHT * expected, matches),
    }


def _evidence(subject: Subject, rows: EvaluationRows, **options) -> tuple[np.ndarray, np.ndarray]:
    with torch.no_grad():
        scenes = [subject.scene_of(part) for part in torch.from_numpy(rows.histories).split(128)]
        parts = [evidence_parts(scene, **options) for scene in scenes]
    return tuple(torch.cat(values).numpy() for values in zip(*parts, strict=True))


def interest_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return how the walk moves test viewers' preferences; {} for a model that walks no preference.

    Each group has its rows, the mean cosine at every stage, and the shares that end closer to the true interest. The
    control "another viewer's interest" holds the same walks against an interest that is not theirs.
    """
    setting, rows = subject.setting, subject.parts()["test"]
    planted = PlantedRows(truth, setting.catalogue, rows)
    motifs = frame_motifs(truth, setting.catalogue, setting.times_s)
    has = motifs.any(1)
    report = {}
    accident = planted.accidental.any(1)
    last = np.take_along_axis(planted.accidental, (rows.histories > 0).sum(1)[:, None] - 1, 1).squeeze(1)
    everyone = np.ones(len(rows), bool)
    other = np.random.default_rng(0).permutation(len(rows))
    groups = {
        "accidental clicks in the history": (planted.interests, accident),
        "the last click accidental": (planted.interests, last),
        "no accidental click": (planted.interests, ~accident),
        "control: another viewer's interest": (planted.interests[other], everyone),
    }
    directions = interest_directions(subject.items.moments, motifs)
    for name, (interests, chosen) in groups.items():
        aims = torch.from_numpy(interests[chosen])
        sought = has[:, aims].any(-1).T
        with torch.no_grad():
            places = movement(subject.scene_of, torch.from_numpy(rows.histories[chosen]), aims, sought, directions)
        if not places:
            return {}
        report[name] = _movement_row(places)
    return report


def _movement_row(places: dict[str, Tensor]) -> dict:
    every = np.ones(len(places["end"]), bool)
    return {
        "rows": len(every),
        "toward": moved_toward(places, "x_T", every),
        "toward_from_x_0": moved_toward(places, "x_0", every),
        "toward_by_ranking": moved_toward(places, "x_T", every, column=1),
        "cosine": {name: float(value[:, 0].mean()) for name, value in places.items()},
        "auc": {name: float(value[:, 1].mean()) for name, value in places.items()},
    }


def click_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return each score's AUC of wanted above accidental clicks on both parts, and the oracle's on test rows."""
    report: dict = {"rows": {}, "accidents": {}, "auc": {}}
    for part, rows in subject.parts().items():
        planted = PlantedRows(truth, subject.setting.catalogue, rows)
        present = rows.histories > 0
        with torch.no_grad():
            scored = [click_scores(subject.scene_of(some)) for some in torch.from_numpy(rows.histories).split(128)]
        values = {name: torch.cat([score[name] for score in scored]).numpy() for name in scored[0]}
        report["rows"][part], report["accidents"][part] = len(rows), int(planted.accidental.sum())
        report["auc"][part] = {name: click_auc(value, planted.accidental, present) for name, value in values.items()}
        if part == "test":
            some = rows.sample(ORACLE_ROWS, seed=0)
            told = PlantedRows(truth, subject.setting.catalogue, some)
            report["oracle_rows"] = len(some)
            report["oracle"] = click_auc(told.oracle_clicks(), told.accidental, some.histories > 0)
    report["chosen"] = max(report["auc"]["validation"], key=report["auc"]["validation"].get)
    return report
