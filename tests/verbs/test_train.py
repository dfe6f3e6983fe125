"""`python -m mealrec train` over files: what it leaves behind, and what it must not read."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from mealrec.__main__ import main
from mealrec.errors import DataFormatError
from mealrec.models.paper.model import PaperMealRec
from mealrec.training.run import load_system, source_of
from tests.training.tiny_world import write_world

BRIEF = ["--set", "training.max_epochs=1", "--set", "model.width=16"]
TRAINED = ("sasrec", "sasrec-content")


def train_in(folder: Path, data: Path, features: Path, *options: str) -> int:
    where = ["--data", str(data), "--features", str(features), "--out", str(folder)]
    return main(["train", "microlens", *where, "--device", "cpu", *BRIEF, *options])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def run(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    assert train_in(folder, *world, "--systems", ",".join(TRAINED)) == 0
    return folder


def test_a_run_holds_each_systems_weights_configuration_and_log(run):
    for system, head in zip(TRAINED, ("item", "content"), strict=True):
        folder = run / "seed-0" / system
        assert load_system(folder).config.head == head
        assert len((folder / "log.jsonl").read_text().splitlines()) == 1
        assert json.loads((folder / "training.json").read_text())["epoch"] == 1
    assert json.loads((run / "run.json").read_text())["systems"] == list(TRAINED)


def test_the_planted_truth_changes_nothing(world, run, tmp_path):
    """The run above had no truth to read; one beside a truth full of rubbish comes to the same weights."""
    data, features = world
    (data / "truth").mkdir()
    (data / "truth" / "viewers.json").write_text("not even JSON")
    try:
        assert train_in(tmp_path, data, features, "--systems", "sasrec-content") == 0
    finally:
        (data / "truth" / "viewers.json").unlink()
        (data / "truth").rmdir()
    stored = (folder / "seed-0" / "sasrec-content" / "model.safetensors" for folder in (run, tmp_path))
    blind, beside = (load_file(path) for path in stored)
    assert all((blind[name] == beside[name]).all() for name in blind)


def test_what_is_trained_already_is_kept_and_a_state_left_beside_it_is_deleted(world, run, capsys):
    capsys.readouterr()
    left = run / "seed-0" / "sasrec" / "state.safetensors"
    left.write_bytes(b"")
    assert train_in(run, *world, "--systems", "sasrec") == 0
    told = capsys.readouterr().out
    assert "epoch" not in told and "all 1 systems are trained already" in told
    assert not left.exists()


def test_a_loss_that_is_no_number_ends_the_command_with_one_line(world, tmp_path, capsys, monkeypatch):
    steps = iter(range(1, 100))
    loss = PaperMealRec.loss

    def breaks(*arguments):
        terms = loss(*arguments)
        return terms | {"total": terms["total"] * (float("nan") if next(steps) == 2 else 1.0)}

    monkeypatch.setattr(PaperMealRec, "loss", breaks)
    assert train_in(tmp_path, *world, "--systems", "sasrec", "--set", "training.batch_size=64") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("mealrec train: seed 0 sasrec: the loss is no number at step 2")
    assert not (tmp_path / "seed-0" / "sasrec" / "config.json").exists()


def test_a_run_knows_its_data_and_moves_with_them(world, run, tmp_path):
    told = json.loads((run / "run.json").read_text())
    assert source_of(run, "data").resolve() == world[0].resolve() and not Path(told["data"]).is_absolute()
    assert source_of(run, "features", tmp_path) == tmp_path
    (tmp_path / "run.json").write_text(json.dumps({"command": f"python -m mealrec train x --data {world[0]}"}))
    assert source_of(tmp_path, "data") == world[0]
    for written, named in (("{}", "does not tell which data"), ('{"data": "../gone"}', "gone, which is not there")):
        (tmp_path / "run.json").write_text(written)
        with pytest.raises(DataFormatError, match=named):
            source_of(tmp_path, "data")


def test_viewers_of_three_clicks_are_too_few(world, tmp_path, capsys):
    data = tmp_path / "data"
    shutil.copytree(world[0], data)
    lines = [line.split() for line in (data / "pairs.tsv").read_text().splitlines()]
    (data / "pairs.tsv").write_text("".join(f"{user}\t{' '.join(items[:3])}\n" for user, *items in lines))
    (data / "held_out.txt").unlink()
    assert train_in(tmp_path / "run", data, world[1], "--systems", "sasrec") == 2
    told = capsys.readouterr()
    assert f"{len(lines)} of {len(lines)} viewers have fewer than 4 clicks" in told.out
    assert told.err.startswith("mealrec train: no viewer has 4 clicks or more") and told.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_features_of_other_data_are_named(world, tmp_path, capsys):
    data = tmp_path / "data"
    shutil.copytree(world[0], data)
    with (data / "titles.csv").open("a") as file:
        file.write("new,A clip that came later\n")
    assert train_in(tmp_path / "run", data, world[1], "--systems", "sasrec") == 2
    assert "1 stand in one alone, new first): name the data that the features were made of" in capsys.readouterr().err


def test_a_full_disk_is_said_and_leaves_no_half_file(world, tmp_path, capsys, monkeypatch):
    def full(path, data):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert train_in(tmp_path, *world, "--systems", "sasrec") == 2
    message = capsys.readouterr().err
    assert message.startswith("mealrec train: the disk is full; make room at ") and message.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_processes_that_train_together_train_one_system_at_a_time(world, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert train_in(tmp_path, *world, "--jobs", "2") == 2
    assert "2 processes train each system together" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--systems", "no_such"], "got no_such"),
        (["--systems", "sasrec", "--set", "model.depth=3"], "there is no 'depth' here"),
        (["--systems", "mealrec", "--set", "model.depth=3"], "no part of mealrec has it"),
        (["--systems", "mealrec,morec-guided"], "morec-guided cannot be stored, being a baseline with guidance"),
        (["--systems", "mealrec", "--set", "base.model.max_length=5"], "all parts must read as many clips"),
        (["--systems", "mealrec", "--set", "model.width=wide"], "model.width"),
        (["--systems", "mealrec", "--set", "training.max_epochs"], "expected PATH=VALUE"),
        (
            ["--systems", "mealrec", "--set", "training.stop_on=test"],
            "--set training.stop_on=test: stop_on must be one of masked, mean",
        ),
    ],
)
def test_a_wrong_option_is_named(world, tmp_path, capsys, options, named):
    assert train_in(tmp_path, *world, *options) == 2
    assert named in capsys.readouterr().err
