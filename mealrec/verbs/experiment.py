"""`python -m mealrec experiment NAME`: make one table or figure of the paper on other data."""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.study import exhibits
from mealrec.study.results import write
from mealrec.verbs._study import STOPPED, add_study_arguments, study_of

__all__ = ["STOPPED", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options, and those of every experiment."""
    parser.add_argument("name", choices=exhibits.names())
    add_study_arguments(parser)
    parser.add_argument("--out", type=Path, help="folder to write to (default: the work folder)")
    for name in exhibits.names():
        exhibit = exhibits.load(name)
        if hasattr(exhibit, "add_arguments"):
            exhibit.add_arguments(parser.add_argument_group(name))


def run(arguments: argparse.Namespace) -> int:
    """Run one experiment, print and write it."""
    study = study_of(arguments)
    exhibit = exhibits.load(arguments.name).make(study, arguments)
    print(write(study, exhibit, arguments.out or study.work, arguments.name))
    return 0
