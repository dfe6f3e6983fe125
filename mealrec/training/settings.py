"""`--set PATH=VALUE`: one setting of a recipe changed from outside."""

from __future__ import annotations

import json
from dataclasses import is_dataclass, replace

from mealrec.errors import DataFormatError
from mealrec.training.recipes import Blend, Recipe


def override(recipe: Recipe | Blend, setting: str) -> Recipe | Blend:
    """Return the recipe with one setting changed, such as "training.loss.lambda_npd=0.5".

    Of a blend it changes every part that has such a setting, or the part that is named:
    "walk.model.num_steps=10". Raises DataFormatError naming the part of the path that does not
    exist, or a value of another type or one that the configuration does not allow.
    """
    path, equals, value = setting.partition("=")
    if not equals:
        raise DataFormatError(
            f"--set: expected PATH=VALUE such as model.backbone=cl4srec, got {setting!r}"
        )
    names = path.split(".")
    if names[0] == "walk" and isinstance(recipe, Blend) and recipe.walk is None:
        raise DataFormatError(
            f"--set {setting}: {recipe.name} has no walk; train it in a command of its own"
        )

    # A recipe, or one part of a blend.
    if isinstance(recipe, Recipe) or names[0] in ("base", "walk"):
        return _changed(recipe, names, value, setting)

    # Every part of a blend that has it.
    changes = {}
    for name in recipe.named:
        part = getattr(recipe, name)
        if _has(part, names):
            changes[name] = _changed(part, names, value, setting)
    if not changes:
        raise DataFormatError(f"--set {setting}: no part of {recipe.name} has it")
    return _replaced(recipe, changes, setting)


def has(recipe: Recipe | Blend, setting: str) -> bool:
    """Say whether a recipe, or a part of a blend, has what a setting changes."""
    names = setting.partition("=")[0].split(".")
    parts = recipe.parts if isinstance(recipe, Blend) else ()
    return any(_has(part, names) for part in (recipe, *parts))


def _has(config: object, names: list[str]) -> bool:
    for name in names:
        if not is_dataclass(config) or name not in vars(config):
            return False
        config = getattr(config, name)
    return True


def _changed(config, names: list[str], value: str, setting: str):
    """Return a configuration with the field at the end of the path changed."""
    name, *rest = names
    if not is_dataclass(config) or name not in vars(config):
        known = ", ".join(vars(config)) if is_dataclass(config) else "no parts"
        raise DataFormatError(f"--set {setting}: there is no {name!r} here, but {known}")
    old = getattr(config, name)
    new = _changed(old, rest, value, setting) if rest else _parsed(old, value, setting)
    return _replaced(config, {name: new}, setting)


def _replaced(config, changes: dict[str, object], setting: str):
    """Return a configuration with some fields changed, as far as its own check allows them."""
    try:
        return replace(config, **changes)
    except ValueError as error:
        raise DataFormatError(f"--set {setting}: {error}") from None


def _parsed(old: object, value: str, setting: str) -> object:
    """Return a value of the old one's type; a whole number may stand for a float."""
    if isinstance(old, str):
        return value
    expected = type(old).__name__
    try:
        new = json.loads(value)
    except json.JSONDecodeError:
        raise DataFormatError(f"--set {setting}: expected {expected}, got {value!r}") from None
    fits = isinstance(new, type(old)) or (isinstance(old, float) and isinstance(new, int))
    if not fits:
        raise DataFormatError(f"--set {setting}: expected {expected}, got {type(new).__name__}")
    return new
