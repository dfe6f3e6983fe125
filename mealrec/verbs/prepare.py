"""`python -m mealrec prepare`: a dataset as published to a catalogue folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.data.published.prepare import (
    DATASETS,
    SLICES,
    Prepared,
    check_replaceable,
    prepare,
    write_prepared,
)
from mealrec.data.published.shortvideo import POSITIVE, RULES
from mealrec.data.statistics import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("dataset", choices=DATASETS, help="what the files are; log: clicks and clips of your own")
    add(
        "--data",
        type=Path,
        required=True,
        help="folder with the files; a .inter file, a CSV of clicks",
    )
    add("--out", type=Path, required=True, help="catalogue folder to write")
    add("--name", help="what the data are called (default: the dataset; of a log its folder)")
    add(
        "--slice",
        choices=SLICES,
        default="full",
        help="all users, or a sample (default: %(default)s)",
    )
    add(
        "--k",
        type=int,
        default=4,
        help="interactions each user and item keeps (default: %(default)s)",
    )
    add("--k-items", type=int, help="interactions each item keeps (default: as --k; log: 1)")
    add("--users", type=int, help="users in the slice small (default: by dataset)")
    add("--seed", type=int, default=0, help="draws the slice small (default: %(default)s)")
    add("--positive", choices=RULES, help=f"which rows of ShortVideo count (default: {POSITIVE})")
    add("--recbole", action="store_true", help="write NAME/NAME.inter for RecBole too")


def run(arguments: argparse.Namespace) -> int:
    """Prepare the dataset, write it, and print its statistics and every oddity."""
    check_replaceable(arguments.out)  # before the work
    prepared = prepare(
        arguments.dataset,
        arguments.data,
        slice=arguments.slice,
        k=arguments.k,
        k_items=arguments.k_items,
        users=arguments.users,
        seed=arguments.seed,
        positive=arguments.positive,
        name=arguments.name,
    )
    write_prepared(prepared, arguments.out, recbole=arguments.recbole)
    print(summary(prepared), end="")
    print(f"{arguments.out}: written")
    return 0


def summary(prepared: Prepared) -> str:
    """Return the recipe, the row of Table 1, and what was odd about the files."""
    # What was kept, and by which recipe.
    report = prepared.report
    name = f"{report['dataset']}, {report['slice']}"
    lines = [f"{name}: {report['recipe']}.", "", table({name: report["statistics"]})]
    kept = report["statistics"]["interactions"]
    lines.append(f"kept {kept:,} of {report['interactions_read']:,} interactions")

    # What was odd.
    lines += [f"note: {note}" for note in report["notes"]]
    if report["rows_passed_over"]:
        lines.append(f"rows in order but not wanted: {report['rows_passed_over']:,}")
    malformed = report["malformed"]
    if malformed["count"]:
        lines.append(f"malformed rows, left out: {malformed['count']:,}; the first:")
        for row in malformed["first"]:
            lines.append(f"  {row['file']}, line {row['line']}: {row['problem']}")
    repeats = report["repeats"]
    if repeats["dropped"]:
        lines.append(f"repeats, left out: {repeats['dropped']:,} ({repeats['rule']})")
    for key in ("items_without_a_title_row", "items_with_an_empty_title"):
        if report[key]:
            lines.append(f"{key.replace('_', ' ')}: {report[key]:,}")
    return "\n".join(lines) + "\n"
