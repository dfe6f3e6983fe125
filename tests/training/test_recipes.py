"""The recipes: every system builds and has a loss, and what is compared differs in what it says and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mealrec.baselines import base as baselines
from mealrec.baselines.base import TITLES, needs
from mealrec.data.batches import TrainingBatches
from mealrec.errors import DataFormatError
from mealrec.models.config import VARIANTS, LossConfig
from mealrec.models.paper.config import PaperConfig, PaperLoss
from mealrec.ranking.ranks import rank_rows
from mealrec.training import trainer
from mealrec.training.forms import build
from mealrec.training.recipes import (
    BACKBONES,
    RECIPES,
    WALKS,
    Blend,
    Recipe,
    microlens,
    sample_catalogue,
)
from mealrec.training.settings import override
from mealrec.training.trainer import Objective, train
from tests.training.tiny_titles import make_titles
from tests.training.tiny_world import SHAPE, make_hidden

SYSTEMS = {recipe.name: recipe for recipe in microlens(SHAPE, seed=3)}
TRAINED = {name: recipe for name, recipe in SYSTEMS.items() if isinstance(recipe, Recipe)}
BLENDS = {name: recipe for name, recipe in SYSTEMS.items() if isinstance(recipe, Blend)}


def difference(one, other):
    """Return the settings in which two configurations differ."""
    return {name for name, value in vars(one).items() if value != getattr(other, name)}


def under(backbone):
    return "mealrec" if backbone == "sasrec" else f"mealrec-{backbone}"


@pytest.mark.parametrize("name", RECIPES)
def test_no_two_systems_share_a_name(name):
    recipes = RECIPES[name](SHAPE, 3)
    names = [recipe.name for recipe in recipes]
    assert len(names) == len(set(names))
    assert {recipe.seed for recipe in recipes} == {3}


@pytest.mark.parametrize("name", TRAINED)
def test_each_system_builds_and_has_a_loss_with_a_gradient(split, features, name):
    recipe = TRAINED[name]
    torch.manual_seed(0)
    hidden = make_titles() if needs(recipe.model) == TITLES else make_hidden()
    model = build(recipe.model, hidden).train()
    model.prepare(split.train, features, hidden)
    batches = TrainingBatches(split.train, recipe.model.max_length, "cpu", model.causal)
    batch = next(batches.epoch(16, torch.Generator().manual_seed(0)))
    assert model.causal or ((batch.targets > 0).sum(1) == 1).all()
    terms = Objective(model, features, replace(recipe.training, precision="fp32"))(batch.items, batch.targets)
    assert all(term.isfinite() for term in terms.values())
    terms["total"].backward()
    assert all(weight.grad.any() for weights, _ in model.rates(1.0) for weight in weights)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_control_is_what_mealrec_stands_on(backbone):
    """Backbone, content, head, training and guidance are MealRec's; only the walk is left out."""
    ours, control = BLENDS[under(backbone)], BLENDS[f"{backbone}-guided"]
    assert difference(ours, control) == {"name", "walk"} and control.walk is None
    assert ours.base == TRAINED[f"{backbone}-content"] and ours.walk == TRAINED["mealrec-walk"]
    assert ours.base.training == TRAINED[backbone].training
    assert difference(ours.base.model, TRAINED[backbone].model) == {"head", "content"}
    assert ours.base.model.variant == "backbone" and ours.base.model.backbone == backbone


@pytest.mark.parametrize("backbone", BACKBONES)
def test_an_ablation_differs_by_its_module_and_trains_alike(backbone):
    whole = BLENDS[under(backbone)]
    for suffix, variant in WALKS.items():
        ablation = BLENDS[f"{under(backbone)}{suffix}"]
        assert ablation.base == whole.base and ablation.walk.training == whole.walk.training
        assert ablation.walk.model.variant == variant
        changed = {"-no-noise": {"tcd", "npd"}, "": set()}.get(suffix, {"variant"})
        assert difference(whole.walk.model, ablation.walk.model) == changed


def test_without_noise_the_walk_is_the_whole_with_noise_zero_and_nothing_else():
    whole, quiet = (TRAINED[name].model for name in ("mealrec-walk", "mealrec-walk-no-noise"))
    for module in ("tcd", "npd"):
        noisy, still = getattr(whole, module), getattr(quiet, module)
        assert difference(noisy, still) == {"noise_scale"} and noisy.noise_scale > still.noise_scale == 0


