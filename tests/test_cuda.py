"""What a CUDA device computes is what the CPU does: answers, uploads, and every system's training and ranking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mealrec.baselines import base
from mealrec.data.interactions import leave_one_out
from mealrec.models.config import MealRecConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.question import Question
from mealrec.ranking.ranks import model_scorer, popularity_scorer, rank_rows
from mealrec.recommender.recommender import Recommender
from mealrec.training.checkpoint import Checkpoint
from mealrec.training.config import TrainConfig
from mealrec.training.recipes import microlens
from mealrec.training.run import load_system, save_system
from mealrec.training.trainer import train
from tests.training.tiny_titles import make_titles
from tests.training.tiny_world import (
    FRAMES,
    NUM_ITEMS,
    TEXT,
    VISUAL,
    make_catalogue,
    make_config,
    make_features,
    make_hidden,
)

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")

ROOT = Path(__file__).resolve().parents[1]
BUNDLE, CLIPS = ROOT / "checkpoints" / "default", ROOT / "assets" / "sample" / "clips"
CLOSE = {"atol": 2e-3, "rtol": 2e-3}  # sums in another order, and convolutions in TF32
SPLIT = leave_one_out(make_catalogue())
FEATURES = make_features(make_catalogue())
SHAPE = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}
RECIPES = {recipe.name: recipe for recipe in microlens(SHAPE, 0)}


@pytest.fixture(scope="module")
def pair() -> tuple[Recommender, Recommender]:
    """The bundled default on the CPU and on the GPU."""
    return tuple(Recommender.from_bundle(BUNDLE, device) for device in ("cpu", "cuda"))


def history(recommender: Recommender) -> list[str]:
    return [item.item_id for item in recommender.catalogue][3:100:12]


def equal(one, other) -> None:
    """Hold two answers against each other, to the last number of their traces."""
    assert [item.item_id for item in one.items] == [item.item_id for item in other.items]
    np.testing.assert_allclose([i.score for i in one.items], [i.score for i in other.items], **CLOSE)
    for name in ("shares", "interest", "influence"):
        np.testing.assert_allclose(getattr(one.last, name), getattr(other.last, name), **CLOSE)
    assert [moment.frames for moment in one.last.moments] == [moment.frames for moment in other.last.moments]
    np.testing.assert_allclose(one.wanted, other.wanted, **CLOSE)
    np.testing.assert_allclose([i.weight for i in one.history], [i.weight for i in other.history], **CLOSE)
    assert (len(one.tcd), len(one.npd)) == (len(other.tcd), len(other.npd))
    for step, its in zip(one.tcd, other.tcd, strict=True):
        assert step.diffusion_step == its.diffusion_step
        np.testing.assert_allclose(step.shares, its.shares, **CLOSE)
        np.testing.assert_allclose(step.attention, its.attention, **CLOSE)
    for step, its in zip(one.npd, other.npd, strict=True):
        assert step.diffusion_step == its.diffusion_step
        np.testing.assert_allclose(step.clean, its.clean, **CLOSE)
        np.testing.assert_allclose(step.wanted, its.wanted, **CLOSE)


def test_auto_takes_it():
    assert Recommender.from_bundle(BUNDLE).features.text.is_cuda


@pytest.mark.parametrize("asked", [{}, {"hidden": (1, 2)}, {"noise": 0.5, "seed": 3}, {"num_steps": 5, "k": 20}])
def test_an_answer_is_the_cpus(pair, asked):
    for variant in pair[0].variants:
        question = Question(history(pair[0]), variant=variant, **asked)
        equal(*(recommender.recommend(question) for recommender in pair))


def test_what_would_change_it_is_the_cpus(pair):
    question = Question(history(pair[0]))
    here, there = ({(e.item_id, e.frames): e.moved for e in recommender.effects(question)} for recommender in pair)
    assert here == pytest.approx(there, abs=2e-3)


def test_ranks_of_test_viewers_and_their_map_are_the_cpus(pair):
    here, there = (np.concatenate(list(recommender.target_ranks())) for recommender in pair)
    assert np.mean(here == there) > 0.99 and np.abs(here - there).max() <= 2  # near ties may change places
    viewer = pair[0].test_viewers[0].viewer_id
    maps = [recommender.viewer_map(viewer) for recommender in pair]
    np.testing.assert_allclose(maps[0].distances, maps[1].distances, **CLOSE)


def test_an_uploaded_clip_is_encoded_and_ranked_alike(pair):
    answers = []
    for recommender in pair:
        clip = recommender.encode_upload(next(iter(sorted(CLIPS.glob("*.mp4")))), "a clip of mine")
        ids = [*history(recommender)[:3], clip.upload_id]
        answers.append(recommender.recommend(Question(ids, uploads=[clip])))
    equal(*answers)
    assert answers[0].uploads[0].rank == pytest.approx(answers[1].uploads[0].rank, abs=1)


@pytest.mark.filterwarnings("ignore:RNN module weights are not part:UserWarning")  # of a copied LSTM: slower only
@pytest.mark.parametrize("name", RECIPES)
def test_a_system_learns_there_and_ranks_alike_on_the_cpu(name, tmp_path):
    own, beside = RECIPES[name], None
    if name in base.names():
        beside = make_titles() if base.system(name).needs == base.TITLES else make_hidden()
    narrow = {"num_kinds": 32} if isinstance(own.model, MealRecConfig) else {"width": 32}
    recipe = replace(
        own,
        model=replace(own.model, **narrow),
        training=replace(own.training, max_epochs=12, patience=12, validation_rows=100),
    )
    trained = train(recipe.model, recipe.training, SPLIT, FEATURES.to("cuda"), encoder_input=beside)
    assert next(trained.model.parameters()).is_cuda
    save_system(tmp_path, recipe, trained)
    loaded = load_system(tmp_path)
    if beside:
        loaded.prepare(SPLIT.train, FEATURES, beside)
    known, histories = FEATURES.has_id.numpy(), SPLIT.test.histories[:50]
    there = model_scorer(trained.model, FEATURES.to("cuda"))
    here = model_scorer(loaded, FEATURES)
    np.testing.assert_allclose(there(histories)[:, 1:], here(histories)[:, 1:], **CLOSE)
    found = rank_rows(there, SPLIT.test, known)
    popular = rank_rows(popularity_scorer(SPLIT.train, NUM_ITEMS), SPLIT.test, known)
    assert np.mean(1 / found.masked) > np.mean(1 / popular.masked)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_interrupted_training_goes_on(precision, tmp_path, monkeypatch):
    """Not to the bit, as on the CPU: a GPU adds gradients up in any order."""
    model = make_config("full", dropout=0.1, width=16)
    config = TrainConfig(batch_size=96, max_epochs=2, average=0.9, precision=precision)
    whole = train(model, config, SPLIT, FEATURES.to("cuda"))
    calls, loss = iter(range(1, 10**6)), PaperMealRec.loss

    def fails(*arguments):
        if next(calls) == 3:
            raise KeyboardInterrupt
        return loss(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(PaperMealRec, "loss", fails)
        train(model, config, SPLIT, FEATURES.to("cuda"), checkpoint=Checkpoint(tmp_path, {}, 1))
    torch.manual_seed(99)
    resumed = train(model, config, SPLIT, FEATURES.to("cuda"), checkpoint=Checkpoint(tmp_path, {}, 1))
    losses = [[line["total"] for line in trained.log] for trained in (whole, resumed)]
    np.testing.assert_allclose(*losses, rtol=1e-3)
