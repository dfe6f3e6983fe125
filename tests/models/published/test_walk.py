"""The walk over kinds: alike alone and in a batch, the same again, the same for kinds in any order, blind to itself."""

from __future__ import annotations

import pytest
import torch

from mealrec.data.batches import TrainingBatches
from mealrec.models.config import TCDConfig
from mealrec.models.published.config import VARIANTS, GraphConfig
from mealrec.models.published.kinds import GraphKinds
from mealrec.models.published.mealrec import KindWalk
from tests.models.paper.small_model import HISTORIES
from tests.models.published.small_walk import CLOSE, KINDS, QUIET, STEPS, make_walk, make_walk_config, world
from tests.training.tiny_world import FRAMES

ORDER = torch.randperm(KINDS, generator=torch.Generator().manual_seed(4))


@pytest.fixture(params=VARIANTS)
def model(request):
    return make_walk(request.param)


def asked(model, histories=HISTORIES, seed=0, **choices):
    with torch.no_grad():
        return model.scores(histories, model.items(world()[1]), seed=seed, **choices)


def walked(model, histories=HISTORIES, seed=0):
    with torch.no_grad():
        items = model.items(world()[1])
        return model.walk(model.context(items, histories), items, torch.Generator().manual_seed(seed))


def test_a_history_gets_one_answer_alone_and_in_a_batch(model):
    together = asked(model)
    for row, history in enumerate(HISTORIES):
        own = history[history > 0]
        torch.testing.assert_close(asked(model, own[None])[0], together[row], **CLOSE)


def test_a_seed_repeats_itself_and_only_noise_hears_it(model):
    assert torch.equal(asked(model), asked(model))
    is_noisy = model.config.variant not in ("no_tcd_npd", "backbone")
    assert torch.equal(asked(model), asked(model, seed=1)) != is_noisy


def test_without_npd_nothing_but_tcd_is_noisy():
    still = make_walk("no_npd", tcd=TCDConfig(noise_scale=0.0))
    assert torch.equal(asked(still), asked(still, seed=1))
    npd_alone = make_walk("full", tcd=TCDConfig(noise_scale=0.0))
    assert not torch.equal(asked(npd_alone), asked(npd_alone, seed=1))


def test_without_npd_its_map_reads_the_history_and_no_preference(model):
    walk = walked(model)
    assert model.has_npd == (model.config.variant in ("full", "no_tcd"))
    if model.has_npd:
        assert len(walk.npd) == STEPS and torch.equal(walk.preference, walk.npd[-1].x0_hat)
        return
    assert walk.npd == ()
    if model.config.variant == "backbone":
        assert torch.equal(walk.preference, walk.context.start)
        return
    items = model.items(world()[1])
    refined = walk.wanted[walk.context.rows].unsqueeze(1)
    condition = model.condition(refined, walk.context, items)
    nothing = torch.zeros(len(HISTORIES), KINDS)
    torch.testing.assert_close(walk.preference, model.npd.denoise(nothing, condition, walk.context.reader))


def test_tcd_looks_into_the_last_clip_alone(model):
    walk = walked(model)
    assert model.has_tcd == (model.config.variant in ("full", "no_npd"))
    assert len(walk.tcd) == (STEPS if model.has_tcd else 0)
    for step in walk.tcd:
        assert step.shares.shape == (len(HISTORIES), 1, FRAMES, KINDS)
        torch.testing.assert_close(step.shares.sum(-1), torch.ones(step.shares.shape[:-1]))
        torch.testing.assert_close(step.attention.sum(-1), torch.ones(len(HISTORIES), 1))


@pytest.mark.parametrize("rows", [None, (torch.tensor([0, 1, 1]), torch.tensor([1, 0, 4]))])
def test_what_tcd_walks_over_are_the_moments_of_the_rows_own_clip(rows):
    model = make_walk(tcd=TCDConfig(noise_scale=0.0))
    with torch.no_grad():
        items = model.items(world()[1])
        walk = model.walk(model.context(items, HISTORIES, rows), items, torch.Generator().manual_seed(0))
    users, positions = rows or (torch.arange(3), (HISTORIES > 0).sum(1) - 1)
    expected = model.tcd.encode(items.moments[HISTORIES[users, positions]])
    torch.testing.assert_close(walk.tcd[0].zt.squeeze(1), expected)


def test_a_clip_is_said_to_be_watched_for_all_it_shows_but_for_the_last(model):
    walk, items = walked(model), model.items(world()[1])
    for row, history in enumerate(HISTORIES):
        clips = history[history > 0]
        shown = items.kinds[clips]
        torch.testing.assert_close(walk.wanted[row, : len(clips) - 1], shown[:-1], **CLOSE)
        changed = not torch.allclose(walk.wanted[row, len(clips) - 1], shown[-1], atol=1e-3)
        assert changed == model.has_tcd
        assert not walk.wanted[row, len(clips) :].any()


