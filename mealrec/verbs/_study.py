"""What `compare`, `tune` and `experiment` ask for: the data, the seeds, how to train."""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.data.published.prepare import DATASETS, SLICES
from mealrec.errors import DataFormatError
from mealrec.study.harness import Study
from mealrec.study.source import find_source
from mealrec.training.run import device_named

WORK = Path("build/compare")
STOPPED = (
    "stopped; what is trained is kept, to the last whole epoch: run the same command again to go on"
)


def add_study_arguments(parser: argparse.ArgumentParser, several_seeds: bool = True) -> None:
    """Add the options that `study_of` reads; a verb of one seed alone has no --seeds."""
    add = parser.add_argument
    add("--data", type=Path, help="official files, or a catalogue in MicroLens's form")
    add(
        "--dataset", choices=sorted(DATASETS), help="what the official files are (default: by name)"
    )
    add("--slice", choices=SLICES, help="of official files: small, or full (default: small)")
    add("--features", type=Path, help="feature store of these items (default: title segments)")
    add("--work", type=Path, help=f"what is kept between runs (default: {WORK}/<dataset>-<slice>)")
    if several_seeds:
        add("--seeds", type=int, default=1, help="how many seeds, from 0 (default: %(default)s)")
    else:
        parser.set_defaults(seeds=1)
    add("--jobs", type=int, default=2, help="systems trained at once (default: %(default)s)")
    add("--device", default="auto", choices=("auto", "cpu", "cuda"))
    add(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="change one setting of all"
    )


def study_of(arguments: argparse.Namespace) -> Study:
    """Return the study that the options describe; DataFormatError where they make no sense."""
    if arguments.data is None:
        raise DataFormatError(
            "--data is needed: a folder of official files, or a catalogue in MicroLens's form"
        )
    for name in ("seeds", "jobs"):
        if getattr(arguments, name) < 1:
            raise DataFormatError(f"--{name}: expected 1 or more, got {getattr(arguments, name)}")
    source = find_source(arguments.data, arguments.dataset, arguments.slice)
    return Study(
        source,
        work=arguments.work or WORK / source.name,
        features=arguments.features,
        seeds=arguments.seeds,
        jobs=arguments.jobs,
        device=device_named(arguments.device),
        settings=tuple(arguments.set),
    )
