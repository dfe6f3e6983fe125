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
from mealrec.models.published.config import GraphConfig
from mealrec.models.published.losses import GraphLoss
from mealrec.training.forms import SystemConfig
from mealrec.training.trainer import TrainConfig


@dataclass(frozen=True)
class Recipe:
    """One system to train: its name in tables and on disk, its model and its training."""

    name: str
    model: SystemConfig
    training: TrainConfig

    @property
    def seed(self) -> int:
        """Return the seed that it is trained with."""
        return self.training.seed

    @property
    def max_length(self) -> int:
        """Return how many clips of a history it reads."""
        return self.model.max_length


def sample_catalogue(shape: dict, seed: int) -> tuple[Recipe, ...]:
    """Return MealRec, its three ablations (Sec. 5.3), its backbone alone, and MealRec without
    noise, trained alike.

    `shape` holds num_items, visual_width, text_width and num_frames. "backbone" is SASRec with
    MealRec's kinds, titles, head and training; "quiet" is MealRec whose noise is 0, in training and
    after it. "backbone_item_head" is SASRec with content and the paper's own head.
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
    quiet = replace(
        full, tcd=replace(full.tcd, noise_scale=0.0), npd=replace(full.npd, noise_scale=0.0)
    )
    recipes.append(Recipe("quiet", quiet, training))
    published = replace(
        training, learning_rate=2e-3, max_epochs=12, patience=12, average=0.99, loss=PaperLoss()
    )
    recipes.append(
        Recipe(
            "backbone_item_head", PaperConfig(**shape, variant="backbone", head="item"), published
        )
    )
    return tuple(recipes)


BACKBONES = ("sasrec", "cl4srec", "tedrec")
WALKS = {
    "": "full",
    "no-tcd": "no_tcd",
    "no-npd": "no_npd",
    "no-tcd-npd": "no_tcd_npd",
    "no-noise": "full",
}


@dataclass(frozen=True)
class Blend:
    """A system made of trained ones: a `base`, and for MealRec the `walk` over kinds.

    Nothing is trained for it. Validation chooses how much guidance by content counts, what items
    without a click get, and how much the walk counts.
    """

    name: str
    base: Recipe
    walk: Recipe | None = None

    def __post_init__(self) -> None:
        lengths = [part.max_length for part in self.parts]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"all parts must read as many clips, got max_length {' and '.join(map(str, lengths))}"
            )

    @property
    def named(self) -> tuple[str, ...]:
        """Return the names of its parts."""
        return ("base",) if self.walk is None else ("base", "walk")

    @property
    def parts(self) -> tuple[Recipe, ...]:
        """Return what has to be trained."""
        return tuple(getattr(self, name) for name in self.named)

    @property
    def seed(self) -> int:
        """Return the seed of its parts."""
        return self.base.seed

    @property
    def max_length(self) -> int:
        """Return how many clips of a history its parts read."""
        return self.base.max_length


def microlens(shape: dict, seed: int) -> tuple[Recipe | Blend, ...]:
    """Return the systems compared on published data: backbones, the paper's MealRec, baselines, and
    MealRec on each.

    All train alike, at one budget. `sasrec` knows IDs alone (TedRec its titles too);
    `sasrec-content` has MealRec's content and head, and `sasrec-guided` has all that MealRec has
    but the walk: it is the fair control, and every baseline with content has a form like it.
    `mealrec-paper` is the paper's form: NPD sees the last item alone, all is trained jointly.
    `mealrec` is `sasrec-content` with `mealrec-walk`.
    """
    training = TrainConfig(
        seed=seed,
        learning_rate=2e-3,
        id_rate=16.0,
        rate_schedule="cosine",
        max_epochs=12,
        patience=12,
        validation_rows=0,
        precision="bf16",
        loss=PaperLoss(lambda_npd=1.0, lambda_start=1.0, joint=False, denoised_share=0.125),
    )
    recipes: list[Recipe | Blend] = []
    for backbone in BACKBONES:
        none = dict.fromkeys(("id_dropout", "content_dropout"), 0.0)
        changes = none | {"backbone": backbone, "backbone_dropout": 0.5, "norm_input": True}
        alone = PaperConfig(**shape, **changes, variant="backbone", head="content")
        recipes += [
            Recipe(backbone, replace(alone, head="item", content="none"), training),
            Recipe(f"{backbone}-content", alone, training),
        ]
        if backbone == "sasrec":
            jointly = replace(
                training, loss=PaperLoss(lambda_start=0.5, lambda_again=0.0, lambda_settle=0.0)
            )
            schedule = ScheduleConfig(num_steps=5, scale=1.25)
            paper = replace(alone, variant="full", condition="last", schedule=schedule)
            recipes.append(Recipe("mealrec-paper", paper, jointly))
    systems = {name: baselines.system(name) for name in baselines.names()}
    recipes += [
        Recipe(name, s.Config(**shape), replace(training, loss=None, **s.TRAINING))
        for name, s in systems.items()
    ]
    recipes += [Recipe(f"mealrec-walk{ending(kind)}", *_walk(shape, seed, kind)) for kind in WALKS]
    known = {recipe.name: recipe for recipe in recipes}
    for backbone in BACKBONES:
        under = "mealrec" if backbone == "sasrec" else f"mealrec-{backbone}"
        base = known[f"{backbone}-content"]
        recipes.append(Blend(f"{backbone}-guided", base))
        recipes += [
            Blend(f"{under}{ending(kind)}", base, known[f"mealrec-walk{ending(kind)}"])
            for kind in WALKS
        ]
    recipes += [
        Blend(f"{name}-guided", known[name]) for name, s in systems.items() if s.reads_content
    ]
    return tuple(recipes)


def ending(kind: str) -> str:
    """Return what an ablation adds to a system's name."""
    return f"-{kind}" if kind else ""


