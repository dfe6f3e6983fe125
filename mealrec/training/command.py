"""`python -m mealrec train`: train every system of a recipe, for one seed or several."""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from mealrec.baselines.base import needs_hidden, needs_titles
from mealrec.data.interactions import leave_one_out
from mealrec.data.microlens import Catalogue, read_catalogue
from mealrec.errors import DataFormatError, MealRecError, TrainingError
from mealrec.features.hidden import HiddenStates
from mealrec.features.store import FeatureStore
from mealrec.features.tensors import Normalisation, item_features
from mealrec.features.titles import Titles
from mealrec.training.checkpoint import STATE, Checkpoint
from mealrec.training.forms import build
from mealrec.training.processes import end_with_the_parent, is_main, launched, processes
from mealrec.training.recipes import RECIPES, Recipe, override
from mealrec.training.run import is_finished, save_normalisation, save_system, write_json
from mealrec.training.trainer import train


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("recipe", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="catalogue in MicroLens's form")
    parser.add_argument("--features", type=Path, required=True, help="feature store made by `extract`")
    parser.add_argument("--out", type=Path, required=True, help="run directory")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from 0 (default 1)")
    parser.add_argument("--systems", default="all", help="names with commas between, or all")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one setting of all")
    parser.add_argument("--label", default="", help="suffix of the systems' names, to keep changed ones apart")
    parser.add_argument("--jobs", type=int, default=1, help="systems trained at once, one thread each")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--resume", action="store_true", help="go on with the trainings that were interrupted")
    parser.add_argument("--save-every", type=int, default=0, metavar="STEPS", help="save within epochs too")


def run(arguments: argparse.Namespace) -> int:
    """Train and store; what is already trained in the run directory is kept."""
    if launched() > 1 and arguments.jobs > 1:
        raise TrainingError(f"--jobs {arguments.jobs}: {launched()} processes train each system together, so use 1")
    store = FeatureStore.open(arguments.features)
    catalogue = read_catalogue(arguments.data)
    recipes = _chosen_recipes(arguments, shape_of(store, catalogue.trainable))
    todo = _unfinished(recipes, arguments)
    device = device_named(arguments.device)
    for recipe in todo:  # what is missing or does not fit is told before the first training
        if beside := _beside(recipe, catalogue, store, arguments.features):
            build(recipe.model, beside)
    if is_main():
        arguments.out.mkdir(parents=True, exist_ok=True)
        save_normalisation(arguments.out / "normalisation.safetensors", Normalisation.fit(store, catalogue.trainable))
    began = time.time()
    where = arguments.data, arguments.features, arguments.out, device, arguments.save_every, arguments.jobs == 1
    _train_all([(recipe, *where) for recipe in todo], arguments.jobs)
    if todo and is_main():
        summary = {"command": f"python -m mealrec {' '.join(sys.argv[1:])}", "seconds": round(time.time() - began)}
        summary |= {"device": device, "processes": launched(), "seeds": arguments.seeds}
        write_json(arguments.out / "run.json", summary | {"systems": sorted({recipe.name for recipe in recipes})})
    if launched() > 1:
        processes(device).end_training()
    return 0


def device_named(named: str) -> str:
    """Return cpu or cuda for auto, cpu or cuda; raises TrainingError where cuda is asked for and there is none."""
    if named == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if named == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--device cuda: torch finds no CUDA device here; use cpu or auto")
    return named


def _unfinished(recipes: list[Recipe], arguments: argparse.Namespace) -> list[Recipe]:
    """Return the recipes still to train; raises TrainingError where one was interrupted and --resume is not given."""
    todo = []
    for recipe in recipes:
        folder = system_folder(arguments.out, recipe)
        if is_finished(folder):
            (folder / STATE).unlink(missing_ok=True)  # left where the command was killed between the two
            continue
        if (folder / STATE).exists() and not arguments.resume:
            raise TrainingError(
                f"{folder} holds an interrupted training: add --resume to go on with it, "
                f"or delete {folder / STATE} to begin anew"
            )
        todo.append(recipe)
    return todo


