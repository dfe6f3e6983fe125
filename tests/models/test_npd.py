"""NPD: blind, alike for all kinds, and what it counts of the clips written out."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch.nn import functional as F

from mealrec.models.history import shares_of
from mealrec.models.npd import FIXED, MOVING, NPD
from tests.models.paper.small_model import HISTORIES
from tests.models.small_model import CLOSE, KINDS, make_model, shares

ORDER = torch.randperm(KINDS, generator=torch.Generator().manual_seed(4))
ROWS = torch.tensor([0, 1, 1, 2]), torch.tensor([2, 1, 5, 0])


@pytest.fixture
def model():
    return make_model("full")


def parts(model, features, histories=HISTORIES):
    """Return what histories show, a drawn r, and what anybody watches."""
    items = model.items(features)
    watched = model.reader.watch(items, histories)
    wanted = shares(*histories.shape, KINDS, seed=2) * (histories > 0).unsqueeze(-1)
    return watched, wanted, items.anybody


def condition_of(model, features, histories=HISTORIES, rows=ROWS):
    watched, wanted, anybody = parts(model, features, histories)
    return model.npd.condition(watched, wanted, model.reader, rows, anybody)


def noisy(rows=4):
    return torch.randn(rows, KINDS, generator=torch.Generator().manual_seed(3))


def test_no_argument_could_carry_the_step():
    assert list(inspect.signature(NPD.denoise).parameters) == ["self", "xt", "condition", "reader"]


def test_every_step_of_a_walk_is_one_and_the_same_function(model, features):
    items = model.items(features)
    context = model.context(items, HISTORIES)
    walk = model.walk(context, items, torch.Generator().manual_seed(0))
    condition = model.condition(walk.wanted, context, items)
    for step in walk.npd:
        torch.testing.assert_close(step.x0_hat, model.npd.denoise(step.xt, condition, model.reader))


def test_what_x_t_makes_of_the_clips_is_counted_clip_by_clip(model, features):
    """A clip counts for the kinds that it was watched for and that x_t wants, by how long ago that was."""
    npd, xt, (_, wanted, _) = model.npd, noisy(), parts(model, features)
    moving = npd._moving(xt, condition_of(model, features), model.reader)
    assert len(moving) == MOVING and torch.equal(moving[0], xt)
    for row, (user, position) in enumerate(zip(*ROWS, strict=True)):
        chances = (npd.trust.abs() * xt[row]).exp()
        for rate, counted in zip(npd.rates, moving[1:3], strict=True):
            expected = torch.zeros(KINDS)
            for clip in range(position + 1):
                fitting = wanted[user, clip] * chances
                expected += torch.exp(-rate.abs() * (position - clip)) * fitting / fitting.sum()
            torch.testing.assert_close(counted[row], expected, **CLOSE)
        last = shares_of(wanted[user, position] * chances)
        called = model.reader.habit(last)
        for found, expected in zip(moving[3:], (called, last, last * called), strict=True):
            torch.testing.assert_close(found[row], expected, **CLOSE)


def test_a_row_reads_nothing_after_its_position(model, features):
    changed, rows = HISTORIES.clone(), (torch.tensor([0, 1, 2]), torch.tensor([2, 2, 0]))
    changed[:, 3:] = torch.tensor([8, 6, 1])
    one, other = (condition_of(model, features, histories, rows) for histories in (HISTORIES, changed))
    for name, tensor in vars(one).items():
        torch.testing.assert_close(tensor, getattr(other, name), msg=name)
    later = condition_of(model, features, changed, (rows[0], rows[1] + 1))
    assert not torch.allclose(
        model.npd.denoise(noisy(3), one, model.reader), model.npd.denoise(noisy(3), later, model.reader)
    )


def test_padding_counts_for_nothing(model, features):
    answers, rows = [], (torch.tensor([0]), torch.tensor([2]))
    for padding in (0, 7):
        watched, _, anybody = parts(model, features, F.pad(HISTORIES[:1, :3], (0, padding)))
        wanted = F.pad(shares(1, 3, KINDS, seed=2), (0, 0, 0, padding))
        condition = model.npd.condition(watched, wanted, model.reader, rows, anybody)
        answers.append(model.npd.denoise(noisy(1), condition, model.reader))
    torch.testing.assert_close(*answers)


def test_kinds_in_another_order_give_the_same_answer_in_that_order(model, features):
    watched, wanted, anybody = parts(model, features)
    expected = model.npd.denoise(noisy(), condition_of(model, features), model.reader)
    other = make_model("full")
    with torch.no_grad():
        for matrix in (other.reader.likeness, other.reader.companions):
            matrix.copy_(matrix[ORDER][:, ORDER])
        other.npd.kind_bias.copy_(other.npd.kind_bias[ORDER])
    moved = type(watched)(
        watched.items,
        watched.moments[..., ORDER],
        watched.kinds[..., ORDER],
        watched.evidence[..., ORDER],
        tuple(seen[..., ORDER] for seen in watched.seen),
    )
    condition = other.npd.condition(moved, wanted[..., ORDER], other.reader, ROWS, anybody[ORDER])
    found = other.npd.denoise(noisy()[:, ORDER], condition, other.reader)
    torch.testing.assert_close(found, expected[:, ORDER], **CLOSE)


def test_the_answer_has_mean_0_and_a_length_of_its_own(model, features):
    condition = condition_of(model, features)
    answer = model.npd.denoise(noisy(), condition, model.reader)
    torch.testing.assert_close(answer.mean(-1), torch.zeros(len(answer)), atol=1e-5, rtol=0)
    assert not torch.allclose(answer.norm(dim=-1), torch.full((len(answer),), KINDS**0.5), rtol=0.05)


def test_every_part_of_what_is_read_matters(features):
    """Of the map's numbers, each changes the answer where it is changed alone."""
    model = make_model("full")
    answer = model.npd.denoise(noisy(), condition_of(model, features), model.reader)
    for weights, count in ((model.npd.fixed_in, FIXED), (model.npd.moving_in, MOVING)):
        assert len(weights) == count
        for number in range(count):
            with torch.no_grad():
                kept = weights[number].clone()
                weights[number] = 0
                other = model.npd.denoise(noisy(), condition_of(model, features), model.reader)
                weights[number] = kept
            assert not torch.allclose(answer, other), number