def _walk(shape: dict, seed: int, kind: str) -> tuple[GraphConfig, TrainConfig]:
    """Return the walk over kinds and how it is trained: a few hundred numbers, so fast and
    briefly."""
    model = GraphConfig(**shape, variant=WALKS[kind])
    if kind == "no-noise":
        quiet = {
            "tcd": replace(model.tcd, noise_scale=0.0),
            "npd": replace(model.npd, noise_scale=0.0),
        }
        model = replace(model, **quiet)
    training = TrainConfig(
        seed=seed,
        learning_rate=8e-3,
        rate_schedule="cosine",
        max_epochs=3,
        patience=3,
        average=0.97,
        validation_rows=0,
        loss=GraphLoss(),
    )
    return model, training


def override(recipe: Recipe | Blend, setting: str) -> Recipe | Blend:
    """Return the recipe with one setting changed, such as "model.condition=last" or
    "training.loss.lambda_npd=0.5".

    Of a blend it changes every part that has such a setting, or the part that is named:
    "walk.model.num_steps=10". Raises DataFormatError naming the part of the path that does not
    exist, or a value of another type.
    """
    path, equals, value = setting.partition("=")
    if not equals:
        raise DataFormatError(
            f"--set: expected PATH=VALUE such as model.condition=last, got {setting!r}"
        )
    steps = path.split(".")
    if steps[0] == "walk" and isinstance(recipe, Blend) and recipe.walk is None:
        raise DataFormatError(
            f"--set {setting}: {recipe.name} has no walk; train it in a command of its own"
        )
    if isinstance(recipe, Recipe) or steps[0] in ("base", "walk"):
        return _with(recipe, steps, value, setting)
    if not any(_has(part, steps) for part in recipe.parts):
        raise DataFormatError(f"--set {setting}: no part of {recipe.name} has it")
    parts = {"base": recipe.base, "walk": recipe.walk}
    changed = {
        name: _with(part, steps, value, setting)
        for name, part in parts.items()
        if _has(part, steps)
    }
    return replace(recipe, **changed)


def has(recipe: Recipe | Blend, setting: str) -> bool:
    """Say whether a recipe, or a part of a blend, has what a setting changes."""
    path = setting.partition("=")[0].split(".")
    parts = recipe.parts if isinstance(recipe, Blend) else (recipe,)
    return _has(recipe, path) or any(_has(part, path) for part in parts)


def _has(part, path: list[str]) -> bool:
    for step in path:
        if not is_dataclass(part) or step not in vars(part):
            return False
        part = getattr(part, step)
    return True


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
        raise DataFormatError(
            f"--set {setting}: expected {type(old).__name__}, got {value!r}"
        ) from None
    if not isinstance(new, type(old)) and not (isinstance(old, float) and isinstance(new, int)):
        raise DataFormatError(
            f"--set {setting}: expected {type(old).__name__}, got {type(new).__name__}"
        )
    return replace(part, **{path[0]: new})


RECIPES = {"sample": sample_catalogue, "microlens": microlens}