def test_where_the_walk_begins_is_asked_for_by_name(model):
    walk = walked(model)
    start = asked(model, ends_at="start")
    items = model.items(world()[1])
    torch.testing.assert_close(start, model.table.scores(walk.context.start, items))
    assert torch.equal(start, asked(model)) == (model.config.variant == "backbone")
    assert model.ends == ("walk", "start")


def test_without_noise_the_walk_begins_at_x_0():
    walk = walked(make_walk(**QUIET))
    torch.testing.assert_close(walk.npd[0].xt, walk.context.start)


def test_kinds_in_another_order_give_the_same_ranking_and_the_preference_in_that_order():
    """Noise would not know of the order, so there is none; all that is learned is shared by all kinds."""
    model, other = make_walk(**QUIET), make_walk(**QUIET)
    counted = other.kinds
    for name in ("shares", "kinds", "anybody"):
        getattr(counted, name).copy_(getattr(model.kinds, name)[..., ORDER])
    counted.centroids.copy_(model.kinds.centroids[ORDER])
    counted.lifts.copy_(model.kinds.lifts[:, ORDER][:, :, ORDER])
    torch.testing.assert_close(walked(other).preference, walked(model).preference[:, ORDER], **CLOSE)
    torch.testing.assert_close(asked(other), asked(model), **CLOSE)


def recorded(monkeypatch, variant="full", **changes):
    """Return an untrained walk, and for each of its counts of kinds the viewers that it saw."""
    seen, fit = {}, GraphKinds.fit

    def recording(kinds, features, sequences):
        seen[id(kinds)] = list(sequences)
        fit(kinds, features, sequences)

    monkeypatch.setattr(GraphKinds, "fit", recording)
    model = KindWalk(make_walk_config(variant, **changes))
    model.prepare(world()[0].train, world()[1])
    return model, seen


@pytest.mark.parametrize("folds", [2, 4])
def test_a_row_meets_kinds_that_never_saw_its_viewer_nor_one_like_him(monkeypatch, folds):
    model, seen = recorded(monkeypatch, folds=folds)
    train = world()[0].train
    assert len(model.folds) == folds and seen[id(model.kinds)] == list(train)
    met = []
    for batch in TrainingBatches(train, model.config.max_length, "cpu").epoch(64, torch.Generator().manual_seed(0)):
        for kinds, part in model.by_fold(batch):
            assert any(kinds is each for each in model.folds)
            for items, targets in zip(part.items.tolist(), part.targets.tolist(), strict=True):
                own = (*(item for item in items if item), [target for target in targets if target][-1])
                assert own not in seen[id(kinds)]
                met.append(own)
    assert sorted(met) == sorted(train), "every viewer trains once"
    left_out = [len(train) - len(seen[id(kinds)]) for kinds in model.folds]
    assert sum(left_out) == len(train) and min(left_out) > len(train) / (3 * folds)


def test_whoever_only_asks_counts_no_folds(monkeypatch):
    model = KindWalk(make_walk_config()).eval()
    model.prepare(world()[0].train, world()[1])
    assert model.folds == [] and model.kinds.is_fitted


def test_a_stored_walk_ranks_the_same_without_its_folds():
    model = make_walk()
    back = KindWalk(GraphConfig.from_dict(model.config.to_dict())).eval()
    back.load_state_dict(model.state_dict())
    assert not any("folds" in name for name in model.state_dict())
    assert torch.equal(asked(back), asked(model))


def test_an_item_nobody_has_clicked_stands_among_the_others():
    model, (_, features) = make_walk(), world()
    with torch.no_grad():
        items = model.items(features)
        new = model.without_id(features.rows(torch.tensor([3, 9])), items.anybody)
        longer = items.followed_by(new)
        found = model.scores(torch.tensor([[1, 2, len(items)]]), longer)
    assert found.shape == (1, len(items) + 2) and found.isfinite().all()
    assert not new.bias.any()


def test_a_configuration_comes_back_and_an_unknown_one_is_refused():
    config = make_walk_config("no_tcd", **QUIET)
    values = config.to_dict()
    assert values["form"] == "graph" and GraphConfig.from_dict(values) == config
    with pytest.raises(TypeError):
        GraphConfig.from_dict(values | {"colour": 1})
    with pytest.raises(ValueError, match="variant must be one of"):
        make_walk_config("whole")
    with pytest.raises(ValueError, match="folds must be 2 or more"):
        make_walk_config(folds=1)
