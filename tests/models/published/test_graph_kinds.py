"""What is counted once: which kinds an item and its moments are of, and what anybody clicks."""

from __future__ import annotations

import pytest
import torch

from mealrec.models.published.kinds import GraphKinds
from tests.models.published.small_walk import KINDS, world
from tests.training.tiny_world import NUM_ITEMS, PER_TASTE, TASTES, VISUAL


def fitted(features=None, sequences=None, num_kinds=KINDS) -> GraphKinds:
    split, known = world()
    kinds = GraphKinds(NUM_ITEMS, VISUAL, num_kinds)
    kinds.fit(known if features is None else features, split.train if sequences is None else sequences)
    return kinds


@pytest.fixture(scope="module")
def kinds():
    return fitted()


def test_the_shares_of_every_item_and_of_every_moment_sum_to_1(kinds):
    _, features = world()
    everything = torch.arange(1, len(features))
    for found in (kinds.shares[1:], kinds.kinds[1:], kinds.moments(features, everything)):
        torch.testing.assert_close(found.sum(-1), torch.ones(found.shape[:-1]))
    assert not kinds.shares[0].any() and not kinds.kinds[0].any()


def test_items_of_one_taste_are_of_its_kinds():
    """With a kind a taste, everything of a taste is mostly of one, and no two tastes share it."""
    kinds = fitted(num_kinds=TASTES)
    mostly = [set(of_taste.argmax(1).tolist()) for of_taste in kinds.kinds[1:].split(PER_TASTE)]
    assert all(len(each) == 1 for each in mostly) and len(set.union(*mostly)) == TASTES


def test_an_item_is_what_its_moments_are_in_the_mean(kinds):
    _, features = world()
    rows = torch.tensor([3, 9, 20])
    torch.testing.assert_close(kinds.kinds[rows], kinds.moments(features, rows).mean(1))


def test_a_moment_is_of_those_of_its_items_kinds_that_it_looks_like(kinds):
    _, features = world()
    rows = torch.arange(1, len(features))
    found = kinds.moments(features, rows)
    looks = torch.nn.functional.normalize(features.frames[1:] - kinds.centre, dim=-1) @ kinds.centroids.T
    lifts = found / kinds.shares[rows].unsqueeze(1)
    for item, item_lifts in enumerate(lifts):
        for frame, each in enumerate(item_lifts):
            there = (kinds.shares[item + 1] > 0).nonzero().flatten()
            assert there[looks[item, frame, there].argmax()] == there[each[there].argmax()]


def test_an_item_without_a_video_has_its_own_shares_at_every_moment():
    _, features = world()
    blind = features.replace(has_visual=features.has_visual & (torch.arange(len(features)) != 5))
    kinds = fitted(blind)
    moments = kinds.moments(blind, torch.tensor([5]))[0]
    torch.testing.assert_close(moments, kinds.shares[5].expand_as(moments))


def test_an_item_that_the_graph_does_not_hold_is_guessed_from_its_looks(kinds):
    _, features = world()
    found = kinds.guessed(features.rows(torch.arange(1, len(features))))
    torch.testing.assert_close(found.sum(-1), torch.ones(found.shape[:-1]))
    agrees = (found.mean(1).argmax(1) == kinds.kinds[1:].argmax(1)).float().mean()
    assert agrees > 0.6
    blind = features.replace(has_visual=torch.zeros_like(features.has_visual))
    usual = (kinds.anybody / kinds.anybody.sum()).expand_as(found)
    torch.testing.assert_close(kinds.guessed(blind.rows(torch.arange(1, len(features)))), usual)


def test_clicks_are_counted_and_anybody_is_what_is_clicked(kinds):
    split, features = world()
    for item in (1, 7, 27):
        assert kinds.clicks[item] == sum(sequence.count(item) for sequence in split.train)
    weights = (kinds.clicks + 0.5) * features.has_id
    weights[0] = 0
    expected = (weights[:, None] * kinds.kinds).sum(0) / weights.sum()
    torch.testing.assert_close(kinds.anybody, expected + 1e-4)


def test_what_is_fitted_stays(kinds):
    before = {name: tensor.clone() for name, tensor in kinds.state_dict().items()}
    kinds.fit(world()[1], [[1, 2]])
    assert all(torch.equal(tensor, before[name]) for name, tensor in kinds.state_dict().items())


def test_an_order_of_viewers_and_a_second_count_change_nothing(kinds):
    again = fitted(sequences=world()[0].train[::-1])
    for name, tensor in kinds.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, msg=name)


def test_nothing_of_it_is_trained(kinds):
    assert not list(kinds.parameters())
