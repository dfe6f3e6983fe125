"""The objective over kinds: each term, who is a candidate, where gradients go and where they must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from mealrec.data.interactions import leave_one_out
from mealrec.models.config import VARIANTS, LossConfig, TCDConfig
from mealrec.models.losses import ranking_loss
from mealrec.models.mealrec import MealRec
from mealrec.types import SequenceBatch
from tests.models.paper.small_model import NUM_FRAMES, WITHOUT_ID
from tests.models.small_model import CLOSE, KINDS, make_model, quiet, shares
from tests.training.tiny_world import make_catalogue, make_features, make_kinds_config

BATCH = SequenceBatch(
    torch.tensor([[1, 2, 5, 0], [7, 3, 4, 9], [8, 0, 0, 0]]), torch.tensor([[2, 5, 6, 0], [3, 4, 9, 10], [11, 0, 0, 0]])
)
PLAIN = LossConfig()


def terms_of(model, features, config=PLAIN, batch=BATCH):
    torch.manual_seed(0)
    return model.loss(batch, features, config)


def ranked(model, features, seen=None, seed=1):
    """Return the ranking loss of drawn preferences, their scores, and the targets."""
    items, targets = model.items(features), BATCH.targets[BATCH.rows]
    preference = torch.randn(len(targets), KINDS, generator=torch.Generator().manual_seed(seed))
    loss = ranking_loss(model.table, preference, items, targets, features, seen)
    return loss, model.table.scores(preference, items), targets


def test_the_total_is_the_weighted_sum_of_its_terms(features):
    config = LossConfig(lambda_tcd=0.3, lambda_npd=0.7, lambda_start=0.11)
    terms = terms_of(make_model(), features, config)
    expected = terms["rank"] + 0.3 * terms["tcd"] + 0.7 * terms["npd"] + 0.11 * terms["start"]
    torch.testing.assert_close(terms["total"], expected)
    assert all(terms[name] > 0 for name in ("rank", "tcd", "npd", "start"))


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("full", {"start", "tcd", "npd", "rank"}),
        ("no_tcd", {"start", "tcd", "npd", "rank"}),
        ("no_npd", {"start", "tcd", "rank"}),
        ("no_tcd_npd", {"start", "tcd", "rank"}),
        ("backbone", {"rank"}),
    ],
)
def test_an_ablation_has_no_loss_of_what_it_lacks(features, variant, expected):
    terms = terms_of(make_model(variant), features)
    assert set(terms) == expected | {"total"}
    assert ("tcd" in terms and terms["tcd"] > 0) == (variant in ("full", "no_npd"))


def test_the_backbones_own_loss_is_part_of_the_total(features):
    terms = terms_of(make_model("backbone", backbone="cl4srec"), features)
    assert terms["total"] > terms["rank"]


def test_the_ranking_loss_is_the_cross_entropy_over_items_with_an_id(features):
    loss, scores, targets = ranked(make_model(), features)
    trained = features.has_id & (torch.arange(len(features)) > 0)
    each = [scores[row, trained].logsumexp(0) - scores[row, target] for row, target in enumerate(targets)]
    torch.testing.assert_close(loss, torch.stack(each).mean(), **CLOSE)


def test_what_was_watched_already_is_no_candidate(features):
    loss, scores, targets = ranked(make_model(), features, BATCH.prefixes())
    each = []
    for row, (target, history) in enumerate(zip(targets.tolist(), BATCH.prefixes().tolist(), strict=True)):
        left = [item for item in range(1, len(features)) if item != WITHOUT_ID and item not in history]
        each.append(scores[row, left].logsumexp(0) - scores[row, target])
    torch.testing.assert_close(loss, torch.stack(each).mean(), **CLOSE)


def test_the_objective_hides_the_history_unless_told_otherwise(features):
    model = make_model("backbone")
    hidden, open_ = (terms_of(model, features, replace(PLAIN, hide_history=hide))["rank"] for hide in (True, False))
    assert hidden < open_


def test_a_clip_that_is_watched_again_stays_a_candidate(features):
    again = SequenceBatch(torch.tensor([[1, 2, 0]]), torch.tensor([[0, 1, 0]]))
    assert terms_of(make_model(), features, batch=again)["total"] < 100


def test_an_item_without_an_id_is_no_candidate_and_gets_no_gradient(features):
    model = make_model(id_dropout=0.5).train()
    one = terms_of(model, features)
    one["total"].backward()
    assert not model.table.ids.weight.grad[[0, WITHOUT_ID]].any() and not model.table.bias.grad[[0, WITHOUT_ID]].any()
    assert model.table.ids.weight.grad.any() and model.table.bias.grad.any()
    frames = features.frames.clone()
    frames[WITHOUT_ID] += 30
    other = terms_of(model, features.replace(frames=frames))
    torch.testing.assert_close(one["total"], other["total"])


def test_no_gradient_flows_into_what_is_to_be_recovered(features, monkeypatch):
    """Eq. 11 and 14 with open targets are lowest where z_0 and x_0 collapse."""
    model, targets = make_model(), []

    def mse_loss(prediction, target):
        targets.append(target)
        return (prediction - target).square().mean()

    monkeypatch.setattr(F, "mse_loss", mse_loss)
    terms = terms_of(model, features)
    assert len(targets) == 1 and not targets[0].requires_grad
    # Eq. 11's target is z_0 of the clips; with shares that know nothing of the weights no gradient is left.
    known = shares(*BATCH.items.shape, NUM_FRAMES, KINDS)
    monkeypatch.setattr(model.tcd, "denoise", lambda *_: (known, known.mean(-1)))
    assert terms["tcd"].requires_grad and not terms_of(model, features)["tcd"].requires_grad


def test_the_walk_is_trained_from_the_encoders_state(features):
    """Without noise x_t is what the walk began with: x_0."""
    model, seen = make_model(**quiet()), []
    items = model.items(features)
    start = model.encode(items, BATCH.items)[BATCH.rows]
    denoise = model.npd.denoise

    def watched(xt, *others):
        seen.append(xt.detach())
        return denoise(xt, *others)

    model.npd.denoise = watched
    model.loss(BATCH, features)
    torch.testing.assert_close(seen[0], start.detach())


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_reach_every_parameter_that_the_variant_uses(features, variant):
    model = make_model(variant, max_length=4, id_dropout=0.5, tcd=TCDConfig(noise_scale=40.0)).train()
    seen = BATCH.items[0, 0].item(), BATCH.items[1, 0].item()
    partly = features.replace(
        has_visual=features.has_visual & (torch.arange(len(features)) != seen[0]),
        has_text=features.has_text & (torch.arange(len(features)) != seen[1]),
        has_id=features.has_id & (torch.arange(len(features)) != 8),
    )
    model.loss(BATCH, partly, LossConfig(lambda_npd=0.1))["total"].backward()
    without = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not without


@pytest.mark.parametrize("variant", ["full", "backbone"])
def test_a_few_steps_of_training_lower_the_loss(variant):
    catalogue = make_catalogue(60)
    split, features = leave_one_out(catalogue), make_features(catalogue)
    torch.manual_seed(0)
    model = MealRec(make_kinds_config(variant)).train()
    model.prepare(split.train, features)
    length = max(map(len, split.train))
    rows = torch.tensor([[*sequence, *[0] * (length - len(sequence))] for sequence in split.train])
    batch = SequenceBatch(rows[:, :-1], rows[:, 1:])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    seen = []
    for _ in range(25):
        optimizer.zero_grad()
        total = model.loss(batch, features)["total"]
        total.backward()
        optimizer.step()
        seen.append(total.item())
    assert sum(seen[-3:]) < 0.85 * sum(seen[:3])
