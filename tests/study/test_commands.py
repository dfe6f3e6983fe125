"""Both verbs from the command line."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser

import pytest

from mealrec.__main__ import main
from mealrec.study.provenance import command_line
from mealrec.study.systems import SYSTEMS
from mealrec.verbs import tune as tune_command
from tests.study.conftest import BRIEF


def compare(folders, work, *options: str) -> int:
    data, features = folders
    where = ["--data", str(data), "--features", str(features), "--work", str(work), "--jobs", "1", "--device", "cpu"]
    settings = [word for setting in BRIEF for word in ("--set", setting)]
    return main(["compare", *where, *settings, *options])


def test_a_comparison_measures_costs_beside_the_ranks(folders, tmp_path):
    assert compare(folders, tmp_path, "--systems", "popularity,sasrec,morec", "--cost") == 0
    cost = json.loads((tmp_path / "compare.json").read_text())["cost"]
    assert set(cost) == {"sasrec", "morec"} and all(system["epoch_s"] > 0 for system in cost.values())
    assert "| sasrec | " in (tmp_path / "compare.md").read_text().partition("(Table 3)")[2]


def test_the_list_names_every_system(capsys):
    assert main(["compare", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SYSTEMS)


def test_a_comparison_prints_and_writes_its_table(folders, study, capsys):
    for _ in range(2):
        assert compare(folders, study.work, "--systems", "popularity,sasrec,mealrec") == 0
    printed = capsys.readouterr().out
    assert f"{study.work}: all 2 are trained already" in printed
    written = (study.work / "compare.md").read_text()
    assert written in printed
    numbers = json.loads((study.work / "compare.json").read_text())
    assert list(numbers["systems"]) == ["popularity", "sasrec", "mealrec", "mealrec, ranked by x_0"]
    assert numbers["made"]["data"]["statistics"]["users"] == 200


def test_an_experiment_writes_into_its_folder(folders, tmp_path):
    assert main(["experiment", "table1", "--data", str(folders[0]), "--out", str(tmp_path / "results")]) == 0
    assert "| data | 200 | 27 |" in (tmp_path / "results" / "table1.md").read_text()


def test_without_out_an_experiment_writes_beside_its_work(folders, tmp_path):
    """Never into the project's own results, unless that is asked for."""
    assert main(["experiment", "table1", "--data", str(folders[0]), "--work", str(tmp_path)]) == 0
    assert (tmp_path / "table1.md").is_file()
    tune = ArgumentParser()
    tune_command.add_arguments(tune)
    assert tune.parse_args(["--data", "x"]).out is None


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--systems", "gru4rec"], "got gru4rec"),
        ([], "--systems is needed"),
        (["--systems", "sasrec", "--seeds", "0"], "--seeds: expected 1 or more, got 0"),
        (["--systems", "sasrec", "--set", "training.stop_on=test"], "stop_on must be one of masked, mean"),
        (["--systems", "sasrec", "--set", "model.depth=3"], "there is no 'depth' here"),
        (["--systems", "sasrec", "--slice", "small"], "leave out --dataset and --slice"),
    ],
)
def test_a_wrong_option_is_named(folders, tmp_path, capsys, options, named):
    assert compare(folders, tmp_path, *options) == 2
    assert named in capsys.readouterr().err


def test_no_data_is_named(capsys):
    assert main(["compare", "--systems", "sasrec"]) == 2
    assert "--data is needed" in capsys.readouterr().err


def test_the_command_is_given_without_absolute_paths(monkeypatch, tmp_path):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    words = ["--data", str(tmp_path / "a folder"), f"--work={tmp_path / 'work'}", "--set", "model.head=item"]
    monkeypatch.setattr(sys, "argv", ["mealrec", "compare", *words])
    assert command_line() == "python -m mealrec compare --data '../a folder' --work=../work --set model.head=item"
