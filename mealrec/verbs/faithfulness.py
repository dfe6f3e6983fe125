"""`python -m mealrec faithfulness`: whether a bundle's explanations hold."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

import torch

from mealrec.bundle.manifest import read_manifest, weights_file
from mealrec.errors import DataFormatError
from mealrec.evaluation.faithfulness import MORE, Subject, measure
from mealrec.evaluation.faithfulness_tables import to_markdown
from mealrec.progress import Progress
from mealrec.study.bundle_world import bundle_data, bundle_systems
from mealrec.study.provenance import command_line, from_here, hardware
from mealrec.writing import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add = parser.add_argument
    add("--bundle", type=Path, required=True, help="the bundle to test")
    add("--data", type=Path, help="its catalogue (default: the one that it was made of)")
    add("--variant", default="full", help="which of its models (default: %(default)s)")
    add(
        "--rows",
        type=int,
        default=600,
        help=(
            f"viewers of each part whose frames are hidden; all else has {MORE} times as many "
            "(default %(default)s)"
        ),
    )
    add("--out", type=Path, help="folder for faithfulness.md and faithfulness.json")
    add("--json", action="store_true", help="print JSON instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Test, print and write; how far it is goes to the error stream."""
    torch.set_num_threads(1)
    if arguments.rows < 2:
        raise DataFormatError(
            f"--rows: 2 viewers or more are expected, {arguments.rows} came: ask for a few hundred."
        )
    with Progress() as progress:
        report = make_report(arguments, progress)
    # Write what is printed, and the numbers behind it.
    text = to_markdown(report)
    if arguments.out:
        arguments.out.mkdir(parents=True, exist_ok=True)
        write_json(arguments.out / "faithfulness.json", report)
        (arguments.out / "faithfulness.md").write_text(text, encoding="utf-8")
    print(json.dumps(report, indent=1) if arguments.json else text)
    return 0


def make_report(arguments: argparse.Namespace, progress: Progress) -> dict:
    """Return all that is measured; raises DataFormatError where the bundle holds no such model."""
    progress.begins(f"reading {arguments.bundle}")
    data = bundle_data(arguments.bundle, arguments.data)
    world, systems = bundle_systems(arguments.bundle, data)
    if arguments.variant not in systems:
        raise DataFormatError(
            f"--variant: one of {', '.join(systems)} is expected, {arguments.variant!r} came."
        )
    subject = Subject(world, systems[arguments.variant][0], arguments.rows, progress)
    return {"made": _made(arguments)} | measure(subject)


def _made(arguments: argparse.Namespace) -> dict:
    """Return how the report was made, and of what."""
    manifest = read_manifest(arguments.bundle)
    weights = manifest["files"][weights_file(arguments.variant)]["sha256"]
    return {
        "command": command_line(),
        "date": date.today().isoformat(),
        "hardware": hardware(1, "cpu"),
        "bundle": from_here(str(arguments.bundle)),
        "variant": arguments.variant,
        "weights": f"sha256 {weights[:12]}",
        "created_with": manifest["created_with"],
        "count": arguments.rows,
    }
