"""Measure whether the explanations hold.

Definitions compete on validation viewers, the ones that are shown are graded on test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.hiding import DRIVING, WORTH, hiding_report
from mealrec.evaluation.planted import PlantedRows, PlantedTruth, read_truth
from mealrec.evaluation.relevance import (
    AGREEMENT,
    ATTENTION,
    FIRST_ATTENTION,
    INTEREST,
    click_auc,
    click_scores,
    moment_auc,
    moment_scores,
)
from mealrec.explain.evidence import Anybody
from mealrec.explain.walks import Walks
from mealrec.models.mealrec import MealRec
from mealrec.progress import Progress
from mealrec.training.world import World
from mealrec.types import Items

ROWS = 128
# Hiding takes 2^K walks a viewer; all else takes a few, and is measured on so many times more.
MORE = 10
ACCIDENTS = "accidental clicks in the history"
INTERESTS = "the viewer's interests"
STEPS = ("x_0", "x_T", "first step", "end")
"""Where a preference is looked at on its way: what the encoder says, the noise that the walk begins
with, its first step's x̂_0, and its end, which ranks."""


@dataclass(frozen=True)
class Subject:
    """A trained model under test, with `count` viewers of validation and as many of test."""

    world: World
    model: MealRec
    count: int
    progress: Progress

    @cached_property
    def items(self) -> Items:
        with torch.no_grad():
            return self.model.items(self.world.features)

    @cached_property
    def anybody(self) -> Anybody:
        return Anybody.of(self.model, self.world.features, self.items)

    def viewers(self, times: int = 1) -> dict[str, EvaluationRows]:
        """Return `times` the count of viewers of both parts, a fixed draw.

        Their histories have two clips or more.
        """
        split = self.world.split
        found = {}
        for name, rows in (("validation", split.validation), ("test", split.test)):
            long = rows.pick((rows.histories > 0).sum(1) > 1)
            found[name] = long.sample(times * self.count, seed=0)
        return found

    def walks(self, what: str, rows: EvaluationRows, leaves_out: bool = False) -> Iterator[Walks]:
        """Yield the walks of some rows at a time, nothing hidden; `what` says what they are for."""
        for part in self.progress.through(what, torch.from_numpy(rows.histories).split(ROWS)):
            yield Walks(self.model, self.items, part, leaves_out=leaves_out)

    def scores(
        self,
        what: str,
        rows: EvaluationRows,
        scored: Callable[[Walks, Anybody], dict[str, Tensor]],
    ) -> dict[str, np.ndarray]:
        """Return what `scored` makes of the walks of all rows, by name."""
        found = [scored(walks, self.anybody) for walks in self.walks(what, rows, leaves_out=True)]
        scores = {}
        for name in found[0]:
            scores[name] = torch.cat([values[name] for values in found]).numpy()
        return scores


def measure(subject: Subject) -> dict:
    """Return all that is measured of a model, without the planted truth only what needs none."""
    # Hiding needs the model alone.
    progress = subject.progress
    progress.begins("hiding moments of the last clip")
    report = {"hiding": hiding_report(subject.model, subject.items, subject.viewers(), progress)}

    # All else is held against what was planted.
    if (subject.world.data / "truth").is_dir():
        truth = read_truth(subject.world.data)
        progress.begins("moments")
        report["moments"] = moment_report(subject, truth)
        progress.begins("clicks")
        report["clicks"] = click_report(subject, truth)
        progress.begins("walks")
        report["walks"] = walk_report(subject, truth)
    return report | {"goals": goals(report)}


