"""The side towers: which layers are kept, what climbs them, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from mealrec.baselines import base, iisan, iisan_versa
from mealrec.baselines._content import in_batch_cross_entropy
from mealrec.baselines._towers import Between, Tower
from mealrec.data.interactions import leave_one_out
from mealrec.errors import TrainingError
from mealrec.features.hidden import HIDDEN, HiddenStates
from mealrec.study import harness
from mealrec.study.harness import Study
from mealrec.study.source import Source
from mealrec.training.forms import build
from mealrec.types import SequenceBatch
from tests.training.tiny_world import (
    FRAMES,
    NUM_ITEMS,
    TEXT,
    VISUAL,
    make_catalogue,
    make_features,
    make_hidden,
    write_world,
)

CATALOGUE = make_catalogue()
SPLIT = leave_one_out(CATALOGUE)
FEATURES = make_features(CATALOGUE)
SHAPE = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES, "width": 16}


def made(module, hidden):
    torch.manual_seed(0)
    system = base.build(module.System.Config(**SHAPE), hidden)
    system.prepare(SPLIT.train, FEATURES, hidden)
    return system.eval()


@pytest.mark.parametrize(("depth", "kept"), [(12, [2, 4, 6, 8, 10, 12]), (6, [2, 4, 6]), (5, [1, 3, 5])])
def test_iisan_keeps_every_second_layer_and_the_last(depth, kept):
    assert made(iisan, make_hidden()).layers_of(depth) == kept


@pytest.mark.parametrize(("depth", "kept"), [(12, [2, 4, 6, 8, 10, 12]), (8, [1, 2, 4, 5, 6, 8]), (4, [1, 2, 3, 4])])
def test_versa_keeps_evenly_spaced_layers_of_the_deeper(depth, kept):
    assert made(iisan_versa, make_hidden()).layers_of(depth) == kept


def test_a_tower_of_silent_adapters_mixes_by_its_gates():
    tower, states = Tower(4, 2, 3), torch.randn(5, 3, 4)
    for adapter in tower.adapters:
        nn.init.zeros_(adapter.up.weight), nn.init.zeros_(adapter.up.bias)
    torch.testing.assert_close(tower(states), states[:, 0] / 4 + states[:, 1] / 4 + states[:, 2] / 2)
    with torch.no_grad():
        tower.gates[1] = 10.0  # of a temperature of 0.1: the last layer alone
    torch.testing.assert_close(tower(states), states[:, 2])


def test_between_unequal_encoders_the_last_layers_meet_at_the_smaller_width():
    between, visual, text = Between((4, 8), (2, 6), 3), torch.randn(5, 5, 8), torch.randn(5, 3, 6)
    assert len(between.adapters) == 2 and between(visual, text).shape == (5, 6)
    maps = [[type(side) for side in step] for step in between.maps]
    assert maps == [[nn.Linear, nn.Identity]] * 2
    early, late = visual.clone(), visual.clone()
    early[:, :3] += 1  # the embeddings, and the layers whose adapters run alone
    late[:, 3:] += 1
    assert torch.equal(between(early, text), between(visual, text))
    assert not torch.allclose(between(late, text), between(visual, text))


def test_versa_takes_unequal_encoders_and_every_part_learns():
    hidden = make_hidden(width=9, layers=7)
    system = made(iisan_versa, hidden).train()
    assert system.config.visual_layers == 7 and system.config.visual_width == 9 and len(system.visual.adapters) == 6
    rows = SequenceBatch(torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[2, 3, 9], [5, 6, 0]]))
    system.loss(rows, FEATURES)["total"].backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in system.parameters())


def test_the_batch_alone_gives_the_loss_of_the_whole_table():
    """Only the batch's items climb the towers: the loss is what the table of all items gives."""
    system = made(iisan, make_hidden())
    rows = SequenceBatch(torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[2, 3, 9], [5, 6, 0]]))
    users, positions = rows.rows
    items = system.items(FEATURES)
    states = system.encoder.encode(items[rows.items], rows.items)[users, positions]
    whole = in_batch_cross_entropy(states, items, rows.targets[users, positions], rows.prefixes(), system.counts)
    torch.testing.assert_close(system.loss(rows, FEATURES)["total"], whole)


def test_a_missing_clip_and_title_leave_a_row_of_its_own_and_touch_no_other():
    hidden = make_hidden()
    visual, text = hidden.visual.copy(), hidden.text.copy()
    visual[4], text[4] = 0, 0
    system = made(iisan, replace(hidden, visual=visual, text=text))
    items = system.items(FEATURES)
    torch.testing.assert_close(items[5], system.out.bias)
    assert items.isfinite().all() and not torch.allclose(items[6], system.out.bias)


def test_no_statistic_is_taken_of_an_item_held_out_of_training():
    hidden, held_out = make_hidden(), int((~FEATURES.has_id[1:]).nonzero()[0])
    text = hidden.text.copy()
    text[held_out] += 100
    rows = [made(iisan, given).text_states[1:] for given in (hidden, replace(hidden, text=text))]
    others = torch.arange(NUM_ITEMS) != held_out
    assert torch.equal(rows[0][others], rows[1][others]) and not torch.equal(rows[0], rows[1])


def test_iisan_refuses_unequal_encoders_and_names_what_takes_them():
    with pytest.raises(TrainingError, match="one depth and width.*iisan_versa"):
        made(iisan, make_hidden(layers=5))


def test_without_hidden_states_it_says_how_to_get_them():
    with pytest.raises(TrainingError, match="extract.*--hidden-states"):
        build(iisan.System.Config(**SHAPE), None)
    with pytest.raises(TrainingError, match="extract.*--hidden-states"):
        made(iisan, make_hidden()).prepare(SPLIT.train, FEATURES)


def test_hidden_states_of_another_depth_are_refused():
    with pytest.raises(TrainingError, match="built for hidden states of .*'visual_layers': 4.*'visual_layers': 5"):
        made(iisan_versa, make_hidden()).prepare(SPLIT.train, FEATURES, make_hidden(layers=5))


def test_given_features_without_hidden_states_stop_a_comparison_before_it_trains(tmp_path, monkeypatch):
    data, features = write_world(tmp_path / "world")
    monkeypatch.setattr(harness, "train_job", lambda *_: pytest.fail("trained"))
    study = Study(Source("tiny", data, ""), tmp_path / "work", features, jobs=1)
    with pytest.raises(ValueError, match="holds no hidden states"):
        study.ranks(["sasrec", "iisan"])
    assert not (features / HIDDEN).exists()


def test_encoders_that_a_system_does_not_fit_stop_a_comparison_before_it_trains(tmp_path, monkeypatch):
    data, features = write_world(tmp_path / "world")
    monkeypatch.setattr(harness, "train_job", lambda *_: pytest.fail("trained"))
    monkeypatch.setattr(HiddenStates, "open", lambda folder: make_hidden(layers=5))
    study = Study(Source("tiny", data, ""), tmp_path / "work", features, jobs=1)
    with pytest.raises(TrainingError, match=r"one depth and width.*\(5, 6\).*\(4, 6\).*iisan_versa"):
        study.ranks(["sasrec", "iisan"])
    with pytest.raises(pytest.fail.Exception, match="trained"):  # iisan_versa takes them
        study.ranks(["iisan_versa"])
