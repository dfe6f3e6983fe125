"""`python -m mealrec train` over systems that are put together: their parts, their weights, what is stored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mealrec.__main__ import main
from mealrec.features.store import FeatureStore
from mealrec.features.tensors import item_features
from mealrec.models.published.guided import GuidedBackbone, guidance
from mealrec.models.published.mealrec import OnBackbone, rarity
from mealrec.ranking.ranks import model_scorer
from mealrec.study import harness, training_run
from mealrec.training.run import load_system
from mealrec.training.weights import GRIDS, best_of
from mealrec.training.world import load_normalisation
from tests.training.tiny_world import make_catalogue, write_world

BRIEF = ("training.max_epochs=2", "model.width=16", "base.training.batch_size=40")
WALK = ("walk.model.num_kinds=6", "walk.training.batch_size=60")
PARTS = ("sasrec-content", "mealrec-walk")


def train_in(folder: Path, world, *options: str, systems: str = "mealrec", settings=(*BRIEF, *WALK)) -> int:
    data, features = world
    where = ["--data", str(data), "--features", str(features), "--out", str(folder), "--device", "cpu"]
    changes = [part for setting in settings for part in ("--set", setting)]
    return main(["train", "microlens", *where, "--systems", systems, *changes, *options])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def run(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    assert train_in(folder, world) == 0
    assert train_in(folder, world, systems="sasrec-guided", settings=BRIEF) == 0
    return folder


@pytest.fixture(scope="module")
def known(world, run):
    """The features, as the run takes them."""
    catalogue, store = make_catalogue(), FeatureStore.open(world[1])
    return item_features(store, load_normalisation(run / "normalisation.safetensors"), catalogue.trainable)


@pytest.fixture
def trained(monkeypatch):
    """The names of the systems that are trained from here on."""
    names = []
    train_system = training_run.train_system

    def noting(job, *rest):
        names.append(job.recipe.name)
        return train_system(job, *rest)

    monkeypatch.setattr(training_run, "train_system", noting)
    return names


def told(run: Path, system: str) -> dict:
    return json.loads((run / "seed-0" / system / "training.json").read_text())


def test_the_whole_is_stored_beside_its_parts(run):
    assert {folder.name for folder in (run / "seed-0").iterdir()} == {"mealrec", "sasrec-guided", *PARTS}
    assert isinstance(load_system(run / "seed-0" / "mealrec"), OnBackbone)
    assert isinstance(load_system(run / "seed-0" / "sasrec-guided"), GuidedBackbone)
    whole = told(run, "mealrec")
    parts = {part: {"name": part, **told(run, part)} for part in PARTS}
    assert whole["parts"] == {"base": parts["sasrec-content"], "walk": parts["mealrec-walk"]}
    assert whole["epoch"] == told(run, "sasrec-content")["epoch"] and whole["seed"] == 0
    assert whole["seconds"] >= round(sum(told(run, part)["seconds"] for part in PARTS), 1)
    assert all(whole["weights"][name] in GRIDS[name] for name in ("guidance", "unseen", "kinds"))
    assert 0 < whole["validation_N@10"] < 1
    assert set(json.loads((run / "run.json").read_text())["systems"]) == {"sasrec-content", "sasrec-guided"}


def test_it_ranks_like_its_parts_with_the_weights(run, known, split):
    whole, weights = load_system(run / "seed-0" / "mealrec"), told(run, "mealrec")["weights"]
    base, walk = (load_system(run / "seed-0" / part) for part in PARTS)
    histories = torch.from_numpy(split.test.histories)
    unseen = torch.ones(len(known), dtype=torch.bool)
    unseen[[item for sequence in split.train for item in sequence]] = False
    with torch.inference_mode():
        items = walk.items(known)
        matches = walk.table.matches(walk.preference(histories, items), items.kinds, items.anybody)
        matches = (matches * rarity(walk.kinds.clicks)).scatter(1, histories, 0.0)
        ranked = base.scores(histories, base.items(known.replace(has_id=known.has_id & ~unseen)))
        added = torch.tensor(weights["guidance"]) * guidance(histories, whole.anchors(known))
        added = added + torch.tensor(weights["unseen"]) * unseen.float()
        added = added + torch.tensor(weights["kinds"]) * matches
    found = model_scorer(whole, known)(split.test.histories)
    np.testing.assert_allclose(found[:, 1:], (ranked + added)[:, 1:].numpy(), atol=1e-5)


def test_the_weights_are_the_best_on_all_validation_rows(run, known, split):
    for system in ("mealrec", "sasrec-guided"):
        model, weights = load_system(run / "seed-0" / system), told(run, system)["weights"]
        assert {name: round(getattr(model, name).item(), 4) for name in model.names} == weights
        grid = [weights | {"unseen": value} for value in GRIDS["unseen"]]
        best, found = best_of(model, model.items(known), split.validation, known.has_id, grid)
        assert best == weights and found == pytest.approx(told(run, system)["validation_N@10"])


def test_parts_that_are_there_are_used_again_and_a_killed_one_is_trained(run, world, trained, tmp_path):
    shutil.copytree(run / "seed-0" / "sasrec-content", tmp_path / "seed-0" / "sasrec-content")
    assert train_in(tmp_path, world) == 0
    assert trained == ["mealrec-walk"]
    one, other = (folder / "seed-0" / "mealrec" / "model.safetensors" for folder in (run, tmp_path))
    assert one.read_bytes() == other.read_bytes()
    shutil.rmtree(tmp_path / "seed-0" / "sasrec-content")
    assert train_in(tmp_path, world) == 0  # the whole is there, so nothing has to be done
    assert trained == ["mealrec-walk"]


def test_an_interrupted_part_goes_on_with_resume(run, world, tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:

        def stops(*arguments):
            raise KeyboardInterrupt

        patch.setattr(harness, "save_system", stops)
        assert train_in(tmp_path, world) == 130
    assert "run the same command with --resume to go on" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "seed-0" / "sasrec-content" / "config.json").exists()
    assert train_in(tmp_path, world) == 2
    assert "holds an interrupted training: add --resume" in capsys.readouterr().err
    assert train_in(tmp_path, world, "--resume") == 0
    one, other = (folder / "seed-0" / "mealrec" / "model.safetensors" for folder in (run, tmp_path))
    assert one.read_bytes() == other.read_bytes()


def test_a_part_of_other_settings_is_named(run, world, capsys):
    changed = ("training.max_epochs=2", "model.width=8", "base.training.batch_size=40", *WALK)
    assert train_in(run, world, systems="mealrec-no-npd", settings=changed) == 2
    message = capsys.readouterr().err
    assert "sasrec-content, which was trained with other settings (model.width was 16, now 8): give --label" in message


def test_a_label_marks_the_whole_and_the_parts_that_were_changed(run, world, trained):
    shape = (*BRIEF, *WALK)
    before = {folder.name for folder in (run / "seed-0").iterdir()}
    try:
        assert train_in(run, world, "--label=-brief", settings=("walk.training.max_epochs=1",)) == 2
        assert train_in(run, world, "--label=-brief", settings=(*shape, "walk.training.learning_rate=0.1")) == 0
        assert trained == ["sasrec-content-brief", "mealrec-walk-brief"]
    finally:
        for folder in {folder.name for folder in (run / "seed-0").iterdir()} - before:
            shutil.rmtree(run / "seed-0" / folder)


def test_seeds_and_jobs_train_the_parts_of_each_seed_first(world, tmp_path, capfd):
    assert train_in(tmp_path, world, "--seeds", "2", "--jobs", "2", systems="mealrec") == 0
    for seed in ("seed-0", "seed-1"):
        assert {folder.name for folder in (tmp_path / seed).iterdir()} == {"mealrec", *PARTS}
    lines = [line.split(":")[0] for line in capfd.readouterr().out.splitlines() if "validation_N@10" in line]
    assert len(lines) == 6 and {line.split()[-1] for line in lines[4:]} == {"mealrec"}
    weights = [load_system(tmp_path / seed / "mealrec").base.table.ids.weight for seed in ("seed-0", "seed-1")]
    assert not torch.equal(*weights)
