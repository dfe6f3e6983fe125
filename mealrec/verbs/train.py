"""`python -m mealrec train`: train every system of a recipe, for one seed or several."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
import zlib
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from mealrec.baselines.base import needs_hidden, needs_titles
from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.data.interactions import Split, check_learnable, leave_one_out
from mealrec.errors import DataFormatError, MealRecError, TrainingError
from mealrec.features.hidden import HiddenStates
from mealrec.features.store import FeatureStore, check_items
from mealrec.features.tensors import Normalisation, item_features
from mealrec.features.titles import Titles
from mealrec.training.assembling import check_parts, is_kept, put_together, with_parts
from mealrec.training.checkpoint import STATE, Checkpoint
from mealrec.training.forms import build
from mealrec.training.processes import is_main, launched, processes, side_by_side
from mealrec.training.recipes import RECIPES, Blend, Recipe, override
from mealrec.training.run import (
    RUN,
    is_finished,
    save_normalisation,
    save_system,
    sources_told,
    system_folder,
    write_json,
)
from mealrec.training.trainer import train
from mealrec.types import ItemFeatures

STOPPED = "stopped; what is trained is kept, to the last whole epoch: run the same command with --resume to go on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument("recipe", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="catalogue in MicroLens's form")
    parser.add_argument(
        "--features", type=Path, required=True, help="feature store made by `extract`"
    )
    parser.add_argument("--out", type=Path, required=True, help="run directory")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from 0 (default 1)")
    parser.add_argument(
        "--systems", default="all", help="names with commas between, or all that a run can store"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="change one setting of all"
    )
    parser.add_argument(
        "--label", default="", help="suffix of the systems' names, to keep changed ones apart"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="systems trained at once, one thread each"
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument(
        "--resume", action="store_true", help="go on with the trainings that were interrupted"
    )
    parser.add_argument(
        "--save-every", type=int, default=0, metavar="STEPS", help="save within epochs too"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train and store; what is already trained in the run directory is kept."""
    if launched() > 1 and arguments.jobs > 1:
        raise TrainingError(
            f"--jobs {arguments.jobs}: {launched()} processes train each system together, so use 1"
        )
    # as each training does: on a busy machine two wait for each other, fifty times as long
    torch.set_num_threads(1)
    catalogue = read_catalogue(arguments.data)
    if line := catalogue.told(arguments.data):
        _say(line)
    check_learnable(leave_one_out(catalogue))
    store = FeatureStore.open(arguments.features)
    check_items(store, catalogue.item_ids, arguments.features, arguments.data)
    recipes = _chosen_recipes(arguments, shape_of(store, catalogue.trainable))
    todo = _unfinished(with_parts(_unfinished(recipes, arguments)), arguments)
    _say(_state(with_parts(recipes), todo, arguments.out))
    device = device_named(arguments.device)
    trained, blends = (
        [recipe for recipe in todo if isinstance(recipe, kind)] for kind in (Recipe, Blend)
    )
    for blend in blends:
        check_parts(blend, arguments.out)
    for recipe in trained:  # what is missing or does not fit is told before the first training
        if beside := _beside(recipe, catalogue, store, arguments.features):
            build(recipe.model, beside)
    if is_main():
        arguments.out.mkdir(parents=True, exist_ok=True)
        save_normalisation(
            arguments.out / "normalisation.safetensors",
            Normalisation.fit(store, catalogue.trainable),
        )
    began = time.time()
    summary = {"command": shlex.join(["python", "-m", "mealrec", *sys.argv[1:]])}
    summary |= sources_told(arguments.out, data=arguments.data, features=arguments.features)
    if todo and is_main():  # before it is done too: what is trained by then can be used
        write_json(arguments.out / RUN, summary)
    where = (
        arguments.data,
        arguments.features,
        arguments.out,
        device,
        arguments.save_every,
        arguments.jobs == 1,
    )
    for jobs in (trained, blends):  # the parts are there before what is made of them
        _train_all([(recipe, *where) for recipe in jobs], arguments.jobs)
    if todo and is_main():
        summary |= {
            "seconds": round(time.time() - began),
            "device": device,
            "processes": launched(),
        }
        names = sorted({recipe.name for recipe in with_parts(recipes)})
        write_json(arguments.out / RUN, summary | {"seeds": arguments.seeds, "systems": names})
    if launched() > 1:
        processes(device).end_training()
    return 0


def device_named(named: str) -> str:
    """Return cpu or cuda for auto, cpu or cuda; raises TrainingError where cuda is asked for and
    there is none."""
    if named == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if named == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--device cuda: torch finds no CUDA device here; use cpu or auto")
    return named


def _unfinished(
    recipes: list[Recipe | Blend], arguments: argparse.Namespace
) -> list[Recipe | Blend]:
    """Return what is still to train or to put together.

    Raises TrainingError where a training was interrupted and --resume is not given.
    """
    todo = []
    for recipe in recipes:
        folder = system_folder(arguments.out, recipe)
        if is_finished(folder):
            # left where the command was killed between the two
            (folder / STATE).unlink(missing_ok=True)
            continue
        if (folder / STATE).exists() and not arguments.resume:
            raise TrainingError(
                f"{folder} holds an interrupted training: add --resume to go on with it, "
                f"or delete {folder / STATE} to begin anew"
            )
        todo.append(recipe)
    return todo


