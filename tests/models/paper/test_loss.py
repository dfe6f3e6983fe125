"""The objective: each term against its equation, where gradients go and where they must not."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mealrec.data.interactions import leave_one_out
from mealrec.models.losses import ranking_loss
from mealrec.models.paper.config import VARIANTS, PaperLoss
from mealrec.models.paper.model import PaperMealRec
from mealrec.ranking.ranks import model_scorer
from mealrec.types import SequenceBatch
from tests.models.paper.small_model import whole_table
from tests.training.tiny_world import make_catalogue, make_config, make_features

PLAIN = PaperLoss(lambda_start=0)


@pytest.fixture(scope="module")
def features():
    return make_features(make_catalogue())


@pytest.fixture
def batch():
    """Return eight histories of three clicks, each followed by its next click; none is there twice."""
    longer = [sequence for sequence in leave_one_out(make_catalogue()).train if len(sequence) > 3]
    chosen = torch.tensor([sequence[:4] for sequence in {each[:3]: each for each in longer}.values()][:8])
    histories = F.pad(chosen[:, :3], (0, 1))
    targets = torch.zeros_like(histories)
    targets[:, 2] = chosen[:, 3]
    return SequenceBatch(histories, targets)


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
    config = PaperLoss(lambda_tcd=0.3, lambda_npd=0.7, lambda_start=0.11)
    terms = make_model().loss(batch, features, config)
    expected = terms["rank"] + 0.3 * terms["tcd"] + 0.7 * terms["npd"] + 0.11 * terms["start"]
    torch.testing.assert_close(terms["total"], expected)


def test_without_the_addition_the_objective_is_equation_16(batch, features):
    terms = make_model().loss(batch, features, PLAIN)
    torch.testing.assert_close(terms["total"], terms["rank"] + 0.1 * terms["tcd"] + 0.1 * terms["npd"])


def test_a_backbone_alone_has_the_ranking_loss_alone(batch, features):
    terms = make_model("backbone").loss(batch, features, PLAIN)
    assert set(terms) == {"rank", "total"} and torch.equal(terms["rank"], terms["total"])


def test_figures_to_watch_are_no_part_of_the_total(batch, features):
    terms = make_model().loss(batch, features, PLAIN)
    watched = {name for name in terms if name.startswith("watch/")}
    assert watched == {"watch/var_x0", "watch/var_z0", "watch/npd_over_var_x0", "watch/cosine"}
    assert not any(terms[name].requires_grad for name in watched)


def test_the_ranking_loss_is_the_cross_entropy_over_items_with_an_id(batch, features):
    model = make_model().eval()
    items, preference = whole_table(model, features), random_preferences(model, len(batch.items))
    users, positions = batch.rows
    targets = batch.targets[users, positions]
    loss = ranking_loss(model.table, preference, items, targets, features)
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
    losses_seen = [
        ranking_loss(model.table, preference, whole_table(model, known), targets, known)
        for known in (features, changed)
    ]
    torch.testing.assert_close(*losses_seen)


def test_no_gradient_flows_into_a_reconstruction_target(batch, features, monkeypatch):
    """Eq. 11 and Eq. 14 with open targets are lowest where z_0 and x_0 collapse."""
    targets = []

    def mse_loss(prediction, target):
        targets.append(target)
        return ((prediction - target) ** 2).mean()

    monkeypatch.setattr(F, "mse_loss", mse_loss)
    make_model().loss(batch, features)
    assert len(targets) == 2
    assert not any(target.requires_grad for target in targets)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("head", ["item", "content"])
def test_gradients_reach_every_parameter(batch, features, head, variant):
    model = make_model(variant, head=head, max_length=3)
    if head == "content":
        model.table.anchors.fit(features)
    partly = features.replace(
        has_visual=features.has_visual & (torch.arange(len(features)) != batch.items[0, 0]),
        has_text=features.has_text & (torch.arange(len(features)) != batch.items[1, 0]),
    )
    cut = SequenceBatch(batch.items[:, :3], batch.targets[:, :3])
    model.loss(cut, partly, PaperLoss(frame_dropout=0.5))["total"].backward()
    unreached = [
        name for name, parameter in model.named_parameters() if parameter.grad is None or not parameter.grad.abs().sum()
    ]
    assert not unreached


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_batch_can_be_overfitted(batch, features, variant):
    model = without_dropout(make_model(variant, lively=False, id_dropout=0.0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(120):
        optimizer.zero_grad()
        model.loss(batch, features, PaperLoss(frame_dropout=0.0))["total"].backward()
        optimizer.step()
    scores = model_scorer(model, features)(batch.items[:, :3].numpy())
    candidates = torch.from_numpy(scores).masked_fill(~features.has_id, float("-inf"))
    assert (candidates.argmax(1) == batch.targets[:, 2]).float().mean() == 1.0
