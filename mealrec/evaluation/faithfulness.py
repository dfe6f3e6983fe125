"""Do the explanations hold? Definitions compete on validation viewers, the ones that are shown
are graded on test."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from mealrec.evaluation.candidates import click_scores, moment_scores
from mealrec.evaluation.denoising import motif_kinds, moved_toward, movement
from mealrec.evaluation.explanations import click_auc, moment_auc, planted_moments
from mealrec.evaluation.hiding import hiding_report
from mealrec.evaluation.planted import PlantedTruth
from mealrec.evaluation.planted_clicks import PlantedRows, frame_motifs
from mealrec.evaluation.subject import Subject
from mealrec.explain.walks import Walks

__all__ = ["click_report", "hiding_report", "moment_report", "walk_report"]


@torch.no_grad()
def moment_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return each definition's AUC against the planted moment on both parts, and on test that of
    TCD's attention at both ends of its walk and how far oracles get."""
    setting, report = subject.setting, {"rows": {}, "auc": {}}
    for part, rows in subject.more.items():
        matches, usable = planted_moments(truth, setting.catalogue, rows, setting.times_s)
        rows, matches = rows.pick(usable), matches[usable]
        report["rows"][part] = len(rows)
        walked = subject.walks(f"moments of {part} viewers", rows)
        values = _gathered(
            walked, lambda walks: moment_scores(walks, subject.anybody) | _attention(walks)
        )
        report["auc"][part] = {name: moment_auc(value, matches) for name, value in values.items()}
    auc = report["auc"]
    report["attention"] = {
        step: auc["test"][step] for step in ("first step", "last step") if step in auc["test"]
    }
    report["auc"] = {
        part: {name: value for name, value in found.items() if name not in report["attention"]}
        for part, found in auc.items()
    }
    planted = PlantedRows(truth, setting.catalogue, rows)
    report["oracles"] = {
        "every chance known": moment_auc(planted.oracle_moments(setting.times_s), matches),
        "all but the habit known": moment_auc(
            planted.oracle_moments(setting.times_s, knows_habit=False), matches
        ),
    }
    report["chosen"] = max(report["auc"]["validation"], key=report["auc"]["validation"].get)
    return report


def _attention(walks: Walks) -> dict[str, Tensor]:
    """Return TCD's attention over the last clip's frames [B, K] where its walk begins and where
    it ends."""
    steps, rows = walks.walk.tcd, torch.arange(len(walks.last))
    if not steps:
        return {}
    last = walks.lengths - 1
    return {
        "first step": steps[0].attention[rows, last],
        "last step": steps[-1].attention[rows, last],
    }


@torch.no_grad()
def click_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return each score's AUC of wanted above accidental clicks on both parts, and the oracle's
    on test."""
    report: dict = {"rows": {}, "accidents": {}, "auc": {}}
    for part, rows in subject.more.items():
        planted = PlantedRows(truth, subject.setting.catalogue, rows)
        walked = subject.walks(f"clicks of {part} viewers", rows)
        values = _gathered(walked, lambda walks: click_scores(walks, subject.anybody))
        report["rows"][part], report["accidents"][part] = len(rows), int(planted.accidental.sum())
        report["auc"][part] = {
            name: click_auc(value, planted.accidental, rows.histories > 0)
            for name, value in values.items()
        }
    subject.progress.begins("the oracle reads the clicks")
    report["oracle"] = click_auc(planted.oracle_clicks(), planted.accidental, rows.histories > 0)
    report["chosen"] = max(report["auc"]["validation"], key=report["auc"]["validation"].get)
    return report


@torch.no_grad()
def walk_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return how NPD's walk moves test viewers' preferences, {aim: {group: measures}}; {} for a
    model that walks none.

    The aims are the viewer's interests, and what is truly wanted next. Each group has its rows, the
    mean closeness at every stage, and the shares that end closer to the aim. The control holds the
    same walks against another viewer's.
    """
    setting, rows = subject.setting, subject.more["test"]
    planted = PlantedRows(truth, setting.catalogue, rows)
    kinds = motif_kinds(
        subject.items.moments, frame_motifs(truth, setting.catalogue, setting.times_s)
    )
    aims = {
        "the viewer's interests": kinds[torch.from_numpy(planted.interests)].mean(1),
        "what is truly wanted next": torch.from_numpy(planted.wants_next()).to(kinds) @ kinds,
    }
    other = torch.from_numpy(np.random.default_rng(0).permutation(len(rows)))
    last = np.take_along_axis(
        planted.accidental, (rows.histories > 0).sum(1)[:, None] - 1, 1
    ).squeeze(1)
    accident = planted.accidental.any(1)
    walked = subject.walks("walks of test viewers", rows)
    controls = {f"{name}, control": aim[other] for name, aim in aims.items()}
    places = movement(subject.model, walked, aims | controls)
    if not places:
        return {}
    groups = {
        "accidental clicks in the history": accident,
        "the last click accidental": last,
        "no accidental click": ~accident,
    }
    report = {}
    for name in aims:
        report[name] = {
            group: _movement_row(places[name], chosen) for group, chosen in groups.items()
        }
        everyone = np.ones(len(rows), bool)
        report[name]["control: another viewer's"] = _movement_row(
            places[f"{name}, control"], everyone
        )
    return report


def _movement_row(places: dict[str, np.ndarray], chosen: np.ndarray) -> dict:
    some = {stage: values[chosen] for stage, values in places.items()}
    return {
        "rows": int(chosen.sum()),
        "closer": {stage: moved_toward(some, stage) for stage in some if stage != "end"},
        "closeness": {stage: float(values.mean()) for stage, values in some.items()},
    }


def _gathered(
    parts: Iterable[Walks], scored: Callable[[Walks], dict[str, Tensor]]
) -> dict[str, np.ndarray]:
    found = [scored(walks) for walks in parts]
    return {name: torch.cat([values[name] for values in found]).numpy() for name in found[0]}
