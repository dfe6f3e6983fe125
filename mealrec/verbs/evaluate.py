"""`python -m mealrec evaluate`: what a bundle, or a whole training run over several seeds, is
worth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from mealrec.errors import DataFormatError
from mealrec.evaluation.explanations import shared_motif_precision
from mealrec.evaluation.planted import PlantedTruth, oracle_scorers, read_truth
from mealrec.evaluation.setting import Setting, open_setting
from mealrec.models.mealrec import MealRec
from mealrec.progress import Progress
from mealrec.ranking.ranks import Ranking, rank_rows
from mealrec.study.disturbances import noise_report
from mealrec.study.report import (
    beside_accuracy,
    comparison,
    costs,
    held_out_report,
    intervals,
    system_ranks,
    table_row,
    trained_systems,
    training_seconds,
)
from mealrec.study.tables import beside_table, goals_table, main_table, noise_table
from mealrec.training.run import source_of, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--bundle", type=Path, help="evaluate every variant of a bundle")
    source.add_argument("--run", type=Path, help="evaluate every seed and system of a training run")
    parser.add_argument(
        "--data", type=Path, help="catalogue (default: that of the bundle or the run)"
    )
    parser.add_argument("--features", type=Path, help="feature store (default: that of the run)")
    parser.add_argument("--out", type=Path, help="write <out>.json and <out>.md")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print; how far it is goes to the error stream."""
    torch.set_num_threads(1)
    with Progress() as progress:
        report = _measured(arguments, progress)
    tables = (main_table, beside_table, goals_table, noise_table)
    text = "\n".join(table(report) for table in tables).rstrip("\n") + "\n"
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        write_json(arguments.out.with_suffix(".json"), report)
        arguments.out.with_suffix(".md").write_text(text)
    print(json.dumps(report, indent=1) if arguments.json else text)
    return 0


def _measured(arguments: argparse.Namespace, progress: Progress) -> dict:
    train_s: dict[str, float] = {}
    progress.begins(f"reading {arguments.bundle or arguments.run}")
    if arguments.bundle:
        # a bundle is read only where one is asked for
        from mealrec.study.bundle_setting import bundle_data, bundle_systems, check_measurable

        check_measurable(arguments.bundle)
        data = bundle_data(arguments.bundle, arguments.data)
        setting, systems = bundle_systems(arguments.bundle, data)
    else:
        data = source_of(arguments.run, "data", arguments.data)
        setting = open_setting(
            data, source_of(arguments.run, "features", arguments.features), arguments.run
        )
        systems = main_first(trained_systems(arguments.run))
        train_s = main_first(training_seconds(arguments.run))
    if line := setting.catalogue.told(data):
        progress.begins(line)
    return make_report(setting, systems, data, train_s, progress)


def main_first(systems: dict) -> dict:
    """Return the systems of a run with the main one called full: on published data it is called
    mealrec."""
    if "full" in systems or "mealrec" not in systems:
        return systems
    return {
        "full": systems["mealrec"],
        **{name: value for name, value in systems.items() if name != "mealrec"},
    }


def make_report(
    setting: Setting,
    systems: dict[str, list[Ranking]],
    data: Path,
    train_s: dict[str, float] | None = None,
    progress: Progress | None = None,
) -> dict:
    """Return the report; what needs the planted truth or held-out clips is left out without them.

    `train_s` holds the systems' seconds of training where they are known. Raises DataFormatError
    without a system called full, which all others are held against.
    """
    if "full" not in systems:
        raise DataFormatError(
            f"a system called full is expected, as the recipe `sample` trains it, and {', '.join(systems) or 'none'} "
            "came: set other systems side by side with `python -m mealrec compare`."
        )
    progress = progress or Progress()
    ranks = system_ranks(setting, systems, progress)
    truth = read_truth(data) if (data / "truth").is_dir() else None
    if truth is not None:
        rows = setting.split.test
        for name, scorer in oracle_scorers(truth, setting.catalogue, rows, progress).items():
            progress.begins(name)
            ranks[name] = [rank_rows(scorer, rows, setting.known, batch=len(rows))]
    progress.begins("costs of a request")
    report = {
        "rows": len(setting.split.test),
        "systems": {name: table_row(row) for name, row in ranks.items()},
        "interval": intervals(ranks),
        "against_full": comparison(ranks),
        "beside_accuracy": beside_accuracy(setting, ranks),
        "cost": costs(setting, systems, train_s or {}),
    }
    if setting.catalogue.held_out:
        progress.begins("held-out clips")
        report["held_out"] = held_out_report(setting, systems["full"], progress)
        if truth is not None:
            report["held_out"]["neighbours_P@10"] = neighbours(setting, systems["full"], truth)
    if "quiet" in systems:
        progress.begins("what the noise is worth")
        report["noise"] = noise_report(setting, systems["full"], systems["quiet"], progress)
    return report


def neighbours(setting: Setting, models: list[MealRec], truth: PlantedTruth) -> float:
    """Return P@10 of held-out clips' neighbours in the space of kinds: do they share a motif?"""
    ids = setting.catalogue.item_ids
    motifs = [{shot.motif for shot in truth.shots[item]} for item in ids]
    queries = np.array(
        [number for number, item in enumerate(ids) if item in setting.catalogue.held_out]
    )
    values = []
    for model in models:
        with torch.inference_mode():
            kinds = model.items(setting.features).kinds[1:].numpy()
        values.append(shared_motif_precision(kinds, queries, motifs))
    return float(np.mean(values))
