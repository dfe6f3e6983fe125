"""Separate training: whom each term teaches, which rows the denoisers see, and what enters the sum."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from mealrec.errors import TrainingError
from mealrec.models.paper.losses import PaperLoss, total_loss
from mealrec.models.paper.npd import NPD
from mealrec.models.paper.tcd import TCD
from tests.training.test_paper_losses import make_model

ALL_TERMS = {"lambda_tcd": 0.3, "lambda_npd": 0.7, "lambda_start": 0.11, "lambda_again": 0.13, "lambda_settle": 0.17}
APART = PaperLoss(**ALL_TERMS, joint=False, frame_dropout=0.5, click_noise=0.3)
HEADS = ("item", "content")
DENOISERS = ("tcd", "npd")


@pytest.fixture
def partly(batch, features):
    """The features, less one clip and one title that the histories hold."""
    items = torch.arange(len(features))
    without = {"has_visual": items != batch.items[0, 0], "has_text": items != batch.items[1, 0]}
    return features.replace(**{name: getattr(features, name) & kept for name, kept in without.items()})


def taught(batch, features, config, **changes):
    """Return the parts of the model that the total's gradient reaches: "table", "backbone", "tcd", "npd"."""
    model = make_model(**changes)
    if model.config.head == "content":
        model.table.anchors.fit(features)
    total_loss(model, batch, features, config)["total"].backward()
    return {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("term", ["start", *DENOISERS])
def test_each_term_teaches_its_own_part_alone(batch, partly, head, term):
    alone = replace(APART, **{name: float(name == f"lambda_{term}") for name in ALL_TERMS})
    expected = {"table", "backbone"} if term == "start" else {term}
    assert taught(batch, partly, alone, head=head) == expected


@pytest.mark.parametrize("head", HEADS)
def test_together_they_teach_every_part_and_jointly_the_denoisers_teach_the_encoder_too(batch, partly, head):
    assert taught(batch, partly, APART, head=head) == {"table", "backbone", *DENOISERS}
    jointly = replace(APART, joint=True, lambda_start=0.0, lambda_tcd=0.0, lambda_npd=0.0)
    assert taught(batch, partly, jointly, head=head) == {"table", "backbone", *DENOISERS}


@pytest.mark.parametrize("head", HEADS)
def test_apart_the_total_is_the_weighted_sum_of_its_terms_and_watching_is_free(batch, partly, head):
    terms = total_loss(make_model(head=head), batch, partly, APART)
    torch.testing.assert_close(terms["total"], 0.11 * terms["start"] + 0.3 * terms["tcd"] + 0.7 * terms["npd"])
    watched = {"watch/var_x0", "watch/var_z0", "watch/npd_over_var_x0", "watch/cosine"}
    assert set(terms) == {"start", *DENOISERS, "total"} | watched
    assert all(terms[name].isfinite() and not terms[name].requires_grad for name in watched)


def test_what_is_watched_is_a_number_even_where_one_row_is_denoised(batch, features):
    terms = total_loss(make_model(), batch, features, replace(APART, denoised_share=1e-6))
    assert all(term.isfinite() for term in terms.values())


def rows_seen(monkeypatch, batch, features, config):
    """Return how many rows each denoiser is given, once for each time that it is applied."""
    seen, denoise, encode = {name: [] for name in DENOISERS}, NPD.denoise, TCD.encode

    def watched_denoise(self, xt, memory, visible):
        seen["npd"].append(len(xt))
        assert len(visible) == len(xt)
        return denoise(self, xt, memory, visible)

    def watched_encode(self, frames):
        seen["tcd"].append(len(frames))
        return encode(self, frames)

    with monkeypatch.context() as patch:
        patch.setattr(NPD, "denoise", watched_denoise)
        patch.setattr(TCD, "encode", watched_encode)
        total_loss(make_model(), batch, features, config)
    return seen


@pytest.mark.parametrize("share", [1e-6, 0.25, 0.3, 1.0])
def test_the_denoisers_learn_from_their_share_of_the_rows_and_one_at_least(batch, features, monkeypatch, share):
    expected = max(1, math.ceil(share * len(batch.items)))
    assert rows_seen(monkeypatch, batch, features, replace(APART, denoised_share=share)) == {
        "tcd": [expected],
        "npd": [expected],
    }


def test_every_row_can_be_drawn(batch, features, monkeypatch):
    model, drawn, context = make_model(), set(), make_model().context.__func__

    def watched(start, history, *others):
        drawn.update(map(tuple, history.tolist()))
        return context(model, start, history, *others)

    monkeypatch.setattr(model, "context", watched)
    for _ in range(40):
        total_loss(model, batch, features, PaperLoss(joint=False, denoised_share=0.25))
    assert drawn == set(map(tuple, batch.prefixes().tolist()))


def test_a_row_meets_its_own_target(batch, features, monkeypatch):
    """The rows are picked from x_0, from the target and from the histories alike."""
    model, pairs = make_model(), []
    monkeypatch.setattr(model, "context", lambda start, history, *_: pairs.extend(zip(start, history, strict=True)))
    with pytest.raises(AttributeError):  # there is no context to go on with
        total_loss(model.eval(), batch, features, PaperLoss(joint=False, denoised_share=0.5))
    states = model.encode(model.table(features), batch.items)[batch.rows]
    by_history = dict(zip(map(tuple, batch.prefixes().tolist()), states, strict=True))
    assert len(pairs) == 4
    for start, history in pairs:
        assert torch.equal(start, by_history[tuple(history.tolist())]) and not start.requires_grad


def test_jointly_the_denoisers_see_all_rows(batch, features, monkeypatch):
    config = replace(APART, joint=True, denoised_share=0.25)
    rounds = 2 + config.longest_detour - 1  # once, once again, and on the way there
    assert rows_seen(monkeypatch, batch, features, config) == {"tcd": [8], "npd": [8] * rounds}


@pytest.mark.parametrize("variant", ["no_npd", "no_tcd_npd"])
def test_what_only_ranking_teaches_cannot_be_trained_apart(batch, features, variant):
    with pytest.raises(TrainingError, match=f"joint=false.*{variant}"):
        total_loss(make_model(variant), batch, features, APART)


def test_each_term_has_its_weight_and_the_ranking_loss_has_one():
    config = PaperLoss(**ALL_TERMS)
    assert {name: config.weight(name) for name in ("tcd", "npd", "start", "again", "settle", "rank")} == {
        **{name.removeprefix("lambda_"): value for name, value in ALL_TERMS.items()},
        "rank": 1.0,
    }


@pytest.mark.parametrize(("backbone", "reads"), [("sasrec", set()), ("tedrec", {"text", "absent_text"})])
def test_a_system_of_ids_alone_trains_only_the_map_that_its_backbone_reads(batch, partly, backbone, reads):
    model = make_model("backbone", backbone=backbone, head="item", content="none")
    total_loss(model, batch, partly, APART)["total"].backward()
    reached = {
        name.split(".")[0] for name, p in model.content.named_parameters() if p.grad is not None and p.grad.any()
    }
    assert reached == reads
