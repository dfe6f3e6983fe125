"""`python -m mealrec train`: train every system of a recipe, for one seed or several."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from mealrec.data.interactions import check_learnable
from mealrec.errors import TrainingError
from mealrec.study.training_run import TrainingRun, chosen_recipes
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
    training = TrainingRun(
        arguments.out,
        device_named(arguments.device),
        arguments.jobs,
        arguments.save_every,
        arguments.resume,
    )
    training.train(recipes, world)
    return 0
