"""Measure whether the moment that is said to drive the first recommendation drives it.

Every set of frames of the last clip is hidden once. A set is a number: frame k is hidden where bit
k is set, so 0 is the whole clip and 2^K - 1 the clip without frames. What hiding does is read off
these outcomes, and so are the Shapley values that definitions of "drives" are held against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
import torch
from scipy import stats

from mealrec.data.interactions import EvaluationRows
from mealrec.errors import DataFormatError
from mealrec.explain.evidence import runs
from mealrec.explain.walks import Walks
from mealrec.models.mealrec import MealRec
from mealrec.progress import Progress
from mealrec.types import Items

MOST_FRAMES = 8  # a ninth would double 256 walks a viewer
WALKS = 1024  # in a batch
TOP = 10
DRIVING = "the driving moment"
FALL = "fall"
WORTH = "worth"

Moments = tuple[tuple[int, ...], ...]
"""A clip's frames as runs of neighbours of one kind."""


@dataclass(frozen=True)
class Masked:
    """What R viewers are recommended under every set of hidden frames.

    `top` [R, 2^K]: the log-probability of the first recommendation; `same` [R, 2^K]: whether it is
    still the first; `stays` [R, 2^K]: how many of the ten stay among the ten; `moments`: each last
    clip's, R of them.
    """

    top: np.ndarray
    same: np.ndarray
    stays: np.ndarray
    moments: tuple[Moments, ...]