def goals(report: dict) -> list[dict]:
    """Return every goal with its measured value: {what, value, goal, met}.

    A goal is ["≥" or "≤", bound].
    """
    # What needs no more than hidden moments.
    driving = report["hiding"]["groups"]["all viewers"][DRIVING]
    orders = report["hiding"]["orders"]["test"][f"moments, 2 or more: {WORTH}"]
    fall = "hiding the moment that drives #1: its chance falls by (median)"
    shapley = f"driving moments, by their {WORTH}: Spearman with the Shapley value"
    asked = [
        (fall, driving["falls"], "≥", 0.2),
        ("hiding it: #1 changes for this share of viewers", driving["changes"], "≥", 0.4),
        ("hiding it: of ten clips stay", driving["stays"], "≤", 7.5),
        (shapley, orders["spearman"], "≥", 0.9),
    ]

    # What needs the planted truth.
    if "moments" in report:
        fits = f"fits your interest ({INTEREST}): AUC of the planted moment"
        agrees = f"{AGREEMENT}: AUC of wanted above accidental clicks"
        asked.append((fits, report["moments"]["auc"]["test"][INTEREST], "≥", 0.88))
        asked.append((agrees, report["clicks"]["auc"]["test"][AGREEMENT], "≥", 0.88))

    # What needs a walk and viewers with accidents.
    found = report.get("walks", {}).get(INTERESTS, {}).get(ACCIDENTS)
    if found:
        walks = f"{ACCIDENTS}: walks that end closer"
        asked.append((f"{walks} to the interest than x_T", found["closer"]["x_T"], "≥", 0.95))
        asked.append((f"{walks} than the encoder's x_0", found["closer"]["x_0"], "≥", 0.9))

    # Hold each against its bound.
    graded = []
    for what, value, sign, bound in asked:
        met = value >= bound if sign == "≥" else value <= bound
        graded.append({"what": what, "value": value, "goal": [sign, bound], "met": met})
    return graded


@torch.no_grad()
def moment_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return each definition's AUC against the planted moment on both parts.

    On test also that of TCD's attention at both ends of its walk, and how far oracles get.
    """
    catalogue = subject.world.catalogue
    times_s = subject.world.times_s
    counts: dict[str, int] = {}
    auc: dict[str, dict[str, float]] = {}
    for part, rows in subject.viewers(MORE).items():
        # The rows whose last clip can tell.
        matches, usable = PlantedRows(truth, catalogue, rows).planted_moments(times_s)
        rows = rows.pick(usable)
        matches = matches[usable]
        # Grade every definition on them; the first step's attention does not compete.
        values = subject.scores(f"moments of {part} viewers", rows, moment_scores)
        first = values.pop(FIRST_ATTENTION, None)
        counts[part] = len(rows)
        auc[part] = {name: moment_auc(value, matches) for name, value in values.items()}

    # It is held against the last step's, on test, which came last.
    attention = {}
    if first is not None:
        attention = {
            "first step": moment_auc(first, matches),
            "last step": auc["test"][ATTENTION],
        }

    # The oracles read the same rows.
    planted = PlantedRows(truth, catalogue, rows)
    oracle = planted.oracle_moments(times_s)
    without_habit = planted.oracle_moments(times_s, knows_habit=False)
    return {
        "rows": counts,
        "auc": auc,
        "attention": attention,
        "oracles": {
            "every chance known": moment_auc(oracle, matches),
            "all but the habit known": moment_auc(without_habit, matches),
        },
        "chosen": max(auc["validation"], key=auc["validation"].get),
    }


@torch.no_grad()
def click_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return each definition's AUC of wanted above accidental clicks on both parts.

    On test also the oracle's.
    """
    counts: dict[str, int] = {}
    accidents: dict[str, int] = {}
    auc: dict[str, dict[str, float]] = {}
    for part, rows in subject.viewers(MORE).items():
        planted = PlantedRows(truth, subject.world.catalogue, rows)
        present = rows.histories > 0
        values = subject.scores(f"clicks of {part} viewers", rows, click_scores)
        # Grade every definition on all of its clicks together.
        counts[part] = len(rows)
        accidents[part] = int(planted.accidental.sum())
        auc[part] = {
            name: click_auc(value, planted.accidental, present) for name, value in values.items()
        }

    # The oracle reads the rows of test, which came last.
    subject.progress.begins("the oracle reads the clicks")
    return {
        "rows": counts,
        "accidents": accidents,
        "auc": auc,
        "oracle": click_auc(planted.oracle_clicks(), planted.accidental, present),
        "chosen": max(auc["validation"], key=auc["validation"].get),
    }