def test_every_baseline_with_content_has_a_form_with_guidance():
    knows = {name for name in baselines.names() if baselines.system(name).reads_content}
    assert {blend.base.name for blend in BLENDS.values() if blend.base.name in baselines.names()} == knows
    assert not {"diqdiff", "ssdrec"} & knows
    assert all(BLENDS[f"{name}-guided"].base == TRAINED[name] for name in knows)


def test_the_samples_systems_differ_by_their_module_and_train_alike():
    systems = {recipe.name: recipe for recipe in sample_catalogue(SHAPE, 3)}
    assert list(systems) == [*VARIANTS, "quiet", "backbone_item_head"]
    whole = systems["full"]
    for name in VARIANTS:
        assert systems[name].model == replace(whole.model, variant=name) and systems[name].training == whole.training
    assert whole.training.loss == LossConfig() and whole.training.rate_schedule == "cosine"


def test_quiet_is_mealrec_whose_noise_is_zero_and_nothing_else():
    systems = {recipe.name: recipe for recipe in sample_catalogue(SHAPE, 3)}
    whole, quiet = systems["full"], systems["quiet"]
    assert difference(whole.model, quiet.model) == {"tcd", "npd"} and whole.training == quiet.training
    for module in ("tcd", "npd"):
        noisy, still = getattr(whole.model, module), getattr(quiet.model, module)
        assert difference(noisy, still) == {"noise_scale"} and noisy.noise_scale > still.noise_scale == 0
    assert (build(quiet.model).schedule(quiet.model.npd.noise_scale).alpha_bars == 1).all()


def test_the_item_head_is_the_papers_backbone_with_content():
    published = next(recipe for recipe in sample_catalogue(SHAPE, 3) if recipe.name == "backbone_item_head")
    assert published.model == PaperConfig(**SHAPE, variant="backbone", head="item")
    assert published.training.loss == PaperLoss()


def test_the_papers_form_is_the_backbone_with_content_and_both_walks_trained_alike():
    paper = TRAINED["mealrec-paper"]
    assert difference(paper.model, TRAINED["sasrec-content"].model) == {"variant", "schedule"}
    assert paper.model.variant == "full"
    assert paper.training == TRAINED["sasrec-content"].training


def test_a_setting_reaches_every_part_that_has_it_or_the_one_that_is_named():
    ours = BLENDS["mealrec"]
    assert {part.training.batch_size for part in override(ours, "training.batch_size=7").parts} == {7}
    wide = override(ours, "model.width=16")
    assert wide.base.model.width == 16 and wide.walk == ours.walk
    walk = override(ours, "walk.model.num_steps=3")
    assert walk.walk.model.num_steps == 3 and walk.base == ours.base
    with pytest.raises(DataFormatError, match="no part of mealrec has it"):
        override(ours, "model.depth=3")
    with pytest.raises(DataFormatError, match="sasrec-guided has no walk"):
        override(BLENDS["sasrec-guided"], "walk.model.num_steps=3")
    with pytest.raises(ValueError, match="all parts must read as many clips, got max_length 5 and 10"):
        override(ours, "base.model.max_length=5")


def test_the_walk_trains_an_epoch(split, features):
    recipe = TRAINED["mealrec-walk"]
    brief = replace(recipe.training, max_epochs=1, batch_size=100)
    trained = train(replace(recipe.model, num_kinds=6), brief, split, features)
    assert trained.epoch == 1 and {"start", "tcd", "npd", "rank", "total"} <= set(trained.log[0])
    assert 0 < trained.validation < 1


def test_the_papers_form_trains_an_epoch_on_all_validation_rows(split, features, monkeypatch):
    recipe, asked = TRAINED["mealrec-paper"], []
    monkeypatch.setattr(trainer, "rank_rows", lambda *given: asked.append(given[1]) or rank_rows(*given))
    brief = replace(recipe.training, max_epochs=1, batch_size=100)
    trained = train(replace(recipe.model, width=16), brief, split, features)
    assert trained.epoch == 1 and {"start", "tcd", "npd", "total"} <= set(trained.log[0])
    assert recipe.training.validation_rows == 0 and [len(rows) for rows in asked] == [len(split.validation)]
