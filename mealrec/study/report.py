"""The whole report of a training run on the sample catalogue: one JSON, one table, every goal
beside its number."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.setting import Setting
from mealrec.models.published.graph import content_directions
from mealrec.progress import Progress
from mealrec.ranking.beyond import Background, over_seeds
from mealrec.ranking.metrics import METRICS, paired, summary
from mealrec.ranking.ranks import (
    Ranking,
    Ranks,
    Scorer,
    content_scorer,
    model_scorer,
    popularity_scorer,
    rank_rows,
)
from mealrec.training.run import load_system

START = "full, ranked by x_0"
NORMAL_95 = 1.96
REQUESTS, WARM_UPS = 60, 5
MOST_COMPARED = 2000  # items whose frames are compared each with each: more do not fit into memory


def trained_systems(run: Path) -> dict[str, list[Ranking]]:
    """Return {system: one model a seed} of a run directory."""
    return {
        name: [load_system(folder) for folder in folders] for name, folders in _folders(run).items()
    }


def training_seconds(run: Path) -> dict[str, float]:
    """Return how many seconds each system of a run took to train, the mean over seeds."""
    folders = _folders(run).items()
    told = {
        name: [json.loads((folder / "training.json").read_text()) for folder in seeds]
        for name, seeds in folders
    }
    return {
        name: float(np.mean([training["seconds"] for training in seeds]))
        for name, seeds in told.items()
    }


def _folders(run: Path) -> dict[str, list[Path]]:
    systems: dict[str, list[Path]] = {}
    for seed in sorted(run.glob("seed-*"), key=lambda path: int(path.name.split("-")[1])):
        for folder in sorted(path for path in seed.iterdir() if (path / "config.json").exists()):
            systems.setdefault(folder.name, []).append(folder)
    return systems


def system_ranks(
    setting: Setting, systems: dict[str, list[Ranking]], progress: Progress
) -> dict[str, list[Ranks]]:
    """Return {row of the table: test ranks, one a seed}; rows without training have one."""
    rows, known = setting.split.test, setting.known
    num_items = len(setting.catalogue.item_ids)
    popularity = popularity_scorer(setting.split.train, num_items)
    lines: dict[str, list[Scorer]] = {"popularity": [popularity]}
    if num_items <= MOST_COMPARED:
        counts = popularity(rows.histories[:1])[0]
        lines["content, no model"] = [content_scorer(setting.features, counts)]
    for name, models in systems.items():
        lines[name] = [model_scorer(model, setting.features) for model in models]
    if "full" in systems:
        lines[START] = [
            model_scorer(model, setting.features, ends_at="start") for model in systems["full"]
        ]
    found: dict[str, list[Ranks]] = {}
    for name, scorers in lines.items():
        progress.begins(f"ranking {len(rows)} test viewers: {name}")
        watched = [
            progress.watched(f"{name}, seed {seed + 1} of {len(scorers)}", scorer, len(rows))
            for seed, scorer in enumerate(scorers)
        ]
        found[name] = [rank_rows(scorer, rows, known) for scorer in watched]
    return found


def intervals(ranks: dict[str, list[Ranks]]) -> dict[str, dict[str, float]]:
    """Return between what bounds each row's masked N@10 lies with 95 %: {row: {low, high}}.

    The normal approximation over viewers, each averaged over seeds first: it says what other
    viewers would do to the figure, not what other seeds would.
    """
    found = {}
    for name, of_seeds in ranks.items():
        values = by_viewer(of_seeds)
        wide = (
            NORMAL_95 * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
        )
        found[name] = {"low": float(values.mean()) - wide, "high": float(values.mean()) + wide}
    return found


def beside_accuracy(setting: Setting, ranks: dict[str, list[Ranks]]) -> dict[str, dict[str, float]]:
    """Return what each row's lists are worth beside accuracy, the mean over seeds: {row: {figure
    of beyond}}."""
    background = Background.of(
        setting.split.train, setting.known, content_directions(setting.features)
    )
    found = {name: over_seeds(row, background) for name, row in ranks.items()}
    return {
        name: {figure: value["mean"] for figure, value in values.items()}
        for name, values in found.items()
        if values is not None
    }


def costs(
    setting: Setting, systems: dict[str, list[Ranking]], train_s: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Return {system: {train_s, request_ms}}: seconds of training where they are known,
    milliseconds a request.

    A request ranks one test history and tells nothing of the way: the median over REQUESTS of them,
    on this machine as busy as it is, by the first seed's model.
    """
    histories = setting.split.test.sample(REQUESTS + WARM_UPS, seed=0).histories
    found = {}
    for name, models in systems.items():
        scorer, seconds = model_scorer(models[0], setting.features), []
        for history in histories:
            started = time.perf_counter()
            scorer(history[None])
            seconds.append(time.perf_counter() - started)
        known = {"train_s": train_s[name]} if name in train_s else {}
        found[name] = known | {"request_ms": 1000 * float(np.median(seconds[WARM_UPS:] or seconds))}
    return found


