"""The contract that every backbone in the folder keeps, whatever it is called."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load, save
from torch import nn
from torch.nn import functional as F

from mealrec.backbones import base

WIDTH, LENGTH, ITEMS = 16, 6, 9


@pytest.fixture(params=base.names())
def backbone(request):
    return make(request.param).eval()


def make(name, seed=0, **changes):
    torch.manual_seed(seed)
    return base.build(name, WIDTH, **changes)


def name_of(backbone):
    return type(backbone).__module__.rpartition(".")[2]


def embedded(items, seed=1):
    table = torch.randn(ITEMS + 1, WIDTH, generator=torch.Generator().manual_seed(seed))
    return table[items]


def inputs(items):
    """Everything that a backbone is given: what stands for the items, their indices, their titles."""
    return embedded(items), items, embedded(items, seed=2)


def histories():
    return torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 0, 0], [3, 0, 0, 0, 0, 0]])


def last(backbone, items):
    return base.last_states(backbone.encode(*inputs(items)), items)


def prefixes(items):
    """Every history that ends somewhere in `items` [B, L], and the item that follows it."""
    rows = [(row[: end + 1], row[end + 1]) for row in items.tolist() for end in range(len(row) - 1) if row[end + 1]]
    padded = torch.tensor([prefix + [0] * (items.shape[1] - len(prefix)) for prefix, _ in rows])
    return padded, torch.tensor([target for _, target in rows])


def test_the_folder_holds_the_papers_three_backbones():
    assert {"sasrec", "cl4srec", "tedrec"} <= set(base.names()) and "base" not in base.names()


def test_an_unknown_backbone_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="backbone must be one of .*sasrec.*'gru'"):
        base.build("gru", WIDTH)


def test_the_last_state_is_that_of_the_last_item():
    states = torch.arange(18.0).view(3, 6, 1)
    assert base.last_states(states, histories()).squeeze(1).tolist() == [5, 8, 12]


def test_a_state_for_every_position(backbone):
    states = backbone.encode(*inputs(histories()))
    assert states.shape == (3, LENGTH, WIDTH) and states.isfinite().all()


def test_the_future_never_changes_the_past(backbone):
    """One that is not causal must be told so: there the future does change the past."""
    items, other = histories(), histories()
    other[0, 4:] = 8
    before, after = backbone.encode(*inputs(items)), backbone.encode(*inputs(other))
    assert torch.allclose(before[0, :4], after[0, :4], atol=1e-5) == backbone.causal
    assert not torch.allclose(before[0, 4], after[0, 4])


def test_what_stands_at_the_pads_never_matters(backbone):
    items = histories()
    first, _, text = inputs(items)
    pads = (items == 0).unsqueeze(-1)
    states = backbone.encode(first + 7 * pads, items, text - 5 * pads)
    torch.testing.assert_close(base.last_states(states, items), last(backbone, items))


def test_every_item_of_the_past_matters(backbone):
    items = histories()[:1]
    for position in range(LENGTH):
        other = items.clone()
        other[0, position] = 9
        assert not torch.allclose(last(backbone, items), last(backbone, other)), position


def test_the_order_of_the_past_matters(backbone):
    items = histories()[:1]
    assert not torch.allclose(last(backbone, items), last(backbone, items[:, [1, 0, 2, 3, 4, 5]]))


def test_padding_on_the_right_changes_nothing(backbone):
    short, long = histories()[1:2, :3], F.pad(histories()[1:2], (0, 4))
    assert long.shape[1] == backbone.config.max_length
    states = [backbone.encode(*inputs(items))[:, :3] for items in (short, long)]
    torch.testing.assert_close(*states)


def test_rows_do_not_see_each_other(backbone):
    together = backbone.encode(*inputs(histories()))
    alone = backbone.encode(*inputs(histories()[1:2]))
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)


def test_another_order_of_the_batch_gives_the_same_states(backbone):
    order = torch.tensor([2, 0, 1])
    states, other = (backbone.encode(*inputs(items)) for items in (histories(), histories()[order]))
    torch.testing.assert_close(states[order], other)


def test_evaluation_draws_nothing(backbone):
    first, second = (backbone.encode(*inputs(histories())) for _ in range(2))
    assert torch.equal(first, second)


def test_training_with_dropout_draws_and_without_it_changes_the_configuration(backbone):
    name = name_of(backbone)
    backbone.train()
    assert not torch.equal(*(backbone.encode(*inputs(histories())) for _ in range(2)))
    assert make(name, dropout=0.5).config.dropout == 0.5
    assert {m.p for m in make(name, dropout=0.5).blocks.modules() if isinstance(m, nn.Dropout)} == {0.5}


def test_its_own_loss_is_a_number_with_a_gradient_or_zero(backbone):
    items = histories()
    first, _, text = inputs(items)
    first.requires_grad_()
    loss = backbone.train().extra_loss(first, items, text)
    assert torch.as_tensor(loss).ndim == 0 and torch.as_tensor(loss).isfinite()
    if torch.is_tensor(loss):
        loss.backward()
        assert first.grad.abs().sum() > 0


def test_gradients_reach_every_parameter(backbone):
    backbone.train()
    items = torch.randint(1, ITEMS + 1, (8, LENGTH), generator=torch.Generator().manual_seed(3))
    direction = torch.randn(8, WIDTH, generator=torch.Generator().manual_seed(4))
    ((last(backbone, items) * direction).sum() + backbone.extra_loss(*inputs(items))).backward()
    dead = [name for name, p in backbone.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not dead


def test_one_batch_can_be_overfitted(backbone):
    items, targets = prefixes(torch.tensor([[1, 2, 3, 4, 5, 6], [7, 2, 9, 1, 0, 0], [3, 8, 8, 5, 7, 0]]))
    torch.manual_seed(0)
    table = nn.Embedding(ITEMS + 1, WIDTH)
    optimizer = torch.optim.Adam([*table.parameters(), *backbone.parameters()], lr=1e-2)
    text = embedded(items, seed=2)
    for _ in range(80):
        states = base.last_states(backbone.encode(table(items), items, text), items)
        loss = F.cross_entropy(F.layer_norm(states, (WIDTH,)) @ table.weight.T, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


def test_saved_weights_give_the_same_states(backbone):
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    other = make(name_of(backbone), seed=1).eval()
    assert not torch.allclose(last(other, histories()), last(backbone, histories()))
    other.load_state_dict(load(save(backbone.state_dict())))
    assert torch.equal(last(other, histories()), last(backbone, histories()))


def test_a_shorter_maximum_is_kept_and_a_longer_history_refused(backbone):
    short = make(name_of(backbone), max_length=4)
    assert short.encode(*inputs(histories()[:, :4])).shape == (3, 4, WIDTH)
    with pytest.raises(ValueError, match="at most max_length = 4 items, got 6"):
        short.encode(*inputs(histories()))


def test_its_configuration_is_frozen_and_knows_its_settings(backbone):
    with pytest.raises(AttributeError):
        backbone.config.width = 8
    with pytest.raises(TypeError, match="depth"):
        make(name_of(backbone), depth=3)
