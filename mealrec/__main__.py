"""`python -m mealrec VERB`: one command a step, from raw clips to recommendations.

A verb's module is imported only when that verb is chosen; it offers `add_arguments(parser)` and
`run(arguments) -> exit status`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from mealrec.errors import MealRecError

VERBS = {
    "sample": ("mealrec.sample.command", "build the sample catalogue, its contact sheet and its statistics"),
    "fetch": ("mealrec.features.fetch_command", "download MicroLens's official files, and clips one by one"),
    "prepare": ("mealrec.data.prepare_command", "turn a published dataset into a catalogue folder"),
    "extract": ("mealrec.features.command", "turn clips and titles into features"),
    "encoder": ("mealrec.evaluation.encoder_command", "make the bundled frame encoder, or measure one"),
    "train": ("mealrec.training.command", "train MealRec and its ablated variants"),
    "evaluate": ("mealrec.evaluation.command", "measure a bundle on its test split"),
    "faithfulness": ("mealrec.experiments.faithfulness_command", "test whether a bundle's explanations hold"),
    "compare": ("mealrec.experiments.compare_command", "train systems on one set of data and set them side by side"),
    "tune": ("mealrec.experiments.tune_command", "give every system the same trials and pick by validation"),
    "experiment": ("mealrec.experiments.command", "make a table or figure of the paper on other data"),
    "bundle": ("mealrec.evaluation.bundle_command", "pack a trained model for the app"),
    "push": ("mealrec.recommender.push_command", "put a bundle with its model card on the hub"),
    "recommend": ("mealrec.recommender.command", "recommend clips for a history or an upload"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb named first in `argv` (default: the process's arguments) and return the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] not in VERBS:
        return _overview(argv)
    module_name, help_line = VERBS[argv[0]]
    module = import_module(module_name)
    parser = argparse.ArgumentParser(f"python -m mealrec {argv[0]}", description=help_line.capitalize() + ".")
    module.add_arguments(parser)
    try:
        return module.run(parser.parse_args(argv[1:]))
    except MealRecError as error:
        print(f"mealrec {argv[0]}: {error}", file=sys.stderr)
        return 2


def _overview(argv: list[str]) -> int:
    """Print the verbs; an unknown verb is an error."""
    parser = argparse.ArgumentParser("python -m mealrec", description="MealRec, step by step.")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, (_, help_line) in VERBS.items():
        verbs.add_parser(name, help=help_line)
    parser.parse_args(argv)
    return 2


if __name__ == "__main__":
    sys.exit(main())
