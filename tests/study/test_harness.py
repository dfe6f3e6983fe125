"""Training once, going on after a kill, and ranks on disk."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.errors import TrainingError
from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.study import harness
from mealrec.study.harness import is_done, load, made, one_thread, read_ranks, write_ranks
from mealrec.study.systems import FIRST_STATE
from mealrec.training.trainer import train


@pytest.fixture
def counted(monkeypatch):
    """Return the names of the models trained from here on."""
    names = []

    def counting(model, config, *rest, **more):
        names.append((model.variant, config.seed))
        return train(model, config, *rest, **more)

    monkeypatch.setattr(harness, "train", counting)
    return names


@pytest.fixture
def fresh(study, tmp_path):
    return replace(study, work=tmp_path)


def test_a_cached_run_is_not_trained_again(study, counted):
    first = study.ranks(["sasrec", "mealrec"])
    trained = list(counted)
    again = study.ranks(["sasrec", "mealrec"])
    assert counted == trained
    np.testing.assert_array_equal(first["mealrec"][0].unmasked, again["mealrec"][0].unmasked)
    assert list(first) == ["sasrec", "mealrec", FIRST_STATE]


def test_a_changed_recipe_is_trained_anew(study, counted):
    study.ranks(["sasrec"])
    counted.clear()
    changed = replace(study, settings=(*study.settings, "training.weight_decay=0.1"))
    changed.ranks(["sasrec"])
    assert len(counted) == 1
    folders = {one.job(one.recipe("sasrec", 0)).folder for one in (study, changed)}
    assert len(folders) == 2 and all(folder.is_dir() for folder in folders)


def test_a_killed_run_goes_on(fresh, monkeypatch, counted):
    """The second training is killed; the next run trains that one and the rest, not the first."""
    count = []

    def killed(*arguments, **more):
        count.append(1)
        if len(count) == 2:
            raise KeyboardInterrupt
        return train(*arguments, **more)

    recipes = [fresh.recipe("sasrec", seed) for seed in range(3)]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(harness, "train", killed)
        fresh.train(recipes)
    assert [is_done(fresh.job(recipe)) for recipe in recipes] == [True, False, False]
    fresh.train(recipes)
    assert [seed for _, seed in counted] == [1, 2]
    assert all(is_done(fresh.job(recipe)) for recipe in recipes)


def test_a_training_killed_between_two_epochs_goes_on_from_there(fresh, study, tmp_path, monkeypatch):
    settings = (*study.settings, "training.max_epochs=2")
    whole, broken = (replace(fresh, work=tmp_path / name, settings=settings) for name in ("whole", "broken"))
    recipe, epochs = whole.recipe("sasrec", 0), []

    def killed(model, config, split, features, report, **more):
        def report_once(line):
            epochs.append(line["epoch"])
            if epochs == [1]:
                raise KeyboardInterrupt

        return train(model, config, split, features, report_once, **more)

    whole.train([recipe])
    monkeypatch.setattr(harness, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        broken.train([recipe])
    resumed = broken.train([recipe])[0]
    assert epochs == [1, 2]
    np.testing.assert_array_equal(read_ranks(resumed.folder).masked, read_ranks(whole.job(recipe).folder).masked)


def test_a_loss_that_is_no_number_names_the_system(fresh):
    broken = replace(fresh, settings=(*fresh.settings, "training.learning_rate=1e30"))
    with pytest.raises(TrainingError, match=r"seed 0 sasrec: the loss is .* at step"):
        broken.train([broken.recipe("sasrec", 0)])


def test_a_run_killed_between_training_and_ranking_only_ranks(study, counted):
    job = study.train([study.recipe("sasrec", 0)])[0]
    before = read_ranks(job.folder)
    counted.clear()
    (job.folder / "ranks.npz").unlink()
    study.train([job.recipe])
    assert not counted
    np.testing.assert_array_equal(read_ranks(job.folder).masked, before.masked)


def test_the_ranks_kept_are_the_models(study):
    job = study.train([study.recipe("mealrec", 0)])[0]
    model, world = load(job, study.world, "cpu"), study.world
    for ends_at in ("walk", "start"):
        expected = rank_rows(model_scorer(model, world.features, ends_at=ends_at), world.split.test, world.candidates)
        kept = read_ranks(job.folder, ends_at)
        np.testing.assert_array_equal(kept.unmasked, expected.unmasked)
        np.testing.assert_array_equal(kept.masked, expected.masked)
        assert kept.history_share == pytest.approx(expected.history_share)


def test_lists_are_kept_and_ranks_from_before_lists_were_kept_are_read_too(study, tmp_path):
    ranks = read_ranks(study.train([study.recipe("sasrec", 0)])[0].folder)
    assert ranks.top.shape == (len(study.world.split.test), 10) and ranks.top.dtype == np.int32
    write_ranks(tmp_path, replace(ranks, top=None))
    again = read_ranks(tmp_path)
    assert again.top is None
    np.testing.assert_array_equal(again.masked, ranks.masked)


def test_two_processes_come_to_the_same_ranks(study, fresh):
    names = ["sasrec", "mealrec"]
    apart, together = replace(fresh, jobs=2).ranks(names), study.ranks(names)
    for name in together:
        np.testing.assert_array_equal(apart[name][0].masked, together[name][0].masked)


def test_what_was_trained_by_other_code_is_told(study):
    job = study.train([study.recipe("sasrec", 0)])[0]
    assert made(job)["code_has_changed"] is False
    path = job.folder / "made.json"
    kept = path.read_text()
    path.write_text(json.dumps(json.loads(kept) | {"code": "another"}))
    try:
        assert study.trainings(["sasrec"])["sasrec"][0]["code_has_changed"] is True
    finally:
        path.write_text(kept)


def test_one_thread_is_for_training_only():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
