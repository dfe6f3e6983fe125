"""The contract that every baseline in the folder keeps, whatever it is called."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from mealrec.baselines import base
from mealrec.data.batches import TrainingBatches, by_prefix
from mealrec.data.interactions import leave_one_out
from mealrec.ranking.ranks import model_scorer, popularity_scorer, rank_rows
from mealrec.training.recipes import microlens
from mealrec.training.run import load_system, save_system
from mealrec.training.trainer import train
from mealrec.types import SequenceBatch
from tests.training.tiny_titles import make_titles
from tests.training.tiny_world import FRAMES, NUM_ITEMS, TEXT, VISUAL, make_catalogue, make_features, make_hidden

CATALOGUE = make_catalogue()
SPLIT = leave_one_out(CATALOGUE)
FEATURES = make_features(CATALOGUE)
HIDDEN, TITLES = make_hidden(), make_titles()
SHAPE = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}


@pytest.fixture(params=base.names())
def name(request):
    return request.param


def beside(name):
    """Return what a system is given beside the features."""
    return TITLES if base.system(name).needs == base.TITLES else HIDDEN


def make(name, seed=0):
    torch.manual_seed(seed)
    system = base.build(base.system(name).Config(**SHAPE, width=16), beside(name))
    system.prepare(SPLIT.train, FEATURES, beside(name))
    return system.eval()


def lively(system):
    """Move every parameter off the zeros that some begin from, so that every path counts."""
    with torch.no_grad():
        for parameter in system.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return system


def batch_of(system, users=32):
    batches = TrainingBatches(SPLIT.train, 10, "cpu", system.causal)
    return next(batches.epoch(users, torch.Generator().manual_seed(0)))


def scores(system, histories):
    with torch.inference_mode():
        return system.scores(histories, system.items(FEATURES))


def histories():
    return torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 0, 0], [3, 0, 0, 0, 0, 0]])


def recipe(name):
    return next(r for r in microlens(SHAPE, 0) if r.name == name)


def test_an_unknown_baseline_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="baseline must be one of .*morec.*'gru'"):
        base.system("gru")


def test_it_says_what_it_is_and_what_it_departs_in(name):
    system = base.system(name)
    assert 20 <= len(system.SUMMARY) <= 140
    assert system.__doc__


def test_every_item_gets_a_score(name):
    system = lively(make(name))
    found = scores(system, histories())
    assert found.shape == (3, NUM_ITEMS + 1) and found[:, 1:].isfinite().all()
    assert found[:, 1:].std(1).min() > 0


def test_the_history_decides(name):
    found = scores(lively(make(name)), histories())
    assert not torch.allclose(found[0], found[1]) and not torch.allclose(found[1], found[2])


def test_padding_changes_nothing(name):
    system = lively(make(name))
    longer = torch.nn.functional.pad(histories(), (0, 4))
    torch.testing.assert_close(scores(system, longer), scores(system, histories()), atol=1e-4, rtol=1e-4)


def test_another_order_and_other_company_give_the_same_scores(name):
    system = lively(make(name))
    together, order = scores(system, histories()), [2, 0, 1]
    torch.testing.assert_close(scores(system, histories()[order]), together[order], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(scores(system, histories()[1:2]), together[1:2], atol=1e-4, rtol=1e-4)


def test_evaluation_draws_nothing(name):
    system = lively(make(name))
    torch.manual_seed(1)
    first = scores(system, histories())
    torch.manual_seed(2)
    assert torch.equal(scores(system, histories()), first)


def test_gradients_reach_every_parameter(name):
    system = lively(make(name)).train()
    torch.manual_seed(0)
    dead = {name for name, _ in system.named_parameters()}
    for _ in range(3):  # what is drawn may leave a parameter out once
        system.zero_grad()
        system.loss(batch_of(system, 100), FEATURES)["total"].backward()
        dead -= {name for name, p in system.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert not dead


def test_one_batch_can_be_overfitted(name):
    system = make(name).train()
    for module in system.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    watched, wanted = torch.tensor([1, 10, 20]), torch.tensor([2, 12, 25])
    rows = SequenceBatch(watched[:, None], wanted[:, None])
    optimizer = torch.optim.Adam(system.parameters(), lr=1e-2)
    for _ in range(300):
        optimizer.zero_grad()
        system.loss(rows if system.causal else by_prefix(rows), FEATURES)["total"].backward()
        optimizer.step()
    found = scores(system.eval(), rows.items)
    assert found[:, wanted].argmax(1).tolist() == [0, 1, 2]


def test_saved_weights_and_configuration_give_the_same_ranking(name):
    system = lively(make(name))
    config = base.from_dict(json.loads(json.dumps(system.config.to_dict())))
    assert config == system.config
    other = base.build(config)
    other.load_state_dict(load(save({key: value.contiguous() for key, value in system.state_dict().items()})))
    other.prepare(SPLIT.train, FEATURES, beside(name))
    assert torch.equal(scores(other.eval(), histories()), scores(system, histories()))


def test_its_configuration_is_frozen_and_knows_its_settings(name):
    config = make(name).config
    with pytest.raises(AttributeError):
        config.width = 8
    with pytest.raises(TypeError, match="depth"):
        base.from_dict({**config.to_dict(), "depth": 3})


def test_no_validation_or_test_click_is_seen_in_training(name):
    """Whatever the last two clicks of a viewer are, the trained weights are the same to the bit."""
    turned = {user: (*watched[:-2], *watched[-2:][::-1]) for user, watched in CATALOGUE.histories.items()}
    other = leave_one_out(replace(CATALOGUE, histories=turned))
    assert other.train == SPLIT.train and not np.array_equal(other.test.targets, SPLIT.test.targets)
    config = replace(recipe(name).training, max_epochs=1, validation_rows=20)
    kept = [
        train(base.system(name).Config(**SHAPE, width=16), config, split, FEATURES, encoder_input=beside(name))
        for split in (SPLIT, other)
    ]
    first, second = (trained.model.state_dict() for trained in kept)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_trained_by_its_recipe_it_beats_popularity_and_survives_the_disk(name, tmp_path):
    known, own = FEATURES.has_id.numpy(), recipe(name)
    brief = replace(own.training, max_epochs=12, patience=12, validation_rows=100)
    own = replace(own, model=replace(own.model, width=32), training=brief)
    trained = train(own.model, own.training, SPLIT, FEATURES, encoder_input=beside(name))
    ranked = rank_rows(model_scorer(trained.model, FEATURES), SPLIT.test, known)
    save_system(tmp_path, own, trained)
    loaded = load_system(tmp_path)
    loaded.prepare(SPLIT.train, FEATURES, beside(name))
    assert np.array_equal(rank_rows(model_scorer(loaded, FEATURES), SPLIT.test, known).masked, ranked.masked)
    popular = rank_rows(popularity_scorer(SPLIT.train, NUM_ITEMS), SPLIT.test, known)
    assert np.mean(1 / ranked.masked) > np.mean(1 / popular.masked)
