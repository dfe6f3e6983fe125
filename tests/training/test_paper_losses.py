"""The objective: each term against its equation, where gradients go and where they must not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mealrec.models.paper import losses
from mealrec.models.paper.config import CONDITIONS, VARIANTS
from mealrec.models.paper.losses import PaperLoss, ranking_loss, total_loss, with_accidents
from mealrec.models.paper.model import PaperMealRec
from mealrec.ranking.ranks import model_scorer
from mealrec.types import SequenceBatch
from tests.training.tiny_world import make_config

PLAIN = PaperLoss(lambda_start=0, lambda_again=0, lambda_settle=0, click_noise=0)


def make_model(variant="full", lively=True, **changes):
    torch.manual_seed(0)
    model = PaperMealRec(make_config(variant, **changes))
    if lively:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model.train()


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def random_preferences(model, rows):
    return torch.randn(rows, model.config.width, requires_grad=True)


def test_the_total_is_the_weighted_sum_of_its_terms(batch, features):
    config = PaperLoss(lambda_tcd=0.3, lambda_npd=0.7, lambda_start=0.11, lambda_again=0.13, lambda_settle=0.17)
    terms = total_loss(make_model(), batch, features, config)
    expected = terms["rank"] + 0.3 * terms["tcd"] + 0.7 * terms["npd"]
    expected = expected + 0.11 * terms["start"] + 0.13 * terms["again"] + 0.17 * terms["settle"]
    torch.testing.assert_close(terms["total"], expected)


def test_without_the_additions_the_objective_is_equation_16(batch, features):
    terms = total_loss(make_model(), batch, features, PLAIN)
    torch.testing.assert_close(terms["total"], terms["rank"] + 0.1 * terms["tcd"] + 0.1 * terms["npd"])


@pytest.mark.parametrize(
    ("variant", "expected"),
    [("no_tcd", {"rank", "npd"}), ("no_npd", {"rank", "tcd"}), ("no_tcd_npd", {"rank"}), ("backbone", {"rank"})],
)
def test_an_ablation_drops_its_modules_term(batch, features, variant, expected):
    terms = {name for name in total_loss(make_model(variant), batch, features, PLAIN) if not name.startswith("watch/")}
    assert terms - {"start"} == expected | {"total"}


def test_the_ranking_loss_is_the_cross_entropy_over_items_with_an_id(batch, features):
    model = make_model().eval()
    items, preference = model.table(features), random_preferences(model, len(batch.items))
    users, positions = batch.rows
    targets = batch.targets[users, positions]
    loss = ranking_loss(model, preference, items, targets, features)
    scores = model.table.scores(preference, items)
    each = [
        scores[row, features.has_id].logsumexp(0) - scores[row, target] for row, target in enumerate(targets.tolist())
    ]
    torch.testing.assert_close(loss, torch.stack(each).mean())


def test_an_item_without_an_id_is_never_a_negative(batch, features):
    model = make_model().eval()
    users, positions = batch.rows
    preference, targets = random_preferences(model, len(users)), batch.targets[users, positions]
    held_out = (~features.has_id).nonzero().flatten()
    changed = features.replace(global_visual=features.global_visual.clone())
    changed.global_visual[held_out] += 30
    losses_seen = [ranking_loss(model, preference, model.table(known), targets, known) for known in (features, changed)]
    torch.testing.assert_close(*losses_seen)


def test_accidents_strike_their_share_of_the_clicks_and_nothing_else(features):
    sequences = torch.full((400, 10), 5)
    sequences[:, 7:] = 0
    struck = with_accidents(sequences, features, 0.3)
    assert (struck[:, 7:] == 0).all()
    assert features.has_id[struck[:, :7].unique()].all()
    assert (struck[:, :7] != 5).float().mean().item() == pytest.approx(0.3, abs=0.05)
    assert torch.equal(with_accidents(sequences, features, 0.0), sequences)


def test_no_gradient_flows_into_a_reconstruction_target(batch, features, monkeypatch):
    """Eq. 11 and Eq. 14 with open targets are lowest where z_0 and x_0 collapse."""
    targets = []

    def mse_loss(prediction, target):
        targets.append(target)
        return ((prediction - target) ** 2).mean()

    monkeypatch.setattr(losses.F, "mse_loss", mse_loss)
    total_loss(make_model(), batch, features, PaperLoss())
    assert len(targets) >= 2
    assert not any(target.requires_grad for target in targets)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("head", ["item", "content"])
def test_gradients_reach_every_parameter(batch, features, head, variant, condition):
    model = make_model(variant, condition=condition, head=head, max_length=3)
    if head == "content":
        model.table.anchors.fit(features)
    if condition == "last" and hasattr(model, "npd"):
        # What tells the history's items apart has nothing to do where only the last one is seen.
        model.npd.age_places.requires_grad_(False)
    partly = features.replace(
        has_visual=features.has_visual & (torch.arange(len(features)) != batch.items[0, 0]),
        has_text=features.has_text & (torch.arange(len(features)) != batch.items[1, 0]),
    )
    cut = SequenceBatch(batch.items[:, :3], batch.targets[:, :3])
    total_loss(model, cut, partly, PaperLoss(frame_dropout=0.5))["total"].backward()
    unreached = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not parameter.grad.abs().sum())
    ]
    assert not unreached


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_batch_can_be_overfitted(batch, features, variant):
    model = without_dropout(make_model(variant, lively=False, id_dropout=0.0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(120):
        optimizer.zero_grad()
        total_loss(model, batch, features, PaperLoss(frame_dropout=0.0, click_noise=0.0))["total"].backward()
        optimizer.step()
    scores = model_scorer(model, features)(batch.items[:, :3].numpy())
    candidates = torch.from_numpy(scores).masked_fill(~features.has_id, float("-inf"))
    assert (candidates.argmax(1) == batch.targets[:, 2]).float().mean() == 1.0
