"""`python -m mealrec compare`: train the named systems on one set of data and set them side by
side."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from mealrec.errors import DataFormatError
from mealrec.study.exhibits import table2, table3
from mealrec.study.results import write
from mealrec.study.systems import SYSTEMS, chosen
from mealrec.study.tuning import read_tuned, tuned_text
from mealrec.verbs._study import STOPPED, add_study_arguments, study_of

__all__ = ["STOPPED", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add_study_arguments(parser)
    parser.add_argument(
        "--systems", default="", help="names with commas between; all: Table 2; everything"
    )
    parser.add_argument(
        "--cost", action="store_true", help="also measure what each costs, a process each"
    )
    parser.add_argument(
        "--tuned",
        type=Path,
        metavar="FILE",
        help="train by the winners in a tuning.json of this data",
    )
    parser.add_argument("--list", action="store_true", help="name the systems and end")
    parser.add_argument(
        "--out", type=Path, help="folder for compare.md and compare.json (default: the work folder)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the table and write it."""
    if arguments.list:
        width = max(map(len, SYSTEMS))
        print("\n".join(f"{name:{width}}  {system.line}" for name, system in SYSTEMS.items()))
        return 0
    if not arguments.systems:
        raise DataFormatError(f"--systems is needed: some of {', '.join(SYSTEMS)}, or all")
    arguments.systems = chosen(arguments.systems)
    tuned = read_tuned(arguments.tuned) if arguments.tuned else None
    study = replace(study_of(arguments), tuned=tuned.settings if tuned else {})
    if tuned:
        tuned.check(study.world.about)
    exhibit = table2.make(study, arguments)
    if tuned:
        text = f"{exhibit.text}\n{tuned_text(tuned, arguments.systems)}"
        exhibit = replace(
            exhibit,
            text=text,
            numbers=exhibit.numbers | {"tuned": tuned.numbers(arguments.systems)},
        )
    if arguments.cost:
        cost = table3.side_by_side(study, arguments.systems)
        text = f"{exhibit.text}\n## {cost.title}\n\n{cost.text}"
        exhibit = replace(exhibit, text=text, numbers=exhibit.numbers | cost.numbers)
    print(write(study, exhibit, arguments.out or study.work, "compare"))
    return 0
