"""What a perfect reader of the simulated viewers could know: the ceiling for any recommender.

Two oracles: one sees a history and weighs every possible pair of interests by Bayes' rule; the
other is told the interests. Both know the chances in `ClipWorld`; neither can know the next click.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mealrec.sample.viewers import ClipWorld, Habits


def world_from_truth(clips: Sequence, truth: dict) -> ClipWorld:
    """Rebuild the chances from `truth/viewers.json` and the clips' shots."""
    motifs, item_ids = tuple(truth["motifs"]), tuple(truth["item_ids"])
    shots = {clip.item_id: [shot.motif for shot in clip.shots] for clip in clips}
    popularity = np.asarray(truth["popularity"])
    shows = np.array([[shots[item].count(name) for item in item_ids] for name in motifs], float)
    by_motif = shows * popularity
    by_motif /= by_motif.sum(1, keepdims=True)
    return ClipWorld(
        item_ids, motifs, shows, by_motif, popularity, np.asarray(truth["companion"]), Habits()
    )


class HistoryOracle:
    """Exact filter over S hypotheses (two interests, drift or not) and which of M motifs was wanted
    last.

    A click changes the state of the motifs that its clip shows and of no other, once all is counted
    in multiples of an accident's likelihood: few numbers are touched, and a whole test split is
    read in seconds.
    """

    def __init__(self, world: ClipWorld):
        self.world = world
        count = len(world.motifs)
        first, second = (
            grid.ravel() for grid in np.meshgrid(range(count), range(count), indexing="ij")
        )
        alone = first == second
        habits = world.habits
        pair_prior = habits.second_interest_share / (count * (count - 1))
        prior = np.where(alone, (1 - habits.second_interest_share) / count, pair_prior)
        drifting, steady = (
            prior * ~alone * habits.drift_share,
            prior * np.where(alone, 1, 1 - habits.drift_share),
        )
        self.first, self.second = np.tile(first, 2), np.tile(second, 2)
        self.drifts = np.repeat([False, True], len(first))
        self.prior = np.concatenate([steady, drifting])
        self._caller = np.argsort(world.companion)  # whose companion each motif is
        self._begins = [np.flatnonzero(self.first == motif) for motif in range(count)]
        self._ends = [np.flatnonzero(self.second == motif) for motif in range(count)]
        self._shown = [np.flatnonzero(shows) for shows in world.by_motif.T]

    def filter(self, clicks: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return p(hypothesis, motif wanted last | clicks) [S, M + 1] and p(wanted click) [L].

        The last column of the state stands for "nothing wanted yet".
        """
        state, wanted_share, _ = self._filter(clicks)
        return state.T, wanted_share

    def wanted(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(wanted click | all clicks) [L]: later clicks speak too."""
        whole = self._filter(clicks)[2]
        accident = np.array([self._filter(clicks, forced=place)[2] for place in range(len(clicks))])
        return 1 - np.exp(accident - whole)

    def _filter(
        self, clicks: Sequence[int], forced: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Return the state [M + 1, S], p(wanted click) [L] and the clicks' log-likelihood, jointly
        with an accident at one place if named."""
        world, share = self.world, self.world.habits.accident_share
        state = np.zeros((len(world.motifs) + 1, len(self.prior)))
        state[-1] = self.prior
        mass = self.prior.copy()
        left, left_by_accident = np.ones(len(world.motifs)), 1.0
        wanted_share, log_accidents = [], 0.0
        for position, click in enumerate(clicks):
            shown = self._shown[click]
            accident = share * world.by_accident[click] / left_by_accident
            open_to = shown[left[shown] > 1e-12]
            likelihood = (1 - share) * world.by_motif[open_to, click] / left[open_to] / accident
            wanted = (
                self._wanted(state, mass, position, open_to)
                * likelihood[:, None]
                * (position != forced)
            )
            state[open_to] += wanted
            gain = wanted.sum(0)
            mass += gain
            wanted_share.append(gain.sum() / mass.sum())
            log_accidents += np.log(accident)
            left -= world.by_motif[:, click]
            left_by_accident -= world.by_accident[click]
        whole = mass.sum()
        return state / whole, np.array(wanted_share), log_accidents + float(np.log(whole))

    def predict(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(next clip | clicks) [N], seen clips at zero."""
        state = self._filter(clicks)[0]
        everything = np.arange(len(self.world.motifs))
        return self._clips(
            self._wanted(state, state.sum(0), len(clicks), everything).sum(1), clicks
        )

    def interest(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(motif is an interest | clicks) [M]."""
        weight = self._filter(clicks)[0].sum(0)
        result = np.zeros(len(self.world.motifs))
        np.add.at(result, self.first, weight)
        np.add.at(result, self.second, weight * (self.first != self.second))
        return result

    def _wanted(
        self, state: np.ndarray, mass: np.ndarray, position: int, motifs: np.ndarray
    ) -> np.ndarray:
        """Return the chance [len(motifs), S] that each of `motifs` is wanted next; `mass` [S]
        sums the state."""
        world, habit = self.world, self.world.habits.habit_share
        weights = np.where(
            self.drifts, world.first_weight(position, True), world.first_weight(position, False)
        )
        by_interest = mass - habit * (mass - state[-1])
        wanted = habit * state[self._caller[motifs]]
        for row, motif in zip(wanted, motifs, strict=True):
            begins, ends = self._begins[motif], self._ends[motif]
            row[begins] += by_interest[begins] * weights[begins]
            row[ends] += by_interest[ends] * (1 - weights[ends])
        return wanted

    def _clips(self, wanted: np.ndarray, clicks: Sequence[int]) -> np.ndarray:
        world = self.world
        share = world.habits.accident_share
        chances = share * world.by_accident + (1 - share) * (wanted @ world.by_motif)
        chances[list(clicks)] = 0.0
        return chances / chances.sum()


def predict_with_interests(world: ClipWorld, record: dict, clicks: Sequence[int]) -> np.ndarray:
    """Return p(next clip) [N] where interests, drift and every wanted motif so far are told."""
    interests = np.array([world.motifs.index(name) for name in record["interests"]])
    earlier = [name for name in record["wanted"][: len(clicks)] if name is not None]
    previous = world.motifs.index(earlier[-1]) if earlier else None
    wanted = world.wanted(interests, world.first_weight(len(clicks), record["drifts"]), previous)
    share = world.habits.accident_share
    chances = share * world.by_accident + (1 - share) * (wanted @ world.by_motif)
    chances[list(clicks)] = 0.0
    return chances / chances.sum()
