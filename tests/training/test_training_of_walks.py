"""Training the walk over kinds in the tiny world: it learns, it repeats itself, and it goes on to the same bits."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mealrec.models.published.config import GraphLoss
from mealrec.models.published.mealrec import KindWalk
from mealrec.ranking.metrics import ndcg, paired_p
from mealrec.ranking.ranks import model_scorer, popularity_scorer, rank_rows
from mealrec.training.checkpoint import Checkpoint
from mealrec.training.config import TrainConfig
from mealrec.training.recipes import Recipe
from mealrec.training.run import load_system, save_system
from mealrec.training.trainer import train
from tests.models.published.small_walk import make_walk_config
from tests.training.tiny_world import NUM_ITEMS, without_seconds

QUICK = TrainConfig(
    learning_rate=2e-2, rate_schedule="cosine", batch_size=64, max_epochs=6, average=0.9, loss=GraphLoss(negatives=200)
)
BRIEF = replace(QUICK, batch_size=96, max_epochs=2)  # two or three steps an epoch


@pytest.fixture(scope="module")
def trained(split, features):
    return train(make_walk_config(), QUICK, split, features)


def same(one, other) -> bool:
    return all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in one.state_dict().items())


def test_it_beats_popularity_and_its_loss_falls(trained, split, features):
    candidates = features.has_id.numpy()
    model = rank_rows(model_scorer(trained.model, features), split.test, candidates)
    popular = rank_rows(popularity_scorer(split.train, NUM_ITEMS), split.test, candidates)
    ours, theirs = ndcg(model.masked, 10), ndcg(popular.masked, 10)
    assert ours.mean() > 1.3 * theirs.mean() and paired_p(ours, theirs) < 0.01
    assert trained.log[-1]["rank"] < trained.log[0]["rank"]


def test_the_seed_decides_the_weights(split, features):
    first, second = (train(make_walk_config(), BRIEF, split, features).model for _ in range(2))
    other = train(make_walk_config(), replace(BRIEF, seed=1), split, features).model
    assert same(first, second) and not same(first, other)


def test_what_is_stored_comes_back_and_ranks_the_same(trained, split, features, tmp_path):
    save_system(tmp_path, Recipe("walk", trained.model.config, QUICK), trained)
    back = load_system(tmp_path)
    back.prepare(split.train, features)  # the kinds that are there stay
    one, other = (model_scorer(model, features)(split.test.histories) for model in (trained.model, back))
    assert (one == other).all()


@pytest.mark.parametrize("at", [2, 4])
def test_what_is_interrupted_ends_with_the_same_bits(split, features, tmp_path, monkeypatch, at):
    config, calls, loss = make_walk_config(), [], KindWalk.loss
    whole = train(config, BRIEF, split, features)

    def fails(*arguments):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt
        return loss(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(KindWalk, "loss", fails)
        train(config, BRIEF, split, features, checkpoint=Checkpoint(tmp_path, {}, 1))
    torch.manual_seed(99)
    resumed = train(config, BRIEF, split, features, checkpoint=Checkpoint(tmp_path, {}, 1))
    assert without_seconds(resumed.log) == without_seconds(whole.log) and same(resumed.model, whole.model)
