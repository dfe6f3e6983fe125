"""The whole model over kinds: its walks, its ablations, its configuration, and what must not change an answer."""

from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional as F

from mealrec.backbones.base import names as backbones
from mealrec.models.config import VARIANTS, MealRecConfig, Rates
from tests.models.paper.small_model import HISTORIES, NUM_FRAMES, NUM_ITEMS
from tests.models.small_model import CLOSE, KINDS, MAX_LENGTH, STEPS, make_model, quiet


@pytest.fixture(params=VARIANTS)
def model(request):
    return make_model(request.param)


def walked(model, histories, features, seed=0, **choices):
    """Return the walk of padded histories [R, L]."""
    items = model.items(features)
    return model.walk(model.context(items, histories), items, torch.Generator().manual_seed(seed), **choices)


def npd_schedule(model):
    return model.schedule(model.config.npd.noise_scale)


def at_every_position(model, histories, features):
    """Return the preference after each clip of one history [L, J]."""
    items, length = model.items(features), int((histories[0] > 0).sum())
    rows = torch.zeros(length, dtype=torch.long), torch.arange(length)
    return model.walk(model.context(items, histories, rows), items, torch.Generator().manual_seed(0)).preference


def test_a_history_gets_the_same_answer_alone_in_a_batch_and_beside_longer_ones(model, features):
    together = model.scores(HISTORIES, model.items(features))
    longer = torch.cat([F.pad(HISTORIES, (0, 4)), torch.arange(1, MAX_LENGTH + 1)[None]])
    beside = model.scores(longer, model.items(features))
    for row, history in enumerate(HISTORIES):
        alone = model.scores(history[None, : int((history > 0).sum())], model.items(features))
        torch.testing.assert_close(alone[0], together[row], **CLOSE)
        torch.testing.assert_close(alone[0], beside[row], **CLOSE)


def test_batch_order_changes_nothing(model, features):
    order, items = torch.tensor([2, 0, 1]), model.items(features)
    torch.testing.assert_close(model.scores(HISTORIES[order], items), model.scores(HISTORIES, items)[order], **CLOSE)


def test_what_stands_in_the_padding_row_changes_nothing(model, features):
    noisy = features.replace(frames=features.frames.clone(), text=features.text.clone())
    noisy.frames[0], noisy.text[0] = 100.0, -100.0
    one, other = (model.scores(HISTORIES, model.items(known))[:, 1:] for known in (features, noisy))
    torch.testing.assert_close(one, other, **CLOSE)


def test_what_is_answered_after_a_clip_does_not_depend_on_later_ones(model, features):
    """Each position's answer is that of the history cut there, so one row trains every position."""
    whole, changed = HISTORIES[1:2], HISTORIES[1:2].clone()
    changed[:, 4:] = torch.tensor([8, 6])
    answers = at_every_position(model, whole, features)
    torch.testing.assert_close(at_every_position(model, changed, features)[:4], answers[:4], **CLOSE)
    assert not torch.allclose(at_every_position(model, changed, features)[4], answers[4])
    for position in range(whole.shape[1]):
        cut = walked(model, whole[:, : position + 1], features).preference
        torch.testing.assert_close(cut[0], answers[position], **CLOSE)


def test_the_seed_makes_the_answer_repeatable(features):
    model, items = make_model(), make_model().items(features)
    assert torch.equal(model.scores(HISTORIES, items, seed=3), model.scores(HISTORIES, items, seed=3))
    assert not torch.equal(model.scores(HISTORIES, items, seed=3), model.scores(HISTORIES, items, seed=4))


def test_a_walk_has_the_steps_of_its_variants_modules(model, features):
    walk, variant = walked(model, HISTORIES, features), model.config.variant
    assert [step.diffusion_step for step in walk.tcd] == ([4, 3, 2, 1] if variant in ("full", "no_npd") else [])
    assert [step.diffusion_step for step in walk.npd] == ([4, 3, 2, 1] if variant in ("full", "no_tcd") else [])
    assert model.config.num_steps == STEPS == 4
    for step in walk.tcd:
        assert step.zt.shape == step.shares.shape == (*HISTORIES.shape, NUM_FRAMES, KINDS)
        assert step.attention.shape == (*HISTORIES.shape, NUM_FRAMES)


def test_what_ranks_is_the_end_of_the_walk_or_what_the_variant_has_in_its_place(model, features):
    walk, items = walked(model, HISTORIES, features, seed=5), model.items(features)
    if model.has_npd:
        end = walk.npd[-1].x0_hat
    elif model.config.variant == "backbone":
        end = walk.context.start
    else:
        end = model.fused(walk.wanted, walk.context, items)
    assert torch.equal(walk.preference, end)
    torch.testing.assert_close(model.scores(HISTORIES, items, seed=5), model.table.scores(end, items), **CLOSE)
    start = model.scores(HISTORIES, items, ends_at="start")
    torch.testing.assert_close(start, model.table.scores(walk.context.start, items), **CLOSE)
    assert torch.allclose(walk.preference, walk.context.start) == (model.config.variant == "backbone")


def test_what_each_clip_was_watched_for_is_what_tcd_ended_with_or_the_clips_own_kinds(model, features):
    walk = walked(model, HISTORIES, features)
    present = (HISTORIES > 0).float()
    torch.testing.assert_close(walk.wanted.sum(-1), present, **CLOSE)
    if model.has_tcd:
        last = walk.tcd[-1]
        expected = (last.attention.unsqueeze(-1) * last.shares).sum(2) * present.unsqueeze(-1)
    else:
        expected = walk.context.watched.kinds
    torch.testing.assert_close(walk.wanted, expected, **CLOSE)


