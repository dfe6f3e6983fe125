"""The reader: its nine numbers, by a slow loop over the clips, and none of them from what comes later."""

from __future__ import annotations

import pytest
import torch

from mealrec.models.npd import FIXED
from mealrec.models.published.mealrec import BEGINS_WITH
from mealrec.models.published.reader import LiftReader, Reading
from tests.models.paper.small_model import HISTORIES
from tests.models.published.small_walk import CLOSE, KINDS, make_walk, world
from tests.models.small_model import shares

ROWS = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([2, 0, 1, 5, 0])


@pytest.fixture(scope="module")
def model():
    return make_walk()


@pytest.fixture(scope="module")
def items(model):
    with torch.no_grad():
        return model.items(world()[1])


def reading(model):
    return Reading(model.reader, model.kinds.lifts)


def read(model, items, histories=HISTORIES, rows=ROWS):
    with torch.no_grad():
        return reading(model).numbers(model.reader.watch(items, histories), rows)


def by_hand(model, items, history):
    """Return the nine numbers after the last clip of a history without padding."""
    reader, lifts = model.reader, model.kinds.lifts
    kinds = [items.kinds[item] for item in history]
    evidence = [torch.log1p(reader.log_weight.exp() * each / items.anybody) for each in kinds]
    summed, ages = [], range(len(history) - 1, -1, -1)
    for rate in reader.rates:
        weights = [torch.exp(-rate.abs() * age) for age in ages]
        summed.append(sum(weight * each for weight, each in zip(weights, evidence, strict=True)))
    fading = [torch.exp(-reader.rates[1].abs() * age) for age in ages]
    lately = sum(weight * each for weight, each in zip(fading, kinds, strict=True)) / sum(fading)
    called = []
    for reach, mixed in enumerate((kinds[-1], lately)):
        more = torch.stack([(mixed * (lifts[reach, :, kind] - 1)).sum() for kind in range(KINDS)])
        called.append(torch.log((1 + reader.log_habit[reach].exp() * more).clamp(min=0.1)))
    ones = torch.ones(KINDS)
    before = evidence[-2] if len(history) > 1 else 0 * ones
    length = torch.tensor(float(len(history))).log() * ones
    return (*summed, evidence[-1], before, *called, length, summed[0].mean() * ones)


def test_the_nine_numbers_are_those_of_a_slow_loop(model, items):
    found = read(model, items)
    assert len(found) == FIXED == len(BEGINS_WITH)
    for row, (user, position) in enumerate(zip(*(part.tolist() for part in ROWS), strict=True)):
        expected = by_hand(model, items, HISTORIES[user, : position + 1].tolist())
        for name, (number, right) in enumerate(zip(found, expected, strict=True)):
            torch.testing.assert_close(
                number[row], right, **CLOSE, msg=lambda text, name=name: f"number {name}: {text}"
            )


def test_what_comes_later_is_not_looked_at(model, items):
    changed, rows = HISTORIES.clone(), (torch.tensor([0, 1, 2]), torch.tensor([2, 2, 0]))
    changed[:, 3:] = torch.tensor([8, 6, 1])
    for one, other in zip(read(model, items, rows=rows), read(model, items, changed, rows), strict=True):
        torch.testing.assert_close(one, other)


def test_padding_counts_for_nothing(model, items):
    rows = torch.tensor([0]), torch.tensor([2])
    for one, other in zip(
        read(model, items, HISTORIES[:1, :3], rows), read(model, items, HISTORIES[:1], rows), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_tcd_is_told_of_the_clips_before_the_rows_own_and_of_none_at_the_first(model, items):
    with torch.no_grad():
        watched = model.reader.watch(items, HISTORIES)
        lasting, fading, called = reading(model).earlier(watched, ROWS)
        for row, (user, position) in enumerate(zip(*(part.tolist() for part in ROWS), strict=True)):
            if position == 0:
                assert not any(part[row].any() for part in (lasting, fading, called))
                continue
            expected = by_hand(model, items, HISTORIES[user, :position].tolist())
            for part, right in zip((lasting, fading, called), (expected[0], expected[1], expected[5]), strict=True):
                torch.testing.assert_close(part[row], right, **CLOSE)


def test_the_next_click_follows_another_habit_than_a_later_one(model):
    wanted = shares(3, KINDS)
    assert not torch.allclose(reading(model).habit(wanted), reading(model).habit(wanted, 1))


def test_habit_that_speaks_against_a_kind_stays_a_number():
    reader = LiftReader()
    with torch.no_grad():
        reader.log_habit.fill_(3.0)
    assert Reading(reader, torch.zeros(2, KINDS, KINDS)).habit(shares(3, KINDS)).isfinite().all()


def test_where_nothing_follows_anything_habit_says_nothing():
    reader = Reading(LiftReader(), torch.ones(2, KINDS, KINDS))
    torch.testing.assert_close(reader.habit(shares(3, KINDS)), torch.zeros(3, KINDS), atol=1e-6, rtol=0)
