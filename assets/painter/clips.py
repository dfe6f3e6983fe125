"""Plans of clips: which motif, light, framing and colour grade every shot has, and when it is seen.

A plan holds all chance of a clip, so that drawing it later, in any process, gives the same picture. Lights and
framings are dealt from a shuffled deck per motif: every motif is seen under every light equally often, so that
colour tells nothing of the motif.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from assets.painter.canvas import LIGHTS
from assets.painter.scenes import motif, motifs
from assets.painter.titles import TitleWriter

FPS = 12
SHOTS = 3
SHORTEST_SHOT, LONGEST_SHOT = 21, 27  # frames
DISSOLVES = (0, 0, 0, 4, 4, 5, 6)  # frames from all old to all new; 0 is a hard cut
KIND_SHARES = (0.20, 0.45, 0.35)  # clips of one, two and three motifs
SAME_TOPIC_SHARE = 0.75


@dataclass(frozen=True)
class Grade:
    """A colour grade: hue rotation in degrees, saturation factor, warmth (red against blue), contrast factor."""

    hue: float
    saturation: float
    warmth: float
    contrast: float


@dataclass(frozen=True)
class Shot:
    """One shot: what is drawn and when. `dissolve_s` is the blend into it, centred on `start_s` (0: a hard cut)."""

    motif: str
    seed: int
    light: str
    composition: int
    grade: Grade
    start_s: float
    duration_s: float
    dissolve_s: float


@dataclass(frozen=True)
class ClipPlan:
    """A clip of the catalogue: its shots in order, and what is said of it."""

    item_id: str
    shots: tuple[Shot, ...]
    title: str
    topic: str
    tags: tuple[str, ...]

    @property
    def num_frames(self) -> int:
        """Return how many frames the clip has at FPS."""
        return round(FPS * (self.shots[-1].start_s + self.shots[-1].duration_s))

    def truth(self) -> dict:
        """Return the JSON-able record of what is planted in the clip (for evaluation, never for training)."""
        return {"topic": self.topic, "shots": [asdict(shot) for shot in self.shots]}


class Deck:
    """Deals options at random, each once before any comes again."""

    def __init__(self, options: Sequence, rng: np.random.Generator):
        self._options, self._rng, self._left = list(options), rng, []

    def deal(self):
        """Return the next option."""
        if not self._left:
            self._left = [self._options[i] for i in self._rng.permutation(len(self._options))]
        return self._left.pop()


class Casting:
    """Chooses the motifs of clips so that every motif is shown about equally often."""

    def __init__(self, names: Sequence[str], rng: np.random.Generator):
        self._rng = rng
        self._shown = dict.fromkeys(names, 0)
        self._topic = {name: motif(name).TOPIC for name in names}

    def cast(self, num_motifs: int) -> tuple[str, ...]:
        """Return the motifs of the three shots, `num_motifs` (1-3) of them different, mostly of one topic."""
        chosen = [self._pick(tuple(self._shown))]
        for _ in range(num_motifs - 1):
            others = [name for name in self._shown if name not in chosen]
            related = [name for name in others if self._topic[name] == self._topic[chosen[0]]]
            pool = related if related and self._rng.random() < SAME_TOPIC_SHARE else others
            chosen.append(self._pick(pool or chosen))
        order = self._arrange(chosen)
        for name in order:
            self._shown[name] += 1
        return order

    def _pick(self, pool: Sequence[str]) -> str:
        return min(pool, key=lambda name: self._shown[name] + self._rng.uniform(0, 3))

    def _arrange(self, chosen: list[str]) -> tuple[str, ...]:
        if len(chosen) == 2:
            first, second = chosen
            patterns = ((first, first, second), (first, second, second), (first, second, first))
            return patterns[self._rng.integers(len(patterns))]
        return tuple(chosen * SHOTS)[:SHOTS]


def plan_clips(count: int, seed: int) -> tuple[ClipPlan, ...]:
    """Return `count` plans with the ids "1" to str(count); the seed fixes all of them."""
    rng = np.random.default_rng([seed, 1])
    names = motifs()
    casting = Casting(names, rng)
    lights = {name: Deck([light.name for light in LIGHTS], rng) for name in names}
    framings = {name: Deck(range(motif(name).Painter.compositions), rng) for name in names}
    writer = TitleWriter(np.random.default_rng([seed, 2]), count)
    plans = []
    for number, num_motifs in enumerate(_kinds(count, rng), start=1):
        cast = casting.cast(num_motifs)
        durations, dissolves = _rhythm(rng)
        starts = np.cumsum([0, *durations[:-1]])
        shots = tuple(
            Shot(name, int(rng.integers(2**31)), lights[name].deal(), int(framings[name].deal()), _grade(rng),
                 float(start / FPS), duration / FPS, dissolve / FPS)
            for name, start, duration, dissolve in zip(cast, starts, durations, dissolves, strict=True)
        )  # fmt: skip
        title, tags = writer.write(cast)
        plans.append(ClipPlan(str(number), shots, title, main_topic(cast), tags))
    return tuple(plans)


def main_topic(cast: Sequence[str]) -> str:
    """Return the topic of most of the motifs; the earliest where they tie."""
    return Counter(motif(name).TOPIC for name in cast).most_common(1)[0][0]


def frame_motifs(plan: ClipPlan, times_s: Sequence[float]) -> tuple[str, ...]:
    """Return the motif seen at each time in seconds: the planted truth, for evaluation only."""
    starts = [shot.start_s for shot in plan.shots]
    shots = np.searchsorted(starts, np.asarray(times_s, float), side="right") - 1
    return tuple(plan.shots[max(0, int(index))].motif for index in shots)


def choose_held_out(plans: Sequence[ClipPlan], count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Return `count` item ids whose shots spread evenly over the motifs, in the plans' order."""
    shown, chosen = Counter(), []
    left = list(plans)
    for _ in range(min(count, len(plans))):
        best = min(left, key=lambda plan: sum(shown[shot.motif] for shot in plan.shots) + rng.uniform(0, 0.5))
        left.remove(best)
        shown.update(shot.motif for shot in best.shots)
        chosen.append(best.item_id)
    return tuple(sorted(chosen, key=int))


def _kinds(count: int, rng: np.random.Generator) -> np.ndarray:
    bounds = np.round(np.cumsum(KIND_SHARES) * count)
    return rng.permutation(1 + np.searchsorted(bounds, np.arange(count), side="right"))


def _rhythm(rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Return the shots' durations and the dissolves into them, in frames.

    A frame sampled at whole seconds from the clip's centre must show one moment and not the blend of two, so cuts
    and dissolves keep clear of these times.
    """
    dissolves = rng.choice(DISSOLVES, SHOTS - 1)
    while True:
        durations = rng.integers(SHORTEST_SHOT, LONGEST_SHOT + 1, SHOTS)
        cuts = np.cumsum(durations[:-1]) - durations.sum() / 2
        room = np.abs((cuts + FPS / 2) % FPS - FPS / 2)
        if np.all(room >= np.maximum(1, dissolves / 2)):
            return durations.tolist(), [0, *dissolves.tolist()]


def _grade(rng: np.random.Generator) -> Grade:
    return Grade(
        hue=float(rng.uniform(-25, 25)),
        saturation=float(rng.uniform(0.7, 1.2)),
        warmth=float(rng.uniform(-0.07, 0.07)),
        contrast=float(rng.uniform(0.9, 1.12)),
    )
