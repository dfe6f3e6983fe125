"""How sure a blend is where it tells shares: no surer than what is seen."""

from __future__ import annotations

import pytest
import torch

from mealrec.models.paper.model import PaperMealRec
from mealrec.training.blending import blended, choose
from mealrec.training.weights import CERTAINTIES, choose_certainty
from tests.models.published.small_walk import make_walk
from tests.training.tiny_world import make_config


@pytest.fixture
def model(split, features):
    torch.manual_seed(0)
    base = PaperMealRec(make_config("backbone", head="content"))
    base.prepare(split.train, features)
    return blended(base.eval(), make_walk(), split.train, features)


def promised_and_seen(model, rows, features) -> tuple[float, float]:
    items = model.items(features).kinds
    with torch.no_grad():
        preference = model.walk_over_kinds.preference(torch.from_numpy(rows.histories), items)
        promised, first = model.wanted(preference, items.anybody).max(-1)
    shown = items.kinds[torch.from_numpy(rows.targets)]
    return promised.mean().item(), shown[torch.arange(len(first)), first].mean().item()


def test_it_is_the_most_that_promises_no_more_than_is_seen(model, split, features):
    with torch.no_grad():
        model.walk_over_kinds.table.log_scale.fill_(2.0)  # a head that is far too sure
    kept = choose_certainty(model, split.validation, features)
    assert kept in CERTAINTIES[:-1] and model.certainty.item() == pytest.approx(kept)
    promised, seen = promised_and_seen(model, split.validation, features)
    assert promised <= seen + 1e-6 or kept == CERTAINTIES[0]
    model.certainty.fill_(CERTAINTIES[CERTAINTIES.index(kept) + 1])
    promised, seen = promised_and_seen(model, split.validation, features)
    assert promised > seen


def test_a_head_that_is_hardly_sure_is_believed_whole(model, split, features):
    with torch.no_grad():
        model.walk_over_kinds.table.log_accident.fill_(9.0)  # nearly all clicks are accidents
        anybody = model.items(features).kinds.anybody
        model.walk_over_kinds.kinds.anybody.copy_(torch.full_like(anybody, 1 / len(anybody)))
    assert choose_certainty(model, split.validation, features) == CERTAINTIES[-1]


def test_it_changes_no_ranking_and_is_chosen_with_the_weights(model, split, features):
    histories = torch.from_numpy(split.validation.histories)
    chosen = choose(model, split, features)
    before = model.scores(histories, model.items(features))
    assert chosen["certainty"] == pytest.approx(model.certainty.item())
    model.certainty.fill_(0.01)
    assert torch.equal(model.scores(histories, model.items(features)), before)
