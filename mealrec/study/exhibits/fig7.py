"""Fig. 7: preferences, targets and frames of some viewers by t-SNE, and the distances over all
of them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mealrec.data.interactions import EvaluationRows
from mealrec.figures import p_text
from mealrec.models.published.walk import KindWalk
from mealrec.ranking.metrics import paired
from mealrec.ranking.ranks import Scorer, model_scorer
from mealrec.study.comparison import SIGNIFICANT, table
from mealrec.study.harness import Study, load
from mealrec.study.map import draw_map, project
from mealrec.study.results import Exhibit
from mealrec.study.systems import BACKBONES, WALK, over
from mealrec.types import ItemFeatures

MEASURES = {
    "target": "preference to target",
    "liked": "preference to the target's frames",
    "other": "to other frames",
}
BATCH = 1024
NOTES = f"""
Cosine distances between shares of kinds, mean over all test users whose target has frames, each user's first averaged
over seeds. A preference lies where its ranking does: the kinds of all items that may be ranked, each by the chance that
the ranking gives it, beyond what anybody's click is for. "Other frames" are those of one item a user drawn at random
among those neither watched nor the target, the same one for both systems. p: paired t-test over users, * where
p < {SIGNIFICANT}. Both systems are read by the same kinds. The viewers in the picture were drawn at random.
"""


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    parser.add_argument(
        "--viewers", type=int, default=8, help="viewers in the picture (default: %(default)s)"
    )
    parser.add_argument(
        "--on", choices=tuple(BACKBONES), default="tedrec", help="backbone (default: %(default)s)"
    )


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Measure the backbone with content and MealRec on it, over all test users; draw some of
    them."""
    names, world = (f"{options.on}-guided", over(options.on)), study.world
    features = world.features.to(study.device)
    (walk,) = study.train([study.recipe(WALK, 0)])
    kinds = Kinds.of(load(walk, world, study.device), features, world.candidates)
    rows = world.split.test.pick(world.features.has_visual.numpy()[world.split.test.targets])
    others = strangers(
        rows, np.flatnonzero(world.features.has_visual.numpy() & world.candidates), seed=0
    )
    shown = np.sort(
        np.random.default_rng(0).choice(len(rows), min(options.viewers, len(rows)), replace=False)
    )
    distances: dict[str, dict[str, list[np.ndarray]]] = {
        name: {key: [] for key in MEASURES} for name in names
    }
    points = {}
    for job in study.train(
        [study.recipe(name, seed) for name in names for seed in range(study.seeds)]
    ):
        scorer, name = model_scorer(load(job, world, study.device), features), job.recipe.name
        for key, values in measure(scorer, kinds, rows, others).items():
            distances[name][key].append(values)
        if name not in points:
            points[name] = project(places(scorer, kinds, rows, shown), seed=0)
    means = {
        name: {key: np.mean(v, 0) for key, v in kinds.items()} for name, kinds in distances.items()
    }
    numbers = summary(means, names) | {"users": len(rows)}
    figure = draw_map(
        f"Preferences, targets and frames (Fig. 7, on {BACKBONES[options.on]})", points
    )
    return Exhibit(
        "Where preferences lie (Fig. 7)", distance_table(numbers, names) + NOTES, numbers, figure
    )


def strangers(rows: EvaluationRows, candidates: np.ndarray, seed: int) -> np.ndarray:
    """Return for every row a random item [R] of `candidates` that is neither in its history nor
    its target."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(candidates, len(rows))
    known = np.column_stack([rows.histories, rows.targets])
    while (again := (known == chosen[:, None]).any(1)).any():
        chosen[again] = rng.choice(candidates, int(again.sum()))
    return chosen


@dataclass(frozen=True)
class Kinds:
    """The kinds [N+1, J] of all items and of their moments [N+1, K, J], less anybody's; `ranked`
    [N+1] bool."""

    items: Tensor
    moments: Tensor
    anybody: Tensor
    ranked: Tensor

    @classmethod
    @torch.inference_mode()
    def of(cls, walk: KindWalk, features: ItemFeatures, candidates: np.ndarray) -> Kinds:
        """Return what the walk counts of a catalogue."""
        items = walk.items(features)
        ranked = torch.from_numpy(candidates).to(items.kinds.device, copy=True)
        ranked[0] = False
        return cls(items.kinds, items.moments, items.anybody, ranked)

    def preferred(self, scores: np.ndarray) -> Tensor:
        """Return the kinds [R, J] of what scores [R, N+1] expect, less anybody's."""
        logits = torch.from_numpy(scores).to(self.items).masked_fill(~self.ranked, float("-inf"))
        return logits.softmax(1) @ self.items - self.anybody


@torch.inference_mode()
def measure(
    scorer: Scorer, kinds: Kinds, rows: EvaluationRows, others: np.ndarray
) -> dict[str, np.ndarray]:
    """Return each row's distances [R] from its preference to its target, the target's frames,
    another item's frames."""
    found: dict[str, list[Tensor]] = {key: [] for key in MEASURES}
    for start in range(0, len(rows), BATCH):
        here = slice(start, start + BATCH)
        preference = kinds.preferred(scorer(rows.histories[here]))
        target, other = (
            torch.from_numpy(values[here]).to(preference.device)
            for values in (rows.targets, others)
        )
        found["target"].append(apart(preference, kinds.items[target] - kinds.anybody))
        for key, item in (("liked", target), ("other", other)):
            found[key].append(
                apart(preference.unsqueeze(1), kinds.moments[item] - kinds.anybody).mean(1)
            )
    return {key: torch.cat(values).cpu().numpy().astype(float) for key, values in found.items()}


def apart(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the cosine distance over the last dimension."""
    return 1 - torch.cosine_similarity(first, second, dim=-1)


@torch.inference_mode()
def places(scorer: Scorer, kinds: Kinds, rows: EvaluationRows, shown: np.ndarray) -> np.ndarray:
    """Return [viewers, 2 + K, J]: each shown viewer's preference, target, and the target's
    frames."""
    preference = kinds.preferred(scorer(rows.histories[shown]))
    target = torch.from_numpy(rows.targets[shown]).to(preference.device)
    parts = [preference.unsqueeze(1), (kinds.items[target] - kinds.anybody).unsqueeze(1)]
    return torch.cat([*parts, kinds.moments[target] - kinds.anybody], 1).cpu().numpy()


def summary(means: dict[str, dict[str, np.ndarray]], names: tuple[str, str]) -> dict:
    """Return the mean distances, liked against other frames within a system, and MealRec against
    the backbone."""
    alone, whole = (means[name] for name in names)
    return {
        "distances": {
            name: {key: float(v.mean()) for key, v in kinds.items()}
            for name, kinds in means.items()
        },
        "other_frames_over_liked": {
            name: paired(kinds["other"], kinds["liked"]) for name, kinds in means.items()
        },
        "whole_over_backbone": {
            "target": paired(whole["target"], alone["target"]),
            "other_minus_liked": paired(
                whole["other"] - whole["liked"], alone["other"] - alone["liked"]
            ),
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