def _state(asked: list[Recipe | Blend], todo: list[Recipe | Blend], out: Path) -> str:
    """Return how much of what is asked for is there already."""
    begun = [recipe.name for recipe in todo if (system_folder(out, recipe) / STATE).exists()]
    if not todo:
        return f"{out}: all {len(asked)} systems are trained already"
    words = f"{out}: {len(todo)} of {len(asked)} systems to train"
    return words + (f", {', '.join(begun)} from where it was interrupted" if begun else "")


def _train_all(jobs: list[tuple], at_once: int) -> None:
    if at_once == 1 or len(jobs) < 2:
        for job in jobs:
            train_one(*job)
        return
    with side_by_side(at_once) as pool:
        list(pool.map(train_one, *zip(*jobs, strict=True)))


def _chosen_recipes(arguments: argparse.Namespace, shape: dict[str, int]) -> list[Recipe | Blend]:
    make = RECIPES[arguments.recipe]
    recipes = [recipe for seed in range(arguments.seeds) for recipe in make(shape, seed)]
    known = {recipe.name for recipe in recipes}
    not_kept = {recipe.name for recipe in recipes if not is_kept(recipe)}
    wanted = known - not_kept if arguments.systems == "all" else set(arguments.systems.split(","))
    if unknown := wanted - known:
        raise DataFormatError(
            f"--systems: expected some of {', '.join(sorted(known))}, got {', '.join(sorted(unknown))}"
        )
    if unkept := wanted & not_kept:
        raise DataFormatError(
            f"--systems: {', '.join(sorted(unkept))} cannot be stored, being a baseline with guidance: measure it with "
            "`python -m mealrec compare`, or train the baseline alone"
        )
    # a setting need not exist in the others
    recipes = [recipe for recipe in recipes if recipe.name in wanted]
    changed = recipes
    for setting in arguments.set:
        try:
            changed = [override(recipe, setting) for recipe in changed]
        except MealRecError:
            raise
        except ValueError as error:  # a configuration's own check
            raise DataFormatError(f"--set {setting}: {error}") from None
    return [_labelled(*pair, arguments.label) for pair in zip(changed, recipes, strict=True)]


def _labelled(recipe: Recipe | Blend, unchanged: Recipe | Blend, label: str) -> Recipe | Blend:
    """Return the recipe with a suffix to its name, and to those of a blend's parts that a
    setting changed."""
    named = recipe.named if isinstance(recipe, Blend) else ()
    pairs = {name: (getattr(recipe, name), getattr(unchanged, name)) for name in named}
    parts = {name: _labelled(*pair, label) for name, pair in pairs.items() if pair[0] != pair[1]}
    return replace(recipe, name=recipe.name + label, **parts)


def train_one(
    recipe: Recipe | Blend,
    data: Path,
    features_path: Path,
    out: Path,
    device: str,
    save_every: int = 0,
    bar: bool = False,
) -> None:
    """Train one system of a run and store it; its interrupted training, where there is one, goes
    on.

    A blend is put together, by one process.
    """
    torch.set_num_threads(1)  # at this width a second thread costs more than it gives
    accelerator = processes(device)
    catalogue, store = read_catalogue(data), FeatureStore.open(features_path)
    seen = catalogue.trainable
    features = item_features(store, Normalisation.fit(store, seen), seen).to(accelerator.device)
    split = leave_one_out(catalogue, recipe.max_length)
    name = f"seed {recipe.seed} {recipe.name}"
    if isinstance(recipe, Recipe):
        hidden = _beside(recipe, catalogue, store, features_path)
        checkpoint = Checkpoint(system_folder(out, recipe), _made_with(recipe, split), save_every)
        found = _train(recipe, split, features, checkpoint, hidden, name, bar)
    elif accelerator.is_main_process:
        found = put_together(recipe, out, split, features)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        _say(f"{name}:", ", ".join(f"{key} {value:.4g}" for key, value in found.items()))


def _made_with(recipe: Recipe, split: Split) -> dict:
    return asdict(recipe) | {"training_data": zlib.crc32(repr(split.train).encode())}


def _train(
    recipe: Recipe,
    split: Split,
    features: ItemFeatures,
    checkpoint: Checkpoint,
    hidden,
    name: str,
    bar: bool,
):
    """Train and store; return what is said of it."""

    def report(line: dict) -> None:
        _say(name, " ".join(f"{key}={value:.4g}" for key, value in line.items()))

    try:
        label = name if bar else ""
        trained = train(
            recipe.model, recipe.training, split, features, report, checkpoint, label, hidden
        )
    except FloatingPointError as error:
        raise TrainingError(f"{name}: {error}") from error
    if is_main():
        save_system(checkpoint.folder, recipe, trained)
    return {
        "epoch": trained.epoch,
        "validation_N@10": trained.validation,
        "seconds": trained.seconds,
    }


def _beside(
    recipe: Recipe, catalogue: Catalogue, store: FeatureStore, path: Path
) -> HiddenStates | Titles | None:
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


def shape_of(store: FeatureStore, trainable: np.ndarray) -> dict[str, int]:
    """Return the model dimensions that a feature store implies, of whose items `trainable` [N]
    are learned from."""
    (items, frames, _), visual = (
        store.frames.shape,
        Normalisation.fit(store, trainable).visual_width,
    )
    return {
        "num_items": items,
        "visual_width": visual,
        "text_width": store.text.shape[1],
        "num_frames": frames,
    }
