"""What the planted truth says of clicks, interests and moments, and how much of it any reader
could find out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.planted import PlantedTruth
from mealrec.sample.oracle import HistoryOracle


class PlantedRows:
    """Evaluation rows with their truth beside them.

    `accidental` [R, L] bool: the click was no want (false on padding); `interests` [R, 2] motif
    numbers, equal where the viewer has one.
    """

    def __init__(self, truth: PlantedTruth, catalogue: Catalogue, rows: EvaluationRows):
        self.truth, self.rows = truth, rows
        self._ids = [
            [catalogue.item_ids[item - 1] for item in row[row > 0]] for row in rows.histories
        ]
        self._watched = [catalogue.histories[user] for user in rows.users]
        wanted = [catalogue.item_ids[target - 1] for target in rows.targets]
        self._targets = [
            watched.index(item) for watched, item in zip(self._watched, wanted, strict=True)
        ]
        number = {motif: index for index, motif in enumerate(truth.world.motifs)}
        self.interests = np.array(
            [[number[m] for m in truth.viewers[user]["interests"]] for user in rows.users]
        )
        self.accidental = np.zeros(rows.histories.shape, bool)
        for row, user in enumerate(rows.users):
            wanted = truth.viewers[user]["wanted"]
            self.accidental[row, : len(self._ids[row])] = [
                wanted[place] is None for place in self._places(row)
            ]

    def wants_next(self) -> np.ndarray:
        """Return the chance [R, M] that each motif is wanted at the target: interests, drift and
        habit as planted."""
        world, found = self.truth.world, []
        for row, target in enumerate(self._targets):
            record = self.truth.viewers[self.rows.users[row]]
            earlier = [motif for motif in record["wanted"][:target] if motif is not None]
            previous = world.motifs.index(earlier[-1]) if earlier else None
            weight = world.first_weight(target, record["drifts"])
            found.append(world.wanted(self.interests[row], weight, previous))
        return np.array(found)

    def oracle_moments(self, times_s: np.ndarray, knows_habit: bool = True) -> np.ndarray:
        """Return p(the viewer is out for what frame k of the last clip shows | every click up to
        it) [R, K].

        The oracle knows each frame's motif and every chance behind the clicks; without the habit it
        takes each want for an interest. `times_s` [N+1, K].
        """
        oracle, values = self._oracle(knows_habit), []
        for row in range(len(self.rows)):
            item = self.rows.histories[row][len(self._ids[row]) - 1]
            state, _ = oracle.filter(self._clicks(row)[: self._places(row)[-1] + 1])
            chance = _sought(oracle, state)
            shown = self.truth.motifs_at(self._ids[row][-1], times_s[item])
            values.append([chance[self.truth.world.motifs.index(motif)] for motif in shown])
        return np.array(values)

    def oracle_clicks(self) -> np.ndarray:
        """Return p(wanted | every click of the viewer's up to the history's end) of the
        history's clicks [R, L]."""
        oracle, values = self._oracle(True), np.zeros(self.rows.histories.shape)
        for row in range(len(self.rows)):
            places = self._places(row)
            values[row, : len(places)] = oracle.wanted(self._clicks(row)[: places[-1] + 1])[places]
        return values

    def _oracle(self, knows_habit: bool) -> HistoryOracle:
        world = self.truth.world
        return HistoryOracle(
            world if knows_habit else replace(world, habits=replace(world.habits, habit_share=0.0))
        )

    def _places(self, row: int) -> list[int]:
        return [self._watched[row].index(item) for item in self._ids[row]]

    def _clicks(self, row: int) -> list[int]:
        return [self.truth.world.item_ids.index(item) for item in self._watched[row]]


def frame_motifs(truth: PlantedTruth, catalogue: Catalogue, times_s: np.ndarray) -> Tensor:
    """Return the motif that each frame shows, as one-hot vectors [N+1, K, M]; zero for padding."""
    motifs = truth.world.motifs
    shown = torch.zeros(*times_s.shape, len(motifs))
    for row, item in enumerate(catalogue.item_ids, start=1):
        for frame, motif in enumerate(truth.motifs_at(item, times_s[row])):
            shown[row, frame, motifs.index(motif)] = 1
    return shown


def _sought(oracle: HistoryOracle, state: np.ndarray) -> np.ndarray:
    """Return p(motif is an interest, or was wanted last) [M]."""
    weight, motifs = state.sum(1), range(state.shape[1] - 1)
    has = [(oracle.first == motif) | (oracle.second == motif) for motif in motifs]
    return np.array(
        [weight[has[motif]].sum() + state[~has[motif], motif].sum() for motif in motifs]
    )
