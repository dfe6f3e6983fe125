"""Does the moment that is said to drive the first recommendation drive it?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from mealrec.evaluation.explanations import mean_spearman
from mealrec.evaluation.masking import (
    Masked,
    falls,
    masked_outcomes,
    over_moments,
    set_of,
    shapley,
    worth,
)
from mealrec.evaluation.subject import Subject

DRIVING = "the driving moment"
FALL, WORTH = "fall", "worth"
DEFINITIONS = {FALL: falls, WORTH: worth}


@torch.no_grad()
def hiding_report(subject: Subject) -> dict:
    """Return what hiding the driving and the least moment, or single frame, of test viewers' last
    clips does.

    "groups" holds all viewers, those whose last clip has two moments or more, and the others: with
    one, hiding it hides the clip. "orders" says how definitions of what drives order moments, or
    frames, beside the Shapley values; they compete on validation.
    """
    report: dict = {"orders": {}}
    for part, rows in subject.parts.items():
        masked = masked_outcomes(subject.model, subject.items, rows.histories, subject.progress)
        report["orders"][part] = _orders(masked)
    several = np.array([len(moments) > 1 for moments in masked.moments])
    everyone = np.ones(len(rows), bool)
    groups = {
        "all viewers": everyone,
        "last clip of two moments or more": several,
        "last clip of one moment": ~several,
    }
    hidden = _hidden(masked)
    report["groups"] = {
        name: {what: _effect(masked, sets, chosen) for what, sets in hidden.items()}
        for name, chosen in groups.items()
        if chosen.any()
    }
    return report | {"rows": len(rows), "of_several": int(several.sum())}


def _hidden(masked: Masked) -> dict[str, np.ndarray]:
    """Return which set hides each viewer's driving moment by both definitions, the least one, and
    the same of frames, {name: [R]}."""
    frames = tuple((frame,) for frame in range(masked.top.shape[1].bit_length() - 1))
    found: dict[str, list[int]] = {}
    for top, moments in zip(masked.top, masked.moments, strict=True):
        by_fall, by_worth = (of(over_moments(top, moments)[None])[0] for of in DEFINITIONS.values())
        alone = falls(top[None])[0]
        picked = {
            DRIVING: moments[by_fall.argmax()],
            "the driving moment, by its worth": moments[by_worth.argmax()],
            "the least moment": moments[by_fall.argmin()],
            "the driving frame": frames[alone.argmax()],
            "the least frame": frames[alone.argmin()],
        }
        for name, unit in picked.items():
            found.setdefault(name, []).append(set_of(unit))
    return {name: np.array(sets) for name, sets in found.items()}


def _effect(masked: Masked, sets: np.ndarray, chosen: np.ndarray) -> dict:
    """Return what hiding each viewer's set [R] does to the `chosen` [R] bool: `falls` is a share
    of #1's chance."""
    rows = np.flatnonzero(chosen)
    hidden = sets[chosen]
    left = np.exp(masked.top[rows, hidden] - masked.top[rows, 0])
    return {
        "rows": len(rows),
        "falls": float(np.median(1 - left)),
        "changes": float(1 - masked.same[rows, hidden].mean()),
        "stays": float(masked.stays[rows, hidden].mean()),
    }


def _orders(masked: Masked) -> dict[str, dict]:
    """Return {unit, definition: {rows, spearman, same_first}} beside Shapley values over all
    sets of the unit."""
    counts = np.array([len(moments) for moments in masked.moments])
    found = {}
    for name, of in DEFINITIONS.items():
        for least in (2, 3):
            outcomes = [
                over_moments(masked.top[row], masked.moments[row])[None]
                for row in np.flatnonzero(counts >= least)
            ]
            found[f"moments, {least} or more: {name}"] = _beside_shapley(outcomes, of)
        found[f"frames: {name}"] = _beside_shapley([top[None] for top in masked.top], of)
    return found


def _beside_shapley(outcomes: Sequence[np.ndarray], of: Callable[[np.ndarray], np.ndarray]) -> dict:
    if not outcomes:
        return {"rows": 0, "spearman": float("nan"), "same_first": float("nan")}
    pairs = [(of(values), shapley(values)) for values in outcomes]
    each = [mean_spearman(ours, exact) for ours, exact in pairs]
    same = [ours.argmax() == exact.argmax() for ours, exact in pairs]
    return {
        "rows": len(pairs),
        "spearman": float(np.nanmean(each)),
        "same_first": float(np.mean(same)),
    }
