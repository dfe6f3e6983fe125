"""`python -m mealrec compare`: train named systems on one set of data, set them side by side."""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.errors import DataFormatError
from mealrec.study.exhibits import table2, table3
from mealrec.study.results import write
from mealrec.study.systems import SYSTEMS, chosen
from mealrec.study.tuning import read_tuned
from mealrec.verbs._study import STOPPED, add_study_arguments, study_of

__all__ = ["STOPPED", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add_study_arguments(parser)
    add = parser.add_argument
    add("--systems", default="", help="names with commas between; all: Table 2; everything")
    add("--cost", action="store_true", help="also measure what each costs, a process each")
    add(
        "--tuned",
        type=Path,
        metavar="FILE",
        help="train by the winners in a tuning.json of this data",
    )
    add("--list", action="store_true", help="name the systems and end")
    add(
        "--out", type=Path, help="folder for compare.md and compare.json (default: the work folder)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the table and write it."""
    if arguments.list:
        width = max(map(len, SYSTEMS))
        for name, system in SYSTEMS.items():
            print(f"{name:{width}}  {system.line}")
        return 0
    if not arguments.systems:
        raise DataFormatError(f"--systems is needed: some of {', '.join(SYSTEMS)}, or all")
    systems = chosen(arguments.systems)

    # The study, by the winners of a tuning where one is named.
    study = study_of(arguments)
    tuned = read_tuned(arguments.tuned) if arguments.tuned else None
    if tuned:
        study = tuned.applied_to(study)

    # The table, and what is asked for with it.
    exhibit = table2.compare(study, systems)
    if tuned:
        exhibit = exhibit.with_part(tuned.text(systems), {"tuned": tuned.numbers(systems)})
    if arguments.cost:
        cost = table3.side_by_side(study, systems)
        exhibit = exhibit.with_part(f"## {cost.title}\n\n{cost.text}", cost.numbers)
    print(write(study, exhibit, arguments.out or study.work, "compare"))
    return 0
