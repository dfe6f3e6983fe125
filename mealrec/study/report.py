"""What a training run on the sample catalogue, or a bundle, is worth: as JSON, and as Markdown."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.errors import DataFormatError
from mealrec.evaluation.planted import (
    PlantedTruth,
    oracle_scorers,
    read_truth,
    shared_motif_precision,
)
from mealrec.figures import p_text, spread, table
from mealrec.models.mealrec import MealRec
from mealrec.progress import Progress
from mealrec.ranking.beyond import FIGURES, NAMES
from mealrec.ranking.metrics import METRICS, summary
from mealrec.ranking.ranks import (
    Ranks,
    Scorer,
    TrainedSystem,
    content_scorer,
    model_scorer,
    popularity_scorer,
    rank_rows,
)
from mealrec.study.comparison import background_of, by_user, comparison
from mealrec.study.disturbances import VIEWERS, noise_report
from mealrec.study.systems import FULL, FULL_FIRST_STATE, OURS, SAMPLE_NAMES
from mealrec.training.run import load_prepared, read_json
from mealrec.training.world import World

NORMAL_95 = 1.96
REQUESTS = 60
WARM_UPS = 5
MOST_COMPARED = 2000  # items whose frames are compared each with each: more do not fit into memory
LEFT = "---"  # how the columns of the tables are aligned


def run_systems(run: Path, world: World) -> dict[str, list[TrainedSystem]]:
    """Return {system: one model a seed} of a run directory, the main one called full."""
    found = {}
    for name, folders in _folders(run).items():
        found[name] = [load_prepared(folder, world) for folder in folders]
    return found


def training_seconds(run: Path) -> dict[str, float]:
    """Return how many seconds each system of a run took to train, the mean over seeds."""
    found = {}
    for name, folders in _folders(run).items():
        seconds = [read_json(folder / "training.json")["seconds"] for folder in folders]
        found[name] = float(np.mean(seconds))
    return found


def _folders(run: Path) -> dict[str, list[Path]]:
    """Return {system: its folder of each seed}; on published data the main one is mealrec."""
    systems: dict[str, list[Path]] = {}
    for seed in sorted(run.glob("seed-*"), key=lambda path: int(path.name.split("-")[1])):
        for config in sorted(seed.glob("*/config.json")):
            systems.setdefault(config.parent.name, []).append(config.parent)
    if FULL in systems or OURS not in systems:
        return systems
    return {FULL: systems.pop(OURS), **systems}


def make_report(
    world: World,
    systems: Mapping[str, Sequence[TrainedSystem]],
    train_s: Mapping[str, float],
    progress: Progress,
) -> dict:
    """Return the report; what needs the planted truth or held-out clips is left out without them.

    `train_s` holds the systems' seconds of training where they are known. Raises DataFormatError
    without a system called full, which all others are held against.
    """
    if FULL not in systems:
        raise DataFormatError(
            "a system called full is expected, as the recipe `sample` trains it, and "
            f"{', '.join(systems) or 'none'} came: set other systems side by side with "
            "`python -m mealrec compare`."
        )

    # Rank the test rows by every system, and by whoever knows the planted truth.
    ranks = system_ranks(world, systems, progress)
    truth = read_truth(world.data) if (world.data / "truth").is_dir() else None
    if truth is not None:
        ranks |= _oracle_ranks(world, truth, progress)

    # Hold the main one against each of the others.
    compared = comparison(ranks, FULL, background_of(world), ddof=0)
    progress.begins("costs of a request")
    report = {
        "rows": compared["rows"],
        "systems": compared["systems"],
        "interval": {name: interval(of_seeds) for name, of_seeds in ranks.items()},
        "against_full": _against_full(compared),
        "beside_accuracy": _means(compared["beside_accuracy"]),
        "cost": costs(world, systems, train_s),
    }

    # What only some catalogues and some runs have.
    if world.catalogue.held_out:
        progress.begins("held-out clips")
        report["held_out"] = held_out_report(world, systems[FULL], progress)
        if truth is not None:
            report["held_out"]["neighbours_P@10"] = neighbours(world, systems[FULL], truth)
    if "quiet" in systems:
        progress.begins("what the noise is worth")
        report["noise"] = noise_report(world, systems[FULL], systems["quiet"], progress)
    return report


def system_ranks(
    world: World, systems: Mapping[str, Sequence[TrainedSystem]], progress: Progress
) -> dict[str, list[Ranks]]:
    """Return {row of the table: test ranks, one a seed}; rows without training have one."""
    rows = world.split.test
    popularity = popularity_scorer(world.split.train, world.num_items)
    lines: dict[str, list[Scorer]] = {"popularity": [popularity]}
    if world.num_items <= MOST_COMPARED:
        counts = popularity(rows.histories[:1])[0]
        lines["content, no model"] = [content_scorer(world.features, counts)]
    for name, models in systems.items():
        lines[name] = [model_scorer(model, world.features) for model in models]
    lines[FULL_FIRST_STATE] = [
        model_scorer(model, world.features, ends_at="start") for model in systems[FULL]
    ]

    # Rank line by line, saying how far it is.
    found: dict[str, list[Ranks]] = {}
    for name, scorers in lines.items():
        progress.begins(f"ranking {len(rows)} test viewers: {name}")
        found[name] = []
        for seed, scorer in enumerate(scorers):
            what = f"{name}, seed {seed + 1} of {len(scorers)}"
            watched = progress.watched(what, scorer, len(rows))
            found[name].append(rank_rows(watched, rows, world.candidates))
    return found


def _oracle_ranks(world: World, truth: PlantedTruth, progress: Progress) -> dict[str, list[Ranks]]:
    """Return the ranks of the oracles, who see all rows at once."""
    rows = world.split.test
    found = {}
    for name, scorer in oracle_scorers(truth, world.catalogue, rows, progress).items():
        progress.begins(name)
        found[name] = [rank_rows(scorer, rows, world.candidates, batch=len(rows))]
    return found


def interval(of_seeds: Sequence[Ranks]) -> dict[str, float]:
    """Return between what bounds a row's masked N@10 lies with 95 %: {low, high}.

    The normal approximation over viewers, each averaged over seeds first: it says what other
    viewers would do to the figure, not what other seeds would.
    """
    values = by_user(of_seeds)
    mean = float(values.mean())
    if len(values) < 2:
        return {"low": mean, "high": mean}
    half = NORMAL_95 * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"low": mean - half, "high": mean + half}


def _against_full(compared: dict) -> dict[str, dict[str, float]]:
    """Return {row: the gain of full in masked N@10, and its p}."""
    found = {}
    for name, against in compared["against"].items():
        masked = against["masked"]["N@10"]
        found[name] = {"gain_N@10": masked["gain"], "p": masked["p"]}
    return found


def _means(lists: dict[str, dict | None]) -> dict[str, dict[str, float]]:
    """Return {row: {figure: its mean over seeds}} of what lists are worth besides accuracy."""
    found = {}
    for name, figures in lists.items():
        if figures is not None:
            found[name] = {figure: value["mean"] for figure, value in figures.items()}
    return found


def costs(
    world: World, systems: Mapping[str, Sequence[TrainedSystem]], train_s: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Return {system: {train_s, request_ms}}: training where it is known, and one request.

    A request ranks one test history and tells nothing of the way: the median over REQUESTS of them,
    on this machine as busy as it is, by the first seed's model.
    """
    histories = world.split.test.sample(REQUESTS + WARM_UPS, seed=0).histories
    found = {}
    for name, models in systems.items():
        scorer = model_scorer(models[0], world.features)
        seconds = []
        for history in histories:
            started = time.perf_counter()
            scorer(history[None])
            seconds.append(time.perf_counter() - started)
        known = {"train_s": train_s[name]} if name in train_s else {}
        found[name] = known | {"request_ms": 1000 * float(np.median(seconds[WARM_UPS:] or seconds))}
    return found


