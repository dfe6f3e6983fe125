"""An interrupted training goes on to the same bits: interrupted at chosen steps, and killed at random moments."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
import torch

from mealrec.__main__ import main
from mealrec.errors import TrainingError
from mealrec.models.config import LossConfig
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.config import PaperLoss
from mealrec.models.paper.model import PaperMealRec
from mealrec.training.checkpoint import STATE, Checkpoint
from mealrec.training.config import TrainConfig
from mealrec.training.trainer import train
from tests.training.tiny_world import make_config, make_kinds_config, without_seconds, write_world

CONFIG = TrainConfig(batch_size=96, max_epochs=2, average=0.9)  # two or three steps an epoch
MODEL = make_config("full", dropout=0.1, width=16)
SYSTEMS = ("sasrec", "sasrec-content")


def interrupt(monkeypatch, at: int, form=PaperMealRec) -> None:
    """Let the `at`-th step from now fail, as a full disk or Ctrl-C would; `form` is the system's class."""
    calls, loss = iter(range(1, 10**6)), form.loss

    def fails(*arguments):
        if next(calls) == at:
            raise KeyboardInterrupt
        return loss(*arguments)

    monkeypatch.setattr(form, "loss", fails)


@pytest.fixture(scope="module")
def uninterrupted(split, features):
    return train(MODEL, CONFIG, split, features)


@pytest.mark.parametrize(("at", "every"), [(1, 0), (2, 1), (4, 0), (5, 0), (6, 1)])
def test_what_is_interrupted_at_any_step_ends_with_the_same_bits(
    uninterrupted, split, features, tmp_path, monkeypatch, at, every
):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt(patch, at)
        train(MODEL, CONFIG, split, features, checkpoint=Checkpoint(tmp_path, {}, every))
    torch.manual_seed(99)
    resumed = train(MODEL, CONFIG, split, features, checkpoint=Checkpoint(tmp_path, {}, every))
    assert without_seconds(resumed.log) == without_seconds(uninterrupted.log)
    assert resumed.epoch == uninterrupted.epoch
    for name, weight in uninterrupted.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], weight), name


def test_an_interrupted_cosine_falls_on(split, features, tmp_path, monkeypatch):
    model = replace(MODEL, head="content", norm_input=True)
    config = replace(CONFIG, rate_schedule="cosine", id_rate=16.0, stop_on="mean", loss=PaperLoss(lambda_npd=0.5))
    whole = train(model, config, split, features)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt(patch, at=4)
        train(model, config, split, features, checkpoint=Checkpoint(tmp_path, {}, 1))
    torch.manual_seed(99)
    resumed = train(model, config, split, features, checkpoint=Checkpoint(tmp_path, {}, 1))
    assert without_seconds(resumed.log) == without_seconds(whole.log)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], weight), name


def test_over_kinds_what_is_interrupted_ends_with_the_same_bits(split, features, tmp_path, monkeypatch):
    model = make_kinds_config(dropout=0.1)
    config = replace(CONFIG, learning_rate=1.5e-2, rate_schedule="cosine", loss=LossConfig())
    whole = train(model, config, split, features)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt(patch, at=4, form=MealRec)
        train(model, config, split, features, checkpoint=Checkpoint(tmp_path, {}, 1))
    torch.manual_seed(99)
    resumed = train(model, config, split, features, checkpoint=Checkpoint(tmp_path, {}, 1))
    assert without_seconds(resumed.log) == without_seconds(whole.log)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], weight), name


def test_a_finished_training_that_was_not_stored_yet_only_has_to_be_read(
    uninterrupted, split, features, tmp_path, monkeypatch
):
    train(MODEL, CONFIG, split, features, checkpoint=Checkpoint(tmp_path, {}))
    interrupt(monkeypatch, at=1)
    again = train(MODEL, CONFIG, split, features, checkpoint=Checkpoint(tmp_path, {}))
    assert without_seconds(again.log) == without_seconds(uninterrupted.log)


def test_a_state_of_other_settings_or_a_damaged_one_is_named(split, features, tmp_path):
    brief = replace(CONFIG, max_epochs=1)
    train(MODEL, brief, split, features, checkpoint=Checkpoint(tmp_path, {"training": {"learning_rate": 0.1}}))
    with pytest.raises(TrainingError, match=r"training.learning_rate was 0.1, now 0.2"):
        train(MODEL, brief, split, features, checkpoint=Checkpoint(tmp_path, {"training": {"learning_rate": 0.2}}))
    path = tmp_path / STATE
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match=f"{STATE} cannot be read.*delete it"):
        train(MODEL, brief, split, features, checkpoint=Checkpoint(tmp_path, {}))


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    data, features = write_world(tmp_path_factory.mktemp("world"))
    changes = ["model.width=16", "training.max_epochs=30", "training.patience=30", "training.batch_size=96"]
    settings = [part for change in changes for part in ("--set", change)]
    where = ["--data", str(data), "--features", str(features), "--device", "cpu", "--systems", ",".join(SYSTEMS)]
    return ["train", "microlens", *where, *settings]


def test_what_is_killed_at_a_random_moment_ends_with_the_same_bytes(arguments, tmp_path, capsys):
    """Two systems train at once in workers of their own; the command is killed, and its workers end with it."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main([*arguments, "--out", str(whole)]) == 0
    command = [*arguments, "--out", str(killed), "--save-every", "2"]
    _kill_after(random.randint(1, 12), [*command, "--jobs", "2"], killed / "seed-0" / SYSTEMS[0])
    capsys.readouterr()
    assert main(command) == 2
    assert "holds an interrupted training: add --resume" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    for system in SYSTEMS:
        one, other = (run / "seed-0" / system for run in (whole, killed))
        assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
        logs = [
            [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()] for folder in (one, other)
        ]
        assert without_seconds(logs[0]) == without_seconds(logs[1])
        kept = [json.loads((folder / "training.json").read_text()) for folder in (one, other)]
        assert without_seconds(kept[:1]) == without_seconds(kept[1:])
        assert {path.name for path in other.iterdir()} == {path.name for path in one.iterdir()}


def _kill_after(epochs: int, arguments: list[str], folder) -> None:
    """Start the command, and end it with SIGKILL at some moment after that many epochs of the system in a folder."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "mealrec", *arguments], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        deadline, log = time.monotonic() + 240, folder / "log.jsonl"
        while not (log.exists() and len(log.read_text().splitlines()) >= epochs):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.05))
        workers = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(workers) >= 2
    assert not psutil.wait_procs(workers, timeout=30)[1], "workers live on"
    assert (folder / STATE).exists() and not (folder / "config.json").exists()
