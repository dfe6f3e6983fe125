"""A tested system fitted again on all clicks, for the app.

Nothing is chosen here: validation has chosen all before.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import whole_histories
from mealrec.errors import DataFormatError, TrainingError
from mealrec.models.published.guided import Guided
from mealrec.training.blending import blended
from mealrec.training.config import TrainConfig
from mealrec.training.forms import FORMS, System, SystemConfig
from mealrec.training.run import load_system, read_json
from mealrec.training.trainer import Loop
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class Part:
    """How something was trained, and how many of its epochs were kept."""

    model: SystemConfig
    training: TrainConfig
    epochs: int

    @classmethod
    def told(cls, model: SystemConfig, told: Mapping) -> Part:
        """Rebuild it from a training.json.

        Raises KeyError, TypeError or ValueError where that is of another version.
        """
        known = {field.name for field in fields(TrainConfig)}
        values = {name: value for name, value in told.items() if name in known}
        for name in ("learning_rate", "max_epochs", "seed"):
            values[name] = told[name]
        if values.get("loss") is not None:
            values["loss"] = FORMS[model.FORM].loss(**values["loss"])
        return cls(model, TrainConfig(**values), told["epoch"])


class Refit:
    """Fits systems again on all clicks: training, validation and the test are one here.

    Held-out items stay out. A part that several systems share is trained once. `clicks` is how many
    the last one was fitted on.
    """

    def __init__(self, catalogue: Catalogue, features: ItemFeatures):
        self.catalogue = catalogue
        self.features = features.to("cuda" if torch.cuda.is_available() else "cpu")
        self.clicks = 0
        self._fitted: dict[str, System] = {}
        torch.set_num_threads(1)  # as `train` does

    def system(self, folder: Path) -> System:
        """Return a trained system of a run, fitted again for as many epochs as were kept.

        A learning rate falls over as many epochs as before. What validation chose after training
        stays.
        """
        # Train what was trained before; all parts read histories of one length.
        tested = load_system(folder)
        sequences = whole_histories(self.catalogue, tested.config.max_length)
        self.clicks = sum(map(len, sequences))
        made = {}
        try:
            for name, part in _parts(tested, folder).items():
                made[name] = self._fit(part, sequences, folder.name)
        except FloatingPointError as error:
            raise TrainingError(f"{folder.name}, fitted on all clicks: {error}") from error
        if not isinstance(tested, Guided):
            return made["base"].cpu().eval()

        # A blend is put together as before, of copies: other blends share its parts.
        base = copy.deepcopy(made["base"])
        walk = copy.deepcopy(made.get("walk"))
        model = blended(base, walk, sequences, self.features)
        chosen = dict(tested.named_buffers())
        for name in (*tested.names, "certainty"):
            if name in chosen:
                model.get_buffer(name).copy_(chosen[name])
        return model.cpu().eval()

    def _fit(self, part: Part, sequences: Sequence[Sequence[int]], name: str) -> System:
        key = json.dumps([part.model.to_dict(), asdict(part.training), part.epochs])
        if key not in self._fitted:
            loop = Loop(part.model, part.training, sequences, self.features)
            with loop.bar(f"{name}, on all clicks", part.epochs) as bar:
                for _ in range(part.epochs):
                    loop.epoch(bar)
            self._fitted[key] = loop.state.kept.eval()
        return self._fitted[key]


def _parts(tested: System, folder: Path) -> dict[str, Part]:
    """Return what has to be trained again, by name; a system that is no blend is its own base."""
    told = read_json(folder / "training.json")
    try:
        if not isinstance(tested, Guided):
            return {"base": Part.told(tested.config, told)}
        parts = {}
        for name, part in told["parts"].items():
            parts[name] = Part.told(getattr(tested.config, name), part)
        return parts
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataFormatError(
            f"{folder / 'training.json'} does not say how {folder.name} was trained "
            f"({type(error).__name__}: {error}): train it again"
        ) from None
