"""`python -m mealrec tune`: the same trials for every system, picked by validation."""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.study.results import write
from mealrec.study.systems import chosen
from mealrec.study.tuning import GRID, tune
from mealrec.verbs._study import STOPPED, add_study_arguments, study_of

__all__ = ["STOPPED", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add_study_arguments(parser, several_seeds=False)
    add = parser.add_argument
    add("--systems", default="all", help="names with commas between (default: %(default)s)")
    add("--trials", type=int, default=4, help=f"for each system, up to {len(GRID)} (default: 4)")
    add("--seed", type=int, default=0, help="of every training (default: %(default)s)")
    add("--out", type=Path, help="folder for tuning.md and tuning.json (default: the work folder)")


def run(arguments: argparse.Namespace) -> int:
    """Tune, print the table and write it."""
    systems = chosen(arguments.systems)
    study = study_of(arguments)
    exhibit = tune(study, systems, arguments.trials, arguments.seed)
    print(write(study, exhibit, arguments.out or study.work, "tuning"))
    return 0
