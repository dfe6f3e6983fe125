"""`python -m mealrec train`: train every system of a recipe, for one seed or several."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from mealrec.data.interactions import leave_one_out
from mealrec.data.microlens import Catalogue, read_catalogue
from mealrec.errors import DataFormatError
from mealrec.features.store import FeatureStore
from mealrec.features.tensors import Normalisation, item_features
from mealrec.training.recipes import RECIPES, Recipe, override
from mealrec.training.run import load_system, save_normalisation, save_system, write_json
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
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")


def run(arguments: argparse.Namespace) -> int:
    """Train and store; what is already trained in the run directory is kept."""
    store = FeatureStore.open(arguments.features)
    recipes = _chosen_recipes(arguments, store)
    todo = [recipe for recipe in recipes if not (system_folder(arguments.out, recipe) / "config.json").exists()]
    device = "cuda" if arguments.device == "auto" and torch.cuda.is_available() else arguments.device
    device = "cpu" if device == "auto" else device
    arguments.out.mkdir(parents=True, exist_ok=True)
    catalogue = read_catalogue(arguments.data)
    save_normalisation(arguments.out / "normalisation.safetensors", Normalisation.fit(store, trainable(catalogue)))
    began = time.time()
    jobs = [(recipe, arguments.data, arguments.features, arguments.out, device) for recipe in todo]
    for phase in ([job for job in jobs if not job[0].starts_from], [job for job in jobs if job[0].starts_from]):
        with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
            list(pool.map(train_one, *zip(*phase, strict=True)) if phase else ())
    if jobs:
        summary = {"command": f"python -m mealrec {' '.join(sys.argv[1:])}", "seconds": round(time.time() - began)}
        summary |= {"device": device, "seeds": arguments.seeds, "systems": sorted({recipe.name for recipe in recipes})}
        write_json(arguments.out / "run.json", summary)
    return 0


def _chosen_recipes(arguments: argparse.Namespace, store: FeatureStore) -> list[Recipe]:
    make, shape = RECIPES[arguments.recipe], shape_of(store)
    recipes = [recipe for seed in range(arguments.seeds) for recipe in make(shape, seed)]
    known = {recipe.name for recipe in recipes}
    wanted = known if arguments.systems == "all" else set(arguments.systems.split(","))
    if unknown := wanted - known:
        raise DataFormatError(
            f"--systems: expected some of {', '.join(sorted(known))}, got {', '.join(sorted(unknown))}"
        )
    for setting in arguments.set:
        recipes = [override(recipe, setting) for recipe in recipes]
    chosen = [replace(recipe, name=recipe.name + arguments.label) for recipe in recipes if recipe.name in wanted]
    needed = {(recipe.training.seed, recipe.starts_from) for recipe in chosen}
    present = {(recipe.training.seed, recipe.name) for recipe in chosen}
    return [r for r in recipes if (r.training.seed, r.name) in needed - present] + chosen


def train_one(recipe: Recipe, data: Path, features_path: Path, out: Path, device: str) -> None:
    """Train one system of a run and store it."""
    torch.set_num_threads(1)  # at this width a second thread costs more than it gives
    catalogue, store = read_catalogue(data), FeatureStore.open(features_path)
    seen = trainable(catalogue)
    features = item_features(store, Normalisation.fit(store, seen), seen).to(device)
    split = leave_one_out(catalogue, recipe.model.max_length)
    name = f"seed {recipe.training.seed} {recipe.name}"
    start = None
    if recipe.starts_from:
        first = replace(recipe, name=recipe.starts_from)
        start = load_system(system_folder(out, first)).to(device).state_dict()

    def report(line: dict) -> None:
        print(name, " ".join(f"{key}={value:.4g}" for key, value in line.items()), flush=True)

    trained = train(recipe.model, recipe.training, split, features, report, start)
    save_system(system_folder(out, recipe), recipe, trained)
    print(
        f"{name}: epoch {trained.epoch}, validation N@10 {trained.validation:.4f}, {trained.seconds:.0f} s", flush=True
    )


def system_folder(out: Path, recipe: Recipe) -> Path:
    """Return where a system of a run is stored."""
    return out / f"seed-{recipe.training.seed}" / recipe.name


def trainable(catalogue: Catalogue) -> np.ndarray:
    """Return [N] bool: the items that training may see."""
    return np.array([item not in catalogue.held_out for item in catalogue.item_ids])


def shape_of(store: FeatureStore) -> dict[str, int]:
    """Return the model dimensions that a feature store implies."""
    items, frames, visual = store.frames.shape
    return {"num_items": items, "visual_width": visual, "text_width": store.text.shape[1], "num_frames": frames}
