"""Training the form over kinds in the tiny world: it learns, it repeats itself, it never sees what is held out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mealrec.data.batches import TrainingBatches
from mealrec.models.config import LossConfig, NPDConfig, TCDConfig
from mealrec.models.mealrec import MealRec
from mealrec.ranking.metrics import ndcg, paired_p
from mealrec.ranking.ranks import model_scorer, popularity_scorer, rank_rows
from mealrec.training.config import PRECISIONS, TrainConfig
from mealrec.training.recipes import Recipe
from mealrec.training.run import load_system, save_system
from mealrec.training.trainer import train
from tests.training.tiny_world import HELD_OUT, NUM_ITEMS, make_kinds_config

QUICK = TrainConfig(
    learning_rate=1.5e-2, rate_schedule="cosine", batch_size=64, max_epochs=6, average=0.9, loss=LossConfig()
)
BRIEF = replace(QUICK, batch_size=128, max_epochs=1)  # two steps
STILL = {"tcd": TCDConfig(noise_scale=0.0), "npd": NPDConfig(noise_scale=0.0)}


@pytest.fixture(scope="module")
def trained(split, features):
    return train(make_kinds_config(dropout=0.1), QUICK, split, features)


def test_a_tiny_world_trained_in_seconds_beats_popularity(trained, split, features):
    candidates = features.has_id.numpy()
    model = rank_rows(model_scorer(trained.model, features), split.test, candidates)
    popular = rank_rows(popularity_scorer(split.train, NUM_ITEMS), split.test, candidates)
    ours, theirs = ndcg(model.masked, 10), ndcg(popular.masked, 10)
    assert ours.mean() > 1.3 * theirs.mean()
    assert paired_p(ours, theirs) < 0.01


def test_what_is_stored_comes_back_with_its_kinds_and_ranks_the_same(trained, split, features, tmp_path):
    save_system(tmp_path, Recipe("full", trained.model.config, QUICK), trained)
    back = load_system(tmp_path)
    back.prepare(split.train, features)  # the kinds that are there stay
    one, other = (model_scorer(model, features)(split.test.histories) for model in (trained.model, back))
    assert (one == other).all()


def test_the_seed_decides_the_weights(split, features):
    first, second = (train(make_kinds_config(), BRIEF, split, features).model for _ in range(2))
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_held_out_items_never_enter_training(catalogue, split, features):
    held_out = catalogue.index[HELD_OUT]
    changed = features.replace(frames=features.frames + 9 * (torch.arange(NUM_ITEMS + 1) == held_out)[:, None, None])
    first, second = (train(make_kinds_config(), BRIEF, split, known).model for known in (features, changed))
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    torch.manual_seed(BRIEF.seed)
    began = MealRec(make_kinds_config())
    assert torch.equal(first.table.ids.weight[held_out], began.table.ids.weight[held_out])
    assert first.table.bias[held_out] == 0


def test_bfloat16_computes_the_loss_and_keeps_the_weights_whole(split, features):
    both = [train(make_kinds_config(), replace(BRIEF, precision=name), split, features) for name in PRECISIONS]
    losses = [result.log[0]["total"] for result in both]
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.05)
    assert {weight.dtype for weight in both[1].model.parameters()} == {torch.float32}


@pytest.mark.parametrize("variant", ["backbone", "full"])
def test_prefixes_have_the_same_ranking_loss_as_positions(split, features, variant):
    """TCD's own loss is a mean over clips, of which prefixes have more; the rest is one and the same."""
    torch.manual_seed(0)
    model, found = MealRec(make_kinds_config(variant, **STILL)).train(), []
    model.prepare(split.train, features)
    for causal in (True, False):
        batch = next(TrainingBatches(split.train, 10, "cpu", causal).epoch(64, torch.Generator().manual_seed(0)))
        terms = model.loss(batch, features, LossConfig(lambda_tcd=0.0))
        wanted = torch.autograd.grad(terms["total"], list(model.parameters()), allow_unused=True)
        found.append((terms["total"], *wanted))
    for by_position, by_prefix in zip(*found, strict=True):
        torch.testing.assert_close(by_position, by_prefix, rtol=1e-4, atol=1e-5)
