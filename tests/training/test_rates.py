"""How fast a training learns: the IDs' own rate, and what a schedule makes of it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from mealrec.models.paper.model import PaperMealRec
from mealrec.training.config import TrainConfig
from mealrec.training.trainer import train
from tests.training.tiny_world import make_config

RATE = 1e-3
ONE_STEP = TrainConfig(learning_rate=RATE, batch_size=1000, max_epochs=1, average=0.0)
STEPS = 20
# 200 users, 20 at a time, twice
LONGER = TrainConfig(learning_rate=RATE, batch_size=20, max_epochs=2, patience=2)


def rates(monkeypatch, split, features, config):
    """Return the learning rates of the ID embeddings and of the rest, at each step."""
    seen, step = [], torch.optim.AdamW.step

    def watched(self, *arguments, **others):
        seen.append([group["lr"] for group in self.param_groups])
        return step(self, *arguments, **others)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", watched)
        train(make_config("backbone", width=8), config, split, features)
    assert len(seen) == STEPS
    return list(zip(*seen, strict=True))


@pytest.mark.parametrize("id_rate", [1.0, 16.0])
def test_the_ids_alone_have_their_own_rate(split, features, id_rate):
    """Adam's first step is as long as its rate for whatever has a gradient."""
    config = make_config("backbone", width=16)
    trained = dict(train(config, replace(ONE_STEP, id_rate=id_rate), split, features).model.named_parameters())
    torch.manual_seed(ONE_STEP.seed)
    began = dict(PaperMealRec(config).named_parameters())
    moved = {name: (trained[name] - began[name]).abs().max().item() for name in began}
    assert moved.pop("table.ids.weight") == pytest.approx(id_rate * RATE, rel=1e-3)
    assert max(moved.values()) == pytest.approx(RATE, rel=1e-3)


def test_a_constant_rate_stays(split, features, monkeypatch):
    ids, others = rates(monkeypatch, split, features, replace(LONGER, id_rate=16.0))
    assert set(ids) == {16 * RATE} and set(others) == {RATE}


def test_a_cosine_warms_up_and_falls_to_zero_at_the_last_step(split, features, monkeypatch):
    ids, others = rates(monkeypatch, split, features, replace(LONGER, id_rate=16.0, rate_schedule="cosine"))
    assert ids == pytest.approx([16 * rate for rate in others])
    assert others[0] == pytest.approx(RATE / 2) and others[1] == pytest.approx(RATE)  # a tenth of 20 steps
    assert list(others[1:]) == sorted(others[1:], reverse=True) and len(set(others[1:])) == STEPS - 1
    assert others[10] == pytest.approx(RATE * 0.5)  # the middle of the fall
    assert others[5] == pytest.approx(RATE * (0.5 + 0.5 * math.cos(math.pi * 4 / 18)))
    assert others[-1] == pytest.approx(0, abs=1e-9)


def test_an_unknown_schedule_is_named():
    with pytest.raises(ValueError, match="rate_schedule must be one of constant, cosine, got 'linear'"):
        TrainConfig(rate_schedule="linear")
