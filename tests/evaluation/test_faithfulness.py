"""The measures behind `faithfulness` in small worlds, and the verb on the bundle that the app opens."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mealrec.__main__ import main
from mealrec.data.interactions import leave_one_out
from mealrec.data.microlens import read_catalogue
from mealrec.evaluation.click_scores import click_auc, click_scores
from mealrec.evaluation.denoising import interest_directions, moved_toward, movement, walking_scene
from mealrec.evaluation.planted import read_truth
from mealrec.evaluation.planted_clicks import PlantedRows
from mealrec.recommender.evidence import agreement

SAMPLE, BUNDLE = Path("assets/sample"), "checkpoints/default"
ROWS = 80


def test_click_auc_of_the_truth_of_chance_and_of_its_reverse():
    rng = np.random.default_rng(0)
    accidental, present = rng.random((400, 6)) < 0.2, rng.random((400, 6)) < 0.9
    assert click_auc(-accidental.astype(float), accidental, present) == 1
    assert click_auc(accidental.astype(float), accidental, present) == 0
    assert click_auc(np.zeros((400, 6)), accidental, present) == 0.5
    assert click_auc(rng.random((400, 6)), accidental, present) == pytest.approx(0.5, abs=0.05)
    assert np.isnan(click_auc(np.zeros((1, 2)), np.zeros((1, 2), bool), np.ones((1, 2), bool)))


def test_every_click_score_speaks_for_every_item(recommender):
    loaded, histories = recommender._variant("full"), torch.tensor([[1, 4, 2], [7, 12, 0], [5, 0, 0]])
    scene_of = walking_scene(loaded.model, recommender._features, loaded.items, loaded.reference)
    with torch.no_grad():
        scores = click_scores(scene_of(histories))
        assert torch.equal(scores["agreement"], agreement(scene_of(histories)))
        alone = click_scores(scene_of(histories[:1]))
    for name, values in scores.items():
        assert values.shape == (3, 3) and torch.isfinite(values).all(), name
        assert torch.allclose(values[0], alone[name][0], atol=1e-4), f"{name} depends on the batch"


def test_interest_directions_by_hand():
    moments = torch.tensor([[[9.0, 9.0]] * 2, [[1.0, 0.0], [3.0, 0.0]], [[0.0, 2.0], [2.0, 0.0]]])
    motifs = torch.tensor([[[0, 0]] * 2, [[1, 0], [1, 0]], [[0, 1], [1, 0]]]).float()
    expected = torch.tensor([[2.0 - 1.5, 0.0 - 0.5], [0.0 - 1.5, 2.0 - 0.5]])
    assert torch.allclose(interest_directions(moments, motifs), expected)


@pytest.mark.parametrize(("end", "share"), [(0.2, 1.0), (1.4, 0.0)])
def test_a_walk_toward_the_interest_is_seen_as_one(end, share):
    """The interest lies at angle 0; the walk begins at angle 1 and ends nearer, or further off."""

    def at(angle):
        return torch.tensor([[np.cos(angle), np.sin(angle)]], dtype=torch.float32).expand(3, 2)

    def scores(preference):  # item 1 and 2 are sought, 3 and 4 are not
        items = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.7, 0.7]])
        return preference @ items.T

    walk = SimpleNamespace(
        npd=[SimpleNamespace(xt=at(1.0), x0_hat=at(0.9)), SimpleNamespace(xt=at(0.9), x0_hat=at(end))],
        context=SimpleNamespace(start=at(1.0), content=torch.zeros(3, 0)),
    )
    scene = SimpleNamespace(
        walk=walk,
        model=SimpleNamespace(preference=lambda state, _: state),
        log_probabilities=scores,
        candidates=torch.tensor([[False, True, True, True, True]]).expand(3, -1),
    )
    sought = torch.tensor([[False, True, True, False, False]]).expand(3, -1)
    aims = torch.zeros(3, 2, dtype=torch.long)
    places = movement(lambda _: scene, torch.ones(3, 2), aims, sought, torch.tensor([[1.0, 0.0]]))
    everyone = np.ones(3, bool)
    assert moved_toward(places, "x_T", everyone) == moved_toward(places, "x_0", everyone) == share
    assert places["x_T"][0, 1] == 0 and places["end"][0, 1] == (1.0 if share else 0.0)


def test_the_oracle_knows_clicks_and_moments_better_the_more_it_is_told():
    catalogue, truth = read_catalogue(SAMPLE), read_truth(SAMPLE)
    rows = leave_one_out(catalogue).test.sample(60, seed=0)
    planted, present = PlantedRows(truth, catalogue, rows), rows.histories > 0
    for row, user in enumerate(rows.users):
        wanted = dict(zip(catalogue.histories[user], truth.viewers[user]["wanted"], strict=True))
        items = [catalogue.item_ids[item - 1] for item in rows.histories[row][present[row]]]
        assert planted.accidental[row, : len(items)].tolist() == [wanted[item] is None for item in items]
    assert click_auc(planted.oracle_clicks(), planted.accidental, present) > 0.85
    oracle, clicks = planted._oracle(True), planted._clicks(0)
    assert oracle.wanted(clicks)[-1] == pytest.approx(oracle.filter(clicks)[1][-1]), "nothing comes after the last"


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("results")
    assert main(["faithfulness", "--bundle", BUNDLE, "--rows", str(ROWS), "--out", str(out)]) == 0
    text = (out / "faithfulness.md").read_text()
    found = json.loads((out / "faithfulness.json").read_text())
    assert all(f"{goal['value']:.3f}" in text for goal in found["goals"])
    return found


def test_what_the_app_shows_holds(report):
    """Guards with a margin: what the bundled model reaches on few viewers. The goals stand in the report."""
    orders, moments = report["masking"]["test"]["orders"], report["moments"]
    assert orders["occlusion"]["spearman_shapley"] > 0.85
    assert orders["occlusion"]["of_best"] > 0.9 > abs(orders["random order"]["of_best"])
    assert moments["auc"]["test"]["evidence"] > 0.75
    assert moments["auc"]["test"]["evidence"] > moments["auc"]["test"]["history_moments"]
    assert report["clicks"]["auc"]["test"]["agreement"] > 0.74
    control = report["interests"]["control: another viewer's interest"]
    assert abs(control["auc"]["end"] - 0.5) < 0.08, "another viewer's interest must look like chance"


def test_the_oracles_bound_what_is_measured(report):
    moments, clicks = report["moments"], report["clicks"]
    assert moments["oracles"]["every chance known"] > 0.85
    assert max(moments["auc"]["test"].values()) < moments["oracles"]["every chance known"]
    assert clicks["oracle"] > max(clicks["auc"]["test"].values())


def test_every_goal_says_whether_it_is_met(report):
    assert len(report["goals"]) == 4
    assert all(goal["met"] == (goal["value"] >= goal["goal"]) for goal in report["goals"])
    assert report["made"]["count"] == ROWS and report["made"]["command"].startswith("python -m mealrec")


def test_without_planted_truth_frames_alone_are_tested(tmp_path, capsys):
    kept = shutil.ignore_patterns("truth", "clips", "posters")
    shutil.copytree(SAMPLE, tmp_path / "data", ignore=kept)
    assert main(["faithfulness", "--bundle", BUNDLE, "--data", str(tmp_path / "data"), "--rows", "8"]) == 0
    text = capsys.readouterr().out
    assert "no planted truth" in text and "Frames hidden, test: 4 viewers" in text and "Accidental" not in text


@pytest.mark.parametrize(
    ("options", "problem"),
    [(["--variant", "mine"], "one of full, .* is expected, 'mine' came"), (["--rows", "1"], "2 viewers or more")],
)
def test_odd_options_are_refused_in_a_sentence(options, problem, capsys):
    assert main(["faithfulness", "--bundle", BUNDLE, *options]) == 2
    assert re.search(problem, capsys.readouterr().err)
