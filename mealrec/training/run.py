"""A trained system in its folder: how it is written, and read again.

A run is seed-<s>/<system>/{model.safetensors, config.json, training.json, log.jsonl}, with
normalisation.safetensors and run.json, which names the data and the features. A system whose
training is unfinished has a state.safetensors instead; a blend of trained ones has no log.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from tqdm import tqdm

from mealrec.baselines.base import Baseline
from mealrec.errors import DataFormatError, TrainingError
from mealrec.training.checkpoint import LOG, STATE, log_lines, write_tensors
from mealrec.training.forms import System, build, from_dict
from mealrec.training.processes import is_main
from mealrec.training.recipes import Blend, Recipe
from mealrec.training.world import World
from mealrec.writing import write_json, write_whole

if TYPE_CHECKING:
    from mealrec.training.trainer import Trained

RUN = "run.json"


def title_of(recipe: Recipe | Blend) -> str:
    """Return what a system is called while it trains."""
    return f"seed {recipe.seed} {recipe.name}"


def say(words: str) -> None:
    """Print a line, once for all processes, without breaking a bar on the terminal."""
    if is_main():
        tqdm.write(words)
        sys.stdout.flush()


def device_named(name: str) -> str:
    """Return cpu or cuda for auto, cpu or cuda; TrainingError where cuda is asked for in vain."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--device cuda: torch finds no CUDA device here; use cpu or auto")
    return name


def sources_told(folder: Path, **sources: Path) -> dict[str, str]:
    """Return where a run's sources lie, seen from its own folder: they may be moved together."""
    return {
        name: Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
        for name, path in sources.items()
    }


def source_of(run: Path, what: str, given: Path | None = None) -> Path:
    """Return where a run's `data` or `features` lie: as `given`, else as its run.json tells.

    Raises DataFormatError where it does not tell, or nothing lies there.
    """
    if given is not None:
        return given
    if not run.is_dir():
        raise DataFormatError(
            f"{run} is no folder: name a run that `python -m mealrec train` has written."
        )

    # Before run.json told it, a run told the command alone.
    told = read_json(run / RUN) if (run / RUN).is_file() else {}
    words = shlex.split(told.get("command", ""))
    if what in told:
        found = Path(os.path.relpath(run.resolve() / told[what]))
    elif f"--{what}" in words[:-1]:
        found = Path(words[words.index(f"--{what}") + 1])
    else:
        raise DataFormatError(
            f"{run} does not tell which {what} it was trained on: name the folder with --{what}."
        )
    if not found.is_dir():
        raise DataFormatError(
            f"{run} was trained on {found}, which is not there: name where it lies with --{what}."
        )
    return found


def system_folder(out: Path, recipe: Recipe | Blend) -> Path:
    """Return where a system of a run is stored."""
    return out / f"seed-{recipe.seed}" / recipe.name


def is_finished(folder: Path) -> bool:
    """Say whether a system's folder is whole."""
    return (folder / "config.json").exists()


def save_system(folder: Path, recipe: Recipe, trained: Trained) -> None:
    """Write one trained system, how it was trained, and what the kept epoch came to."""
    told = asdict(recipe.training) | {"epoch": trained.epoch}
    kept = trained.log[trained.epoch - 1] if trained.epoch else {}
    told |= {f"validation_{name}": kept[name] for name in kept if name.endswith("@10")}
    told["seconds"] = round(trained.seconds, 1)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / LOG, log_lines(trained.log))
    save_model(folder, trained.model, told)
    (folder / STATE).unlink(missing_ok=True)


def save_model(folder: Path, model: System, told: dict) -> None:
    """Write a model and what training tells of it; the configuration comes last.

    So a folder with it is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "model.safetensors", model.state_dict())
    write_json(folder / "training.json", told)
    write_json(folder / "config.json", model.config.to_dict())


def load_prepared(folder: Path, world: World, device: str = "cpu") -> System:
    """Return one trained system on a device, ready to rank.

    A baseline does not store what it computes from the training clicks: it prepares itself again.
    """
    model = load_system(folder).to(device)
    if isinstance(model, Baseline):
        sequences = world.split_at(model.config.max_length).train
        model.prepare(sequences, world.features.to(device), world.encoder_input(model.config))
    return model


def load_system(folder: Path) -> System:
    """Return one trained system; a baseline has still to `prepare` itself, see load_prepared.

    Raises DataFormatError where the folder is not whole, or of an unknown form.
    """
    if not is_finished(folder):
        raise DataFormatError(
            f"{folder} holds no finished training run: run `python -m mealrec train` first"
        )
    try:
        config = from_dict(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError) as error:
        raise DataFormatError(
            f"{folder / 'config.json'} cannot be used ({error}): train the system again"
        ) from None
    model = build(config)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


def read_json(path: Path) -> dict:
    """Read a file of a system's folder; raises DataFormatError where it is not there or no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{path} cannot be read ({error}): train the system again") from None
