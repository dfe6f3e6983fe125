"""The planted truth of clicks and frames, and what its oracles make of it."""

from __future__ import annotations

import numpy as np
import pytest

from mealrec.evaluation.planted import PlantedRows, read_truth, shared_motif_precision
from mealrec.evaluation.relevance import click_auc
from mealrec.sample.oracle import HistoryOracle


def test_the_oracle_knows_clicks_better_than_chance(planted_data, planted_world):
    catalogue, truth = planted_world.catalogue, read_truth(planted_data)
    rows = planted_world.split.test.sample(60, seed=0)
    planted, present = PlantedRows(truth, catalogue, rows), rows.histories > 0
    for row, user in enumerate(rows.users):
        wanted = dict(zip(catalogue.histories[user], truth.viewers[user]["wanted"], strict=True))
        items = [catalogue.item_ids[item - 1] for item in rows.histories[row][present[row]]]
        assert planted.accidental[row, : len(items)].tolist() == [wanted[item] is None for item in items]
    assert click_auc(planted.oracle_clicks(), planted.accidental, present) > 0.7
    oracle = HistoryOracle(truth.world)
    clicks = planted.clicks[0]
    assert oracle.wanted(clicks)[-1] == pytest.approx(oracle.filter(clicks)[1][-1]), "nothing comes after the last"


def test_what_is_wanted_next_holds_interests_and_habit(planted_data, planted_world):
    truth, rows = read_truth(planted_data), planted_world.split.test.sample(40, seed=0)
    planted = PlantedRows(truth, planted_world.catalogue, rows)
    wanted = planted.wants_next()
    np.testing.assert_allclose(wanted.sum(1), 1)
    for row, user in enumerate(rows.users):
        last = [motif for motif in truth.viewers[user]["wanted"][:-1] if motif][-1:]
        called = [truth.world.companion[truth.world.motifs.index(motif)] for motif in last]
        assert wanted[row, [*planted.interests[row], *called]].min() > 0
        assert (wanted[row] > 0).sum() <= 3


def test_neighbours_share_a_motif_or_not():
    angles = np.array([0.0, 0.1, 0.2, np.pi, np.pi + 0.1, np.pi + 0.2])
    embedding = np.stack([np.cos(angles), np.sin(angles)], 1)
    motifs = [{"cat"}, {"cat", "sea"}, {"cat"}, {"sea"}, {"sea"}, {"city"}]
    assert shared_motif_precision(embedding, np.array([0]), motifs, k=2) == 1
    assert shared_motif_precision(embedding, np.array([3]), motifs, k=2) == 0.5
