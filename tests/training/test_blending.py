"""A blend of trained parts: which kind it is, that it begins as its base, and that its weights are validation's."""

from __future__ import annotations

import pytest
import torch

from mealrec.baselines import base as baselines
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.guided import Guided, GuidedBackbone
from mealrec.models.published.mealrec import OnBackbone
from mealrec.ranking.metrics import ndcg
from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.training.blending import blended, choose
from mealrec.training.weights import GRIDS
from tests.models.published.small_walk import make_walk
from tests.training.tiny_world import NUM_ITEMS, SHAPE, make_config, make_hidden

GUIDED = sorted({"iisan", "dmmd4sr", "mmgcn", "morec"} & set(baselines.names()))


@pytest.fixture
def base(split, features):
    torch.manual_seed(0)
    model = PaperMealRec(make_config("backbone", head="content"))
    model.prepare(split.train, features)
    return model.eval()


@pytest.fixture
def walk():
    return make_walk()


def scored(model, split, features):
    return model_scorer(model, features)(split.validation.histories)


def test_over_a_walk_it_is_mealrec_and_else_the_guided_control(base, walk, split, features):
    mealrec, control = blended(base, walk, split.train, features), blended(base, None, split.train, features)
    assert isinstance(mealrec, OnBackbone) and mealrec.names == ("guidance", "unseen", "kinds")
    assert isinstance(control, GuidedBackbone) and control.names == ("guidance", "unseen")
    assert mealrec.base is base and mealrec.walk_over_kinds is walk and control.base is base


@pytest.mark.parametrize("name", GUIDED)
def test_any_baseline_with_content_can_be_guided(name, split, features):
    torch.manual_seed(0)
    hidden = make_hidden() if baselines.system(name).needs == baselines.HIDDEN_STATES else None
    base = baselines.build(baselines.system(name).Config(**SHAPE), hidden)
    base.prepare(split.train, features, hidden)
    model = blended(base, None, split.train, features)
    expected = torch.from_numpy(scored(model, split, features))
    model.guidance.fill_(2.0)
    model.unseen.fill_(1.0)
    found = torch.from_numpy(scored(model, split, features))
    unwatched = torch.ones_like(found).scatter(1, torch.from_numpy(split.validation.histories), 0.0)[:, 1:] > 0
    assert type(model) is Guided and found.shape == (len(split.validation), NUM_ITEMS + 1)
    assert torch.equal(found[:, 1:] != expected[:, 1:], unwatched)


def test_before_anything_is_chosen_it_ranks_as_its_base_does(base, walk, split, features):
    clicked = torch.zeros(NUM_ITEMS + 1, dtype=torch.bool)
    clicked[[item for sequence in split.train for item in sequence]] = True
    known = features.replace(has_id=features.has_id & clicked)
    expected = scored(base, split, known)
    for model in (blended(base, walk, split.train, features), blended(base, None, split.train, features)):
        assert all(getattr(model, name) == 0 for name in model.names)
        torch.testing.assert_close(torch.from_numpy(scored(model, split, features)), torch.from_numpy(expected))


def test_what_is_chosen_is_set_and_is_worth_what_is_told(base, walk, split, features):
    model = blended(base, walk, split.train, features)
    found = choose(model, split, features)
    worth, certainty = found.pop("validation_N@10"), found.pop("certainty")
    assert model.certainty.item() == pytest.approx(certainty)
    assert set(found) == set(model.names) and all(value in GRIDS[name] for name, value in found.items())
    assert {name: getattr(model, name).item() for name in found} == pytest.approx(found)
    ranked = rank_rows(model_scorer(model, features), split.validation, features.has_id.numpy())
    assert worth == pytest.approx(ndcg(ranked.masked, 10).mean(), abs=1e-6)
    alone = rank_rows(model_scorer(base, features), split.validation, features.has_id.numpy())
    assert worth > ndcg(alone.masked, 10).mean(), "an untrained base is helped by content"


def test_the_parts_are_left_as_they_were_trained(base, walk, split, features):
    before = {name: tensor.clone() for part in (base, walk) for name, tensor in part.state_dict().items()}
    choose(blended(base, walk, split.train, features), split, features)
    after = {name: tensor for part in (base, walk) for name, tensor in part.state_dict().items()}
    assert all(torch.equal(tensor, before[name]) for name, tensor in after.items())
    assert not base.training and not walk.training
