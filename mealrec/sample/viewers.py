"""Simulated viewers: who watches which clip, for which moment, and which clicks were accidents.

A viewer has one or two interests, each a motif. A click is an accident (any clip, by popularity),
or the viewer wants a motif: out of habit the companion of the motif wanted before, else an
interest. The clip is then drawn by popularity and by how many of its shots show the wanted motif;
nobody sees a clip twice. The planted truth is returned with the pairs, for evaluation only.
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
    # Of the viewers with two interests, and after how many clicks they have moved to the second.
    drift_share: float = 0.5
    drift_clicks: int = 10
    popularity_exponent: float = 0.7
    # Lengths are the shortest and a geometric tail of this mean, as in MicroLens.
    shortest: int = 5
    mean_excess: float = 2.2
    longest: int = 60


@dataclass(frozen=True)
class ClipWorld:
    """The chances behind every click.

    `by_motif` [P, N] holds p(clip | wanted motif), `by_accident` [N] p(clip | accident),
    `companion` [P] the motif that habit calls for after each motif.
    """

    item_ids: tuple[str, ...]
    motifs: tuple[str, ...]
    by_motif: np.ndarray
    by_accident: np.ndarray
    companion: np.ndarray
    habits: Habits = Habits()

    def wanted(
        self, interests: np.ndarray, first_weight: float, previous: int | None
    ) -> np.ndarray:
        """Return p(wanted motif) [P], given both interests (maybe equal) and what was wanted last.

        `first_weight` is the share of the first interest; `previous` is None before any want.
        """
        # The interests alone, as long as nothing was wanted.
        chance = np.zeros(len(self.motifs))
        np.add.at(chance, interests, [first_weight, 1 - first_weight])
        if previous is None:
            return chance
        # Then habit takes its share.
        chance *= 1 - self.habits.habit_share
        chance[self.companion[previous]] += self.habits.habit_share
        return chance

    def first_weight(self, position: int, drifts: bool) -> float:
        """Return the first interest's weight at a click's position (from 0)."""
        if not drifts:
            return 0.6
        return float(np.interp(position, [0, self.habits.drift_clicks], [0.95, 0.05]))

    def next_clip(self, wanted: np.ndarray, clicks: Sequence[int]) -> np.ndarray:
        """Return p(next clip) [N] for p(wanted motif) [P]; `clicks` are not seen again."""
        accident_share = self.habits.accident_share
        by_want = wanted @ self.by_motif
        chances = accident_share * self.by_accident + (1 - accident_share) * by_want
        chances[list(clicks)] = 0.0
        return chances / chances.sum()


@dataclass(frozen=True)
class Viewers:
    """What viewers clicked, and why.

    `pairs` maps a viewer to its clips, oldest first; `truth` can be written as JSON and is never a
    training input.
    """

    pairs: dict[str, list[str]]
    truth: dict


def shots_of(clips: Sequence[Clip], motifs: Sequence[str]) -> np.ndarray:
    """Count the shots of each motif in each clip [P, N]."""
    counts = np.zeros((len(motifs), len(clips)))
    row = {name: number for number, name in enumerate(motifs)}
    for column, clip in enumerate(clips):
        for shot in clip.shots:
            counts[row[shot.motif], column] += 1
    return counts


def clip_world(clips: Sequence[Clip], rng: np.random.Generator) -> ClipWorld:
    """Draw the clips' popularity and the motifs' companions; return the chances behind clicks."""
    motifs = tuple(sorted({shot.motif for clip in clips for shot in clip.shots}))
    # Popularity falls with a drawn rank; a clip that shows a motif twice is twice as likely.
    popularity = (1.0 + rng.permutation(len(clips))) ** -Habits().popularity_exponent
    by_motif = shots_of(clips, motifs) * popularity
    # One cycle through all motifs, so that none is its own companion.
    order = rng.permutation(len(motifs))
    companion = np.empty(len(motifs), int)
    companion[order] = np.roll(order, -1)
    return ClipWorld(
        item_ids=tuple(clip.item_id for clip in clips),
        motifs=motifs,
        by_motif=by_motif / by_motif.sum(1, keepdims=True),
        by_accident=popularity / popularity.sum(),
        companion=companion,
    )


def simulate_viewers(
    clips: Sequence[Clip], held_out: Sequence[str], count: int, rng: np.random.Generator
) -> Viewers:
    """Return `count` viewers of the clips; `held_out` is noted in the truth and changes nothing."""
    # Viewer by viewer: what it clicked, and what it wanted.
    world = clip_world(clips, rng)
    pairs = {}
    records = {}
    for number in range(1, count + 1):
        clicks, record = _one_viewer(world, rng)
        pairs[str(number)] = [world.item_ids[index] for index in clicks]
        records[str(number)] = record

    # All that an oracle needs to rebuild the chances.
    truth = {
        "motifs": list(world.motifs),
        "companion": world.companion.tolist(),
        "item_ids": list(world.item_ids),
        "popularity": world.by_accident.tolist(),
        "held_out": list(held_out),
        "viewers": records,
    }
    return Viewers(pairs, truth)


def _one_viewer(world: ClipWorld, rng: np.random.Generator) -> tuple[list[int], dict]:
    """Draw a viewer: the clips it clicks, and its record (interests, drifts, wanted)."""
    habits = world.habits

    # Who it is.
    interests = rng.choice(len(world.motifs), 2, replace=False)
    if rng.random() >= habits.second_interest_share:
        interests[1] = interests[0]
    drifts = bool(interests[0] != interests[1] and rng.random() < habits.drift_share)
    excess = rng.geometric(1 / (1 + habits.mean_excess)) - 1
    length = min(habits.longest, len(world.item_ids), habits.shortest + excess)

    # What it clicks, and why.
    clicks: list[int] = []
    wants: list[str | None] = []
    seen = np.zeros(len(world.item_ids), bool)
    previous = None
    for position in range(length):
        # Either an accident, or a motif is wanted.
        if rng.random() < habits.accident_share:
            wanted = None
            chances = world.by_accident
        else:
            weights = world.wanted(interests, world.first_weight(position, drifts), previous)
            wanted = previous = int(rng.choice(len(weights), p=weights))
            chances = world.by_motif[wanted]
        # Nobody sees a clip twice.
        unseen = np.where(seen, 0.0, chances)
        if not unseen.any():
            # Every clip with the wanted motif is seen: any other will do.
            wanted = None
            unseen = np.where(seen, 0.0, world.by_accident)
        click = int(rng.choice(len(unseen), p=unseen / unseen.sum()))
        seen[click] = True
        clicks.append(click)
        wants.append(None if wanted is None else world.motifs[wanted])
    names = [world.motifs[motif] for motif in interests]
    return clicks, {"interests": names, "drifts": drifts, "wanted": wants}
