"""The recipes: every system builds and has a loss, and what is compared differs in what it says and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mealrec.baselines.base import needs_titles
from mealrec.data.batches import TrainingBatches
from mealrec.models.config import VARIANTS
from mealrec.models.losses import LossConfig
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.losses import PaperLoss
from mealrec.training.forms import build
from mealrec.training.recipes import BACKBONES, RECIPES, microlens, sample_catalogue
from mealrec.training.trainer import GUIDANCE, Objective, train
from tests.training.tiny_titles import make_titles
from tests.training.tiny_world import FRAMES, NUM_ITEMS, TEXT, VISUAL, make_hidden

SHAPE = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}
SYSTEMS = {recipe.name: recipe for recipe in microlens(SHAPE, seed=3)}


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
    assert {recipe.training.seed for recipe in recipes} == {3}


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_system_builds_and_has_a_loss_with_a_gradient(split, features, name):
    recipe = SYSTEMS[name]
    torch.manual_seed(0)
    hidden = make_titles() if needs_titles(recipe.model) else make_hidden()
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
def test_the_control_shares_content_head_and_training_with_mealrec(backbone):
    ours, control = SYSTEMS[under(backbone)], SYSTEMS[f"{backbone}-content"]
    assert difference(ours.model, control.model) == {"variant", "guided", "schedule"}
    assert ours.training == control.training == SYSTEMS[backbone].training
    assert difference(control.model, SYSTEMS[backbone].model) == {"head", "content"}
    assert control.model.variant == "backbone" and control.model.backbone == backbone == ours.model.backbone


@pytest.mark.parametrize("backbone", BACKBONES)
def test_an_ablation_differs_by_its_module_and_trains_at_the_same_budget(backbone):
    whole = SYSTEMS[under(backbone)]
    changes = {"no_tcd": {"variant"}, "no_npd": {"variant", "guided"}, "no_tcd_npd": {"variant", "guided"}}
    for variant, changed in changes.items():
        ablation = SYSTEMS[f"{under(backbone)}-{variant.replace('_', '-')}"]
        assert ablation.model.variant == variant and difference(whole.model, ablation.model) == changed
        apart = variant == "no_tcd"  # without NPD only ranking is left to train what fuses
        assert ablation.training.loss.joint != apart
        assert difference(whole.training, ablation.training) == (set() if apart else {"loss"})


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
    assert (build(quiet.model).npd_schedule.alpha_bars == 1).all()


def test_the_item_head_is_the_papers_backbone_with_content():
    published = next(recipe for recipe in sample_catalogue(SHAPE, 3) if recipe.name == "backbone_item_head")
    assert published.model == PaperConfig(**SHAPE, variant="backbone", head="item")
    assert published.training.loss == PaperLoss()


def test_the_form_over_kinds_of_titles_differs_from_its_backbone_by_the_variant():
    whole, backbone = SYSTEMS["mealrec-kinds"], SYSTEMS["mealrec-kinds-backbone"]
    assert backbone.model == replace(whole.model, variant="backbone") and whole.model.variant == "full"
    assert backbone.training == whole.training
    assert whole.training.validation_rows == SYSTEMS["mealrec"].training.validation_rows


def test_guidance_only_is_the_control_with_guidance_and_last_is_the_papers_form():
    assert difference(SYSTEMS["mealrec-guidance-only"].model, SYSTEMS["sasrec-content"].model) == {"guided"}
    last = SYSTEMS["mealrec-last"]
    assert difference(last.model, SYSTEMS["mealrec"].model) == {"condition", "guided"}
    assert last.model.condition == "last" and last.training.loss.joint


def test_mealrec_over_kinds_of_titles_trains_an_epoch(split, features):
    recipe = SYSTEMS["mealrec-kinds"]
    brief = replace(recipe.training, max_epochs=1, batch_size=100)
    trained = train(replace(recipe.model, num_kinds=6, looks=9), brief, split, features)
    assert trained.epoch == 1 and {"start", "tcd", "npd", "rank", "total"} <= set(trained.log[0])
    assert trained.guidance == {} and 0 < trained.validation < 1


def test_mealrec_over_tedrec_trains_an_epoch(split, features):
    recipe = SYSTEMS["mealrec-tedrec"]
    brief = replace(recipe.training, max_epochs=1, batch_size=100)
    trained = train(replace(recipe.model, width=16), brief, split, features)
    assert trained.epoch == 1 and {"start", "tcd", "npd", "total"} <= set(trained.log[0])
    assert tuple(trained.guidance) == GUIDANCE and 0 < trained.validation < 1
