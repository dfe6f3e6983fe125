"""`python -m mealrec VERB`: one command a step, from raw clips to recommendations.

A verb's module is imported only when that verb is chosen; it offers `add_arguments(parser)` and
`run(arguments) -> exit status`, and may say in `STOPPED` what is left when it is stopped.
"""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Sequence
from importlib import import_module

from mealrec.errors import MealRecError

VERBS = {
    "demo": ("app.command", "open the page on a bundle"),
    "fetch": ("mealrec.verbs.fetch", "download MicroLens's official files, and clips one by one"),
    "prepare": ("mealrec.verbs.prepare", "turn a published dataset into a catalogue folder"),
    "extract": ("mealrec.verbs.extract", "turn clips and titles into features"),
    "encoder": ("mealrec.verbs.encoder", "make the bundled frame encoder, or measure one"),
    "train": ("mealrec.verbs.train", "train MealRec and its ablated variants"),
    "evaluate": ("mealrec.verbs.evaluate", "measure a bundle on its test split"),
    "faithfulness": ("mealrec.verbs.faithfulness", "test whether a bundle's explanations hold"),
    "compare": (
        "mealrec.verbs.compare",
        "train systems on one set of data and set them side by side",
    ),
    "tune": ("mealrec.verbs.tune", "give every system the same trials and pick by validation"),
    "experiment": ("mealrec.verbs.experiment", "make a table or figure of the paper on other data"),
    "bundle": ("mealrec.verbs.bundle", "pack a trained model for the app"),
    "push": ("mealrec.verbs.push", "put a bundle with its model card on the hub"),
    "frames": ("mealrec.verbs.frames", "show which moments of a video the model sees, and how"),
    "recommend": ("mealrec.verbs.recommend", "recommend clips for a history or an upload"),
}
STOPPED_BY_CTRL_C = 130
# What a disk refuses, and what helps.
_DISK = {
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "your share of the disk is full; make room",
    errno.EROFS: "nothing can be written; name another folder",
    errno.EACCES: "a file or folder may not be used; change its rights, or name another",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the verb named first in `argv`, the process's own by default; return the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] not in VERBS:
        return _overview(argv)

    # A verb is loaded inside too: Ctrl-C may come while it is.
    stopped = "stopped"
    status = 2
    try:
        module_name, help_line = VERBS[argv[0]]
        module = import_module(module_name)
        stopped = getattr(module, "STOPPED", stopped)
        parser = argparse.ArgumentParser(
            f"python -m mealrec {argv[0]}", description=help_line.capitalize() + "."
        )
        module.add_arguments(parser)
        return module.run(parser.parse_args(argv[1:]))
    except MealRecError as error:
        told = str(error)
    except KeyboardInterrupt:
        told = stopped
        status = STOPPED_BY_CTRL_C
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = f" at {error.filename}" if error.filename else ""
        told = f"{_DISK[error.errno]}{where} ({error.strerror}): then run the same command again"
    print(f"mealrec {argv[0]}: {told}", file=sys.stderr)
    return status


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