@torch.no_grad()
def walk_report(subject: Subject, truth: PlantedTruth) -> dict:
    """Return how NPD's walk moves test viewers' preferences: {aim: {group: measures}}.

    It is {} for a model that walks none. The aims are the viewer's interests, and what is truly
    wanted next. Each group has its rows, the mean closeness at every one of STEPS, and the shares
    that end closer to the aim. The control holds the same walks against another viewer's.
    """
    rows = subject.viewers(MORE)["test"]
    world = subject.world
    wanted = _wanted_on_the_way(subject, rows)
    if not wanted:
        return {}

    # What is aimed at, as distributions over kinds.
    planted = PlantedRows(truth, world.catalogue, rows)
    motifs = truth.frame_motifs(world.catalogue, world.times_s)
    kinds = motif_kinds(subject.items.moments, motifs)
    aims = {
        INTERESTS: kinds[torch.from_numpy(planted.interests)].mean(1),
        "what is truly wanted next": torch.from_numpy(planted.wants_next()).to(kinds) @ kinds,
    }

    # Who is looked at.
    has_accident = planted.accidental.any(1)
    groups = {
        ACCIDENTS: has_accident,
        "the last click accidental": planted.last_accidental,
        "no accidental click": ~has_accident,
    }
    groups = {group: chosen for group, chosen in groups.items() if chosen.any()}

    # How near they come, and how near the same walks come to another viewer's.
    everyone = np.ones(len(rows), bool)
    another = torch.from_numpy(np.random.default_rng(0).permutation(len(rows)))
    report = {}
    for name, aim in aims.items():
        near = closeness(wanted, aim)
        report[name] = {group: movement(near, chosen) for group, chosen in groups.items()}
        control = closeness(wanted, aim[another])
        report[name]["control: another viewer's"] = movement(control, everyone)
    return report


def _wanted_on_the_way(subject: Subject, rows: EvaluationRows) -> dict[str, Tensor]:
    """Return what the rows' preferences want of each kind [R, J] at each of STEPS.

    It is {} without a walk.
    """
    found: dict[str, list[Tensor]] = {step: [] for step in STEPS}
    for walks in subject.walks("walks of test viewers", rows):
        npd = walks.walk.npd
        if not npd:
            return {}
        # In the order of STEPS.
        states = (walks.walk.context.start, npd[0].xt, npd[0].x0_hat, npd[-1].x0_hat)
        for step, state in zip(STEPS, states, strict=True):
            found[step].append(subject.model.table.wanted(state, walks.items.anybody))
    return {step: torch.cat(values) for step, values in found.items()}


def closeness(wanted: dict[str, Tensor], aim: Tensor) -> dict[str, np.ndarray]:
    """Return what distributions over kinds [R, J] at each step have in common with an aim [R, J].

    It is Σ_j min(wanted_j, aim_j), from 0 to 1, [R] at each step.
    """
    return {step: torch.minimum(values, aim).sum(-1).numpy() for step, values in wanted.items()}


def motif_kinds(moments: Tensor, motifs: Tensor) -> Tensor:
    """Return which kinds a motif is made of [P, J]: the mean shares of all frames that show it.

    `moments` [N+1, K, J] shares of frames, `motifs` [N+1, K, P] one-hot, zero for padding. Each row
    sums to 1.
    """
    # A motif that no frame shows is made of no kind.
    shown = motifs.flatten(0, 1)
    return shown.T @ moments.flatten(0, 1) / shown.sum(0).clamp(min=1).unsqueeze(1)


def movement(near: dict[str, np.ndarray], chosen: np.ndarray) -> dict:
    """Return how the `chosen` [R] bool rows move.

    That is the mean closeness at every step, and the shares whose end is closer than each step
    before it.
    """
    # The end is one of STEPS too, but nothing to start from.
    some = {step: values[chosen] for step, values in near.items()}
    starts = [step for step in STEPS if step != "end"]
    return {
        "rows": int(chosen.sum()),
        "closer": {step: float((some["end"] > some[step]).mean()) for step in starts},
        "closeness": {step: float(values.mean()) for step, values in some.items()},
    }