def held_out_report(world: World, models: Sequence[TrainedSystem], progress: Progress) -> dict:
    """Return how held-out clips fare as last item, and as target among all, the mean over seeds."""
    as_last = world.split.held_out_last
    as_target = world.split.held_out_target
    shortened = EvaluationRows(as_last.users, _without_last(as_last.histories), as_last.targets)
    asked = {
        "as_last_H@10": (as_last, world.candidates),
        "last_left_out_H@10": (shortened, world.candidates),
        "as_target_H@10": (as_target, world.everything),
    }

    # Every model is asked all three.
    values: dict[str, list[float]] = {name: [] for name in asked}
    for model in models:
        for name, (rows, candidates) in asked.items():
            scorer = model_scorer(model, world.features)
            watched = progress.watched(f"held-out clips, {name}", scorer, len(rows))
            ranks = rank_rows(watched, rows, candidates)
            values[name].append(summary(ranks.masked)["H@10"])

    # What chance would reach stands with them.
    open_items = world.everything.sum() - (as_target.histories > 0).sum(1).mean()
    return {
        **{name: float(np.mean(of_seeds)) for name, of_seeds in values.items()},
        "random_H@10": float(10 / open_items),
        "rows_last": len(as_last),
        "rows_target": len(as_target),
    }


def _without_last(histories: np.ndarray) -> np.ndarray:
    shortened = histories.copy()
    shortened[np.arange(len(histories)), (histories > 0).sum(1) - 1] = 0
    return shortened


