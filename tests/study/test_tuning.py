"""One budget for every system, picked by validation alone, and a comparison by the winners."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from mealrec.__main__ import main
from mealrec.errors import DataFormatError
from mealrec.study import harness, tuning
from mealrec.study.systems import SYSTEMS, trained
from mealrec.study.tuning import GRID, Trial, settings_of, tune
from tests.study.conftest import BRIEF

SYSTEMS_TRIED = ("popularity", "sasrec", "mmgcn", "morec")


@pytest.fixture(scope="module")
def tuned(study):
    return tune(study, SYSTEMS_TRIED, trials=4).numbers


@pytest.fixture
def made_on(study, tmp_path):
    """Return a tuning.json with one winner, made on the given data."""

    def write(settings, **data):
        path = tmp_path / "tuning.json"
        data = {key: study.about[key] for key in ("dataset", "slice")} | data
        systems = {"sasrec": {"settings": settings}}
        path.write_text(json.dumps({"made": {"data": data}, "trials": 4, "systems": systems}))
        return path

    return write


def verb(name: str, folders, work, *options: str) -> int:
    data, features = folders
    where = ["--data", str(data), "--features", str(features), "--work", str(work), "--jobs", "1", "--device", "cpu"]
    return main([name, *where, *(word for setting in BRIEF for word in ("--set", setting)), *options])


def test_every_trained_system_has_the_same_number_of_trials(tuned):
    assert list(tuned["systems"]) == ["sasrec", "mmgcn", "morec"]
    assert all(len(system["trials"]) == 4 for system in tuned["systems"].values())


def test_the_first_trial_is_the_recipe_and_all_are_different(study):
    assert GRID[0] == Trial() and len(set(GRID)) == len(GRID)
    plain = replace(study, settings=())  # the brief's width is not every system's
    for name in trained(list(SYSTEMS)):
        recipe = plain.recipe(name, 0)
        recipes = [plain.recipe(name, 0, *settings_of(trial, recipe)) for trial in GRID]
        assert recipes[0] == recipe
        assert len({plain.job(tried).folder for tried in recipes}) == len(GRID)


def test_a_trial_is_relative_to_the_recipe_with_its_settings(study):
    both = Trial(rate=0.5, dropout=1.5)
    rate = "training.learning_rate=0.0025"  # the brief's 5e-3, halved
    assert settings_of(both, study.recipe("sasrec", 0)) == (rate, "model.backbone_dropout=0.75")
    assert settings_of(both, study.recipe("morec", 0)) == (rate, "model.dropout=0.15")
    assert settings_of(both, study.recipe("mmgcn", 0)) == (rate, "training.weight_decay=0.1")
    high = study.recipe("sasrec", 0, "model.backbone_dropout=0.8")
    assert settings_of(both, high)[1] == "model.backbone_dropout=0.9"


def test_the_winner_is_the_best_on_validation_and_of_equals_the_first(study, tuned, monkeypatch):
    for system in tuned["systems"].values():
        scores = [trial["validation_N@10"] for trial in system["trials"]]
        assert scores[system["winner"] - 1] == max(scores)
        assert system["settings"] == system["trials"][system["winner"] - 1]["settings"]
    scores = iter([0.1, 0.3, 0.3, 0.2])
    monkeypatch.setattr(tuning, "made", lambda job: harness.made(job) | {"validation_N@10": next(scores)})
    found = tune(study, ["sasrec"], trials=4)
    assert found.numbers["systems"]["sasrec"]["settings"] == ("training.learning_rate=0.0025",)
    assert "| **0.3000 (" in found.text and "- sasrec: `training.learning_rate=0.0025`\n" in found.text


def test_a_second_run_trains_nothing_and_reads_no_test_rank(study, tuned, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "train_job", lambda job, *rest: pytest.fail(f"{job.folder.name} is trained again"))
    copy = replace(study, work=tmp_path)
    shutil.copytree(study.work / "systems", tmp_path / "systems")
    for ranks in tmp_path.glob("systems/*/ranks*.npz"):
        ranks.write_bytes(b"unreadable")
    assert tune(copy, SYSTEMS_TRIED, trials=4).numbers == tuned


def test_a_larger_budget_trains_only_what_it_adds(study, tuned, monkeypatch):
    trained_now, train_job = [], harness.train_job
    monkeypatch.setattr(harness, "train_job", lambda job, *rest: trained_now.append(job) or train_job(job, *rest))
    assert (
        tune(study, ["sasrec"], trials=5).numbers["systems"]["sasrec"]["trials"][:4]
        == (tuned["systems"]["sasrec"]["trials"])
    )
    assert [job.recipe.model.backbone_dropout for job in trained_now] == [0.75]


def test_the_command_writes_what_a_comparison_trains_by(folders, study, tuned, tmp_path, capsys):
    assert verb("tune", folders, study.work, "--systems", "sasrec,mmgcn", "--trials", "3", "--out", str(tmp_path)) == 0
    assert (tmp_path / "tuning.md").read_text() in capsys.readouterr().out
    written = json.loads((tmp_path / "tuning.json").read_text())
    assert written["made"]["seeds"] == [0] and written["trials"] == 3
    file = ["--tuned", str(tmp_path / "tuning.json")]
    assert verb("compare", folders, study.work, "--systems", "sasrec,mmgcn", *file, "--out", str(tmp_path)) == 0
    trainings = json.loads((tmp_path / "compare.json").read_text())["trainings"]
    for name, system in written["systems"].items():
        assert trainings[name][0]["folder"] == system["trials"][system["winner"] - 1]["folder"]


def test_a_seed_is_the_one_asked_for(folders, study, tmp_path):
    options = ["--systems", "sasrec", "--trials", "1", "--seed", "3", "--out", str(tmp_path)]
    assert verb("tune", folders, study.work, *options) == 0
    written = json.loads((tmp_path / "tuning.json").read_text())
    assert written["made"]["seeds"] == [3] and "-seed3-" in written["systems"]["sasrec"]["trials"][0]["folder"]


def test_tuned_settings_change_the_recipe_and_the_report_says_so(folders, study, made_on, tmp_path):
    file = made_on(["training.learning_rate=0.001"])
    options = ["--systems", "popularity,sasrec,mmgcn", "--tuned", str(file), "--out", str(tmp_path)]
    assert verb("compare", folders, study.work, *options) == 0
    numbers = json.loads((tmp_path / "compare.json").read_text())
    rates = {name: made[0]["recipe"]["training"]["learning_rate"] for name, made in numbers["trainings"].items()}
    assert rates == {"sasrec": 0.001, "mmgcn": 5e-3}
    assert numbers["tuned"]["settings"] == {"sasrec": ["training.learning_rate=0.001"], "mmgcn": None}
    text = (tmp_path / "compare.md").read_text()
    assert "best of its 4 trials" in text and "- sasrec: `training.learning_rate=0.001`\n" in text
    assert "- mmgcn: not in that file" in text


@pytest.mark.parametrize("other", [{"dataset": "microlens-50k"}, {"slice": "small"}])
def test_a_file_made_on_other_data_is_refused(folders, made_on, tmp_path, capsys, other):
    file = str(made_on([], **other))
    assert verb("compare", folders, tmp_path, "--systems", "sasrec", "--tuned", file) == 2
    told = capsys.readouterr().err
    assert "got one made on" in told and next(iter(other.values())) in told
    assert not (tmp_path / "systems").exists()


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"systems": {}}'])
def test_a_file_that_is_no_tuning_is_named(folders, tmp_path, capsys, content):
    file = tmp_path / "other.json"
    if content is not None:
        file.write_text(content)
    assert verb("compare", folders, tmp_path, "--systems", "sasrec", "--tuned", str(file)) == 2
    assert f"--tuned {file}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "trials", "told"),
    [(["sasrec"], 0, "1 to 9, got 0"), (["sasrec"], 10, "got 10"), (["popularity"], 1, "is trained")],
)
def test_a_budget_that_makes_no_sense_is_named(study, names, trials, told):
    with pytest.raises(DataFormatError, match=told):
        tune(study, names, trials)