def masked_outcomes(
    model: MealRec, items: Items, histories: np.ndarray, progress: Progress
) -> Masked:
    """Walk histories [R, L] under every set of hidden frames; all walks share one noise.

    Raises DataFormatError where the clips have more frames than can be tried out.
    """
    count = items.moments.shape[1]
    if count > MOST_FRAMES:
        raise DataFormatError(
            f"every set of a clip's frames is hidden once: up to {MOST_FRAMES} frames are "
            f"expected, {count} came: extract fewer frames to test explanations."
        )
    sets = torch.from_numpy(hidden_sets(count))
    parts = torch.from_numpy(histories).split(max(1, WALKS // len(sets)))
    top: list[np.ndarray] = []
    same: list[np.ndarray] = []
    stays: list[np.ndarray] = []
    moments: list[Moments] = []
    for part in progress.through("hiding frames", parts):
        walks = Walks(model, items, part, hidden=sets.expand(len(part), -1, -1))
        # The first recommendations are those of the whole clip, set 0.
        ten = walks.ends.topk(min(TOP, walks.ends.shape[-1]), -1).indices
        is_kept = (ten.unsqueeze(-1) == ten[:, :1].unsqueeze(-2)).any(-1)
        top.append(walks.of_top.numpy())
        same.append((ten[..., 0] == ten[:, :1, 0]).numpy())
        stays.append(is_kept.sum(-1).numpy())
        moments += [runs(items.moments[last]) for last in walks.last]
    return Masked(np.concatenate(top), np.concatenate(same), np.concatenate(stays), tuple(moments))


def hidden_sets(count: int) -> np.ndarray:
    """Return [2^K, K] bool: which frames each set hides."""
    return (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(bool)


def set_of(frames: Sequence[int]) -> int:
    """Return the number of the set that hides these frames."""
    return sum(1 << frame for frame in frames)


def over_moments(values: np.ndarray, moments: Moments) -> np.ndarray:
    """Return one viewer's outcomes [2^K] under every set of the clip's moments, 2^M of them."""
    # A set of moments hides all their frames: it is the sum of theirs.
    bits = np.array([set_of(moment) for moment in moments])
    return values[hidden_sets(len(moments)) @ bits]


def _alone(values: np.ndarray) -> np.ndarray:
    """Return the sets [K], among those of outcomes [2^K], that hide one frame alone."""
    count = len(values).bit_length() - 1
    return 1 << np.arange(count)


def falls(values: np.ndarray) -> np.ndarray:
    """Return how far the outcome [2^K] falls when frame k alone is hidden [K]."""
    return values[0] - values[_alone(values)]


def worth(values: np.ndarray) -> np.ndarray:
    """Return the mean of frame k's fall when hidden alone and of its gain when shown alone [K].

    The first and the last term of its Shapley value in outcomes [2^K], for 2K + 2 walks in place of
    2^K; all of it up to K = 2.
    """
    everything = len(values) - 1
    gains = values[everything - _alone(values)] - values[everything]
    return (falls(values) + gains) / 2


def shapley(values: np.ndarray) -> np.ndarray:
    """Return each frame's Shapley value [K] in outcomes [2^K].

    It is the frame's fall, averaged over all orders in which frames may be hidden.
    """
    alone = _alone(values)
    count = len(alone)
    shares = np.zeros(count)
    # In every set but the last, which hides all, some frames are left to hide next.
    for number, hides in enumerate(hidden_sets(count)[:-1]):
        hidden = int(hides.sum())
        # In what part of all orders these, and no others, are hidden before a frame.
        weight = factorial(hidden) * factorial(count - 1 - hidden) / factorial(count)
        left = ~hides
        shares[left] += weight * (values[number] - values[number + alone[left]])
    return shares


DEFINITIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {FALL: falls, WORTH: worth}
"""What compete to say which moment, or frame, drives."""


@torch.no_grad()
def hiding_report(
    model: MealRec, items: Items, parts: Mapping[str, EvaluationRows], progress: Progress
) -> dict:
    """Return what hiding the driving and the least moment, or frame, of last clips does.

    `parts` are rows of "validation" and "test". "groups" holds all test viewers, those whose last
    clip has two moments or more, and the others: with one, hiding it hides the clip. "orders" says
    of both parts how the definitions of what drives order moments, or frames, next to the Shapley
    values; they compete on validation.
    """
    masked = {
        part: masked_outcomes(model, items, rows.histories, progress)
        for part, rows in parts.items()
    }

    # Whose last clip has how many moments.
    test = masked["test"]
    several = np.array([len(moments) > 1 for moments in test.moments])
    groups = {
        "all viewers": np.ones(len(several), bool),
        "last clip of two moments or more": several,
        "last clip of one moment": ~several,
    }

    # What hiding each unit does to each group.
    hidden = _hidden(test)
    effects = {}
    for group, chosen in groups.items():
        if chosen.any():
            effects[group] = {what: _effect(test, sets, chosen) for what, sets in hidden.items()}
    return {
        "orders": {part: _orders(outcomes) for part, outcomes in masked.items()},
        "groups": effects,
        "rows": len(several),
        "of_several": int(several.sum()),
    }


def _hidden(masked: Masked) -> dict[str, np.ndarray]:
    """Return the sets [R] that hide what is said to drive for each viewer, or to do least, by name.

    They are of moments by both definitions, and of single frames.
    """
    found: dict[str, list[int]] = {}
    for top, moments in zip(masked.top, masked.moments, strict=True):
        # How the definitions see the moments, and the fall the single frames.
        of_moments = over_moments(top, moments)
        by_fall = falls(of_moments)
        by_worth = worth(of_moments)
        of_frames = falls(top)
        # Pick what each says drives most, or least.
        picked = {
            DRIVING: moments[by_fall.argmax()],
            "the driving moment, by its worth": moments[by_worth.argmax()],
            "the least moment": moments[by_fall.argmin()],
            "the driving frame": (of_frames.argmax(),),
            "the least frame": (of_frames.argmin(),),
        }
        for name, frames in picked.items():
            found.setdefault(name, []).append(set_of(frames))
    return {name: np.array(sets) for name, sets in found.items()}


def _effect(masked: Masked, sets: np.ndarray, chosen: np.ndarray) -> dict:
    """Return what hiding each viewer's set [R] does to the `chosen` [R] bool.

    `falls` is a share of #1's chance.
    """
    # What is left of the chance, of the first place and of the ten; set 0 hides nothing.
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
    """Return how each definition orders moments and frames next to the Shapley values, by name."""
    # Outcomes by sets of moments; of two an order is right or wrong, of three it can be partly so.
    of_moments: dict[int, list[np.ndarray]] = {2: [], 3: []}
    for top, moments in zip(masked.top, masked.moments, strict=True):
        for least, outcomes in of_moments.items():
            if len(moments) >= least:
                outcomes.append(over_moments(top, moments))

    # Each definition on these, and on outcomes by sets of frames.
    found = {}
    for name, definition in DEFINITIONS.items():
        for least, outcomes in of_moments.items():
            found[f"moments, {least} or more: {name}"] = _with_shapley(outcomes, definition)
        found[f"frames: {name}"] = _with_shapley(masked.top, definition)
    return found


def _with_shapley(
    outcomes: Sequence[np.ndarray], definition: Callable[[np.ndarray], np.ndarray]
) -> dict:
    """Return how near a definition is to the Shapley values: {rows, spearman, same_first}."""
    if not len(outcomes):
        return {"rows": 0, "spearman": float("nan"), "same_first": float("nan")}

    # A viewer at a time.
    correlations = []
    same_first = []
    for values in outcomes:
        ours = definition(values)
        exact = shapley(values)
        correlations.append(spearman(ours, exact))
        same_first.append(ours.argmax() == exact.argmax())
    return {
        "rows": len(outcomes),
        "spearman": float(np.nanmean(correlations)),
        "same_first": float(np.mean(same_first)),
    }


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's correlation of two figures [K]; NaN where either has no order."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    # It is Pearson's correlation of the ranks.
    ours = _centred_ranks(first)
    theirs = _centred_ranks(second)
    scale = np.sqrt((ours**2).sum() * (theirs**2).sum())
    return float((ours * theirs).sum() / scale)


def _centred_ranks(values: np.ndarray) -> np.ndarray:
    ranks = stats.rankdata(values)
    return ranks - ranks.mean()
