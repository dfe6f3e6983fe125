"""`python -m mealrec bundle`: pack one seed of a training run, with its features, into a bundle.

What only the planted truth knows of the test viewers is read here: no model sees it, and the page
shows it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from mealrec.bundle.disk import write_bundle
from mealrec.bundle.making import Sources, make_contents
from mealrec.bundle.packing import Packing
from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.evaluation.planted import PlantedTruth, read_truth
from mealrec.progress import Progress
from mealrec.training.run import source_of

STOPPED = (
    "stopped; nothing of the bundle was written, and an older one is as it was: run the same "
    "command again"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("--run", type=Path, required=True, help="run directory that `train` wrote")
    add("--seed", type=int, default=0, help="which seed of the run (default: %(default)s)")
    add("--data", type=Path, help="catalogue (default: the run's own)")
    add("--features", type=Path, help="feature store (default: the run's own)")
    add("--encoder", help="the features' encoder, a directory or hub id (default: as they name it)")
    add("--system", help="what the app shows first (default: full, mealrec, or the only one)")
    add("--metrics", type=Path, help="report of `evaluate` (default: metrics.json of the run)")
    add(
        "--refit",
        action="store_true",
        help="fit the systems again on all clicks, those of validation and the test too; the "
        "figures stay the run's",
    )
    add("--name", help="its name (default: what `prepare` called the data, else the folder)")
    add(
        "--transcode",
        action="store_true",
        help="make H.264 copies, in the bundle, of clips that browsers do not play",
    )
    add("--out", type=Path, required=True, help="bundle to write, e.g. checkpoints/default")


def run(arguments: argparse.Namespace) -> int:
    """Gather, check and write the bundle, and say what it holds."""
    # What it is made of; the run tells what is not given.
    torch.set_num_threads(1)
    sources = Sources(
        run=arguments.run,
        data=source_of(arguments.run, "data", arguments.data),
        features=source_of(arguments.run, "features", arguments.features),
        seed=arguments.seed,
        encoder=arguments.encoder,
        system=arguments.system,
        metrics=arguments.metrics,
        refit=arguments.refit,
        name=arguments.name,
    )
    command = " ".join(["python -m mealrec", *sys.argv[1:]])

    # Gather and write.
    out = arguments.out
    with Progress() as progress:
        packing = Packing(out, progress, transcodes=arguments.transcode)
        accidents = known_accidents(sources.data)
        contents = make_contents(sources, packing, accidents, command, progress)
        progress.begins(f"writing {out}")
        write_bundle(out, contents, packing.place)

    # Say what came of it.
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file()) / 2**20
    models = ", ".join(contents.models)
    print(f"{out}: {len(contents.catalogue)} items, {models}, {size:.1f} MiB")
    for line in packing.told():
        print(line)
    return 0


def known_accidents(data: Path) -> dict[str, bool]:
    """Return `accidental_last_clicks` of a folder; nothing where no truth was planted."""
    if not (data / "truth").is_dir():
        return {}
    return accidental_last_clicks(read_truth(data), read_catalogue(data))


def accidental_last_clicks(truth: PlantedTruth, catalogue: Catalogue) -> dict[str, bool]:
    """Return for each viewer whether the last click that its test row shows was an accident.

    Held-out items are not shown.
    """
    found = {}
    for user, watched in catalogue.histories.items():
        shown = [place for place, item in enumerate(watched[:-1]) if item not in catalogue.held_out]
        if shown:
            found[user] = truth.viewers[user]["wanted"][shown[-1]] is None
    return found
