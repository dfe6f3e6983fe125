"""What a perfect reader of the simulated viewers could know: the ceiling for any recommender.

Two oracles: one sees a history and weighs every possible pair of interests by Bayes' rule; the other is
told the interests. Both know the chances in `ClipWorld`; neither can know the next click.
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
    return ClipWorld(item_ids, motifs, shows, by_motif, popularity, np.asarray(truth["companion"]), Habits())


class HistoryOracle:
    """Exact filter over (two interests, drift or not, motif wanted last)."""

    def __init__(self, world: ClipWorld):
        self.world = world
        count = len(world.motifs)
        first, second = (grid.ravel() for grid in np.meshgrid(range(count), range(count), indexing="ij"))
        alone = first == second
        habits = world.habits
        pair_prior = habits.second_interest_share / (count * (count - 1))
        prior = np.where(alone, (1 - habits.second_interest_share) / count, pair_prior)
        drifting, steady = prior * ~alone * habits.drift_share, prior * np.where(alone, 1, 1 - habits.drift_share)
        self.first, self.second = np.tile(first, 2), np.tile(second, 2)
        self.drifts = np.repeat([False, True], len(first))
        self.prior = np.concatenate([steady, drifting])

    def filter(self, clicks: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return p(hypothesis, motif wanted last | clicks) [S, M + 1] and p(wanted click) [L].

        The last column of the state stands for "nothing wanted yet".
        """
        state, wanted_share, _ = self._filter(clicks)
        return state, wanted_share

    def wanted(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(wanted click | all clicks) [L]: later clicks speak too."""
        whole = self._filter(clicks)[2]
        accident = np.array([self._filter(clicks, forced=place)[2] for place in range(len(clicks))])
        return 1 - np.exp(accident - whole)

    def _filter(self, clicks: Sequence[int], forced: int | None = None) -> tuple[np.ndarray, np.ndarray, float]:
        """Return what `filter` does and the clicks' log-likelihood, jointly with an accident at one place if named."""
        world, habits = self.world, self.world.habits
        state = np.zeros((len(self.prior), len(world.motifs) + 1))
        state[:, -1] = self.prior
        seen = np.zeros(len(world.item_ids), bool)
        wanted_share, log_likelihood = [], 0.0
        for position, click in enumerate(clicks):
            left = 1 - world.by_motif[:, seen].sum(1)
            likelihood = np.divide(world.by_motif[:, click], left, out=np.zeros(len(left)), where=left > 1e-12)
            accident = habits.accident_share * world.by_accident[click] / (1 - world.by_accident[seen].sum())
            wanted = (1 - habits.accident_share) * self._wanted(state, position) * likelihood
            wanted *= position != forced
            state = state * accident
            share = wanted.sum() / (wanted.sum() + state.sum())
            state[:, :-1] += wanted
            log_likelihood += np.log(state.sum())
            state /= state.sum()
            wanted_share.append(share)
            seen[click] = True
        return state, np.array(wanted_share), log_likelihood

    def predict(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(next clip | clicks) [N], seen clips at zero."""
        state, _ = self.filter(clicks)
        return self._clips(self._wanted(state, len(clicks)).sum(0), clicks)

    def interest(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(motif is an interest | clicks) [M]."""
        weight = self.filter(clicks)[0].sum(1)
        result = np.zeros(len(self.world.motifs))
        np.add.at(result, self.first, weight)
        np.add.at(result, self.second, weight * (self.first != self.second))
        return result

    def _wanted(self, state: np.ndarray, position: int) -> np.ndarray:
        world = self.world
        weights = np.where(self.drifts, world.first_weight(position, True), world.first_weight(position, False))
        mass = state.sum(1)
        by_interest = mass - world.habits.habit_share * state[:, :-1].sum(1)
        wanted = np.zeros((len(mass), len(world.motifs)))
        rows = np.arange(len(mass))
        wanted[rows, self.first] += by_interest * weights
        wanted[rows, self.second] += by_interest * (1 - weights)
        wanted[:, world.companion] += world.habits.habit_share * state[:, :-1]
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
