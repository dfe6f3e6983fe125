"""What the figures say of kinds of moments: names, shares, and one colour a kind in a whole run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.plots import style
from mealrec.explain.trace import Kind, Recommendation

# Once around the hues, each readable on white and on near-black; neighbours differ in lightness.
PALETTE = (
    *("#d3585e", "#f78353", "#be7100", "#cfa002", "#8c8c01", "#81bc4d", "#01a05b", "#10c2a7"),
    *("#03999f", "#04b9e5", "#048cdc", "#82a3fe", "#8772dc", "#c988ed", "#bd5dab", "#f37aa8"),
)
OTHER = "#8a8699"
# Shares no factor with the number of hues, so that sixteen kinds in a row get sixteen of them.
_STRIDE = 7

# Of a race: the largest at its end, those among so many leaders in so many steps, and all in all.
_FINAL = 8
_LEADERS = 5
_EVER = 2
_MOST = 12


def colours_of(trace: Recommendation) -> list[str]:
    """Return the run's colour of every kind [J].

    The last clip's moments and the kinds in the race are told apart first.
    """
    # Those to be told apart, each once.
    moments = [moment.kind for moment in trace.last.moments]
    ahead = list(dict.fromkeys([*moments, *racing(trace)]))
    weights = np.array(trace.wanted, dtype=float)
    # Ahead of all others by more than a share can be.
    weights[ahead] += np.arange(len(ahead), 0, -1) + 1
    return colours(weights)


def colours(weights: np.ndarray) -> list[str]:
    """Return one colour a kind [J]; the same kind mostly keeps its colour from run to run.

    There are fewer colours than kinds. The weightier kind keeps its own; one that finds its own
    taken gets the free colour farthest from those in use; when all are in use the rest share.
    """
    # A kind's own slot around the hues; kinds that follow each other lie far apart.
    size = len(PALETTE)
    slots = [kind * _STRIDE % size for kind in range(len(weights))]

    # The weightiest first: whose slot is taken moves to where there is most room.
    taken: set[int] = set()
    for kind in np.argsort(-np.asarray(weights), kind="stable")[:size]:
        if slots[kind] in taken:
            free = [slot for slot in range(size) if slot not in taken]
            slots[kind] = max(free, key=lambda slot: _room(slot, taken))
        taken.add(slots[kind])
    return [PALETTE[slot] for slot in slots]


def _room(slot: int, taken: set[int]) -> int:
    """Return how far around the hues the nearest colour in use is."""
    # The way around may be shorter to the other side.
    apart = [abs(slot - other) for other in taken]
    return min(min(steps, len(PALETTE) - steps) for steps in apart)


def racing(trace: Recommendation) -> list[int]:
    """Return the kinds worth a bar: the largest at the end first, then those that led for a while.

    All stand in the order of the end.
    """
    final = largest(trace.wanted, _FINAL)
    if not trace.npd:
        return final

    # In how many steps each kind was among the leaders.
    shares = states(trace)
    leaders = [largest(step, _LEADERS) for step in shares]
    leading = np.bincount(np.ravel(leaders), minlength=shares.shape[1])

    # Fill up with those that led often enough, the highest ever first.
    peaks = np.where(leading >= _EVER, shares.max(axis=0), -1.0)
    others = [kind for kind in largest(peaks, _MOST) if peaks[kind] >= 0 and kind not in final]
    return sorted([*final, *others[: _MOST - len(final)]], key=lambda kind: -trace.wanted[kind])


def states(trace: Recommendation) -> np.ndarray:
    """Return the shares of kinds in every x_t, the noisiest first, and at the end [T+1, J]."""
    return np.stack([*(step.noisy_wanted for step in trace.npd), trace.wanted])


def countdown(trace: Recommendation) -> list[int]:
    """Return the diffusion step of each of `states`: T down to 1, and 0 for the end."""
    return [*(step.diffusion_step for step in trace.npd), 0]


def step_name(trace: Recommendation, index: int) -> str:
    """Return what one of `states` is, such as "step 3 of 10 · t = 8" or "the end"."""
    if index == len(trace.npd):
        return "the end"
    return f"{style.step_phrase(index, len(trace.npd))} · t = {trace.npd[index].diffusion_step}"


def name(kinds: Sequence[Kind], index: int, limit: int = 40) -> str:
    """Return a kind's name, safe for Plotly."""
    return style.safe(kinds[index].name, limit)


def quoted(kinds: Sequence[Kind], index: int) -> str:
    """Return a kind's name in quotation marks for a reading (plain text)."""
    return style.quoted(kinds[index].name, 36)


def largest(shares: np.ndarray, count: int) -> list[int]:
    """Return the `count` kinds with the largest shares [J], the largest first, ties in order."""
    return [int(kind) for kind in np.argsort(-shares, kind="stable")[:count]]


def shown(shares: np.ndarray, each: int = 3, least: float = 0.06, most: int = 10) -> list[int]:
    """Return the kinds worth an area of their own in rows of shares [..., J].

    Those among a row's `each` largest with at least `least` of it; at most `most` of them, the
    largest. They stand by where they first are large.
    """
    # What is large in one of the rows at least.
    rows = shares.reshape(-1, shares.shape[-1])
    found = set()
    for row in rows:
        found.update(kind for kind in largest(row, each) if row[kind] >= least)

    # The largest of them, in the order in which they come up.
    kept = sorted(found, key=lambda kind: -rows[:, kind].max())[:most]
    return sorted(kept, key=lambda kind: (int(rows[:, kind].argmax()), kind))
