"""Simulated viewers: who watches which clip, because of which moment, and which clicks were
accidents.

A viewer has one or two interests, each a motif. A click is an accident (any clip, by popularity),
or the viewer wants a motif: out of habit the companion of the motif wanted before, else an
interest. The clip is then drawn by popularity and by how many of its shots show the wanted motif;
nobody sees a clip twice. The planted truth is returned beside the pairs, for evaluation only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Clip(Protocol):
    """What the simulation needs of a clip: its id and its shots, each with a motif."""

    item_id: str
    shots: Sequence


@dataclass(frozen=True)
class Habits:
    """How viewers behave; all shares are probabilities."""

    accident_share: float = 0.12
    habit_share: float = 0.3
    second_interest_share: float = 0.6
    drift_share: float = 0.5  # of the viewers with two interests
    # a drifting viewer has moved over to the second interest after so many clicks
    drift_clicks: int = 10
    popularity_exponent: float = 0.7
    shortest: int = 5
    # lengths are shortest + a geometric tail of this mean, as in MicroLens
    mean_excess: float = 2.2
    longest: int = 60


@dataclass(frozen=True)
class ClipWorld:
    """The chances behind every click.

    `by_motif` [M, N] holds p(clip | wanted motif), `by_accident` [N] p(clip | accident),
    `companion` [M] the motif that habit calls for after each motif.
    """

    item_ids: tuple[str, ...]
    motifs: tuple[str, ...]
    shows: np.ndarray
    by_motif: np.ndarray
    by_accident: np.ndarray
    companion: np.ndarray
    habits: Habits

    def wanted(
        self, interests: np.ndarray, first_weight: float, previous: int | None
    ) -> np.ndarray:
        """Return p(wanted motif) [M] for two interests (maybe equal) and the motif wanted
        before."""
        chance = np.zeros(len(self.motifs))
        np.add.at(chance, interests, [first_weight, 1 - first_weight])
        if previous is None:
            return chance
        chance *= 1 - self.habits.habit_share
        chance[self.companion[previous]] += self.habits.habit_share
        return chance

    def first_weight(self, position: int, drifts: bool) -> float:
        """Return the first interest's weight at a click's position (from 0)."""
        if not drifts:
            return 0.6
        return float(np.interp(position, [0, self.habits.drift_clicks], [0.95, 0.05]))


@dataclass(frozen=True)
class Viewers:
    """`pairs` maps a viewer to its clips, oldest first; `truth` is JSON-able and never a
    training input."""

    pairs: dict[str, list[str]]
    truth: dict


def clip_world(
    clips: Sequence[Clip], rng: np.random.Generator, habits: Habits = Habits()
) -> ClipWorld:
    """Draw the clips' popularity and the motifs' companions, and return the chances behind every
    click."""
    motifs = tuple(sorted({shot.motif for clip in clips for shot in clip.shots}))
    column = {name: index for index, name in enumerate(motifs)}
    shows = np.zeros((len(motifs), len(clips)))
    for index, clip in enumerate(clips):
        for shot in clip.shots:
            shows[column[shot.motif], index] += 1
    popularity = (1.0 + rng.permutation(len(clips))) ** -habits.popularity_exponent
    by_motif = shows * popularity
    order = rng.permutation(len(motifs))
    companion = np.empty(len(motifs), int)
    # one cycle through all motifs: nobody is its own companion
    companion[order] = np.roll(order, -1)
    return ClipWorld(
        tuple(clip.item_id for clip in clips),
        motifs,
        shows,
        by_motif / by_motif.sum(1, keepdims=True),
        popularity / popularity.sum(),
        companion,
        habits,
    )


def simulate_viewers(
    clips: Sequence[Clip], held_out: Sequence[str], count: int, rng: np.random.Generator
) -> Viewers:
    """Return `count` viewers over the clips; `held_out` is recorded in the truth, chances ignore
    it."""
    world = clip_world(clips, rng)
    pairs, truth = {}, {}
    for number in range(1, count + 1):
        clicks, record = _one_viewer(world, rng)
        pairs[str(number)] = [world.item_ids[index] for index in clicks]
        truth[str(number)] = record
    return Viewers(
        pairs,
        {
            "motifs": list(world.motifs),
            "companion": world.companion.tolist(),
            "item_ids": list(world.item_ids),
            "popularity": world.by_accident.tolist(),
            "held_out": list(held_out),
            "viewers": truth,
        },
    )


def _one_viewer(world: ClipWorld, rng: np.random.Generator) -> tuple[list[int], dict]:
    habits = world.habits
    interests = rng.choice(len(world.motifs), 2, replace=False)
    if rng.random() >= habits.second_interest_share:
        interests[1] = interests[0]
    drifts = bool(interests[0] != interests[1] and rng.random() < habits.drift_share)
    length = min(
        habits.longest,
        len(world.item_ids),
        habits.shortest + rng.geometric(1 / (1 + habits.mean_excess)) - 1,
    )
    seen = np.zeros(len(world.item_ids), bool)
    clicks, wanted_log, previous = [], [], None
    for position in range(length):
        if rng.random() < habits.accident_share:
            wanted, chances = None, world.by_accident
        else:
            weights = world.wanted(interests, world.first_weight(position, drifts), previous)
            wanted = previous = int(rng.choice(len(weights), p=weights))
            chances = world.by_motif[wanted]
        open_chances = np.where(seen, 0.0, chances)
        # every clip with the wanted motif is seen: fall back to any unseen clip
        if not open_chances.any():
            wanted, open_chances = None, np.where(seen, 0.0, world.by_accident)
        click = int(rng.choice(len(chances), p=open_chances / open_chances.sum()))
        seen[click] = True
        clicks.append(click)
        wanted_log.append(None if wanted is None else world.motifs[wanted])
    return clicks, {
        "interests": [world.motifs[i] for i in interests],
        "drifts": drifts,
        "wanted": wanted_log,
    }
