"""The strength of guidance: chosen on validation, kept in the model, written down."""

from __future__ import annotations

import json

import pytest

from mealrec.ranking.metrics import ndcg
from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.training import trainer
from mealrec.training.recipes import Recipe
from mealrec.training.run import load_system, save_system
from mealrec.training.trainer import GUIDANCE, TrainConfig, choose_guidance, train
from tests.training.tiny_world import make_config

CONFIG = TrainConfig(learning_rate=5e-3, batch_size=64, max_epochs=2, average=0.5)
MODEL = make_config("backbone", head="content", anchor_width=4, guided=True)


@pytest.fixture(scope="module")
def trained(split, features):
    return train(MODEL, CONFIG, split, features)


def by_ranking(model, strength, rows, features):
    """Return N@10 of the rows at a strength."""
    model.guidance.fill_(strength)
    return ndcg(rank_rows(model_scorer(model, features), rows, features.has_id.numpy()).masked, 10).mean()


def test_every_strength_is_tried_and_the_best_on_validation_kept(trained, split, features):
    chosen = trained.model.guidance.item()
    expected = {strength: by_ranking(trained.model, strength, split.validation, features) for strength in GUIDANCE}
    trained.model.guidance.fill_(chosen)
    assert trained.guidance == pytest.approx(expected) and tuple(trained.guidance) == GUIDANCE
    assert len(set(expected.values())) > 1
    assert expected[chosen] == max(expected.values())


@pytest.mark.parametrize(("stop_on", "best"), [("masked", 1.0), ("mean", 3.0)])
def test_it_is_chosen_by_what_the_training_stops_on(trained, split, features, stop_on, best, monkeypatch):
    def measure(model, rows, features):
        strength = model.guidance.item()
        return {"N@10": 100 - (strength - 1) ** 2, "unmasked_N@10": 100 - (strength - 5) ** 2}

    chosen = trained.model.guidance.item()
    monkeypatch.setattr(trainer, "_measure", measure)
    given = choose_guidance(trained.model, split.validation, features, stop_on)
    assert trained.model.guidance == best
    assert given[2.0] * len(split.validation) == pytest.approx(99 if stop_on == "masked" else 95)
    trained.model.guidance.fill_(chosen)


def test_the_first_of_equals_is_kept(trained, split, features, monkeypatch):
    chosen = trained.model.guidance.item()
    monkeypatch.setattr(trainer, "_measure", lambda model, rows, features: {"N@10": 1.0})
    choose_guidance(trained.model, split.validation, features, "masked")
    assert trained.model.guidance == GUIDANCE[0]
    trained.model.guidance.fill_(chosen)


def test_it_is_written_down_and_comes_back(trained, tmp_path):
    save_system(tmp_path, Recipe("guided", MODEL, CONFIG), trained)
    written = json.loads((tmp_path / "training.json").read_text())["guidance"]
    assert {float(strength): value for strength, value in written.items()} == trained.guidance
    assert load_system(tmp_path).guidance == trained.model.guidance


def test_a_model_that_is_not_guided_tries_nothing(split, features, tmp_path):
    config = make_config("backbone", head="content", anchor_width=4)
    brief = TrainConfig(batch_size=128, max_epochs=1)
    plain = train(config, brief, split, features)
    assert plain.guidance == {} and plain.model.guidance == 0
    assert plain.model.table.anchors(features).any()
    save_system(tmp_path, Recipe("plain", config, brief), plain)
    assert json.loads((tmp_path / "training.json").read_text())["guidance"] == {}
