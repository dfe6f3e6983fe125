"""`python -m mealrec encoder`: make the bundled frame encoder, or measure one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mealrec.evaluation.encoder_quality import encoder_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--convert",
        type=Path,
        metavar="DIR",
        help="write EfficientNet-Lite0 there, from the packages that publish it",
    )
    action.add_argument(
        "--evaluate",
        metavar="ENCODER",
        help="measure an encoder's directory or hub id on the drawn clips",
    )
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        default=Path("assets/sample"),
        help="the sample catalogue, for --evaluate",
    )
    add("--device", default="auto", help="cpu, cuda or auto")
    add("--seed", type=int, default=0, help="of the random colours")


def run(arguments: argparse.Namespace) -> int:
    """Convert, or print what was measured as JSON."""
    if arguments.convert:
        # The packages that publish it are there only while building.
        from mealrec.features.conversion import convert

        convert(arguments.convert)
        return 0
    report = encoder_report(arguments.evaluate, arguments.data, arguments.device, arguments.seed)
    print(json.dumps(report, indent=1))
    return 0
