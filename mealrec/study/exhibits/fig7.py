"""Fig. 7: preferences, targets and frames of some viewers by t-SNE, and the distances of all."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mealrec.data.interactions import EvaluationRows
from mealrec.errors import MealRecError
from mealrec.figures import p_text, table
from mealrec.models.published.mealrec import KindWalk
from mealrec.ranking.metrics import paired
from mealrec.ranking.ranks import Scorer, model_scorer
from mealrec.study.comparison import SIGNIFICANT
from mealrec.study.harness import Study, load
from mealrec.study.picture import COLOURS, INK, axis_suffix, layout, panel_heading
from mealrec.study.results import Exhibit
from mealrec.study.systems import BACKBONES, WALK, over
from mealrec.types import ItemFeatures

MEASURES = {
    "target": "preference to target",
    "liked": "preference to the target's frames",
    "other": "to other frames",
}
MARKS = {"preference": "star", "target": "diamond", "frame": "circle"}
BATCH = 1024
NOTES = f"""
Cosine distances between shares of kinds, mean over all test users whose target has frames, each
user's first averaged over seeds. A preference lies where its ranking does: the kinds of all items
that may be ranked, each by the chance that the ranking gives it, beyond what anybody's click is
for. "Other frames" are those of one item a user drawn at random among those neither watched nor the
target, the same one for both systems. p: paired t-test over users, * where p < {SIGNIFICANT}. Both
systems are read by the same kinds. The viewers in the picture were drawn at random.
"""


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    add = parser.add_argument
    add("--viewers", type=int, default=8, help="viewers in the picture (default: %(default)s)")
    add("--on", choices=BACKBONES, default="tedrec", help="backbone (default: %(default)s)")


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Measure the backbone with content and MealRec on it over all test users, and draw some."""
    names = (f"{options.on}-guided", over(options.on))
    world = study.world
    features = world.features.to(study.device)
    (walk,) = study.train([study.recipe(WALK, 0)])
    kinds = Kinds.of(load(walk, world, study.device), features, world.candidates)

    # Users whose target has frames, another item for each, and those who are drawn.
    has_frames = world.features.has_visual.numpy()
    rows = world.split.test.pick(has_frames[world.split.test.targets])
    others = strangers(rows, np.flatnonzero(has_frames & world.candidates), seed=0)
    count = min(options.viewers, len(rows))
    shown = np.sort(np.random.default_rng(0).choice(len(rows), count, replace=False))

    # Every seed is measured, the first one is drawn.
    recipes = [study.recipe(name, seed) for name in names for seed in range(study.seeds)]
    distances: dict[str, list[dict[str, np.ndarray]]] = {name: [] for name in names}
    points = {}
    for job in study.train(recipes):
        name = job.recipe.name
        scorer = model_scorer(load(job, world, study.device), features)
        distances[name].append(measure(scorer, kinds, rows, others))
        if name not in points:
            points[name] = project(places(scorer, kinds, rows, shown), seed=0)
    means = {}
    for name, seeds in distances.items():
        means[name] = {key: np.mean([found[key] for found in seeds], 0) for key in MEASURES}

    numbers = summary(means, names) | {"users": len(rows)}
    title = f"Preferences, targets and frames (Fig. 7, on {BACKBONES[options.on]})"
    text = distance_table(numbers, names) + NOTES
    return Exhibit("Where preferences lie (Fig. 7)", text, numbers, draw_map(title, points))


def strangers(rows: EvaluationRows, candidates: np.ndarray, seed: int) -> np.ndarray:
    """Return for every row a random one [R] of `candidates`, not in its history nor its target."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(candidates, len(rows))
    known = np.column_stack([rows.histories, rows.targets])

    # Those who know theirs draw again.
    again = (known == chosen[:, None]).any(1)
    while again.any():
        chosen[again] = rng.choice(candidates, int(again.sum()))
        again = (known == chosen[:, None]).any(1)
    return chosen


@dataclass(frozen=True)
class Kinds:
    """Kinds of items [N+1, J], of moments [N+1, K, J], of anybody [J]; `ranked` [N+1] bool."""

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
    """Return each row's distances [R] by MEASURES; `others` [R] are items of no concern to it."""
    found: dict[str, list[Tensor]] = {key: [] for key in MEASURES}
    for start in range(0, len(rows), BATCH):
        here = slice(start, start + BATCH)
        preference = kinds.preferred(scorer(rows.histories[here]))
        target = torch.from_numpy(rows.targets[here]).to(preference.device)
        other = torch.from_numpy(others[here]).to(preference.device)
        found["target"].append(apart(preference, kinds.items[target] - kinds.anybody))
        for key, item in (("liked", target), ("other", other)):
            frames = kinds.moments[item] - kinds.anybody
            found[key].append(apart(preference.unsqueeze(1), frames).mean(1))
    return {key: torch.cat(values).cpu().numpy().astype(float) for key, values in found.items()}


