"""`python -m mealrec bundle`: packing, with what only the planted truth knows of the test viewers
added for the page.

No model sees it. It is read here, since the recommender's block cannot reach the truth.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.bundle import making as bundle_command
from mealrec.bundle.making import STOPPED, add_arguments
from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.evaluation.planted import PlantedTruth, read_truth
from mealrec.training.run import source_of

__all__ = ["STOPPED", "accidental_last_clicks", "add_arguments", "known_accidents", "run"]


def run(arguments: argparse.Namespace) -> int:
    """Write the bundle."""
    data = arguments.data = source_of(arguments.run, "data", arguments.data)
    return bundle_command.run(arguments, known_accidents(data))


def known_accidents(data: Path) -> dict[str, bool]:
    """Return `accidental_last_clicks` of a catalogue's folder; nothing where no truth was
    planted."""
    if not (data / "truth").is_dir():
        return {}
    return accidental_last_clicks(read_truth(data), read_catalogue(data))


def accidental_last_clicks(truth: PlantedTruth, catalogue: Catalogue) -> dict[str, bool]:
    """Return for each viewer whether the last click that its test row shows was an accident;
    held-out items are not."""
    found = {}
    for user, watched in catalogue.histories.items():
        shown = [place for place, item in enumerate(watched[:-1]) if item not in catalogue.held_out]
        if shown:
            found[user] = truth.viewers[user]["wanted"][shown[-1]] is None
    return found
