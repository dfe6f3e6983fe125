"""The whole model: its walks, its configuration, and what must not change an answer."""

from __future__ import annotations

import json

import pytest
import torch

from mealrec.models.paper.config import VARIANTS, PaperConfig
from tests.models.paper.small_model import (
    HISTORIES,
    MAX_LENGTH,
    NUM_FRAMES,
    NUM_ITEMS,
    WITHOUT_ID,
    invent_features,
    make_model,
    whole_table,
)

CLOSE = {"atol": 1e-4, "rtol": 1e-4}  # batch size and padding change the order in which floats are summed


def run(model, histories, features, seed=0):
    """Return the walk of padded histories [R, L]."""
    lengths = (histories > 0).sum(1)
    items = whole_table(model, features)
    start = model.encode(items, histories)[torch.arange(len(histories)), lengths - 1]
    context = model.context(start, histories, items)
    return model.walk(context, items, torch.Generator().manual_seed(seed))


def ranked_by(model, histories, features, seed=0):
    """Return what ranks for padded histories [R, L]."""
    return model.preference(run(model, histories, features, seed).end, whole_table(model, features), histories)


@pytest.fixture(params=VARIANTS)
def model(request):
    return make_model(request.param)


def test_padding_changes_nothing(model, features):
    tight, wide = HISTORIES[:1, :3], torch.nn.functional.pad(HISTORIES[:1], (0, MAX_LENGTH - HISTORIES.shape[1]))
    alone = run(model, tight, features).end
    torch.testing.assert_close(alone, run(model, wide, features).end, **CLOSE)


def test_what_stands_in_the_padding_row_changes_nothing(model, features):
    noisy = features.replace(frames=features.frames.clone(), global_visual=features.global_visual.clone())
    noisy.frames[0], noisy.global_visual[0] = 100.0, -100.0
    quiet = run(model, HISTORIES, features).end
    torch.testing.assert_close(quiet, run(model, HISTORIES, noisy).end, **CLOSE)


def test_batch_order_changes_nothing(model, features):
    order = torch.tensor([2, 0, 1])
    shuffled = run(model, HISTORIES[order], features).end
    torch.testing.assert_close(shuffled, run(model, HISTORIES, features).end[order], **CLOSE)


def test_a_history_gets_the_same_answer_alone_and_in_a_batch(model, features):
    together = run(model, HISTORIES, features).end
    for row in range(len(HISTORIES)):
        alone = run(model, HISTORIES[row : row + 1], features).end
        torch.testing.assert_close(alone, together[row : row + 1], **CLOSE)


def test_a_later_item_never_changes_an_earlier_preference(features):
    model = make_model("backbone")
    items, changed = whole_table(model, features), HISTORIES.clone()
    changed[1, 5] = 6
    before, after = model.encode(items, HISTORIES), model.encode(items, changed)
    torch.testing.assert_close(before[1, :5], after[1, :5])
    assert not torch.allclose(before[1, 5], after[1, 5])


def test_the_seed_makes_the_answer_repeatable(features):
    model = make_model("full")
    assert torch.equal(run(model, HISTORIES, features).end, run(model, HISTORIES, features).end)
    assert not torch.equal(run(model, HISTORIES, features).end, run(model, HISTORIES, features, 1).end)


def test_a_walk_has_the_steps_of_its_variants_modules(model, features):
    walk, steps = run(model, HISTORIES, features), model.schedule.num_steps
    assert len(walk.tcd) == len(walk.npd) == (steps if model.has_walk else 0)
    if model.has_walk:
        assert torch.equal(walk.npd[-1].x0_hat, walk.end)
        assert walk.tcd[0].xt.shape == (len(HISTORIES), NUM_FRAMES, model.config.width)


def test_an_item_without_an_id_is_known_by_its_content_only(features):
    model = make_model("full")
    before = whole_table(model, features)
    with torch.no_grad():
        model.table.ids.weight[WITHOUT_ID] += 5
        model.table.bias[WITHOUT_ID] += 5
    after = whole_table(model, features)
    torch.testing.assert_close(before.entry, after.entry)
    torch.testing.assert_close(before.bias, after.bias)


