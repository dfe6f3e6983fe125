"""Recipes: functions that return the whole typed configuration of a run."""

from __future__ import annotations

from dataclasses import dataclass

from mealrec.models.mealrec import MealRecConfig
from mealrec.training.trainer import TrainConfig


@dataclass(frozen=True)
class Recipe:
    """One system to train: its name in tables and on disk, its model and its training."""

    name: str
    model: MealRecConfig
    training: TrainConfig


def sample_catalogue(shape: dict, seed: int) -> tuple[Recipe, ...]:
    """Return MealRec, its three ablations (Sec. 5.3) and two controls, trained alike.

    `shape` holds num_items, visual_width, text_width and num_frames. "backbone" is SASRec with the same
    content, ID dropout and head as MealRec; "backbone_item_head" differs from it by the paper's own head.
    """
    training = TrainConfig(seed=seed)
    systems = {variant: {"variant": variant} for variant in ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")}
    systems["backbone_item_head"] = {"variant": "backbone", "head": "item"}
    return tuple(Recipe(name, MealRecConfig(**shape, **changes), training) for name, changes in systems.items())


RECIPES = {"sample": sample_catalogue}
