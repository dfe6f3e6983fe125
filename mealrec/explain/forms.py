"""The forms of models that are served: how each is built, and how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from mealrec.models import config as kinds
from mealrec.models.config import MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.models.published import mealrec as published
from mealrec.models.published.mealrec import OnBackbone, OnBackboneConfig
from mealrec.models.published.served import Served

System = MealRec | OnBackbone
Config = MealRecConfig | OnBackboneConfig
Model = MealRec | Served
"""What is trained, what shapes it, and what all requests ask."""

FORMS: Mapping[str, type[Config]] = {kinds.FORM: MealRecConfig, published.FORM: OnBackboneConfig}
_CLASSES = {MealRecConfig: MealRec, OnBackboneConfig: OnBackbone}
_BACKBONE = "backbone"


def config_of(values: Mapping) -> Config | None:
    """Rebuild a stored configuration; None where its form is not served. Raises TypeError on an
    unknown key."""
    form = FORMS.get(values.get("form"))
    return form and form.from_dict(values)


def blank_system(config: Config) -> System:
    """Return a system of this shape whose weights are still to be loaded."""
    # its first weights are drawn; nobody else's numbers may change by it
    with torch.random.fork_rng(devices=[]):
        return _CLASSES[type(config)](config)


def served(system: System) -> Model:
    """Return a trained system as requests ask it."""
    return Served(system) if isinstance(system, OnBackbone) else system


def parts_of(systems: Mapping[str, System]) -> dict[str, tuple[Config, dict[str, Tensor]]]:
    """Return the configuration and weights of each system, and of the first one's backbone where
    that costs nothing.

    A trained OnBackbone holds its backbone whole: with guidance and without kinds it is a system of
    its own.
    """
    parts = {name: (system.config, dict(system.state_dict())) for name, system in systems.items()}
    first = next(iter(systems.values()))
    if isinstance(first, OnBackbone) and _BACKBONE not in parts:
        parts[_BACKBONE] = _backbone(first)
    return parts


def _backbone(system: OnBackbone) -> tuple[OnBackboneConfig, dict[str, Tensor]]:
    config = replace(system.config, walk=replace(system.config.walk, variant=_BACKBONE))
    weights, known = system.state_dict(), blank_system(config).state_dict()
    return config, {name: weights[name] for name in known} | {"kinds": torch.zeros(())}
