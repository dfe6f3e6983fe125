"""The measures behind `faithfulness` in a small world with a planted truth, and the verb on the bundle that ships."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mealrec.__main__ import main
from mealrec.evaluation.candidates import AGREEMENT, INTEREST, click_scores, moment_scores
from mealrec.evaluation.denoising import motif_kinds, moved_toward, movement
from mealrec.evaluation.explanations import click_auc
from mealrec.evaluation.faithfulness_tables import goals, to_markdown
from mealrec.evaluation.planted import read_truth
from mealrec.evaluation.planted_clicks import PlantedRows
from mealrec.explain.evidence import agreement
from mealrec.explain.walks import Walks
from mealrec.verbs.faithfulness import measure
from tests.evaluation.planted_world import planted_subject

BUNDLE = "checkpoints/default"
HISTORIES = torch.tensor([[1, 4, 2, 9], [7, 12, 0, 0], [5, 0, 0, 0]])


@torch.no_grad()
def test_every_click_score_speaks_for_every_clip(subject):
    walks = Walks(subject.model, subject.items, HISTORIES)
    scores = click_scores(walks, subject.anybody)
    assert torch.equal(scores[AGREEMENT], agreement(walks, subject.anybody))
    alone = click_scores(Walks(subject.model, subject.items, HISTORIES[:1]), subject.anybody)
    for name, values in scores.items():
        assert values.shape == HISTORIES.shape and torch.isfinite(values).all(), name
        assert (values[HISTORIES == 0] == 0).all(), name
        assert torch.allclose(values[0], alone[name][0], atol=1e-4), f"{name} depends on the batch"


@torch.no_grad()
def test_every_moment_score_speaks_for_every_frame(subject):
    scores = moment_scores(Walks(subject.model, subject.items, HISTORIES), subject.anybody)
    assert list(scores) == [INTEREST, "lift after all clips", "TCD's attention"]
    assert all(values.shape == (3, 4) and torch.isfinite(values).all() for values in scores.values())


def test_the_kinds_of_a_motif_by_hand():
    moments = torch.tensor([[[0.5, 0.5]] * 2, [[1.0, 0.0], [0.8, 0.2]], [[0.0, 1.0], [0.6, 0.4]]])
    motifs = torch.tensor([[[0, 0]] * 2, [[1, 0], [1, 0]], [[0, 1], [1, 0]]]).float()
    assert torch.allclose(motif_kinds(moments, motifs), torch.tensor([[0.8, 0.2], [0.0, 1.0]]))


@pytest.mark.parametrize(("end", "share"), [(0.9, 1.0), (0.2, 0.0)])
def test_a_walk_toward_the_aim_is_seen_as_one(end, share):
    def at(wanted):
        return torch.tensor([[wanted, 1 - wanted]]).expand(3, 2)

    walk = SimpleNamespace(
        npd=[SimpleNamespace(xt=at(0.4), x0_hat=at(0.5)), SimpleNamespace(xt=at(0.5), x0_hat=at(end))],
        context=SimpleNamespace(start=at(0.6)),
    )
    model = SimpleNamespace(table=SimpleNamespace(wanted=lambda state, anybody: state))
    walks = SimpleNamespace(walk=walk, items=SimpleNamespace(anybody=None))
    places = movement(model, [walks], {"aim": torch.tensor([[1.0, 0.0]]).expand(3, 2)})["aim"]
    assert [moved_toward(places, start) for start in ("x_0", "x_T", "first step")] == [share] * 3
    np.testing.assert_allclose(places["x_T"], 0.4, rtol=1e-6)


def test_the_oracle_knows_clicks_better_than_chance(planted_data, planted_setting):
    catalogue, truth = planted_setting.catalogue, read_truth(planted_data)
    rows = planted_setting.split.test.sample(60, seed=0)
    planted, present = PlantedRows(truth, catalogue, rows), rows.histories > 0
    for row, user in enumerate(rows.users):
        wanted = dict(zip(catalogue.histories[user], truth.viewers[user]["wanted"], strict=True))
        items = [catalogue.item_ids[item - 1] for item in rows.histories[row][present[row]]]
        assert planted.accidental[row, : len(items)].tolist() == [wanted[item] is None for item in items]
    assert click_auc(planted.oracle_clicks(), planted.accidental, present) > 0.7
    oracle, clicks = planted._oracle(True), planted._clicks(0)
    assert oracle.wanted(clicks)[-1] == pytest.approx(oracle.filter(clicks)[1][-1]), "nothing comes after the last"


def test_what_is_wanted_next_holds_interests_and_habit(planted_data, planted_setting):
    truth, rows = read_truth(planted_data), planted_setting.split.test.sample(40, seed=0)
    planted = PlantedRows(truth, planted_setting.catalogue, rows)
    wanted = planted.wants_next()
    np.testing.assert_allclose(wanted.sum(1), 1)
    for row, user in enumerate(rows.users):
        last = [motif for motif in truth.viewers[user]["wanted"][:-1] if motif][-1:]
        called = [truth.world.companion[truth.world.motifs.index(motif)] for motif in last]
        assert wanted[row, [*planted.interests[row], *called]].min() > 0
        assert (wanted[row] > 0).sum() <= 3


@pytest.fixture(scope="module")
def report(subject, planted_data) -> dict:
    return measure(subject, planted_data)


def test_the_report_grades_every_goal_and_says_so(report):
    made = dict.fromkeys(("command", "date", "bundle", "variant", "weights", "created_with", "count"), "x")
    made["hardware"] = dict.fromkeys(("cpu", "cores", "torch"), "x")
    text = to_markdown(report | {"made": made})
    assert len(report["goals"]) == 8 and json.loads(json.dumps(report))
    for goal in report["goals"]:
        sign, bound = goal["goal"]
        assert goal["met"] == (goal["value"] >= bound if sign == "≥" else goal["value"] <= bound)
        assert f"{goal['value']:.3f}" in text


def test_kinds_alone_tell_more_than_chance(report):
    assert report["moments"]["auc"]["test"][INTEREST] > 0.55
    assert report["moments"]["auc"]["test"][INTEREST] < report["moments"]["oracles"]["every chance known"]
    assert report["clicks"]["auc"]["test"][AGREEMENT] > 0.55
    held = report["walks"]["the viewer's interests"]
    assert held["no accidental click"]["closer"]["x_T"] > held["control: another viewer's"]["closer"]["x_T"]


def test_without_planted_truth_moments_alone_are_hidden(subject, tmp_path):
    found = measure(subject, tmp_path)
    assert set(found) == {"hiding", "goals"} and len(found["goals"]) == 4


def test_a_model_without_npd_walks_no_preference(planted_setting, planted_data):
    found = measure(planted_subject(planted_setting, 3, "no_npd"), planted_data)
    assert found["walks"] == {} and found["moments"]["attention"]
    assert goals(found) == found["goals"] and len(found["goals"]) == 6


def test_the_verb_writes_what_it_prints_and_what_ships_holds(tmp_path, capsys):
    assert main(["faithfulness", "--bundle", BUNDLE, "--rows", "30", "--out", str(tmp_path)]) == 0
    text, progress = capsys.readouterr()
    found = json.loads((tmp_path / "faithfulness.json").read_text())
    assert text.strip() == Path(tmp_path / "faithfulness.md").read_text().strip()
    assert found["made"]["count"] == 30 and found["made"]["command"].startswith("python -m mealrec")
    assert "hiding moments" in progress and "walks" in progress
    # Guards with a wide margin, on few viewers; the goals stand in the report.
    driving, least = (found["hiding"]["groups"]["all viewers"][f"the {which} moment"] for which in ("driving", "least"))
    assert driving["falls"] > 0.1 > least["falls"] and driving["changes"] > 0.25
    assert found["moments"]["auc"]["test"][INTEREST] > 0.75
    assert found["clicks"]["auc"]["test"][AGREEMENT] > 0.7


@pytest.mark.parametrize(
    ("options", "problem"),
    [(["--variant", "mine"], "one of full, .* is expected, 'mine' came"), (["--rows", "1"], "2 viewers or more")],
)
def test_odd_options_are_refused_in_a_sentence(options, problem, capsys):
    assert main(["faithfulness", "--bundle", BUNDLE, *options]) == 2
    assert re.search(problem, capsys.readouterr().err)
