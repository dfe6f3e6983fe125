"""What a perfect reader of the simulated viewers could know: the ceiling for any recommender.

Two oracles: one sees a history and weighs every possible pair of interests by Bayes' rule; the
other is told the interests. Both know the chances in `ClipWorld`; neither can know the next click.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mealrec.sample.viewers import Clip, ClipWorld, shots_of


def world_from_truth(clips: Sequence[Clip], truth: dict) -> ClipWorld:
    """Rebuild the chances from `truth/viewers.json`, the clips' shots and the default habits."""
    popularity = np.asarray(truth["popularity"])
    by_motif = shots_of(clips, truth["motifs"]) * popularity
    return ClipWorld(
        item_ids=tuple(truth["item_ids"]),
        motifs=tuple(truth["motifs"]),
        by_motif=by_motif / by_motif.sum(1, keepdims=True),
        by_accident=popularity,
        companion=np.asarray(truth["companion"]),
    )


def wanted_at(world: ClipWorld, record: dict, position: int) -> np.ndarray:
    """Return p(wanted motif) [P] at a click's position.

    Interests, drift and every want before it are told.
    """
    interests = np.array([world.motifs.index(name) for name in record["interests"]])
    earlier = [name for name in record["wanted"][:position] if name is not None]
    previous = world.motifs.index(earlier[-1]) if earlier else None
    return world.wanted(interests, world.first_weight(position, record["drifts"]), previous)


class HistoryOracle:
    """An exact filter over S hypotheses about a viewer, and which of P motifs was wanted last.

    A hypothesis is two interests, and whether the viewer drifts from one to the other. A click
    changes the state of the motifs that its clip shows and of no other, once all is counted in
    multiples of an accident's likelihood: few numbers are touched, and a whole test split is read
    in seconds.
    """

    def __init__(self, world: ClipWorld):
        self.world = world
        habits = world.habits
        count = len(world.motifs)

        # Every pair of interests, equal ones for a viewer of one interest.
        pairs = np.meshgrid(range(count), range(count), indexing="ij")
        first, second = (motif.ravel() for motif in pairs)
        alone = first == second
        of_one = (1 - habits.second_interest_share) / count
        of_two = habits.second_interest_share / (count * (count - 1))
        prior = np.where(alone, of_one, of_two)

        # Each pair twice: steady, and drifting, which takes two interests.
        steady = prior * np.where(alone, 1, 1 - habits.drift_share)
        drifting = prior * ~alone * habits.drift_share
        self.first = np.tile(first, 2)
        self.second = np.tile(second, 2)
        self.drifts = np.repeat([False, True], len(first))
        self.prior = np.concatenate([steady, drifting])

        # Which hypotheses begin and end with a motif, whose companion it is, and what a clip shows.
        self._begins = [np.flatnonzero(self.first == motif) for motif in range(count)]
        self._ends = [np.flatnonzero(self.second == motif) for motif in range(count)]
        self._caller = np.argsort(world.companion)
        self._shown = [np.flatnonzero(shows) for shows in world.by_motif.T]

    def filter(
        self, clicks: Sequence[int], forced: int | None = None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """Return what clicks tell: the state [P + 1, S], p(wanted click) [L], the log-likelihood.

        The state is p(motif wanted last, hypothesis | clicks), its last row that of "nothing wanted
        yet"; a click is read in the light of those before it. With `forced` the likelihood is
        jointly with an accident at that place.
        """
        world = self.world
        accident_share = world.habits.accident_share
        state = np.zeros((len(world.motifs) + 1, len(self.prior)))
        state[-1] = self.prior
        mass = self.prior.copy()
        # What unseen clips have left of each motif's chance, and of an accident's.
        left = np.ones(len(world.motifs))
        left_by_accident = 1.0
        wanted_share = []
        log_accidents = 0.0
        for position, click in enumerate(clicks):
            # How likely the click is by an accident, and by each motif in multiples of that.
            accident = accident_share * world.by_accident[click] / left_by_accident
            shown = self._shown[click]
            motifs = shown[left[shown] > 1e-12]
            by_want = (1 - accident_share) * world.by_motif[motifs, click] / left[motifs]
            wanted = self._wanted_next(state, mass, position, motifs)
            wanted = wanted * (by_want / accident)[:, None] * (position != forced)

            # Add what it tells, and take the clip out.
            state[motifs] += wanted
            gain = wanted.sum(0)
            mass += gain
            wanted_share.append(gain.sum() / mass.sum())
            log_accidents += np.log(accident)
            left -= world.by_motif[:, click]
            left_by_accident -= world.by_accident[click]
        whole = mass.sum()
        return state / whole, np.array(wanted_share), log_accidents + float(np.log(whole))

    def wanted(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(wanted click | all clicks) [L]: later clicks speak too."""
        _, _, whole = self.filter(clicks)
        with_accident = [self.filter(clicks, forced=place)[2] for place in range(len(clicks))]
        return 1 - np.exp(np.array(with_accident) - whole)

    def predict(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(next clip | clicks) [N], seen clips at zero."""
        state, _, _ = self.filter(clicks)
        everything = np.arange(len(self.world.motifs))
        wanted = self._wanted_next(state, state.sum(0), len(clicks), everything).sum(1)
        return self.world.next_clip(wanted, clicks)

    def sought(self, clicks: Sequence[int]) -> np.ndarray:
        """Return p(motif is an interest, or was wanted last | clicks) [P]."""
        state, _, _ = self.filter(clicks)
        weight = state.sum(0)
        found = []
        for motif in range(len(self.world.motifs)):
            is_interest = (self.first == motif) | (self.second == motif)
            found.append(weight[is_interest].sum() + state[motif, ~is_interest].sum())
        return np.array(found)

    def _wanted_next(
        self, state: np.ndarray, mass: np.ndarray, position: int, motifs: np.ndarray
    ) -> np.ndarray:
        """Return the chance [len(motifs), S] that each of `motifs` is wanted next.

        `state` [P + 1, S]; `mass` [S] is its sum over motifs.
        """
        habit = self.world.habits.habit_share
        drifting = self.world.first_weight(position, True)
        steady = self.world.first_weight(position, False)
        first_weight = np.where(self.drifts, drifting, steady)
        # Out of habit, the companion of what was wanted last.
        wanted = habit * state[self._caller[motifs]]
        # Else an interest: always before the first want, as habit has nothing to go by.
        by_interest = mass - habit * (mass - state[-1])
        for row, motif in zip(wanted, motifs, strict=True):
            begins = self._begins[motif]
            ends = self._ends[motif]
            row[begins] += by_interest[begins] * first_weight[begins]
            row[ends] += by_interest[ends] * (1 - first_weight[ends])
        return wanted