def table_row(ranks: Sequence[Ranks], ddof: int = 0) -> dict:
    """Return mean and standard deviation over seeds of H and N at 10 and 20, masked and unmasked.

    `ddof` 1 gives the deviation that a few seeds say all seeds have; of one seed it is 0.
    """
    row: dict = {
        "seeds": len(ranks),
        "history_share": float(np.mean([r.history_share for r in ranks])),
    }
    for form in ("masked", "unmasked"):
        values = [summary(getattr(r, form)) for r in ranks]
        row[form] = {
            metric: {
                "mean": float(np.mean([v[metric] for v in values])),
                "sd": float(np.std([v[metric] for v in values], ddof=ddof))
                if len(values) > ddof
                else 0.0,
            }
            for metric in values[0]
        }
    return row


def comparison(ranks: dict[str, list[Ranks]], ours: str = "full") -> dict[str, dict]:
    """Return `ours` against every other row: relative gain in masked N@10, and the paired p by
    viewer.

    Each viewer's N@10 is first averaged over seeds, so that a viewer counts once.
    """
    mine = by_viewer(ranks[ours])
    found = {name: paired(mine, by_viewer(row)) for name, row in ranks.items() if name != ours}
    return {
        name: {"gain_N@10": against["gain"], "p": against["p"]} for name, against in found.items()
    }


def by_viewer(ranks: Sequence[Ranks], form: str = "masked", metric: str = "N@10") -> np.ndarray:
    """Return each viewer's metric, averaged over seeds [R]."""
    return np.mean([METRICS[metric](getattr(r, form)) for r in ranks], 0)


def held_out_report(setting: Setting, models: Sequence[Ranking], progress: Progress) -> dict:
    """Return how held-out clips fare as last item, and as target among all items (mean over
    seeds)."""
    as_last, as_target = setting.split.held_out_last, setting.split.held_out_target
    shortened = EvaluationRows(as_last.users, _without_last(as_last.histories), as_last.targets)
    values: dict[str, list[float]] = {
        "as_last_H@10": [],
        "last_left_out_H@10": [],
        "as_target_H@10": [],
    }
    for model in models:
        for name, rows, candidates in (
            ("as_last_H@10", as_last, setting.known),
            ("last_left_out_H@10", shortened, setting.known),
            ("as_target_H@10", as_target, setting.everything),
        ):
            scorer = progress.watched(
                f"held-out clips, {name}", model_scorer(model, setting.features), len(rows)
            )
            values[name].append(summary(rank_rows(scorer, rows, candidates).masked)["H@10"])
    open_items = setting.everything.sum() - (as_target.histories > 0).sum(1).mean()
    means = {name: float(np.mean(value)) for name, value in values.items()}
    return means | {
        "random_H@10": float(10 / open_items),
        "rows_last": len(as_last),
        "rows_target": len(as_target),
    }


def _without_last(histories: np.ndarray) -> np.ndarray:
    shortened = histories.copy()
    shortened[np.arange(len(histories)), (histories > 0).sum(1) - 1] = 0
    return shortened
