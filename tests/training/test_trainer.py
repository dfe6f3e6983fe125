"""Training a tiny world in seconds: it learns, it repeats itself, it never sees what is held out."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.backbones.sasrec import Encoder
from mealrec.data.batches import TrainingBatches
from mealrec.models.paper.model import PaperMealRec
from mealrec.ranking.metrics import hits, ndcg, paired_p
from mealrec.ranking.ranks import model_scorer, popularity_scorer, rank_rows
from mealrec.training import trainer
from mealrec.training.checkpoint import log_lines
from mealrec.training.config import PRECISIONS, TrainConfig
from mealrec.training.trainer import train
from tests.training.tiny_world import HELD_OUT, NUM_ITEMS, make_config
from tests.training.two_processes import without_dropout

QUICK = TrainConfig(learning_rate=5e-3, batch_size=64, max_epochs=8, patience=8, average=0.9)
BRIEF = TrainConfig(batch_size=128, max_epochs=1)  # two steps
LOSS = PaperMealRec.loss


@pytest.fixture(scope="module")
def trained(split, features):
    return train(make_config(dropout=0.1), QUICK, split, features)


def test_a_tiny_world_trained_in_seconds_beats_popularity(trained, split, features):
    candidates = features.has_id.numpy()
    model = rank_rows(model_scorer(trained.model, features), split.test, candidates)
    popular = rank_rows(popularity_scorer(split.train, NUM_ITEMS), split.test, candidates)
    ours, theirs = ndcg(model.masked, 10), ndcg(popular.masked, 10)
    assert ours.mean() > 1.2 * theirs.mean()
    assert paired_p(ours, theirs) < 0.01
    assert trained.seconds < 60


def test_the_best_epoch_is_the_one_kept(trained, split, features):
    assert trained.epoch == 1 + int(np.argmax([line["N@10"] for line in trained.log]))
    assert trained.validation == max(line["N@10"] for line in trained.log)
    again = rank_rows(model_scorer(trained.model, features), split.validation, features.has_id.numpy())
    assert ndcg(again.masked, 10).mean() == pytest.approx(trained.validation)


def test_the_log_has_a_json_line_for_each_epoch(trained):
    assert len(log_lines(trained.log).splitlines()) == len(trained.log)
    validation = {"H@10", "N@10", "unmasked_H@10", "unmasked_N@10"}
    assert {"epoch", "total", "rank", "seconds"} | validation <= set(trained.log[0])
    assert sum(line["seconds"] for line in trained.log) <= trained.seconds


def test_both_stopping_rules_validate_what_they_say(trained, split, features):
    found = trained.log[trained.epoch - 1]
    ranks = rank_rows(model_scorer(trained.model, features), split.validation, features.has_id.numpy())
    for prefix, rank in (("", ranks.masked), ("unmasked_", ranks.unmasked)):
        assert found[f"{prefix}H@10"] == pytest.approx(hits(rank, 10).mean())
        assert found[f"{prefix}N@10"] == pytest.approx(ndcg(rank, 10).mean())
    by_mean = train(make_config("backbone"), replace(BRIEF, max_epochs=2, stop_on="mean"), split, features)
    means = [(line["N@10"] + line["unmasked_N@10"]) / 2 for line in by_mean.log]
    assert by_mean.validation == max(means) and by_mean.epoch == 1 + int(np.argmax(means))


@pytest.mark.parametrize("wrong", [{"stop_on": "test"}, {"precision": "fp8"}])
def test_an_unknown_setting_is_named(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be one of .*, got '{next(iter(wrong.values()))}'"):
        TrainConfig(**wrong)


def test_the_log_holds_the_mean_of_every_term_and_what_is_watched_changes_nothing(split, features, monkeypatch):
    plain = train(make_config("backbone"), BRIEF, split, features)
    seen = []

    def watched(*arguments):
        terms = LOSS(*arguments)
        seen.append(terms["total"].item())
        return terms | {"watch/steps": torch.tensor(float(len(seen)))}

    monkeypatch.setattr(PaperMealRec, "loss", watched)
    result = train(make_config("backbone"), BRIEF, split, features)
    assert result.log[0]["total"] == pytest.approx(np.mean(seen)) == pytest.approx(plain.log[0]["total"])
    assert result.log[0]["watch/steps"] == (1 + len(seen)) / 2
    for one, other in zip(result.model.parameters(), plain.model.parameters(), strict=True):
        assert torch.equal(one, other)


def test_bfloat16_computes_the_loss_and_keeps_the_weights_whole(split, features):
    both = [train(make_config("full"), replace(BRIEF, precision=name), split, features) for name in PRECISIONS]
    losses = [result.log[0]["total"] for result in both]
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.05)
    assert {weight.dtype for weight in both[1].model.parameters()} == {torch.float32}


def test_a_backbone_that_is_not_causal_trains_on_prefixes(split, features, monkeypatch):
    batches = []

    def watched(model, batch, *others):
        batches.append(batch)
        return LOSS(model, batch, *others)

    monkeypatch.setattr(PaperMealRec, "loss", watched)
    monkeypatch.setattr(Encoder, "causal", False, raising=False)
    train(make_config("backbone"), BRIEF, split, features)
    assert all(((batch.targets > 0).sum(1) == 1).all() for batch in batches)
    assert sum(len(batch.targets) for batch in batches) == sum(len(sequence) - 1 for sequence in split.train)


@pytest.mark.parametrize("variant", ["backbone", "full"])
def test_prefixes_have_the_same_loss_and_gradients_as_positions(split, features, variant):
    torch.manual_seed(0)
    model = without_dropout(PaperMealRec(make_config(variant, id_dropout=0.0, content_dropout=0.0)))
    found = []
    for causal in (True, False):
        batch = next(TrainingBatches(split.train, 10, "cpu", causal).epoch(64, torch.Generator().manual_seed(0)))
        torch.manual_seed(0)
        total = model.loss(batch, features)["total"]
        found.append((total, *torch.autograd.grad(total, list(model.parameters()), allow_unused=True)))
    for by_position, by_prefix in zip(*found, strict=True):
        torch.testing.assert_close(by_position, by_prefix)


def test_the_bar_shows_the_rate_the_loss_and_the_time_left(split, features, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    train(make_config("backbone"), BRIEF, split, features, progress="seed 0 backbone")
    last = terminal.getvalue().split("\r")[-1]
    assert re.search(r"seed 0 backbone: 100%.* 2/2 \[\d\d:\d\d<\d\d:\d\d, .*steps.*epoch 1, loss \d", last), last


def test_the_seed_decides_the_weights(split, features):
    first, second = (train(make_config(), BRIEF, split, features).model for _ in range(2))
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_held_out_items_never_enter_training(catalogue, split, features, monkeypatch):
    held_out, seen = catalogue.index[HELD_OUT], set()

    def watched(model, batch, *others):
        seen.update(batch.items.unique().tolist(), batch.targets.unique().tolist())
        return LOSS(model, batch, *others)

    monkeypatch.setattr(PaperMealRec, "loss", watched)
    result = train(make_config(), TrainConfig(max_epochs=1, average=0.0), split, features)
    assert held_out not in seen and len(seen) == NUM_ITEMS
    torch.manual_seed(0)
    untouched = type(result.model)(make_config()).table.ids.weight[held_out]
    torch.testing.assert_close(result.model.table.ids.weight[held_out], untouched)


def test_a_loss_that_is_no_number_stops_training_and_says_where(split, features):
    broken = features.replace(text=features.text * float("inf"))
    with pytest.raises(FloatingPointError, match="at step 1"):
        train(make_config(), TrainConfig(max_epochs=1), split, broken)


def test_a_loss_that_breaks_later_names_the_first_step_even_where_it_is_read_late(split, features, monkeypatch):
    steps = iter(range(1, 100))

    def breaks(*arguments):
        terms = LOSS(*arguments)
        return terms | {"total": terms["total"] * (float("nan") if next(steps) == 2 else 1.0)}

    monkeypatch.setattr(PaperMealRec, "loss", breaks)
    monkeypatch.setitem(trainer.READ_EVERY, "cpu", 50)
    with pytest.raises(FloatingPointError, match="no number at step 2 .*total"):
        train(make_config("backbone"), replace(BRIEF, batch_size=40), split, features)
