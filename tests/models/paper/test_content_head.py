"""head="content": what ranks, written out; the guidance, and whom it passes over."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from mealrec.models.paper.config import VARIANTS
from tests.models.paper.small_model import WIDTH, make_model
from tests.models.paper.test_model import CLOSE, HISTORIES, run

STRENGTH = 2.5
C = 6  # both halves


@pytest.fixture
def features(features):
    """As in a feature store, the padding row has no content."""
    padding = torch.arange(len(features)) == 0
    return features.replace(has_visual=features.has_visual & ~padding, has_text=features.has_text & ~padding)


def guided_model(features, variant="full", strength=STRENGTH, **changes):
    settings = {"head": "content", "anchor_width": C // 2, "guided": True, **changes}
    model = make_model(variant, **settings)
    model.table.anchors.fit(features)
    model.guidance.fill_(strength)
    return model


def recent(history, decay):
    """Return Eq. 7's weights of the items of one history, without padding."""
    raw = torch.tensor([-decay * (len(history) - k) for k in range(1, len(history) + 1)]).exp()
    return raw / raw.sum()


def items_of(row):
    return [item for item in row.tolist() if item]


def test_the_score_is_the_sum_of_its_parts_written_out(features):
    model = guided_model(features)
    items, preference = model.table(features), torch.randn(2, WIDTH + 2 * C)
    scores, scale = model.table.scores(preference, items), model.table.log_scale.exp() / WIDTH**0.5
    for row in range(2):
        state, p, q = preference[row, :WIDTH], preference[row, WIDTH : WIDTH + C], preference[row, WIDTH + C :]
        for item in range(len(features)):
            whole = items.identity[item] + items.visual[item] + items.title[item]
            expected = state @ whole * scale + (p + q) @ items.anchor[item] + items.bias[item]
            torch.testing.assert_close(scores[row, item], expected, **CLOSE)


def test_the_historys_content_and_the_guidance_weigh_its_items_by_equation_7(features):
    model = guided_model(features)
    items = model.table(features)
    found = model.content_preference(items, HISTORIES)
    assert model.config.guidance_decay != model.config.tcd.decay
    for row, history in zip(found, map(items_of, HISTORIES), strict=True):
        anchors = items.anchor[history]
        p, q = (F.normalize(recent(history, decay) @ anchors, dim=0) for decay in (model.config.tcd.decay, 0.3))
        torch.testing.assert_close(row[:C], p * model.table.log_match.exp(), **CLOSE)
        torch.testing.assert_close(row[C:], q * STRENGTH, **CLOSE)


def test_the_guidance_is_as_strong_as_it_is_set_and_only_where_it_is_asked_for(features):
    strengths, found = (0.0, 1.0, 3.0), []
    for strength in strengths:
        model = guided_model(features, strength=strength)
        found.append(model.content_preference(model.table(features), HISTORIES))
    for strength, content in zip(strengths, found, strict=True):
        torch.testing.assert_close(content[:, :C], found[0][:, :C])
        torch.testing.assert_close(content[:, C:], strength * found[1][:, C:])
    assert found[1][:, C:].norm(dim=1).tolist() == pytest.approx([1] * len(HISTORIES))
    without = guided_model(features, guided=False)
    in_training = guided_model(features).train()
    for model in (without, in_training):
        content = model.content_preference(model.table(features), HISTORIES)
        torch.testing.assert_close(content[:, :C], found[0][:, :C])
        assert not content[:, C:].any()


def test_no_other_head_compares_content(features):
    model = make_model("full", head="item")
    assert model.content_preference(model.table(features), HISTORIES).shape == (len(HISTORIES), 0)
    with pytest.raises(ValueError, match="guided needs head='content', got head='item'"):
        make_model("full", head="item", guided=True)


def test_seen_items_lose_exactly_their_guidance_and_no_other_item_anything(features):
    model = guided_model(features)
    items, preference = model.table(features), run(model, HISTORIES, features).preference
    q = preference[:, WIDTH + C :]
    everywhere, passed_over = (model.table.scores(preference, items, seen) for seen in (None, HISTORIES))
    for row, history in enumerate(map(items_of, HISTORIES)):
        lost, others = everywhere[row] - passed_over[row], [i for i in range(len(features)) if i not in history]
        torch.testing.assert_close(lost[history], items.anchor[history] @ q[row], **CLOSE)
        assert lost[history].abs().min() > 1e-3
        assert torch.equal(everywhere[row, others], passed_over[row, others])


def test_an_item_seen_twice_loses_its_guidance_once(features):
    model, again = guided_model(features), torch.tensor([[1, 2, 1, 5, 1, 0]])
    items, preference = model.table(features), run(model, again, features).preference
    lost = (model.table.scores(preference, items) - model.table.scores(preference, items, again))[0]
    expected = items.anchor[[1, 2, 5]] @ preference[0, WIDTH + C :]
    torch.testing.assert_close(lost[[1, 2, 5]], expected, **CLOSE)


def test_without_guidance_it_does_not_matter_what_was_seen(features):
    model = guided_model(features, strength=0.0)
    items, preference = model.table(features), run(model, HISTORIES, features).preference
    assert torch.equal(model.table.scores(preference, items), model.table.scores(preference, items, HISTORIES))


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_ranks_is_the_end_of_the_walk_and_then_the_content(features, variant):
    model = guided_model(features, variant)
    items, walk = model.table(features), run(model, HISTORIES, features)
    state, content = walk.preference[:, :WIDTH], walk.preference[:, WIDTH:]
    torch.testing.assert_close(content, model.content_preference(items, HISTORIES))
    if model.has_npd:
        end = walk.npd[-1].x0_hat
    elif variant == "backbone":
        end = walk.context.start
    else:
        refined = walk.tcd[-1].x0_hat if model.has_tcd else walk.context.frames
        end = model.fused(refined, walk.context, items)
    torch.testing.assert_close(state, end)
