"""Guidance, a place for unclicked items, and both halves of MealRec: each adds what it says and no more."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.guided import GUIDANCE_RATE, Guided, guidance
from mealrec.models.published.mealrec import FEW_CLICKS, OnBackbone, OnBackboneConfig, rarity
from tests.models.paper.small_model import HISTORIES
from tests.models.published.small_walk import CLOSE, make_walk, world
from tests.training.tiny_world import HELD_OUT, NUM_ITEMS, TEXT, VISUAL, make_config

UNCLICKED = 20
LENGTHS = (HISTORIES > 0).sum(1).tolist()


class Flat(nn.Module):
    """Scores every item alike, and keeps which items it was told have an ID."""

    def items(self, features):
        self.has_id = features.has_id
        return "its items"

    def scores(self, histories, items):
        assert items == "its items"
        return torch.ones(len(histories), NUM_ITEMS + 1)


def train():
    """Return the tiny world's training sequences without the item UNCLICKED."""
    return tuple(tuple(item for item in sequence if item != UNCLICKED) for sequence in world()[0].train)


def guided(**weights) -> Guided:
    model = Guided(Flat(), NUM_ITEMS, VISUAL, TEXT)
    model.prepare(train(), world()[1])
    return weighed(model, **weights)


def weighed(model, **weights):
    for name, value in weights.items():
        getattr(model, name).fill_(value)
    return model.eval()


def on_backbone(**weights) -> OnBackbone:
    torch.manual_seed(0)
    walk, base = make_walk(), PaperMealRec(make_config("backbone", head="content"))
    model = OnBackbone(OnBackboneConfig(base.config, walk.config), base, walk).eval()
    base.prepare(train(), world()[1])
    model.prepare(train(), world()[1])
    return weighed(model, **weights)


def asked(model, **choices):
    with torch.no_grad():
        return model.scores(HISTORIES, model.items(world()[1]), **choices)


def watched(history):
    return [item for item in history.tolist() if item]


def test_with_weights_of_0_a_system_is_itself():
    assert torch.equal(asked(guided()), torch.ones(len(HISTORIES), NUM_ITEMS + 1))


def test_guidance_is_likeness_to_the_history_the_latest_clips_first():
    anchors = F.normalize(torch.randn(NUM_ITEMS + 1, 4, generator=torch.Generator().manual_seed(1)), dim=-1)
    found = guidance(HISTORIES, anchors)
    for row, length in enumerate(LENGTHS):
        history = HISTORIES[row, :length].tolist()
        towards = sum(
            torch.exp(torch.tensor(-GUIDANCE_RATE * (length - 1 - place))) * anchors[item]
            for place, item in enumerate(history)
        )
        for item in set(range(1, NUM_ITEMS + 1)) - set(history):
            torch.testing.assert_close(found[row, item], anchors[item] @ towards / towards.norm(), **CLOSE)


def test_what_was_watched_gets_no_guidance():
    found = asked(guided(guidance=5.0))
    for row, history in enumerate(HISTORIES):
        assert (found[row, watched(history)] == 1).all()
        others = [item for item in range(1, NUM_ITEMS + 1) if item not in watched(history)]
        assert (found[row, others] != 1).all()


def test_items_without_a_training_click_have_no_id_and_get_the_offset_alone():
    model = guided(unseen=2.5)
    found = asked(model)
    unclicked = [UNCLICKED, int(HELD_OUT[1:])]
    assert (found[:, unclicked] == 3.5).all()
    assert (found[:, [i for i in range(1, NUM_ITEMS + 1) if i not in unclicked]] == 1).all()
    assert not model.base.has_id[unclicked].any() and model.base.has_id.sum() == NUM_ITEMS - len(unclicked)


def test_an_item_that_training_clicked_but_may_not_know_gets_no_id_back():
    model, (_, features) = guided(), world()
    hidden = features.replace(has_id=features.has_id & (torch.arange(len(features)) != 3))
    model.items(hidden)
    assert not model.base.has_id[3]


@pytest.mark.parametrize("make", [guided, on_backbone])
def test_the_parts_weighed_add_up_to_the_scores(make):
    model = make(guidance=2.0, unseen=1.5)
    if "kinds" in model.names:
        model.kinds.fill_(0.7)
    with torch.no_grad():
        parts = model.parts(HISTORIES, model.items(world()[1]))
    assert set(parts) == {"base", *model.names}
    expected = parts["base"] + sum(getattr(model, name) * parts[name] for name in model.names)
    torch.testing.assert_close(asked(model), expected)
    assert all(part.any() for part in parts.values())


def test_kinds_are_the_walks_own_and_what_was_watched_gets_none():
    model, (_, features) = on_backbone(kinds=1.0), world()
    walk = model.walk_over_kinds
    with torch.no_grad():
        items = model.items(features)
        found = model.parts(HISTORIES, items)["kinds"]
        alone = (walk.scores(HISTORIES, items.kinds) - items.kinds.bias) * rarity(walk.kinds.clicks)
    for row, history in enumerate(HISTORIES):
        assert not found[row, watched(history)].any()
        others = [item for item in range(1, NUM_ITEMS + 1) if item not in watched(history)]
        torch.testing.assert_close(found[row, others], alone[row, others], **CLOSE)


def test_the_more_clicks_an_item_has_the_less_its_kinds_count():
    found = rarity(torch.tensor([0.0, FEW_CLICKS, 99.0 * FEW_CLICKS]))
    torch.testing.assert_close(found, torch.tensor([1.0, 0.5, 0.01]))


def test_the_backbone_is_asked_as_it_stands_but_for_ids_that_nobody_clicked():
    model, (_, features) = on_backbone(), world()
    known = features.replace(has_id=features.has_id & model.clicked)
    with torch.no_grad():
        torch.testing.assert_close(asked(model), model.base.scores(HISTORIES, model.base.items(known)))


def test_both_ends_of_the_walk_and_its_seed_are_heard_where_kinds_count():
    model, deaf = on_backbone(kinds=1.0), on_backbone()
    assert not torch.allclose(asked(model), asked(model, ends_at="start"))
    assert not torch.equal(asked(model), asked(model, seed=3)) and torch.equal(asked(model), asked(model))
    assert torch.equal(asked(deaf), asked(deaf, ends_at="start"))


def test_a_stored_blend_comes_back_with_its_weights_and_ranks_the_same():
    model = on_backbone(guidance=2.0, unseen=1.5, kinds=0.8)
    back = OnBackbone(OnBackboneConfig.from_dict(model.config.to_dict())).eval()
    back.load_state_dict(model.state_dict())
    torch.testing.assert_close(asked(back), asked(model))
    assert model.config.to_dict()["form"] == "on-backbone" and back.config == model.config
    assert back.config.max_length == model.walk_over_kinds.config.max_length
