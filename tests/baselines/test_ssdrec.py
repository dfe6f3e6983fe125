"""SSDRec's second stage: what is inserted, where, and at which click the state is read."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import one_hot

from mealrec.baselines.ssdrec import SSDRecConfig, System


@pytest.fixture
def system() -> System:
    torch.manual_seed(0)
    return System(SSDRecConfig(num_items=9, visual_width=4, text_width=4, width=8, max_length=4)).eval()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_state_is_read_at_the_last_click_wherever_items_are_inserted(system, place, monkeypatch):
    items = torch.randn(10, 8)
    history = torch.tensor([[3, 5, 7, 0]])
    picks = iter([one_hot(torch.tensor([place]), 4).float(), one_hot(torch.tensor([[1, 2]]), 10).float()])
    monkeypatch.setattr(system, "pick", lambda logits: next(picks))
    tokens, present, clicked = system.augmented(items[history], history > 0, items)
    longer = [3, 5, 7]
    longer[place : place + 1] = [1, longer[place], 2]
    assert torch.equal(tokens[0, :5], items[torch.tensor(longer)])
    assert present[0].tolist() == [True] * 5 + [False]
    assert torch.equal(tokens[0, int(clicked.sum()) - 1], items[7])
