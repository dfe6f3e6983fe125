"""The item table: the score written out, blocks, what an ID adds, and what anybody watches."""

from __future__ import annotations

import pytest
import torch

from mealrec.models.kinds import of_anybody
from tests.models.paper.small_model import NUM_ITEMS, WITHOUT_ID, WITHOUT_TEXT
from tests.models.small_model import CLOSE, KINDS, make_model


@pytest.fixture
def table():
    return make_model("backbone").table


def without_padding(features, rows):
    return features.replace(**{name: tensor[rows] for name, tensor in vars(features).items()})


def test_the_score_is_the_sum_of_its_parts_written_out(table, features):
    items, preference = table(features), torch.randn(3, KINDS)
    scores = table.scores(preference, items)
    for row in range(3):
        appeal = (preference[row] * table.log_scale.exp() + table.kind_appeal).double().exp()
        accident = table.log_accident.exp() * (appeal @ items.anybody.double())
        for item in range(len(features)):
            by_kinds = (items.kinds[item].double() @ appeal + accident).log()
            by_item = preference[row] @ (items.identity[item] + items.title[item]) / KINDS**0.5
            expected = items.bias[item] + by_kinds.float() + by_item
            torch.testing.assert_close(scores[row, item], expected, **CLOSE)


def test_a_preference_as_long_as_it_likes_still_gives_numbers(table, features):
    items = table(features)
    scores = table.scores(200 * torch.randn(3, KINDS), items)
    assert scores.isfinite().all() and scores.std(1).min() > 0


def test_a_large_catalogue_is_scored_in_blocks_with_the_same_scores(table, features, monkeypatch):
    items, preference = table(features), torch.randn(3, KINDS)
    whole = table.scores(preference, items)
    monkeypatch.setattr("mealrec.models.table.BLOCK", 4)
    assert [len(block) for block in items.blocks(4)] == [4, 4, 4, 1]
    torch.testing.assert_close(table.scores(preference, items), whole)


def test_what_is_wanted_sums_to_1_and_is_appeal_times_what_anybody_shows(table, features):
    items, preference = table(features), torch.randn(3, KINDS)
    wanted = table.wanted(preference, items.anybody)
    torch.testing.assert_close(wanted.sum(-1), torch.ones(3))
    known = features.has_id.clone()
    known[0] = False
    watched = items.bias.masked_fill(~known, float("-inf")).softmax(0) @ items.kinds
    expected = table.appeal(preference).exp() * watched
    torch.testing.assert_close(wanted, expected / expected.sum(-1, keepdim=True))


def test_an_upload_is_known_as_an_item_of_the_same_content_without_an_id(table, features):
    items, rows = table(features), torch.tensor([WITHOUT_ID])
    upload = table.without_id(without_padding(features, rows), items.anybody)
    held_out = items.rows(rows)
    for name, tensor in vars(upload).items():
        torch.testing.assert_close(tensor, getattr(held_out, name))
    joined, preference = items.followed_by(upload), torch.randn(2, KINDS)
    assert len(joined) == NUM_ITEMS + 2
    scores = table.scores(preference, joined)
    torch.testing.assert_close(scores[:, -1], scores[:, WITHOUT_ID])
    torch.testing.assert_close(scores[:, :-1], table.scores(preference, items))


def test_an_item_without_an_id_is_known_by_its_content_only(table, features):
    before = table(features)
    with torch.no_grad():
        table.ids.weight[WITHOUT_ID] += 5
        table.bias[WITHOUT_ID] += 5
    after = table(features)
    torch.testing.assert_close(table.entry(before), table.entry(after))
    torch.testing.assert_close(before.bias, after.bias)
    torch.testing.assert_close(before.anybody, after.anybody)
    assert not before.identity[WITHOUT_ID].any() and before.bias[WITHOUT_ID] == table.bias_without_id


def test_a_missing_title_is_the_learned_absent_one(table, features):
    assert torch.equal(table(features).title[WITHOUT_TEXT], table.absent_title)


def test_ids_drop_out_in_training_only(features):
    table = make_model("backbone", id_dropout=0.5).table
    quiet = table(features)
    assert quiet.identity[1:NUM_ITEMS].any(1).all()
    table.train()
    torch.manual_seed(0)
    drawn = torch.stack([table(features).identity.any(1) for _ in range(200)])[:, 1:NUM_ITEMS]
    assert drawn.float().mean().item() == pytest.approx(0.5, abs=0.05)
    dropped = table(features)
    gone = ~dropped.identity.any(1)
    assert (dropped.bias[gone] == table.bias_without_id).all()


def test_what_anybody_watches_is_of_the_items_with_an_id_whether_or_not_their_id_dropped_out(features):
    table = make_model("backbone", id_dropout=1.0).table.train()
    items = table(features)
    trained = features.has_id & (torch.arange(len(features)) > 0)
    even = of_anybody(items.kinds, torch.zeros(len(features)), trained)
    torch.testing.assert_close(items.anybody, even)


def test_kinds_are_the_mean_of_the_moments_also_where_moments_are_changed(table, features):
    items = table(features)
    torch.testing.assert_close(items.kinds, items.moments.mean(1))
    hidden = items.moments.clone()
    hidden[2, 0] = hidden[2, 1]
    changed = items.showing(hidden)
    torch.testing.assert_close(changed.kinds, hidden.mean(1))
    assert torch.equal(changed.identity, items.identity) and torch.equal(changed.anybody, items.anybody)
