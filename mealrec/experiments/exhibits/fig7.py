"""Fig. 7: preferences, targets and frames of some viewers by t-SNE, and the distances over all of them."""

from __future__ import annotations

import argparse

import numpy as np
import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.evaluation.figures import p_text
from mealrec.evaluation.metrics import paired
from mealrec.experiments.comparison import SIGNIFICANT, table
from mealrec.experiments.harness import Study, load
from mealrec.experiments.map import draw_map, project
from mealrec.experiments.results import Exhibit
from mealrec.experiments.systems import BACKBONES, over
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.paper.table import Items
from mealrec.types import ItemFeatures

MEASURES = {"target": "preference to target", "liked": "preference to the target's frames", "other": "to other frames"}
BATCH = 1024
NOTES = f"""
Cosine distances at the model width, mean over all test users whose target has frames, each user's first averaged over
seeds. "Other frames" are those of one item a user drawn at random among those neither watched nor the target, the same
one for both systems. p: paired t-test over users, * where p < {SIGNIFICANT}. Both systems have the same content and
head: a preference and a frame can be compared only where a frame enters the ranking. The viewers in the picture were
drawn at random.
"""


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    parser.add_argument("--viewers", type=int, default=8, help="viewers in the picture (default: %(default)s)")
    parser.add_argument("--on", choices=tuple(BACKBONES), default="tedrec", help="backbone (default: %(default)s)")


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Measure the backbone with content and MealRec on it, over all test users; draw some of them."""
    names, world = (f"{options.on}-content", over(options.on)), study.world
    features = world.features.to(study.device)
    rows = world.split.test.pick(world.features.has_visual.numpy()[world.split.test.targets])
    others = strangers(rows, np.flatnonzero(world.features.has_visual.numpy() & world.candidates), seed=0)
    shown = np.sort(np.random.default_rng(0).choice(len(rows), min(options.viewers, len(rows)), replace=False))
    distances: dict[str, dict[str, list[np.ndarray]]] = {name: {key: [] for key in MEASURES} for name in names}
    points = {}
    for job in study.train([study.recipe(name, seed) for name in names for seed in range(study.seeds)]):
        model, name = load(job, study.device), job.recipe.name
        for key, values in measure(model, features, rows, others).items():
            distances[name][key].append(values)
        if name not in points:
            points[name] = project(places(model, features, rows, shown), seed=0)
    means = {name: {key: np.mean(v, 0) for key, v in kinds.items()} for name, kinds in distances.items()}
    numbers = summary(means, names) | {"users": len(rows)}
    figure = draw_map(f"Preferences, targets and frames (Fig. 7, on {BACKBONES[options.on]})", points)
    return Exhibit("Where preferences lie (Fig. 7)", distance_table(numbers, names) + NOTES, numbers, figure)


def strangers(rows: EvaluationRows, candidates: np.ndarray, seed: int) -> np.ndarray:
    """Return for every row a random item [R] of `candidates` that is neither in its history nor its target."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(candidates, len(rows))
    known = np.column_stack([rows.histories, rows.targets])
    while (again := (known == chosen[:, None]).any(1)).any():
        chosen[again] = rng.choice(candidates, int(again.sum()))
    return chosen


@torch.inference_mode()
def measure(
    model: PaperMealRec, features: ItemFeatures, rows: EvaluationRows, others: np.ndarray
) -> dict[str, np.ndarray]:
    """Return each row's distances [R] from its preference to its target, the target's frames, another item's frames."""
    items, found = model.table(features), {key: [] for key in MEASURES}
    for start in range(0, len(rows), BATCH):
        here = slice(start, start + BATCH)
        history, target, other = (
            torch.from_numpy(values[here]).to(features.text.device) for values in (rows.histories, rows.targets, others)
        )
        preference = states(model, items, history)
        found["target"].append(apart(preference, items.entry[target]))
        for key, item in (("liked", target), ("other", other)):
            found[key].append(apart(preference.unsqueeze(1), items.moments[item]).mean(1))
    return {key: torch.cat(values).cpu().numpy().astype(float) for key, values in found.items()}


def states(model: PaperMealRec, items: Items, history: torch.Tensor) -> torch.Tensor:
    """Return the state [R, D] that a preference begins with: it lives where items and frames do."""
    return model.preferences(history, items)[:, : items.entry.shape[1]]


def apart(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the cosine distance over the last dimension."""
    return 1 - torch.cosine_similarity(first, second, dim=-1)


@torch.inference_mode()
def places(model: PaperMealRec, features: ItemFeatures, rows: EvaluationRows, shown: np.ndarray) -> np.ndarray:
    """Return [viewers, 2 + K, D]: each shown viewer's preference, target, and the target's frames."""
    items = model.table(features)
    history, target = (torch.from_numpy(v[shown]).to(features.text.device) for v in (rows.histories, rows.targets))
    parts = [states(model, items, history).unsqueeze(1), items.entry[target].unsqueeze(1), items.moments[target]]
    return torch.cat(parts, 1).cpu().numpy()


def summary(means: dict[str, dict[str, np.ndarray]], names: tuple[str, str]) -> dict:
    """Return the mean distances, liked against other frames within a system, and MealRec against the backbone."""
    alone, whole = (means[name] for name in names)
    return {
        "distances": {name: {key: float(v.mean()) for key, v in kinds.items()} for name, kinds in means.items()},
        "other_frames_over_liked": {name: paired(kinds["other"], kinds["liked"]) for name, kinds in means.items()},
        "whole_over_backbone": {
            "target": paired(whole["target"], alone["target"]),
            "other_minus_liked": paired(whole["other"] - whole["liked"], alone["other"] - alone["liked"]),
        },
    }


def distance_table(numbers: dict, names: tuple[str, str]) -> str:
    """Return the distances, how much farther other frames are, and how the two systems differ."""
    body = []
    for name in names:
        gap = numbers["other_frames_over_liked"][name]
        values = [f"{numbers['distances'][name][key]:.4f}" for key in MEASURES]
        body.append([name, *values, difference(gap)])
    against = numbers["whole_over_backbone"]
    changes = [difference(against["target"]), "", "", difference(against["other_minus_liked"])]
    body.append([f"{names[1]} − {names[0]}", *changes])
    return table(["system", *MEASURES.values(), "other − liked frames"], body)


def difference(found: dict) -> str:
    """Return a difference with its p and a star where it is significant."""
    star = "*" if found["p"] < SIGNIFICANT else ""
    return f"{found['difference']:+.4f}{star} (p {p_text(found['p'])})"
