"""Recipes: functions that return the whole typed configuration of a run's systems."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mealrec.baselines import base as baselines
from mealrec.baselines.base import BaselineConfig
from mealrec.diffusion.schedule import ScheduleConfig
from mealrec.models.config import VARIANTS, LossConfig, MealRecConfig
from mealrec.models.paper.config import PaperConfig, PaperLoss
from mealrec.models.published.config import GraphConfig, GraphLoss
from mealrec.training.config import TrainConfig


@dataclass(frozen=True)
class Recipe:
    """One system to train: its name in tables and on disk, its model and its training."""

    name: str
    model: MealRecConfig | GraphConfig | PaperConfig | BaselineConfig
    training: TrainConfig

    @property
    def seed(self) -> int:
        """Return the seed that it is trained with."""
        return self.training.seed

    @property
    def max_length(self) -> int:
        """Return how many items of a history it reads."""
        return self.model.max_length


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
            read = " and ".join(map(str, lengths))
            raise ValueError(f"all parts must read as many clips, got max_length {read}")

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
        """Return how many items of a history its parts read."""
        return self.base.max_length


# --- The sample catalogue ---

SAMPLE = TrainConfig(
    learning_rate=1.5e-2,
    rate_schedule="cosine",
    max_epochs=8,
    patience=8,
    average=0.98,
    loss=LossConfig(),
)
SAMPLE_ITEM_HEAD = replace(
    SAMPLE, learning_rate=2e-3, max_epochs=12, patience=12, average=0.99, loss=PaperLoss()
)


def sample_catalogue(shape: dict, seed: int) -> tuple[Recipe, ...]:
    """Return MealRec, its ablations (Sec. 5.3), its backbone alone, and MealRec without noise.

    `shape` holds num_items, visual_width, text_width and num_frames. All train alike. "backbone" is
    SASRec with MealRec's kinds, titles, head and training; "quiet" is MealRec whose noise is 0, in
    training and after it. "backbone_item_head" is SASRec with content and the paper's own head.
    """
    training = replace(SAMPLE, seed=seed)
    full = MealRecConfig(**shape)
    item_head = PaperConfig(**shape, variant="backbone", head="item")
    return (
        *(Recipe(variant, replace(full, variant=variant), training) for variant in VARIANTS),
        Recipe("quiet", _without_noise(full), training),
        Recipe("backbone_item_head", item_head, replace(SAMPLE_ITEM_HEAD, seed=seed)),
    )


# --- Published data ---

PUBLISHED = TrainConfig(
    learning_rate=2e-3,
    id_rate=16.0,
    rate_schedule="cosine",
    max_epochs=12,
    patience=12,
    validation_rows=0,
    precision="bf16",
    loss=PaperLoss(),
)
# A few hundred numbers, so fast and briefly.
WALK = TrainConfig(
    learning_rate=8e-3,
    rate_schedule="cosine",
    max_epochs=3,
    patience=3,
    average=0.97,
    validation_rows=0,
    loss=GraphLoss(),
)
BACKBONES = ("sasrec", "cl4srec", "tedrec")
WALKS = {
    "": "full",
    "-no-tcd": "no_tcd",
    "-no-npd": "no_npd",
    "-no-tcd-npd": "no_tcd_npd",
    "-no-noise": "full",
}
"""The walk over kinds and its ablations: what each adds to a system's name, and its variant."""


def microlens(shape: dict, seed: int) -> tuple[Recipe | Blend, ...]:
    """Return the systems compared on published data, at one budget of training.

    Backbones, the paper's MealRec, baselines, and MealRec on each backbone. `sasrec` knows IDs
    alone (TedRec its titles too); `sasrec-content` has MealRec's content and head, and
    `sasrec-guided` has all that MealRec has but the walk: it is the fair control, and every
    baseline with content has a form like it. `mealrec-paper` is the paper's form: NPD sees the last
    item alone, all is trained jointly. `mealrec` is `sasrec-content` with `mealrec-walk`.
    """
    training = replace(PUBLISHED, seed=seed)
    walks = _walks(shape, seed)
    recipes = []
    blends = []

    # A backbone alone, with content, with guidance, and with each walk.
    for backbone in BACKBONES:
        content = PaperConfig(
            **shape,
            backbone=backbone,
            variant="backbone",
            head="content",
            backbone_dropout=0.5,
            norm_input=True,
            id_dropout=0.0,
            content_dropout=0.0,
        )
        ids_alone = replace(content, head="item", content="none")
        base = Recipe(f"{backbone}-content", content, training)
        recipes += [Recipe(backbone, ids_alone, training), base]

        # On SASRec, the paper's backbone, it is mealrec alone; the paper's form stands beside it.
        name = f"mealrec-{backbone}"
        if backbone == "sasrec":
            name = "mealrec"
            schedule = ScheduleConfig(num_steps=5, scale=1.25)
            paper = replace(content, variant="full", schedule=schedule)
            recipes.append(Recipe("mealrec-paper", paper, training))
        blends.append(Blend(f"{backbone}-guided", base))
        blends += [Blend(f"{name}{suffix}", base, walk) for suffix, walk in walks.items()]

    # A baseline alone, and with guidance where it reads content.
    for name in baselines.names():
        system = baselines.system(name)
        baseline = Recipe(name, system.Config(**shape), replace(training, loss=None))
        recipes.append(baseline)
        if system.reads_content:
            blends.append(Blend(f"{name}-guided", baseline))
    return (*recipes, *walks.values(), *blends)


def _walks(shape: dict, seed: int) -> dict[str, Recipe]:
    """Return the walk over kinds and its ablations, by what each adds to a system's name."""
    training = replace(WALK, seed=seed)
    walks = {}
    for suffix, variant in WALKS.items():
        config = GraphConfig(**shape, variant=variant)
        if suffix == "-no-noise":
            config = _without_noise(config)
        walks[suffix] = Recipe(f"mealrec-walk{suffix}", config, training)
    return walks


def _without_noise(config: MealRecConfig | GraphConfig) -> MealRecConfig | GraphConfig:
    tcd = replace(config.tcd, noise_scale=0.0)
    return replace(config, tcd=tcd, npd=replace(config.npd, noise_scale=0.0))


RECIPES = {"sample": sample_catalogue, "microlens": microlens}
