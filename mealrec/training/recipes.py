"""Recipes: functions that return the whole typed configuration of a run."""

from __future__ import annotations

import json
from dataclasses import dataclass, is_dataclass, replace

from mealrec.baselines import base as baselines
from mealrec.diffusion.schedule import ScheduleConfig
from mealrec.errors import DataFormatError
from mealrec.models.config import VARIANTS, MealRecConfig
from mealrec.models.losses import LossConfig
from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.losses import PaperLoss
from mealrec.training.forms import SystemConfig
from mealrec.training.trainer import TrainConfig


@dataclass(frozen=True)
class Recipe:
    """One system to train: its name in tables and on disk, its model and its training."""

    name: str
    model: SystemConfig
    training: TrainConfig


def sample_catalogue(shape: dict, seed: int) -> tuple[Recipe, ...]:
    """Return MealRec, its three ablations (Sec. 5.3), its backbone alone, and MealRec without noise, trained alike.

    `shape` holds num_items, visual_width, text_width and num_frames. "backbone" is SASRec with MealRec's kinds, titles,
    head and training; "quiet" is MealRec whose noise is 0, in training and after it. "backbone_item_head" is SASRec
    with content and the paper's own head.
    """
    training = TrainConfig(
        seed=seed,
        learning_rate=1.5e-2,
        rate_schedule="cosine",
        max_epochs=8,
        patience=8,
        average=0.98,
        loss=LossConfig(),
    )
    full = MealRecConfig(**shape)
    recipes = [Recipe(name, replace(full, variant=name), training) for name in VARIANTS]
    quiet = replace(full, tcd=replace(full.tcd, noise_scale=0.0), npd=replace(full.npd, noise_scale=0.0))
    recipes.append(Recipe("quiet", quiet, training))
    published = replace(training, learning_rate=2e-3, max_epochs=12, patience=12, average=0.99, loss=PaperLoss())
    recipes.append(Recipe("backbone_item_head", PaperConfig(**shape, variant="backbone", head="item"), published))
    return tuple(recipes)


BACKBONES = ("sasrec", "cl4srec", "tedrec")


def microlens(shape: dict, seed: int) -> tuple[Recipe, ...]:
    """Return the systems compared on MicroLens: backbones alone, with content, under MealRec; ablations; baselines.

    All train alike, at one budget. `sasrec` knows IDs alone (TedRec its titles too); `sasrec-content` is the fair
    control: the content, the head and the training of MealRec; `mealrec-guidance-only` adds the guidance
    to it without a diffusion. `mealrec-last` is the paper's form: NPD sees the last item alone, all is trained jointly.
    `mealrec-kinds` is the sample's form, whose frames are here segments of titles, and its own backbone.
    """
    recipes = []
    for backbone in BACKBONES:
        under = "mealrec" if backbone == "sasrec" else f"mealrec-{backbone}"
        none = dict.fromkeys(("id_dropout", "content_dropout"), 0.0)
        changes = none | {"backbone": backbone, "backbone_dropout": 0.5, "norm_input": True}
        alone = PaperConfig(**shape, **changes, variant="backbone", head="content")
        by_ids = replace(alone, head="item", content="none")
        whole = replace(
            alone, variant="full", condition="items", guided=True, schedule=ScheduleConfig(num_steps=5, scale=1.25)
        )
        training = TrainConfig(
            seed=seed,
            learning_rate=2e-3,
            id_rate=16.0,
            rate_schedule="cosine",
            max_epochs=12,
            patience=12,
            validation_rows=2500,
            precision="bf16",
            loss=PaperLoss(lambda_npd=1.0, lambda_start=1.0, joint=False, denoised_share=0.125),
        )
        jointly = replace(training, loss=PaperLoss(lambda_start=0.5, lambda_again=0.0, lambda_settle=0.0))
        recipes += [
            Recipe(backbone, by_ids, training),
            Recipe(f"{backbone}-content", alone, training),
            Recipe(under, whole, training),
            Recipe(f"{under}-no-tcd", replace(whole, variant="no_tcd"), training),
            Recipe(f"{under}-no-npd", replace(whole, variant="no_npd", guided=False), jointly),
            Recipe(f"{under}-no-tcd-npd", replace(whole, variant="no_tcd_npd", guided=False), jointly),
        ]
        if backbone == "sasrec":
            recipes += [
                Recipe("mealrec-guidance-only", replace(alone, guided=True), training),
                Recipe("mealrec-last", replace(whole, condition="last", guided=False), jointly),
            ]
    recipes += _kinds_on_titles(shape, seed)
    systems = {name: baselines.system(name) for name in baselines.names()}
    recipes += [
        Recipe(name, s.Config(**shape), replace(training, loss=None, **s.TRAINING)) for name, s in systems.items()
    ]
    return tuple(recipes)


def _kinds_on_titles(shape: dict, seed: int) -> list[Recipe]:
    """Return MealRec over kinds of title segments, and its backbone alone.

    Titles say more things than the sample's clips show, so there are more kinds; item IDs learn as fast as those of
    the other systems on MicroLens, or they stay where they began.
    """
    whole = MealRecConfig(**shape, num_kinds=128, looks=192, num_steps=5, backbone_dropout=0.5, norm_input=True)
    training = TrainConfig(
        seed=seed,
        learning_rate=1.5e-2,
        id_rate=16.0,
        rate_schedule="cosine",
        max_epochs=8,
        patience=8,
        average=0.98,
        validation_rows=2500,
        precision="bf16",
        loss=LossConfig(),
    )
    backbone = replace(whole, variant="backbone")
    return [Recipe("mealrec-kinds", whole, training), Recipe("mealrec-kinds-backbone", backbone, training)]


def override(recipe: Recipe, setting: str) -> Recipe:
    """Return the recipe with one setting changed, such as "model.condition=last" or "training.loss.lambda_npd=0.5".

    Raises DataFormatError naming the part of the path that does not exist, or a value of another type.
    """
    path, equals, value = setting.partition("=")
    if not equals:
        raise DataFormatError(f"--set: expected PATH=VALUE such as model.condition=last, got {setting!r}")
    return _with(recipe, path.split("."), value, setting)


def _with(part, path: list[str], value: str, setting: str):
    if not is_dataclass(part) or path[0] not in vars(part):
        known = ", ".join(vars(part)) if is_dataclass(part) else "no parts"
        raise DataFormatError(f"--set {setting}: there is no {path[0]!r} here, but {known}")
    old = getattr(part, path[0])
    if len(path) > 1:
        return replace(part, **{path[0]: _with(old, path[1:], value, setting)})
    try:
        new = value if isinstance(old, str) else json.loads(value)
    except json.JSONDecodeError:
        raise DataFormatError(f"--set {setting}: expected {type(old).__name__}, got {value!r}") from None
    if not isinstance(new, type(old)) and not (isinstance(old, float) and isinstance(new, int)):
        raise DataFormatError(f"--set {setting}: expected {type(old).__name__}, got {type(new).__name__}")
    return replace(part, **{path[0]: new})


RECIPES = {"sample": sample_catalogue, "microlens": microlens}
