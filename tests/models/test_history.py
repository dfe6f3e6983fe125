"""What a history shows of kinds: Eq. 7's weights, evidence and habit, against numbers, loops and another order."""

from __future__ import annotations

import math

import pytest
import torch

from mealrec.models.history import HistoryReader, Watched, before, decayed, recency_weights
from mealrec.models.kinds import of_anybody
from mealrec.types import Items
from tests.models.paper.small_model import HISTORIES
from tests.models.small_model import KINDS, shares

ITEMS, FRAMES = 13, 5
ORDER = torch.randperm(KINDS, generator=torch.Generator().manual_seed(4))


def make_items(seed=0) -> Items:
    moments = shares(ITEMS, FRAMES, KINDS, seed=seed)
    kinds, bias, zeros = moments.mean(1), torch.zeros(ITEMS), torch.zeros(ITEMS, KINDS)
    return Items(moments, kinds, zeros, zeros, bias, of_anybody(kinds, bias, torch.arange(ITEMS) > 0))


def reordered(items: Items) -> Items:
    """Return the same items with the kinds in another order."""
    kinds = {name: getattr(items, name)[..., ORDER] for name in ("moments", "kinds", "identity", "title", "anybody")}
    return Items(**kinds, bias=items.bias)


def make_reader(sharp=False) -> HistoryReader:
    """Return a reader with drawn numbers; `sharp` lets each kind speak for itself alone."""
    torch.manual_seed(0)
    reader = HistoryReader(KINDS)
    with torch.no_grad():
        for parameter in reader.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
        if sharp:
            reader.likeness.copy_(1000 * torch.eye(KINDS))
    return reader


@pytest.mark.parametrize("rate", [0.1, 0.9, 3.0])
def test_recency_weights_are_equation_7(rate):
    lengths = [1, 4, 6]
    present = torch.arange(6) < torch.tensor(lengths)[:, None]
    weights = recency_weights(present, torch.tensor(rate))
    for row, length in enumerate(lengths):
        raw = [math.exp(-rate * (length - k)) for k in range(1, length + 1)]
        expected = torch.tensor([value / sum(raw) for value in raw] + [0.0] * (6 - length))
        torch.testing.assert_close(weights[row], expected)


@pytest.mark.parametrize("rate", [0.0, 0.3, -0.3])
def test_decayed_sums_what_came_so_far_with_the_older_counting_less(rate):
    values = torch.randn(2, 5, 3)
    expected = torch.zeros_like(values)
    for position in range(5):
        for earlier in range(position + 1):
            expected[:, position] += math.exp(-abs(rate) * (position - earlier)) * values[:, earlier]
    torch.testing.assert_close(decayed(values, torch.tensor(rate)), expected)


def test_before_is_what_stood_one_position_earlier_and_nothing_at_the_first():
    values = torch.randn(2, 4, 3)
    found = before(values)
    assert found.shape == values.shape and not found[:, 0].any()
    for position in range(1, 4):
        assert torch.equal(found[:, position], values[:, position - 1])


@pytest.mark.parametrize("lift", [0.0, 1.0, 100.0])
def test_evidence_grows_from_zero_with_how_much_more_of_a_kind_is_shown_than_anybodys(lift):
    reader, anybody = make_reader(sharp=True), shares(KINDS)
    expected = torch.full((KINDS,), math.log1p(reader.log_weight.exp().item() * lift))
    torch.testing.assert_close(reader.evidence(lift * anybody, anybody), expected)


def test_kinds_that_are_alike_speak_for_each_other():
    reader, anybody = make_reader(sharp=True), torch.full((KINDS,), 1 / KINDS)
    shown = torch.eye(KINDS)[0]
    assert not reader.evidence(shown, anybody)[1:].any()
    with torch.no_grad():
        reader.likeness[0, 1] = 1000.0
    found = reader.evidence(shown, anybody)
    assert found[1] > 0 and not found[2:].any()


def test_habit_calls_for_the_companion_and_for_all_alike_where_nothing_is_known():
    reader, wanted = HistoryReader(KINDS), torch.eye(KINDS)[:2]
    torch.testing.assert_close(reader.habit(wanted), torch.full((2, KINDS), math.log(2)))
    with torch.no_grad():
        reader.companions[0, 5] = 100.0
    torch.testing.assert_close(reader.habit(wanted)[0], math.log1p(KINDS) * torch.eye(KINDS)[5])
    torch.testing.assert_close(reader.habit(wanted)[1], torch.full((KINDS,), math.log(2)))


def test_what_was_seen_is_the_decayed_evidence_of_the_clips_and_padding_shows_nothing():
    reader, items = make_reader(), make_items()
    watched = reader.watch(items, HISTORIES)
    for row, history in enumerate(HISTORIES.tolist()):
        for position, item in enumerate(history):
            shown = reader.evidence(items.kinds[item], items.anybody) if item else torch.zeros(KINDS)
            torch.testing.assert_close(watched.evidence[row, position], shown)
    assert torch.equal(watched.kinds.sum(-1) > 0, HISTORIES > 0)
    assert not watched.kinds[HISTORIES == 0].any()
    assert len(watched.seen) == len(reader.rates) == 3
    for seen, rate in zip(watched.seen, reader.rates, strict=True):
        torch.testing.assert_close(seen, decayed(watched.evidence, rate))


def test_what_was_seen_up_to_a_clip_does_not_depend_on_later_ones():
    reader, items, changed = make_reader(), make_items(), HISTORIES.clone()
    changed[:, 3:] = torch.tensor([8, 6, 1])
    one, other = reader.watch(items, HISTORIES), reader.watch(items, changed)
    for seen, again in zip(one.seen, other.seen, strict=True):
        torch.testing.assert_close(seen[:, :3], again[:, :3])
        assert not torch.allclose(seen[1, 3:], again[1, 3:])


def test_kinds_in_another_order_give_the_same_answer_in_that_order():
    """No kind is read in a way of its own: what is learned of one holds for all."""
    reader, items = make_reader(), make_items()
    other = make_reader()
    with torch.no_grad():
        for matrix in (other.likeness, other.companions):
            matrix.copy_(matrix[ORDER][:, ORDER])
    one, again = reader.watch(items, HISTORIES), other.watch(reordered(items), HISTORIES)
    torch.testing.assert_close(again.evidence, one.evidence[..., ORDER])
    for seen, seen_again in zip(one.seen, again.seen, strict=True):
        torch.testing.assert_close(seen_again, seen[..., ORDER])
    torch.testing.assert_close(other.habit(again.kinds), reader.habit(one.kinds)[..., ORDER])
    assert not torch.allclose(reader.watch(reordered(items), HISTORIES).evidence, one.evidence[..., ORDER])


def test_a_backbone_alone_is_shown_the_clips_and_no_evidence():
    items = make_items()
    watched = Watched.nothing(items, HISTORIES)
    assert torch.equal(watched.kinds, items.kinds[HISTORIES] * (HISTORIES > 0)[..., None])
    assert not watched.evidence.any() and watched.seen == ()
