"""The graph of items: who is tied to whom, which kinds that makes, and what follows what."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mealrec.models.published.kinds import (
    NEARER,
    TRANSITION_RATES,
    content_directions,
    graph_kinds,
    item_graph,
    transition_lifts,
)
from mealrec.types import ItemFeatures
from tests.models.published.small_walk import world
from tests.models.small_model import shares

GROUP, GROUPS = 15, 4
ITEMS = GROUP * GROUPS
GROUP_OF = np.arange(ITEMS) // GROUP
NOTHING = torch.zeros(ITEMS, 3)


def alike(seed=0) -> torch.Tensor:
    """Return directions [N, V]: those of a group nearly agree."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.eye(GROUPS, 8)[torch.from_numpy(GROUP_OF)]
    return F.normalize(centres + 0.1 * torch.randn(ITEMS, 8, generator=generator), dim=-1)


def clicks(count=200, seed=0) -> list[list[int]]:
    """Return what viewers click: each keeps to one group."""
    rng = np.random.default_rng(seed)
    return [
        (1 + rng.choice(np.flatnonzero(user % GROUPS == GROUP_OF), 5, replace=False)).tolist() for user in range(count)
    ]


def groups_found(kinds: np.ndarray) -> list[set[int]]:
    return [set(kinds[group == GROUP_OF].argmax(1)) for group in range(GROUPS)]


def same_graph(one, other) -> bool:
    return abs(one - other).max() < 1e-12


def test_items_that_look_alike_share_kinds_without_a_single_click():
    found = groups_found(graph_kinds(item_graph(alike(), []), GROUPS))
    assert all(len(kinds) == 1 for kinds in found) and len(set.union(*found)) == GROUPS


def test_items_that_are_clicked_together_share_kinds_though_nothing_is_known_of_them():
    found = groups_found(graph_kinds(item_graph(NOTHING, clicks()), GROUPS))
    assert all(len(kinds) == 1 for kinds in found) and len(set.union(*found)) == GROUPS


@pytest.mark.parametrize("num_kinds", [2, 7, 2 * ITEMS])
def test_the_shares_of_every_item_sum_to_1(num_kinds):
    lonely = [sequence for sequence in clicks() if ITEMS not in sequence]  # the last item has neither click nor content
    directions = torch.cat([alike()[:-1], torch.zeros(1, 8)])
    kinds = graph_kinds(item_graph(directions, lonely), num_kinds)
    assert kinds.shape == (ITEMS, num_kinds) and (kinds >= 0).all()
    np.testing.assert_allclose(kinds.sum(1), 1)


def test_an_item_is_half_of_its_own_kind_and_half_of_its_neighbours():
    graph = item_graph(alike(), clicks())
    kinds, dense = graph_kinds(graph, GROUPS + 3), graph.toarray()
    own = np.eye(kinds.shape[1])[kinds.argmax(1)]
    expected = (own + dense @ own / dense.sum(1, keepdims=True)) / 2
    np.testing.assert_allclose(kinds, expected, atol=1e-12)


def test_the_graph_is_symmetric_and_found_again_to_the_bit():
    graph = item_graph(alike(), clicks())
    assert same_graph(graph, graph.T) and graph.min() >= 0
    first, second = (graph_kinds(item_graph(alike(), clicks()), 9) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_order_of_the_viewers_counts_for_nothing():
    assert same_graph(item_graph(NOTHING, clicks()), item_graph(NOTHING, clicks()[::-1]))


def test_a_pair_counts_less_for_every_click_between():
    """Items 1 and 2 follow each other, 1 and 3 have one click between: before the degrees that is NEARER."""
    found = item_graph(torch.zeros(3, 2), [[1, 2, 3]]).toarray()
    assert found[0, 1] == pytest.approx(found[1, 2]) and found[0, 2] < found[0, 1]
    degrees = np.array([1 + NEARER, 2, 1 + NEARER])
    assert found[0, 2] / found[0, 1] == pytest.approx(NEARER * (degrees[1] / degrees[2]) ** 0.5, rel=0.1)


def test_an_items_direction_has_length_1_and_nothing_of_what_it_lacks():
    _, features = world()
    rows = torch.arange(len(features))
    partly = features.replace(has_visual=features.has_visual & (rows != 3), has_text=features.has_text & (rows != 4))
    found, width = content_directions(partly), features.frames.shape[2]
    torch.testing.assert_close(found.norm(dim=-1)[1:], torch.ones(len(features) - 1))
    assert not found[0].any() and not found[3, :width].any() and not found[4, width:].any()
    assert found[3, width:].any() and found[4, :width].any()
    halves = found[5, :width].norm(), found[5, width:].norm()
    torch.testing.assert_close(*halves)


def test_without_any_title_directions_are_those_of_the_frames():
    _, features = world()
    bare = features.replace(text=torch.zeros_like(features.text), has_text=torch.zeros_like(features.has_text))
    found, width = content_directions(bare), features.frames.shape[2]
    assert found.isfinite().all() and not found[:, width:].any() and found[1:, :width].any(1).all()


def test_what_many_titles_share_makes_nobody_alike():
    _, features = world()
    moved: ItemFeatures = features.replace(text=features.text + 100.0, frames=features.frames + 100.0)
    torch.testing.assert_close(content_directions(moved), content_directions(features), atol=1e-3, rtol=1e-3)


def test_transition_lifts_are_those_of_a_slow_double_loop():
    kinds, sequences = shares(ITEMS + 1, 4), clicks(30)
    kinds[0] = 0
    found = transition_lifts(kinds, sequences)
    assert found.shape == (2, 4, 4)
    for rate, lifts in zip(TRANSITION_RATES, found, strict=True):
        counted = torch.zeros(4, 4, dtype=torch.double)
        for sequence in sequences:
            for first, one in enumerate(sequence):
                for gap, other in enumerate(sequence[first + 1 :]):
                    counted += np.exp(-rate * gap) * torch.outer(kinds[one], kinds[other])
        expected = counted.sum(1, keepdim=True) * counted.sum(0) / counted.sum()
        torch.testing.assert_close(lifts, ((counted + 3) / (expected + 3)).float())


def test_what_follows_is_told_from_what_came_before():
    kinds = torch.eye(4)[:, 1:]  # of items 1 to 3, each of a kind of its own
    lifts = transition_lifts(kinds, [[1, 2], [2, 3], [3, 1]] * 50)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        assert (lifts[:, first, second] > 2).all() and (lifts[:, second, first] < 0.5).all()


def test_without_a_pair_no_kind_follows_another_more_often():
    torch.testing.assert_close(transition_lifts(shares(ITEMS + 1, 4), [[1], [2]]), torch.ones(2, 4, 4))
