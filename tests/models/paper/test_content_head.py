"""head="content": what ranks, written out."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mealrec.models.paper.config import VARIANTS
from tests.models.paper.small_model import HISTORIES, WIDTH, make_model, whole_table
from tests.models.paper.test_model import CLOSE, ranked_by, run

A = 6  # both halves


def content_model(features, variant="full"):
    model = make_model(variant, head="content", anchor_width=A // 2)
    model.table.anchors.fit(features)
    return model


def recent(history, decay):
    """Return Eq. 7's weights of the items of one history, without padding."""
    raw = torch.tensor([-decay * (len(history) - k) for k in range(1, len(history) + 1)]).exp()
    return raw / raw.sum()


def items_of(row):
    return [item for item in row.tolist() if item]


def test_the_score_is_the_sum_of_its_parts_written_out(features):
    model = content_model(features)
    items, preference = whole_table(model, features), torch.randn(2, WIDTH + A)
    scores, scale = model.table.scores(preference, items), model.table.log_scale.exp() / WIDTH**0.5
    for row in range(2):
        state, p = preference[row, :WIDTH], preference[row, WIDTH:]
        for item in range(len(features)):
            whole = items.identity[item] + items.visual[item] + items.title[item]
            expected = state @ whole * scale + p @ items.anchor[item] + items.bias[item]
            torch.testing.assert_close(scores[row, item], expected, **CLOSE)


def test_the_historys_content_weighs_its_items_by_equation_7(features):
    model = content_model(features)
    items = whole_table(model, features)
    found = model.content_preference(items, HISTORIES)
    for row, history in zip(found, map(items_of, HISTORIES), strict=True):
        p = F.normalize(recent(history, model.config.tcd.decay) @ items.anchor[history], dim=0)
        torch.testing.assert_close(row, p * model.table.log_match.exp(), **CLOSE)


def test_no_other_head_compares_content(features):
    model = make_model("full", head="item")
    assert model.content_preference(whole_table(model, features), HISTORIES).shape == (len(HISTORIES), 0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_ranks_is_the_end_of_the_walk_and_then_the_content(features, variant):
    model = content_model(features, variant)
    items, walk = whole_table(model, features), run(model, HISTORIES, features)
    end = walk.npd[-1].x0_hat if variant == "full" else walk.context.start
    assert torch.equal(walk.end, end)
    preference = ranked_by(model, HISTORIES, features)
    torch.testing.assert_close(preference, torch.cat([end, model.content_preference(items, HISTORIES)], -1))