def neighbours(world: World, models: Sequence[MealRec], truth: PlantedTruth) -> float:
    """Return P@10 of held-out clips' neighbours in the space of kinds: those that share a motif."""
    item_ids = world.catalogue.item_ids
    motifs = [{shot.motif for shot in truth.shots[item]} for item in item_ids]
    queries = np.flatnonzero(~world.catalogue.trainable)
    values = []
    for model in models:
        with torch.inference_mode():
            kinds = model.items(world.features).kinds[1:].numpy()
        values.append(shared_motif_precision(kinds - kinds.mean(0), queries, motifs))
    return float(np.mean(values))


def report_text(report: dict) -> str:
    """Return all tables of a report; one whose figures were not measured is left out."""
    tables = (systems_table, lists_table, goals_table, noise_table)
    return "\n".join(made(report) for made in tables).rstrip("\n") + "\n"


def systems_table(report: dict) -> str:
    """Return a line a system: masked, then unmasked metrics, and MealRec's gain over it with p."""
    unmasked = [f"{metric} unmasked" for metric in METRICS]
    head = ["system", *METRICS, "N@10, 95 % over viewers", *unmasked, "MealRec's gain in N@10", "p"]
    body = []
    for name in _in_order(report["systems"]):
        row = report["systems"][name]
        cells = [SAMPLE_NAMES.get(name, name)]
        cells += [spread(row["masked"][metric], row["seeds"]) for metric in METRICS]
        ends = report["interval"][name]
        cells.append(f"{ends['low']:.4f} to {ends['high']:.4f}")
        cells += [spread(row["unmasked"][metric], row["seeds"]) for metric in METRICS]

        # MealRec has no gain over itself.
        against = report["against_full"].get(name)
        gain = [f"{against['gain_N@10']:+.1%}", p_text(against["p"])] if against else ["", ""]
        body.append([*cells, *gain])
    return table(head, body, LEFT)


def lists_table(report: dict) -> str:
    """Return what each system's lists of ten are worth besides accuracy, the mean over seeds."""
    found = report["beside_accuracy"]
    head = ["lists of ten, the history left out", *(NAMES[figure] for figure in FIGURES)]
    body = []
    for name in _in_order(found):
        figures = [f"{found[name][figure]:.4f}" for figure in FIGURES]
        body.append([SAMPLE_NAMES.get(name, name), *figures])
    return table(head, body, LEFT)


def goals_table(report: dict) -> str:
    """Return the goals that are no plain ranking, each with its measured value."""
    if "held_out" not in report:
        return ""
    held_out = report["held_out"]
    left_out = held_out["last_left_out_H@10"]
    rows = [
        (
            "held-out clip as last item, H@10",
            held_out["as_last_H@10"],
            f"≥ .38 ({left_out:.3f} where it is left out)",
        ),
        (
            "held-out clip as target, H@10",
            held_out["as_target_H@10"],
            f"≥ .20 (random {held_out['random_H@10']:.3f})",
        ),
    ]
    if "neighbours_P@10" in held_out:
        name = "held-out clip's neighbours by kinds share a motif, P@10"
        rows.append((name, held_out["neighbours_P@10"], "≥ .90"))
    body = [[name, f"{value:.3f}", goal] for name, value, goal in rows]
    return table(["measure", "value", "goal"], body, LEFT)


def noise_table(report: dict) -> str:
    """Return MealRec against itself without noise at every disturbance, if both are there."""
    if "noise" not in report:
        return ""
    head = [f"N@10 of up to {VIEWERS} test viewers", "MealRec", "without noise", "difference", "p"]
    body = []
    for how, row in report["noise"].items():
        figures = [f"{row['full']:.4f}", f"{row['quiet']:.4f}", f"{row['difference']:+.4f}"]
        body.append([how, *figures, p_text(row["p"])])
    return table(head, body, LEFT)


def _in_order(systems: Mapping[str, object]) -> list[str]:
    """Return the systems as SAMPLE_NAMES has them, then those that it does not know."""
    known = [name for name in SAMPLE_NAMES if name in systems]
    return known + [name for name in systems if name not in SAMPLE_NAMES]
