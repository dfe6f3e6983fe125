"""The objective of the walk over kinds: each term, and where gradients go."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from mealrec.data.batches import TrainingBatches
from mealrec.models.published.config import GraphLoss
from mealrec.models.published.mealrec import KindWalk
from mealrec.types import SequenceBatch
from tests.models.published.small_walk import CLOSE, KINDS, QUIET, make_walk_config, world
from tests.training.tiny_world import NUM_ITEMS

ABLATIONS = ("full", "no_tcd", "no_npd", "no_tcd_npd")
PLAIN = GraphLoss(negatives=20)


def untrained(variant="full", seed=0, **changes) -> KindWalk:
    torch.manual_seed(seed)
    model = KindWalk(make_walk_config(variant, **changes))
    model.prepare(world()[0].train, world()[1])
    return model


def batch(users=40) -> SequenceBatch:
    batches = TrainingBatches(world()[0].train, 10, "cpu").epoch(users, torch.Generator().manual_seed(0))
    return next(iter(batches))


def terms_of(model, config=PLAIN, rows=None, seed=0):
    torch.manual_seed(seed)
    return model.loss(batch() if rows is None else rows, world()[1], config)


@pytest.mark.parametrize("variant", ABLATIONS)
def test_an_ablation_has_no_loss_of_what_it_lacks(variant):
    terms = terms_of(untrained(variant))
    assert ("npd" in terms) == (variant in ("full", "no_tcd"))
    assert (terms["tcd"] > 0) == (variant in ("full", "no_npd"))


def test_the_total_is_the_weighted_sum_of_its_terms():
    config = replace(PLAIN, lambda_tcd=0.3, lambda_npd=0.7, lambda_start=0.11)
    terms = terms_of(untrained(), config)
    expected = terms["rank"] + 0.3 * terms["tcd"] + 0.7 * terms["npd"] + 0.11 * terms["start"]
    torch.testing.assert_close(terms["total"], expected)


def test_the_ranking_term_is_a_cross_entropy_among_the_sampled_which_stand_for_all():
    model, (_, features) = untrained(), world()
    kinds, head = model.folds[0], model.table
    preference, targets = torch.randn(3, KINDS), torch.tensor([4, 9, 20])
    sampled = torch.tensor([1, 9, 2, 2, 14])  # the second row's target is among them
    found = model._ranking(preference, kinds, targets, sampled)
    popular = head.popularity * torch.log1p(kinds.clicks)
    scores = head.matches(preference, kinds.kinds, kinds.anybody) + popular
    expected = []
    for row, target in enumerate(targets.tolist()):
        others = [scores[row, item].exp() for item in sampled.tolist() if item != target]
        whole = scores[row, target].exp() + (len(features) - 1) / len(sampled) * sum(others)
        expected.append(whole.log() - scores[row, target])
    torch.testing.assert_close(found, torch.stack(expected).mean(), **CLOSE)


def test_ranked_against_every_item_once_it_is_the_whole_cross_entropy():
    model = untrained()
    kinds, targets = model.folds[1], torch.tensor([4, 9])
    preference = torch.randn(2, KINDS)
    found = model._ranking(preference, kinds, targets, torch.arange(1, NUM_ITEMS + 1))
    scores = model.table.matches(preference, kinds.kinds, kinds.anybody)
    scores = (scores + model.table.popularity * torch.log1p(kinds.clicks))[:, 1:]
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(scores, targets - 1), **CLOSE)


def test_a_batch_counts_every_row_alike_whatever_its_fold():
    """Without chance, the loss of a batch is the mean of its viewers' losses by how many rows each has."""
    model, whole = untrained("no_tcd_npd", **QUIET), batch(12)
    config = replace(PLAIN, negatives=4000)
    each = []
    for row in range(len(whole.items)):
        own = SequenceBatch(whole.items[row : row + 1], whole.targets[row : row + 1])
        each.append((int((own.targets > 0).sum()), terms_of(model, config, own)["rank"]))
    expected = sum(count * term for count, term in each) / sum(count for count, _ in each)
    torch.testing.assert_close(terms_of(model, config, whole)["rank"], expected, atol=0.02, rtol=0)


def test_a_row_is_ranked_by_kinds_that_never_saw_its_viewer():
    """The kinds of all clicks are not asked: whatever they are, the loss is the same."""
    model = untrained()
    before = terms_of(model)["total"]
    for tensor in (model.kinds.kinds, model.kinds.shares, model.kinds.clicks):
        tensor.zero_()
    torch.testing.assert_close(terms_of(model)["total"], before)
    for kinds in model.folds:
        kinds.clicks.zero_()
    assert not torch.allclose(terms_of(model)["total"], before)


def test_no_gradient_flows_into_what_is_to_be_recovered(monkeypatch):
    goals = []

    def mse_loss(prediction, target):
        goals.append(target)
        return (prediction - target).square().mean()

    monkeypatch.setattr(F, "mse_loss", mse_loss)
    terms_of(untrained())
    assert goals and not any(goal.requires_grad for goal in goals)


@pytest.mark.parametrize("variant", ABLATIONS)
def test_gradients_reach_every_number_that_the_variant_uses(variant):
    model = untrained(variant)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    terms_of(model, replace(PLAIN, lambda_npd=0.5))["total"].backward()
    without = {name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()}
    of_xt = set() if model.has_npd else {"npd.trust"}  # of an x_t that is not there
    assert without == of_xt | {"npd.kind_bias"}


def test_no_number_is_learned_for_one_kind():
    """Each fold has other kinds, so nothing can be known of one."""
    model = untrained(num_kinds=11)  # a width that nothing else has
    learned = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    assert not [name for name, weight in learned.items() if 11 in weight.shape]
    assert not model.npd.kind_bias.any()


@pytest.mark.parametrize("variant", ABLATIONS)
def test_a_few_steps_of_training_lower_the_loss(variant):
    model, rows, seen = untrained(variant), batch(200), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(30):
        optimizer.zero_grad()
        total = terms_of(model, replace(PLAIN, negatives=400), rows, seed=step)["rank"]
        total.backward()
        optimizer.step()
        seen.append(total.item())
    assert math.isfinite(seen[-1]) and sum(seen[-3:]) < 0.97 * sum(seen[:3])
