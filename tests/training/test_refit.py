"""Fitting again on all clicks: which sequences reach training, for how long, and what stays as it was chosen."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import whole_histories
from mealrec.errors import DataFormatError, TrainingError
from mealrec.models.config import LossConfig
from mealrec.models.paper.config import PaperLoss
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.config import GraphConfig, GraphLoss
from mealrec.study.harness import job_of
from mealrec.study.training_run import put_together
from mealrec.training import refit, trainer
from mealrec.training.checkpoint import STATE, Checkpoint
from mealrec.training.config import TrainConfig
from mealrec.training.recipes import Blend, Recipe
from mealrec.training.refit import Refit
from mealrec.training.run import load_system, save_system, system_folder
from mealrec.training.trainer import train
from mealrec.training.world import World
from tests.training.tiny_world import (
    FRAMES,
    HELD_OUT,
    NUM_ITEMS,
    TEXT,
    VISUAL,
    make_config,
    make_kinds_config,
)

BRIEF = TrainConfig(learning_rate=5e-3, rate_schedule="cosine", batch_size=64, max_epochs=3, average=0.5)
BACKBONE = make_config("backbone", head="content", anchor_width=4, width=16)
GRAPH = GraphConfig(NUM_ITEMS, VISUAL, TEXT, FRAMES, num_kinds=6)
RECIPES = {
    "full": Recipe("full", make_kinds_config(), replace(BRIEF, loss=LossConfig())),
    "base": Recipe("base", BACKBONE, replace(BRIEF, loss=PaperLoss())),
    "walk": Recipe("walk", GRAPH, replace(BRIEF, max_epochs=2, loss=GraphLoss())),
}
ON_BACKBONE = Blend("mealrec", RECIPES["base"], RECIPES["walk"])
GUIDED = Blend("sasrec-guided", RECIPES["base"])


@pytest.fixture(scope="module")
def run(catalogue, split, features, tmp_path_factory) -> Path:
    """A run whose every system says another epoch than its last was kept."""
    out = tmp_path_factory.mktemp("run")
    world = World(catalogue, split, features, np.zeros((NUM_ITEMS + 1, FRAMES)), out)
    for recipe in RECIPES.values():
        trained = train(recipe.model, recipe.training, split, features)
        save_system(out / "seed-0" / recipe.name, recipe, replace(trained, epoch=recipe.training.max_epochs - 1))
    for blend in (ON_BACKBONE, GUIDED):
        put_together(job_of(blend, partial(system_folder, out)), world, "cpu")
    return out / "seed-0"


@pytest.fixture
def watched(monkeypatch):
    """What reaches training from here on: (the configuration, the sequences, the loop)."""
    seen = []

    def watching(config, training, sequences, *rest):
        loop = trainer.Loop(config, training, sequences, *rest)
        seen.append((config, sequences, loop))
        return loop

    monkeypatch.setattr(refit, "Loop", watching)
    return seen


def test_whole_histories_hold_every_click_and_no_held_out_item(catalogue, split):
    sequences, index = whole_histories(catalogue), catalogue.index
    clicks = [index[item] for watched in catalogue.histories.values() for item in watched if item != HELD_OUT]
    assert sorted(item for sequence in sequences for item in sequence) == sorted(clicks)
    assert len(clicks) > sum(map(len, split.train)) + len(split.validation) + len(split.test) > len(clicks) / 2
    histories = {"u": ("a", "c"), "v": ("a", "b"), "w": tuple("ab" * 9)}
    lonely = Catalogue(("a", "b", "c"), {}, {}, frozenset("c"), histories)
    assert whole_histories(lonely, 4) == ((1, 2), (2, 1, 2, 1, 2))  # cut as training cuts them


@pytest.mark.parametrize("name", ["full", "base"])
def test_a_system_is_trained_on_all_clicks_for_the_epochs_that_were_kept(run, catalogue, features, watched, name):
    again = Refit(catalogue, features)
    model, recipe = again.system(run / name), RECIPES[name]
    ((config, sequences, trained),) = watched
    assert config == recipe.model == model.config and sequences == whole_histories(catalogue)
    assert trained.batches.items.shape[0] == len(sequences) and trained.config == recipe.training
    assert again.clicks == sum(map(len, sequences))
    steps = math.ceil(len(sequences) / recipe.training.batch_size)
    assert trained.state.record.epoch == 2 and trained.state.record.train_step == 2 * steps
    weights = load_system(run / name).state_dict()
    assert any(not torch.equal(weights[key], value) for key, value in model.state_dict().items())
    assert not model.training


def test_the_rate_falls_over_as_many_epochs_as_before(run, catalogue, features, monkeypatch):
    seen, step = [], torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW, "step", lambda self, *a, **b: seen.append(self.param_groups[-1]["lr"]) or step(self, *a, **b)
    )
    Refit(catalogue, features).system(run / "base")
    steps = math.ceil(len(whole_histories(catalogue)) / BRIEF.batch_size)
    done = 2 * steps / (3 * steps)  # two of the three epochs that the cosine spans
    fallen = 0.5 + 0.5 * math.cos(math.pi * (done - trainer.WARMUP) / (1 - trainer.WARMUP))
    assert len(seen) == 2 * steps and seen[-1] == pytest.approx(BRIEF.learning_rate * fallen)


@pytest.mark.parametrize("name", ["full", "base", "walk"])
def test_it_is_what_a_training_on_whole_histories_comes_to_at_that_epoch(
    run, catalogue, split, features, tmp_path, name
):
    recipe, whole = RECIPES[name], replace(split, train=whole_histories(catalogue))

    def stops(line):
        if line["epoch"] == recipe.training.max_epochs - 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe.model, recipe.training, whole, features, stops, Checkpoint(tmp_path, {}))
    left = load_file(tmp_path / STATE)
    found = Refit(catalogue, features).system(run / name).state_dict()
    assert all(torch.equal(tensor, left[f"kept/{key}"]) for key, tensor in found.items())


def test_no_row_is_ranked_on_the_way(run, catalogue, features, monkeypatch):
    def ranks(*arguments):
        raise AssertionError("a row was ranked")

    monkeypatch.setattr(trainer, "rank_rows", ranks)
    for name in ("full", "mealrec", "sasrec-guided"):
        Refit(catalogue, features).system(run / name)


def test_a_blend_keeps_its_weights_and_trains_each_part_once(run, catalogue, features, watched):
    again, numbers = Refit(catalogue, features), {"guidance": 3.0, "unseen": 0.5, "kinds": 1.2}
    told = json.loads((run / "mealrec" / "training.json").read_text())["weights"]
    model, backbone = again.system(run / "mealrec"), again.system(run / "sasrec-guided")
    assert [(config, done.state.record.epoch) for config, _, done in watched] == [(BACKBONE, 2), (GRAPH, 1)]
    assert {name: round(getattr(model, name).item(), 4) for name in numbers} == told
    assert backbone.guidance == load_system(run / "sasrec-guided").guidance
    for one, other in zip(model.base.parameters(), backbone.base.parameters(), strict=True):
        assert torch.equal(one, other) and one is not other
    clicked = {item for sequence in whole_histories(catalogue) for item in sequence}
    assert set(model.clicked.nonzero().flatten().tolist()) == clicked
    counts = model.walk_over_kinds.kinds.clicks
    assert counts.sum() == again.clicks and counts[catalogue.index[HELD_OUT]] == 0


@pytest.mark.parametrize("changes", [{"loss": {"lambda_moon": 1.0}}, {"epoch": None}, {"stop_on": "test"}])
def test_a_training_that_is_not_told_is_named(run, catalogue, features, tmp_path, changes):
    shutil.copytree(run / "full", tmp_path / "full")
    told = json.loads((run / "full" / "training.json").read_text()) | changes
    told = {name: value for name, value in told.items() if value is not None}
    (tmp_path / "full" / "training.json").write_text(json.dumps(told))
    with pytest.raises(DataFormatError, match=r"training.json does not say how full was trained \(.*: train it again"):
        Refit(catalogue, features).system(tmp_path / "full")


def test_a_loss_that_is_no_number_names_the_system(run, catalogue, features, monkeypatch):
    loss = PaperMealRec.loss

    def breaks(*arguments):
        return {name: term * float("nan") for name, term in loss(*arguments).items()}

    monkeypatch.setattr(PaperMealRec, "loss", breaks)
    with pytest.raises(TrainingError, match="base, fitted on all clicks: the loss is no number at step 1"):
        Refit(catalogue, features).system(run / "base")
