"""The head over kinds: what a preference says for an item, by a direct sum."""

from __future__ import annotations

import math

import pytest
import torch

from mealrec.models.published.head import KindHead
from mealrec.types import Items
from tests.models.published.small_walk import CLOSE, KINDS
from tests.models.small_model import shares

ITEMS = 9
ANYBODY = shares(KINDS, seed=1)


@pytest.fixture
def head() -> KindHead:
    head = KindHead()
    with torch.no_grad():
        head.log_scale.fill_(0.4)
        head.log_accident.fill_(-0.7)
        head.popularity.fill_(0.3)
    return head


def drawn(rows=4):
    return 2 * torch.randn(rows, KINDS, generator=torch.Generator().manual_seed(2))


def items():
    kinds, nothing = shares(ITEMS, KINDS), torch.zeros(ITEMS, 0)
    return Items(kinds[:, None], kinds, nothing, nothing, torch.arange(float(ITEMS)), ANYBODY)


def test_a_flat_preference_says_nothing_for_any_item(head):
    flat = torch.full((1, KINDS), 1.7)
    torch.testing.assert_close(head.matches(flat, items().kinds, ANYBODY), torch.zeros(1, ITEMS), atol=1e-6, rtol=0)


def test_what_a_preference_says_is_a_logarithm_of_sums(head):
    preference, kinds = drawn(), items().kinds
    found, accident, scale = head.matches(preference, kinds, ANYBODY), math.exp(-0.7), math.exp(0.4)
    for row, wanted in enumerate(preference.tolist()):
        appeal = [math.exp(scale * value) for value in wanted]
        whole = sum(share * each for share, each in zip(ANYBODY.tolist(), appeal, strict=True))
        for item, mixed in enumerate(kinds.tolist()):
            fits = sum(share * each for share, each in zip(mixed, appeal, strict=True))
            expected = math.log(fits + accident * whole) - math.log(whole * (1 + accident))
            assert found[row, item].item() == pytest.approx(expected, abs=1e-5)


def test_one_item_a_row_is_asked_as_all_are(head):
    preference, kinds = drawn(), items().kinds
    found = head.match(preference, kinds[:4], ANYBODY)
    torch.testing.assert_close(found, head.matches(preference, kinds, ANYBODY)[range(4), range(4)])


def test_an_item_of_anybodys_kinds_gets_nothing_and_one_of_the_wanted_kind_more(head):
    preference = 3 * torch.eye(KINDS)[:1]
    kinds = torch.stack([ANYBODY, torch.eye(KINDS)[0], torch.eye(KINDS)[1]])
    usual, wanted, other = head.matches(preference, kinds, ANYBODY)[0]
    assert usual.item() == pytest.approx(0, abs=1e-6) and other < 0 < wanted


def test_the_more_accidents_there_are_the_less_a_preference_says(head):
    before = head.matches(drawn(), items().kinds, ANYBODY).abs()
    with torch.no_grad():
        head.log_accident.fill_(1.0)
    assert (head.matches(drawn(), items().kinds, ANYBODY).abs() < before).all()


def test_large_preferences_stay_numbers(head):
    assert head.matches(100 * drawn(), items().kinds, ANYBODY).isfinite().all()


def test_what_is_clicked_anyway_is_added_to_the_scores(head):
    found = head.scores(drawn(), items())
    torch.testing.assert_close(found - items().bias, head.matches(drawn(), items().kinds, ANYBODY), **CLOSE)


def test_what_is_wanted_sums_to_1_and_is_anybodys_where_nothing_is_preferred(head):
    torch.testing.assert_close(head.wanted(drawn(), ANYBODY).sum(-1), torch.ones(4))
    torch.testing.assert_close(head.wanted(torch.zeros(1, KINDS), ANYBODY)[0], ANYBODY)


@torch.no_grad()
def test_items_of_few_kinds_may_be_given_sparse():
    head, kinds = KindHead(), torch.tensor([[0.0, 0.7, 0.3], [1.0, 0.0, 0.0]])
    preference, anybody = torch.tensor([[0.5, -1.0, 2.0], [3.0, 0.0, 0.1]]), torch.tensor([0.2, 0.5, 0.3])
    torch.testing.assert_close(
        head.matches(preference, kinds.to_sparse(), anybody), head.matches(preference, kinds, anybody)
    )
