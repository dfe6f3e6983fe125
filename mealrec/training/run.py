"""A training run on disk: seed-<s>/<system>/{model.safetensors, config.json, log.jsonl}, normalisation, run.json."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import load_file, save_file

from mealrec.errors import DataFormatError
from mealrec.features.tensors import Normalisation
from mealrec.models.mealrec import MealRec, MealRecConfig
from mealrec.training.recipes import Recipe
from mealrec.training.trainer import Trained, log_lines


def save_system(folder: Path, recipe: Recipe, trained: Trained) -> None:
    """Write one trained system; the configuration comes last, so a folder with it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.cpu().contiguous() for name, tensor in trained.model.state_dict().items()},
              folder / "model.safetensors")  # fmt: skip
    (folder / "log.jsonl").write_text(log_lines(trained))
    summary = {"epoch": trained.epoch, "validation_N@10": trained.validation, "seconds": round(trained.seconds, 1)}
    write_json(folder / "training.json", asdict(recipe.training) | summary)
    write_json(folder / "config.json", recipe.model.to_dict())


def load_system(folder: Path) -> MealRec:
    """Return one trained system; raises DataFormatError where the folder is not whole."""
    config_path = folder / "config.json"
    if not config_path.exists():
        raise DataFormatError(f"{folder} holds no finished training run: run `python -m mealrec train` first")
    model = MealRec(MealRecConfig.from_dict(json.loads(config_path.read_text())))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


def save_normalisation(path: Path, normalisation: Normalisation) -> None:
    """Write the statistics that the features were normalised with."""
    save_file({name: tensor.contiguous() for name, tensor in vars(normalisation).items()}, path)


def load_normalisation(path: Path) -> Normalisation:
    """Read the statistics that the features were normalised with."""
    return Normalisation(**load_file(path))


def write_json(path: Path, content: dict) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
