"""`python -m mealrec evaluate`: what a bundle, or a whole training run over several seeds, is worth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from mealrec.errors import DataFormatError
from mealrec.evaluation.explanations import mean_spearman, moment_auc, planted_moments, shared_motif_precision
from mealrec.evaluation.planted import PlantedTruth, oracle_scorers, read_truth
from mealrec.evaluation.ranking import rank_rows
from mealrec.evaluation.report import (
    Setting,
    comparison,
    held_out_report,
    open_setting,
    system_ranks,
    table_row,
    trained_systems,
)
from mealrec.evaluation.tables import goals_table, main_table
from mealrec.models.mealrec import MealRec
from mealrec.recommender.explain import frame_relevance
from mealrec.training.run import write_json

EXPLAINED_ROWS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--bundle", type=Path, help="evaluate every variant of a bundle")
    source.add_argument("--run", type=Path, help="evaluate every seed and system of a training run")
    parser.add_argument("--data", type=Path, default=Path("assets/sample"), help="catalogue (default assets/sample)")
    parser.add_argument("--features", type=Path, help="feature store, needed with --run")
    parser.add_argument("--out", type=Path, help="write <out>.json and <out>.md")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate and print."""
    torch.set_num_threads(1)
    if arguments.bundle:
        from mealrec.evaluation.bundle_setting import bundle_systems  # a bundle is read only where one is asked for

        setting, systems = bundle_systems(arguments.bundle, arguments.data)
    elif arguments.features is None:
        raise DataFormatError("--run needs --features: the feature store that the run was trained on")
    else:
        setting = open_setting(arguments.data, arguments.features, arguments.run)
        systems = trained_systems(arguments.run)
    report = make_report(setting, systems, arguments.data)
    text = main_table(report) + "\n" + goals_table(report)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        write_json(arguments.out.with_suffix(".json"), report)
        arguments.out.with_suffix(".md").write_text(text)
    print(json.dumps(report, indent=1) if arguments.json else text)
    return 0


def make_report(setting: Setting, systems: dict[str, list[MealRec]], data: Path) -> dict:
    """Return the report; what needs the planted truth or held-out clips is left out without them.

    Raises DataFormatError without a system called full, which all others are held against.
    """
    if "full" not in systems:
        raise DataFormatError(
            f"a system called full is expected, as the recipe `sample` trains it, and {', '.join(systems) or 'none'} "
            "came: set other systems side by side with `python -m mealrec compare`."
        )
    ranks = system_ranks(setting, systems)
    truth = read_truth(data) if (data / "truth").is_dir() else None
    if truth is not None:
        rows = setting.split.test
        for name, scorer in oracle_scorers(truth, setting.catalogue, rows).items():
            ranks[name] = [rank_rows(scorer, rows, setting.known, batch=len(rows))]
    report = {
        "rows": len(setting.split.test),
        "systems": {name: table_row(row) for name, row in ranks.items()},
        "against_full": comparison(ranks),
    }
    if setting.catalogue.held_out:
        report["held_out"] = held_out_report(setting, systems["full"])
        if truth is not None:
            report["held_out"]["neighbours_P@10"] = neighbours(setting, systems["full"], truth)
    if truth is not None:
        report["relevance"] = relevance_report(setting, systems["full"], truth)
    return report


def neighbours(setting: Setting, models: list[MealRec], truth: PlantedTruth) -> float:
    """Return P@10 of held-out clips' neighbours in the content space: do they share a motif?"""
    ids = setting.catalogue.item_ids
    motifs = [{shot.motif for shot in truth.shots[item]} for item in ids]
    queries = np.array([number for number, item in enumerate(ids) if item in setting.catalogue.held_out])
    values = []
    for model in models:
        with torch.inference_mode():
            visual = model.table(setting.features).visual[1:].numpy()
        values.append(shared_motif_precision(visual, queries, motifs))
    return float(np.mean(values))


def relevance_report(setting: Setting, models: list[MealRec], truth: PlantedTruth) -> dict[str, dict[str, float]]:
    """Return each relevance method's AUC against the planted moment and Spearman with occlusion (mean over seeds)."""
    test = setting.split.test
    matches, usable = planted_moments(truth, setting.catalogue, test, setting.times_s)
    usable &= (test.histories > 0).sum(1) > 1
    chosen = np.flatnonzero(usable)[:EXPLAINED_ROWS]
    histories = torch.from_numpy(test.histories[chosen])
    totals: dict[str, dict[str, list[float]]] = {}
    for model in models:
        model.requires_grad_(False)
        relevance = frame_relevance(model, setting.features, model.table(setting.features), histories)
        values = {name: value.numpy() for name, value in relevance.items()}
        for name, value in values.items():
            entry = totals.setdefault(name, {"AUC planted moment": [], "Spearman with occlusion": []})
            entry["AUC planted moment"].append(moment_auc(value, matches[chosen]))
            entry["Spearman with occlusion"].append(mean_spearman(value, values["occlusion"]))
    return {name: {key: float(np.nanmean(value)) for key, value in entry.items()} for name, entry in totals.items()}
