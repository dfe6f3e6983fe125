"""`python -m mealrec evaluate`: what a bundle, or a training run over several seeds, is worth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from mealrec.progress import Progress
from mealrec.study.bundle_world import bundle_data, bundle_systems, check_measurable
from mealrec.study.report import make_report, report_text, run_systems, training_seconds
from mealrec.training.run import source_of
from mealrec.training.world import NORMALISATION, open_world
from mealrec.writing import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--bundle", type=Path, help="evaluate every variant of a bundle")
    source.add_argument("--run", type=Path, help="evaluate every seed and system of a training run")
    add = parser.add_argument
    add("--data", type=Path, help="catalogue (default: that of the bundle or the run)")
    add("--features", type=Path, help="feature store (default: that of the run)")
    add("--out", type=Path, help="write <out>.json and <out>.md")
    add("--json", action="store_true", help="print JSON instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print; how far it is goes to the error stream."""
    torch.set_num_threads(1)
    with Progress() as progress:
        report = _measured(arguments, progress)
    text = report_text(report)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        write_json(arguments.out.with_suffix(".json"), report)
        arguments.out.with_suffix(".md").write_text(text, encoding="utf-8")
    print(json.dumps(report, indent=1) if arguments.json else text)
    return 0


def _measured(arguments: argparse.Namespace, progress: Progress) -> dict:
    progress.begins(f"reading {arguments.bundle or arguments.run}")
    if arguments.bundle:
        check_measurable(arguments.bundle)
        data = bundle_data(arguments.bundle, arguments.data)
        world, systems = bundle_systems(arguments.bundle, data)
        train_s = {}
    else:
        data = source_of(arguments.run, "data", arguments.data)
        features = source_of(arguments.run, "features", arguments.features)
        normalisation = arguments.run / NORMALISATION
        world = open_world(data, features, normalisation=normalisation, exact=True)
        systems = run_systems(arguments.run, world)
        train_s = training_seconds(arguments.run)
    notes = world.catalogue.told(data)
    if notes:
        progress.begins(notes)
    return make_report(world, systems, train_s, progress)
