"""Two processes train as one does on the joint batches."""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from mealrec.errors import TrainingError
from mealrec.ranking.ranks import model_scorer
from mealrec.training import processes as module
from mealrec.training.processes import check_processes, processes, restore_random_states
from tests.training.two_processes import SYSTEMS, train_without_chance


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Train in two processes over gloo; return their folder."""
    folder = tmp_path_factory.mktemp("together")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.training.two_processes", str(folder)]
    started = [
        subprocess.Popen(command, env=shared | {"RANK": rank, "LOCAL_RANK": rank}, stderr=subprocess.PIPE, text=True)
        for rank in ("0", "1")
    ]
    errors = [process.communicate(timeout=240)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], errors
    return folder


@pytest.mark.parametrize("form", SYSTEMS)
def test_two_processes_come_to_what_one_does_on_the_joint_batches(together, tmp_path, split, features, form):
    alone = train_without_chance(tmp_path, form)
    first, second = (load_file(together / form / f"weights-{rank}.safetensors") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    # Not weight by weight: a key's bias changes no score, its gradient is noise, and AdamW makes steps of it.
    joint = copy.deepcopy(alone.model)
    joint.load_state_dict(first)
    ours, theirs = (torch.from_numpy(model_scorer(m, features)(split.test.histories)) for m in (alone.model, joint))
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
    logs = [json.loads((together / form / f"log-{rank}.json").read_text()) for rank in (0, 1)]
    for ours, theirs in zip(alone.log, logs[0], strict=True):
        for name in ours.keys() - {"seconds"}:
            assert theirs[name] == pytest.approx(ours[name], rel=1e-4), name
    assert [line["N@10"] for line in logs[0]] == [line["N@10"] for line in logs[1]]


def test_only_one_process_writes_and_as_many_must_resume(together):
    assert len((together / "paper" / "log.jsonl").read_text().splitlines()) == 2
    with pytest.raises(TrainingError, match=r"made by 2 process\(es\) on a CPU, now there are 1 process"):
        train_without_chance(together / "paper", "paper")


@pytest.mark.parametrize("index", [0, 1])
def test_every_process_gets_its_own_random_state_back(index, tmp_path):
    states, drawn = [], []
    for seed in (5, 6):
        torch.manual_seed(seed)
        states.append(torch.get_rng_state())
        drawn.append(torch.rand(3))
    accelerator = SimpleNamespace(num_processes=2, process_index=index, device=torch.device("cpu"))
    named = {"random/cpu": torch.stack(states)}
    check_processes(named, accelerator, tmp_path)
    restore_random_states({"random/cpu": named["random/cpu"][index]}, accelerator)
    assert torch.equal(torch.rand(3), drawn[index])


def test_without_accelerate_training_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(TrainingError, match="needs the package accelerate.*requirements-train.txt"):
        processes("cpu")


def test_who_gets_one_process_of_accelerate_on_cpus_is_told_what_gives_two(monkeypatch, capsys):
    monkeypatch.setenv("ACCELERATE_USE_CPU", "True")
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    module.say_how_many.cache_clear()
    processes("cpu")
    processes("cpu")
    assert capsys.readouterr().err.count("torchrun --nproc_per_node 2 -m mealrec train") == 1
