"""The contract that every backbone in the folder keeps, whatever it is called."""

from __future__ import annotations

import pytest
import torch

from mealrec.backbones import base

WIDTH, LENGTH, ITEMS = 16, 6, 9


@pytest.fixture(params=base.names())
def backbone(request):
    torch.manual_seed(0)
    return base.build(request.param, WIDTH).eval()


def embedded(items):
    table = torch.randn(ITEMS + 1, WIDTH, generator=torch.Generator().manual_seed(1))
    return table[items]


def histories():
    return torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 0, 0], [3, 0, 0, 0, 0, 0]])


def test_the_folder_holds_the_default_backbone():
    assert "sasrec" in base.names() and "base" not in base.names()


def test_an_unknown_backbone_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="backbone must be one of .*sasrec.*'gru'"):
        base.build("gru", WIDTH)


def test_a_state_for_every_position(backbone):
    states = backbone.encode(embedded(histories()), histories())
    assert states.shape == (3, LENGTH, WIDTH) and states.isfinite().all()


def test_the_future_never_changes_the_past(backbone):
    items, other = histories(), histories()
    other[0, 4:] = 8
    before, after = backbone.encode(embedded(items), items), backbone.encode(embedded(other), other)
    torch.testing.assert_close(before[0, :4], after[0, :4])
    assert not torch.allclose(before[0, 4], after[0, 4])


def test_the_order_of_the_past_matters(backbone):
    items = histories()[:1]
    swapped = items[:, [1, 0, 2, 3, 4, 5]]
    last = [backbone.encode(embedded(order), order)[:, -1] for order in (items, swapped)]
    assert not torch.allclose(*last)


def test_padding_on_the_right_changes_nothing(backbone):
    short, long = histories()[1:2, :3], histories()[1:2]
    states = [backbone.encode(embedded(items), items)[:, :3] for items in (short, long)]
    torch.testing.assert_close(*states)


def test_rows_do_not_see_each_other(backbone):
    together = backbone.encode(embedded(histories()), histories())
    alone = backbone.encode(embedded(histories()[1:2]), histories()[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)


def test_its_own_loss_is_a_number_with_a_gradient_or_zero(backbone):
    items = histories()
    inputs = embedded(items).requires_grad_()
    loss = backbone.train().extra_loss(inputs, items)
    assert torch.as_tensor(loss).ndim == 0
    if torch.is_tensor(loss):
        loss.backward()
        assert inputs.grad.abs().sum() > 0


def test_its_configuration_is_frozen(backbone):
    with pytest.raises(AttributeError):
        backbone.config.width = 8