def apart(first: Tensor, second: Tensor) -> Tensor:
    """Return the cosine distance over the last dimension."""
    return 1 - torch.cosine_similarity(first, second, dim=-1)


@torch.inference_mode()
def places(scorer: Scorer, kinds: Kinds, rows: EvaluationRows, shown: np.ndarray) -> np.ndarray:
    """Return [viewers, 2 + K, J]: each shown viewer's preference, target, the target's frames."""
    preference = kinds.preferred(scorer(rows.histories[shown]))
    target = torch.from_numpy(rows.targets[shown]).to(preference.device)
    parts = [preference.unsqueeze(1), (kinds.items[target] - kinds.anybody).unsqueeze(1)]
    return torch.cat([*parts, kinds.moments[target] - kinds.anybody], 1).cpu().numpy()


def summary(means: dict[str, dict[str, np.ndarray]], names: tuple[str, str]) -> dict:
    """Return the mean distances; liked frames against others, and MealRec against the backbone."""
    alone, whole = (means[name] for name in names)
    distances = {}
    within = {}
    for name, found in means.items():
        distances[name] = {key: float(values.mean()) for key, values in found.items()}
        within[name] = paired(found["other"], found["liked"])
    gaps = (whole["other"] - whole["liked"], alone["other"] - alone["liked"])
    return {
        "distances": distances,
        "other_frames_over_liked": within,
        "whole_over_backbone": {
            "target": paired(whole["target"], alone["target"]),
            "other_minus_liked": paired(*gaps),
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


def project(points: np.ndarray, seed: int) -> np.ndarray:
    """Return [viewers, M, 2] of points [viewers, M, J], by t-SNE over cosine distances."""
    try:
        from sklearn.manifold import TSNE  # for this one figure: nothing else needs it
    except ImportError:
        raise MealRecError(
            "Fig. 7 needs scikit-learn: pip install -r requirements-train.txt"
        ) from None
    flat = points.reshape(-1, points.shape[-1])
    perplexity = min(10.0, (len(flat) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, metric="cosine", init="random", random_state=seed)
    return tsne.fit_transform(flat).reshape(*points.shape[:2], 2)


def draw_map(title: str, points: dict[str, np.ndarray]) -> dict:
    """Return one panel a system; `points` are {system: [viewers, 2 + K, 2]}, see places."""
    data: list[dict] = []
    annotations = []
    axes = {}
    for number, (name, of_viewers) in enumerate(points.items()):
        suffix = axis_suffix(number)
        for viewer, own in enumerate(of_viewers):
            colour = COLOURS[viewer % len(COLOURS)]
            is_first = not (number or viewer)
            data += [trace | {"showlegend": is_first} for trace in _viewer(own, colour, suffix)]

        # A panel has no ticks, as t-SNE has no units.
        domain = [number / len(points) + 0.02, (number + 1) / len(points) - 0.02]
        plain = {"showticklabels": False, "showgrid": False, "mirror": True, "showline": True}
        axes[f"xaxis{suffix}"] = plain | {"domain": domain, "anchor": f"y{suffix}"}
        axes[f"yaxis{suffix}"] = plain | {"anchor": f"x{suffix}"}
        annotations.append(panel_heading(name, sum(domain) / 2))
    return {"data": data, "layout": layout(title, height=520, annotations=annotations, **axes)}


def _viewer(points: np.ndarray, colour: str, suffix: str) -> list[dict]:
    """Return a viewer's marks, a trace a kind; `points` [2 + K, 2]."""
    kinds = {"preference": points[:1], "target": points[1:2], "frame": points[2:]}
    traces = []
    for kind, own in kinds.items():
        is_frame = kind == "frame"
        marker = {
            "symbol": MARKS[kind],
            "size": 11 if is_frame else 14,
            "color": colour,
            "opacity": 0.55 if is_frame else 1,
            "line": {"width": 0 if is_frame else 1, "color": INK},
        }
        trace = {
            "type": "scatter",
            "mode": "markers+text" if is_frame else "markers",
            "name": kind,
            "x": np.round(own[:, 0].astype(float), 3).tolist(),
            "y": np.round(own[:, 1].astype(float), 3).tolist(),
            "text": [str(frame) for frame in range(1, len(own) + 1)] if is_frame else None,
            "textfont": {"size": 8, "color": INK},
            "marker": marker,
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
        }
        traces.append(trace)
    return traces
