"""`python -m mealrec train`: train every system of a recipe, for one seed or several."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from mealrec.data.interactions import check_learnable
from mealrec.errors import TrainingError
from mealrec.study.training_run import chosen_recipes, train_run
from mealrec.training.processes import launched
from mealrec.training.recipes import RECIPES
from mealrec.training.run import device_named, say
from mealrec.training.world import open_world

STOPPED = (
    "stopped; what is trained is kept, to the last whole epoch: "
    "run the same command with --resume to go on"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add = parser.add_argument
    add("recipe", choices=sorted(RECIPES))
    add("--data", type=Path, required=True, help="catalogue in MicroLens's form")
    add("--features", type=Path, required=True, help="feature store made by `extract`")
    add("--out", type=Path, required=True, help="run directory")
    add("--seeds", type=int, default=1, help="how many seeds, from 0 (default 1)")
    add("--systems", default="all", help="names with commas between, or all that a run can store")
    add(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="change one setting of all"
    )
    add("--label", default="", help="suffix of the systems' names, to keep changed ones apart")
    add("--jobs", type=int, default=1, help="systems trained at once, one thread each")
    add("--device", default="auto", choices=("auto", "cpu", "cuda"))
    add("--resume", action="store_true", help="go on with the trainings that were interrupted")
    add("--save-every", type=int, default=0, metavar="STEPS", help="save within epochs too")


def run(arguments: argparse.Namespace) -> int:
    """Train and store; what is already trained in the run directory is kept."""
    if launched() > 1 and arguments.jobs > 1:
        raise TrainingError(
            f"--jobs {arguments.jobs}: {launched()} processes train each system together, so use 1"
        )
    # As each training does: on a busy machine two wait for each other, fifty times as long.
    torch.set_num_threads(1)

    # The data, and what is odd about them.
    world = open_world(arguments.data, arguments.features, exact=True)
    notes = world.catalogue.told(arguments.data)
    if notes:
        say(notes)
    check_learnable(world.split)

    # The systems.
    recipes = chosen_recipes(
        arguments.recipe,
        world.shape,
        arguments.seeds,
        arguments.systems,
        arguments.set,
        arguments.label,
    )
    train_run(
        arguments.out,
        recipes,
        world,
        device_named(arguments.device),
        at_once=arguments.jobs,
        save_every=arguments.save_every,
        resume=arguments.resume,
    )
    return 0