def test_an_uploaded_copy_of_a_held_out_item_ranks_as_that_item_does(features):
    model = make_model("full")
    extended = features.rows(torch.tensor([*range(len(features)), WITHOUT_ID]))
    preference = ranked_by(model, HISTORIES, features)
    scores = model.table.scores(preference, whole_table(model, extended))
    assert scores.shape == (len(HISTORIES), NUM_ITEMS + 2)
    torch.testing.assert_close(scores[:, -1], scores[:, WITHOUT_ID])


def test_the_papers_head_is_a_dot_product_with_the_whole_item(features):
    model = make_model("full", head="item")
    items, preference = whole_table(model, features), torch.randn(2, model.config.width)
    scaled = preference * model.table.log_scale.exp() / model.config.width**0.5
    torch.testing.assert_close(model.table.scores(preference, items), scaled @ items.entry.T + items.bias, **CLOSE)


def test_a_hidden_frame_counts_as_absent(features):
    model, hidden = make_model("full"), torch.zeros(1, NUM_FRAMES, dtype=torch.bool)
    hidden[0, 2] = True
    start = torch.zeros(1, model.config.width)
    frames = model.context(start, HISTORIES[:1], whole_table(model, features), hidden).frames
    torch.testing.assert_close(frames[0, 2], model.table.content.absent_visual)
    other = features.replace(frames=features.frames + torch.eye(NUM_FRAMES)[2].view(1, -1, 1))
    changed = model.context(start, HISTORIES[:1], whole_table(model, other), hidden).frames
    torch.testing.assert_close(frames, changed)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_configuration_survives_json(variant):
    config = make_model(variant, max_length=7).config
    stored = json.loads(json.dumps(config.to_dict()))
    assert stored["form"] == "paper" and PaperConfig.from_dict(stored) == config


def test_an_unknown_value_or_key_is_refused():
    with pytest.raises(ValueError, match="variant must be one of full.*'no_such'"):
        make_model("no_such")
    with pytest.raises(ValueError, match="head must be one of"):
        make_model("full", head="first")
    with pytest.raises(ValueError, match="backbone must be one of .*sasrec.*no_such"):
        make_model("full", backbone="no_such")
    with pytest.raises(TypeError, match="PaperConfig has no depth; it has num_items, .*schedule"):
        PaperConfig.from_dict({**make_model().config.to_dict(), "depth": 3})
    with pytest.raises(TypeError, match="TCDConfig has no width; it has heads, decay, dropout"):
        PaperConfig.from_dict({**make_model().config.to_dict(), "tcd": {"width": 64}})
    with pytest.raises(TypeError, match="TCDConfig: expected settings by name, got 3"):
        PaperConfig.from_dict({**make_model().config.to_dict(), "tcd": 3})


def test_scores_are_those_of_the_walks_end_or_of_its_start(model, features):
    whole, items = whole_table(model, features), model.items(features)
    assert not items.items.moments.any()
    walk = run(model, HISTORIES, features, seed=4)
    state = {"walk": walk.end, "start": walk.context.start}
    for end in model.ends:
        found = model.scores(HISTORIES, items, seed=4, ends_at=end)
        torch.testing.assert_close(found, model.table.scores(state[end], whole), **CLOSE)
    assert model.ends == (("walk",) if model.config.variant == "backbone" else ("start", "walk"))


def test_the_ids_alone_have_a_rate_of_their_own(model):
    [(weights, rate)] = model.rates(16.0)
    assert [id(weight) for weight in weights] == [id(model.table.ids.weight)] and rate == 16.0


def test_weights_fit_only_their_own_configuration():
    weights = make_model("full").state_dict()
    make_model("full", lively=False).load_state_dict(weights)
    with pytest.raises(RuntimeError, match="size mismatch"):
        make_model("full", width=8, lively=False).load_state_dict(weights)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        make_model("backbone", lively=False).load_state_dict(weights)


def test_more_items_than_the_table_holds_are_content_only():
    model, features = make_model("full"), invent_features(NUM_ITEMS + 3, seed=1)
    items, space = whole_table(model, features), model.table.content
    content = space.global_visual(features) + space.title(features)
    torch.testing.assert_close(items.entry[NUM_ITEMS + 1 :], content[NUM_ITEMS + 1 :])
