"""Training a tiny world in seconds: it learns, it repeats itself, it never sees what is held out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mealrec.evaluation.metrics import ndcg, paired_p
from mealrec.evaluation.ranking import model_scorer, popularity_scorer, rank_rows
from mealrec.training import trainer
from mealrec.training.trainer import TrainConfig, log_lines, train
from tests.training.tiny_world import HELD_OUT, NUM_ITEMS, make_config

QUICK = TrainConfig(learning_rate=5e-3, batch_size=64, max_epochs=8, patience=8, average=0.9)


@pytest.fixture(scope="module")
def trained(split, features):
    return train(make_config(dropout=0.1), QUICK, split, features)


def test_a_tiny_world_trained_in_seconds_beats_popularity(trained, split, features):
    candidates = features.has_id.numpy()
    model = rank_rows(model_scorer(trained.model, features), split.test, candidates)
    popular = rank_rows(popularity_scorer(split.train, NUM_ITEMS), split.test, candidates)
    ours, theirs = ndcg(model.masked, 10), ndcg(popular.masked, 10)
    assert ours.mean() > 1.2 * theirs.mean()
    assert paired_p(ours, theirs) < 0.01
    assert trained.seconds < 60


def test_the_best_epoch_is_the_one_kept(trained, split, features):
    assert trained.epoch == 1 + int(np.argmax([line["N@10"] for line in trained.log]))
    assert trained.validation == max(line["N@10"] for line in trained.log)
    again = rank_rows(model_scorer(trained.model, features), split.validation, features.has_id.numpy())
    assert ndcg(again.masked, 10).mean() == pytest.approx(trained.validation)


def test_the_log_has_a_json_line_for_each_epoch(trained):
    assert len(log_lines(trained).splitlines()) == len(trained.log)
    assert {"epoch", "N@10", "total", "rank"} <= set(trained.log[0])


def test_the_seed_decides_the_weights(split, features):
    brief = TrainConfig(batch_size=128, max_epochs=1)
    first, second = (train(make_config(), brief, split, features).model for _ in range(2))
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_held_out_items_never_enter_training(catalogue, split, features, monkeypatch):
    held_out, seen = catalogue.index[HELD_OUT], set()

    def watched(model, batch, features, config):
        seen.update(batch.items.unique().tolist(), batch.targets.unique().tolist())
        return total_loss(model, batch, features, config)

    total_loss = trainer.total_loss
    monkeypatch.setattr(trainer, "total_loss", watched)
    result = train(make_config(), TrainConfig(max_epochs=1, average=0.0), split, features)
    assert held_out not in seen and len(seen) == NUM_ITEMS
    torch.manual_seed(0)
    untouched = type(result.model)(make_config()).table.ids.weight[held_out]
    torch.testing.assert_close(result.model.table.ids.weight[held_out], untouched)


def test_a_loss_that_is_no_number_stops_training_and_says_where(split, features):
    broken = features.replace(text=features.text * float("inf"))
    with pytest.raises(FloatingPointError, match="at step 1"):
        train(make_config(), TrainConfig(max_epochs=1), split, broken)