@pytest.mark.parametrize("num_steps", [1, 9])
def test_a_walk_may_have_other_steps_than_the_trained_ones(features, num_steps):
    walk = walked(make_model(), HISTORIES, features, num_steps=num_steps)
    assert len(walk.tcd) == len(walk.npd) == num_steps and walk.preference.isfinite().all()


def test_the_preference_is_walked_to_from_its_own_corrupted_state_with_one_noise_for_all(features):
    model = make_model()
    walk = walked(model, HISTORIES, features)
    remains = npd_schedule(model).alpha_bars[-1].sqrt().float() * walk.context.start
    spread = walk.npd[0].xt - remains
    torch.testing.assert_close(spread, spread[:1].expand_as(spread), **CLOSE)
    assert not torch.allclose(walk.npd[0].xt[0], walk.npd[0].xt[1])


def test_without_noise_the_seed_says_nothing_and_the_walk_begins_at_the_clean_state(features):
    model = make_model(**quiet())
    walk = walked(model, HISTORIES, features)
    assert torch.equal(walk.preference, walked(model, HISTORIES, features, seed=1).preference)
    assert torch.equal(walk.npd[0].xt, walk.context.start)
    assert torch.equal(walk.tcd[0].zt, model.tcd.encode(walk.context.watched.moments))
    for one, following in zip(walk.npd[:-1], walk.npd[1:], strict=True):
        torch.testing.assert_close(following.xt, model.sphere(one.x0_hat))


def test_what_is_noised_again_lies_on_the_sphere_and_what_ranks_keeps_its_length(features):
    model = make_model()
    walk = walked(model, HISTORIES, features)
    lengths = torch.stack([step.x0_hat.norm(dim=-1) for step in walk.npd])
    assert not torch.allclose(lengths, torch.full_like(lengths, KINDS**0.5), rtol=0.05)
    clean_share, noisy_share, _ = npd_schedule(model).posteriors[-1]
    expected = clean_share * model.sphere(walk.npd[0].x0_hat) + noisy_share * walk.npd[0].xt
    torch.testing.assert_close(walk.npd[1].xt, expected)
    torch.testing.assert_close(walk.context.start.norm(dim=-1), torch.full((3,), KINDS**0.5), rtol=1e-3, atol=0)


@pytest.mark.parametrize("backbone", backbones())
@pytest.mark.parametrize("variant", ["full", "backbone"])
def test_every_backbone_carries_the_model(features, backbone, variant):
    model = make_model(variant, backbone=backbone)
    assert model.causal == model.backbone.causal
    scores = model.scores(HISTORIES, model.items(features))
    assert scores.shape == (3, NUM_ITEMS + 1) and scores.isfinite().all()
    retitled = features.replace(text=features.text.flip(0))
    assert not torch.allclose(scores, model.scores(HISTORIES, model.items(retitled)))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_configuration_survives_json(variant):
    config = make_model(variant, **quiet(rates=Rates(encoder=0.5), max_length=7)).config
    stored = json.loads(json.dumps(config.to_dict()))
    assert stored["form"] == "kinds" and MealRecConfig.from_dict(stored) == config


def test_an_unknown_value_or_key_is_refused():
    with pytest.raises(ValueError, match="variant must be one of full.*'no_such'"):
        make_model("no_such")
    with pytest.raises(ValueError, match="backbone must be one of .*sasrec.*no_such"):
        make_model(backbone="no_such")
    with pytest.raises(TypeError, match="MealRecConfig has no depth; it has num_items, .*rates"):
        MealRecConfig.from_dict({**make_model().config.to_dict(), "depth": 3})


def test_no_weight_has_two_rates_and_what_all_kinds_share_has_the_rest(model):
    groups = model.rates(16.0)
    named = [id(weight) for weights, _ in groups for weight in weights]
    assert len(named) == len(set(named)) and set(named) < {id(weight) for weight in model.parameters()}
    rates = {id(weight): rate for weights, rate in groups for weight in weights}
    assert rates[id(model.table.ids.weight)] == 16 * 0.15
    assert rates[id(model.table.kind_space.map.weight)] == 0.25
    assert all(rates[id(weight)] == 0.15 for weight in model.backbone.parameters())
    assert id(model.table.log_scale) not in rates
    if model.has_tcd or model.has_npd:
        assert rates[id(model.reader.companions)] == 8 and rates[id(model.reader.likeness)] == 2.5
        assert id(model.reader.rates) not in rates
    if model.has_npd:
        assert not {id(weight) for weight in model.npd.parameters()} & set(rates)


def test_weights_fit_only_their_own_configuration():
    weights = make_model().state_dict()
    make_model(lively=False).load_state_dict(weights)
    with pytest.raises(RuntimeError, match="size mismatch"):
        make_model(num_kinds=6, lively=False).load_state_dict(weights)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        make_model("no_tcd", lively=False).load_state_dict(weights)


def test_kinds_are_found_before_training_from_the_clicks(features):
    model = make_model(lively=False)
    before = model.items(features).moments
    model.prepare([[1, 2, 5], [7, 4, 9], [10, 11, 8]], features)
    assert model.table.kind_space.is_fitted
    assert not torch.allclose(before, model.items(features).moments)
