"""The measures behind `faithfulness` in a small world with a planted truth, and the verb on the bundle that ships."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mealrec.__main__ import main
from mealrec.evaluation.faithfulness import closeness, goals, measure, motif_kinds, movement
from mealrec.evaluation.faithfulness_tables import to_markdown
from mealrec.evaluation.relevance import AGREEMENT, INTEREST
from tests.evaluation.planted_world import planted_subject

BUNDLE = "checkpoints/default"


def test_the_kinds_of_a_motif_by_hand():
    moments = torch.tensor([[[0.5, 0.5]] * 2, [[1.0, 0.0], [0.8, 0.2]], [[0.0, 1.0], [0.6, 0.4]]])
    motifs = torch.tensor([[[0, 0]] * 2, [[1, 0], [1, 0]], [[0, 1], [1, 0]]]).float()
    assert torch.allclose(motif_kinds(moments, motifs), torch.tensor([[0.8, 0.2], [0.0, 1.0]]))


@pytest.mark.parametrize(("end", "share"), [(0.9, 1.0), (0.2, 0.0)])
def test_a_walk_toward_the_aim_is_seen_as_one(end, share):
    def wanted(first):
        return torch.tensor([[first, 1 - first]]).expand(3, 2)

    way = {"x_0": wanted(0.6), "x_T": wanted(0.4), "first step": wanted(0.5), "end": wanted(end)}
    near = closeness(way, torch.tensor([[1.0, 0.0]]).expand(3, 2))
    found = movement(near, np.array([True, True, False]))
    assert found["rows"] == 2
    assert found["closer"] == {"x_0": share, "x_T": share, "first step": share}
    assert found["closeness"]["x_T"] == pytest.approx(0.4)


@pytest.fixture(scope="module")
def report(subject) -> dict:
    return measure(subject)


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
    world = replace(subject.world, data=tmp_path)
    found = measure(replace(subject, world=world))
    assert set(found) == {"hiding", "goals"} and len(found["goals"]) == 4


def test_a_model_without_npd_walks_no_preference(planted_world):
    found = measure(planted_subject(planted_world, 3, "no_npd"))
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