def _train_all(jobs: list[tuple], at_once: int) -> None:
    if at_once == 1 or len(jobs) < 2:
        for job in jobs:
            train_one(*job)
        return
    with ProcessPoolExecutor(at_once, get_context("spawn"), end_with_the_parent) as pool:
        list(pool.map(train_one, *zip(*jobs, strict=True)))


def _chosen_recipes(arguments: argparse.Namespace, shape: dict[str, int]) -> list[Recipe]:
    make = RECIPES[arguments.recipe]
    recipes = [recipe for seed in range(arguments.seeds) for recipe in make(shape, seed)]
    known = {recipe.name for recipe in recipes}
    wanted = known if arguments.systems == "all" else set(arguments.systems.split(","))
    if unknown := wanted - known:
        raise DataFormatError(
            f"--systems: expected some of {', '.join(sorted(known))}, got {', '.join(sorted(unknown))}"
        )
    recipes = [recipe for recipe in recipes if recipe.name in wanted]  # a setting need not exist in the others
    for setting in arguments.set:
        try:
            recipes = [override(recipe, setting) for recipe in recipes]
        except MealRecError:
            raise
        except ValueError as error:  # a configuration's own check
            raise DataFormatError(f"--set {setting}: {error}") from None
    return [replace(recipe, name=recipe.name + arguments.label) for recipe in recipes]


def train_one(
    recipe: Recipe, data: Path, features_path: Path, out: Path, device: str, save_every: int = 0, bar: bool = False
) -> None:
    """Train one system of a run and store it; its interrupted training, where there is one, goes on."""
    torch.set_num_threads(1)  # at this width a second thread costs more than it gives
    accelerator = processes(device)
    catalogue, store = read_catalogue(data), FeatureStore.open(features_path)
    seen = catalogue.trainable
    features = item_features(store, Normalisation.fit(store, seen), seen).to(accelerator.device)
    split = leave_one_out(catalogue, recipe.model.max_length)
    hidden = _beside(recipe, catalogue, store, features_path)
    name = f"seed {recipe.training.seed} {recipe.name}"
    made_with = asdict(recipe) | {"training_data": zlib.crc32(repr(split.train).encode())}
    folder = system_folder(out, recipe)
    checkpoint = Checkpoint(folder, made_with, save_every)

    def report(line: dict) -> None:
        _say(name, " ".join(f"{key}={value:.4g}" for key, value in line.items()))

    try:
        label = name if bar else ""
        trained = train(recipe.model, recipe.training, split, features, report, checkpoint, label, hidden)
    except FloatingPointError as error:
        raise TrainingError(f"{name}: {error}") from error
    if accelerator.is_main_process:
        save_system(folder, recipe, trained)
    accelerator.wait_for_everyone()
    _say(f"{name}: epoch {trained.epoch}, validation N@10 {trained.validation:.4f}, {trained.seconds:.0f} s")


def _beside(recipe: Recipe, catalogue: Catalogue, store: FeatureStore, path: Path) -> HiddenStates | Titles | None:
    """Return what a system reads beside the features."""
    if needs_hidden(recipe.model):
        return HiddenStates.open(path)
    if not needs_titles(recipe.model):
        return None
    texts = [catalogue.titles[item] for item in catalogue.item_ids]
    return Titles.open(store, texts, Normalisation.fit(store, catalogue.trainable))


def _say(*words: str) -> None:
    if is_main():
        tqdm.write(" ".join(words))
        sys.stdout.flush()


def system_folder(out: Path, recipe: Recipe) -> Path:
    """Return where a system of a run is stored."""
    return out / f"seed-{recipe.training.seed}" / recipe.name


def shape_of(store: FeatureStore, trainable: np.ndarray) -> dict[str, int]:
    """Return the model dimensions that a feature store implies, of whose items `trainable` [N] are learned from."""
    (items, frames, _), visual = store.frames.shape, Normalisation.fit(store, trainable).visual_width
    return {"num_items": items, "visual_width": visual, "text_width": store.text.shape[1], "num_frames": frames}
