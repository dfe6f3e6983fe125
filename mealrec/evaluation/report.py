"""The whole report of a training run on the sample catalogue: one JSON, one table, every goal beside its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mealrec.data.interactions import EvaluationRows, Split, leave_one_out
from mealrec.data.microlens import Catalogue, read_catalogue
from mealrec.evaluation.metrics import METRICS, paired, summary
from mealrec.evaluation.ranking import (
    Ranks,
    Scorer,
    content_scorer,
    model_scorer,
    popularity_scorer,
    rank_rows,
)
from mealrec.features.store import FeatureStore
from mealrec.features.tensors import item_features
from mealrec.models.mealrec import MealRec
from mealrec.training.run import load_normalisation, load_system
from mealrec.types import ItemFeatures

START = "full, ranked by x_0"
MOST_COMPARED = 2000  # items whose frames are compared each with each: more do not fit into memory


@dataclass(frozen=True)
class Setting:
    """What every system of a report is evaluated on."""

    catalogue: Catalogue
    split: Split
    features: ItemFeatures
    times_s: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Return [N+1] bool: items that training saw, the candidates of the main table."""
        return self.features.has_id.numpy()

    @property
    def everything(self) -> np.ndarray:
        """Return [N+1] bool: all items but padding, held-out ones too."""
        return np.arange(len(self.features)) > 0


def open_setting(data: Path, features_path: Path, run: Path, max_length: int = 10) -> Setting:
    """Read a catalogue, its features and a run's normalisation."""
    catalogue, store = read_catalogue(data), FeatureStore.open(features_path)
    seen = catalogue.trainable
    features = item_features(store, load_normalisation(run / "normalisation.safetensors"), seen)
    times = np.concatenate([np.zeros_like(store.times_s[:1]), store.times_s])
    return Setting(catalogue, leave_one_out(catalogue, max_length), features, times)


def trained_systems(run: Path) -> dict[str, list[MealRec]]:
    """Return {system: one model a seed} of a run directory."""
    systems: dict[str, list[MealRec]] = {}
    for seed in sorted(run.glob("seed-*"), key=lambda path: int(path.name.split("-")[1])):
        for folder in sorted(path for path in seed.iterdir() if (path / "config.json").exists()):
            systems.setdefault(folder.name, []).append(load_system(folder))
    return systems


def system_ranks(setting: Setting, systems: dict[str, list[MealRec]]) -> dict[str, list[Ranks]]:
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
        lines[START] = [model_scorer(model, setting.features, ends_at="start") for model in systems["full"]]
    with torch.inference_mode():
        return {name: [rank_rows(scorer, rows, known) for scorer in scorers] for name, scorers in lines.items()}


def table_row(ranks: Sequence[Ranks], ddof: int = 0) -> dict:
    """Return mean and standard deviation over seeds of H and N at 10 and 20, masked and unmasked.

    `ddof` 1 gives the deviation that a few seeds say all seeds have; of one seed it is 0.
    """
    row: dict = {"seeds": len(ranks), "history_share": float(np.mean([r.history_share for r in ranks]))}
    for form in ("masked", "unmasked"):
        values = [summary(getattr(r, form)) for r in ranks]
        row[form] = {
            metric: {
                "mean": float(np.mean([v[metric] for v in values])),
                "sd": float(np.std([v[metric] for v in values], ddof=ddof)) if len(values) > ddof else 0.0,
            }
            for metric in values[0]
        }
    return row


def comparison(ranks: dict[str, list[Ranks]], ours: str = "full") -> dict[str, dict]:
    """Return `ours` against every other row: relative gain in masked N@10, and the paired p by viewer.

    Each viewer's N@10 is first averaged over seeds, so that a viewer counts once.
    """
    mine = by_viewer(ranks[ours])
    found = {name: paired(mine, by_viewer(row)) for name, row in ranks.items() if name != ours}
    return {name: {"gain_N@10": against["gain"], "p": against["p"]} for name, against in found.items()}


def by_viewer(ranks: Sequence[Ranks], form: str = "masked", metric: str = "N@10") -> np.ndarray:
    """Return each viewer's metric, averaged over seeds [R]."""
    return np.mean([METRICS[metric](getattr(r, form)) for r in ranks], 0)


def held_out_report(setting: Setting, models: Sequence[MealRec]) -> dict:
    """Return how held-out clips fare as last item, and as target among all items (mean over seeds)."""
    as_last, as_target = setting.split.held_out_last, setting.split.held_out_target
    shortened = EvaluationRows(as_last.users, _without_last(as_last.histories), as_last.targets)
    values: dict[str, list[float]] = {"as_last_H@10": [], "last_left_out_H@10": [], "as_target_H@10": []}
    for model in models:
        scorer = model_scorer(model, setting.features)
        for name, rows, candidates in (
            ("as_last_H@10", as_last, setting.known),
            ("last_left_out_H@10", shortened, setting.known),
            ("as_target_H@10", as_target, setting.everything),
        ):
            values[name].append(summary(rank_rows(scorer, rows, candidates).masked)["H@10"])
    open_items = setting.everything.sum() - (as_target.histories > 0).sum(1).mean()
    means = {name: float(np.mean(value)) for name, value in values.items()}
    return means | {"random_H@10": float(10 / open_items), "rows_last": len(as_last), "rows_target": len(as_target)}


def _without_last(histories: np.ndarray) -> np.ndarray:
    shortened = histories.copy()
    shortened[np.arange(len(histories)), (histories > 0).sum(1) - 1] = 0
    return shortened
