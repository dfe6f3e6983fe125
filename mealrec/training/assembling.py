"""A blend in a run: which of its parts have still to be trained, and the whole that is made of
them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mealrec.data.interactions import Split
from mealrec.errors import TrainingError
from mealrec.models.paper.config import PaperConfig
from mealrec.training.blending import blended, choose
from mealrec.training.checkpoint import differences
from mealrec.training.recipes import Blend, Recipe
from mealrec.training.run import is_finished, load_system, read_json, save_blend, system_folder
from mealrec.types import ItemFeatures


def is_kept(recipe: Recipe | Blend) -> bool:
    """Say whether a run can hold this system: what a baseline computes from clicks is not
    stored, so no blend of it."""
    return isinstance(recipe, Recipe) or isinstance(recipe.base.model, PaperConfig)


def with_parts(recipes: Sequence[Recipe | Blend]) -> list[Recipe | Blend]:
    """Return all that has to be there for these, each once: what is trained, then what is made
    of it."""
    trained = [
        part
        for recipe in recipes
        for part in (recipe.parts if isinstance(recipe, Blend) else (recipe,))
    ]
    named = {(recipe.seed, recipe.name): recipe for recipe in trained}
    return [*named.values(), *(recipe for recipe in recipes if isinstance(recipe, Blend))]


def check_parts(blend: Blend, out: Path) -> None:
    """Raise TrainingError where the run holds a finished part of a blend that was trained with
    other settings."""
    for part in blend.parts:
        folder = system_folder(out, part)
        if not is_finished(folder):
            continue
        stored = read_json(folder / "config.json"), read_json(folder / "training.json")
        asked = json.loads(json.dumps([part.model.to_dict(), asdict(part.training)]))
        settings = {name: value for name, value in stored[1].items() if name in asked[1]}
        if changed := [
            *differences(stored[0], asked[0], "model"),
            *differences(settings, asked[1], "training"),
        ]:
            raise TrainingError(
                f"{blend.name} is made of {folder}, which was trained with other settings ({'; '.join(changed)}): "
                "give --label or another --out, or delete that folder"
            )


def put_together(blend: Blend, out: Path, split: Split, features: ItemFeatures) -> dict[str, float]:
    """Make a blend of its trained parts, choose its weights on all validation rows and save it
    whole.

    `features` lie on the device that ranks. Return the weights and the validation N@10 that they
    came to.
    """
    began = time.perf_counter()
    folders = [system_folder(out, part) for part in blend.parts]
    base, *walk = (load_system(folder).to(features.text.device) for folder in folders)
    model = blended(base, walk[0] if walk else None, split.train, features)
    chosen = choose(model, split, features)
    told = {
        name: read_json(folder / "training.json")
        for name, folder in zip(blend.named, folders, strict=True)
    }
    names = {name: part.name for name, part in zip(blend.named, blend.parts, strict=True)}
    parts = {name: {"name": names[name], **told[name]} for name in blend.named}
    seconds = time.perf_counter() - began + sum(part["seconds"] for part in parts.values())
    save_blend(system_folder(out, blend), model, chosen, parts, seconds)
    return chosen
