"""Table 3: what MealRec costs beside the same backbone with the same content, head and guidance."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median

from mealrec.study.comparison import table
from mealrec.study.cost import Cost, cost_of
from mealrec.study.harness import Study
from mealrec.study.results import Exhibit
from mealrec.study.systems import BACKBONES, SYSTEMS, over

GOALS = {"epoch_s": 1.25, "evaluation_s": 1.3, "memory_mb": 1.1}
PAPER = {"epoch_s": 1.52, "evaluation_s": 1.57, "memory_mb": 1.21}
WORDS = {
    "epoch_s": "seconds a training epoch",
    "evaluation_s": "seconds an evaluation of all test users",
    "memory_mb": "peak memory, MiB",
    "added_mb": "of which training and evaluation, MiB",
}
NOTES = """
Every measurement is a process of its own on one thread; backbone and MealRec take turns (A B A B). Values are medians,
ratios are MealRec's to the backbone's. Seconds are those the thread has worked (on a GPU: by the clock). An epoch
leaves out validation, and the first epoch of a process is not counted. MealRec's walk is trained after its backbone: an
epoch of MealRec is one of its backbone, and of the walk's whole training, its counting too, an even share. Peak memory
is the whole process's while it trains and evaluates, libraries, data and all (on a GPU: what torch allocated there).
"""
NOTES_SIDE = """
Each system once, in a process of its own on one thread, one after the other; seconds are those the thread has worked
(on a GPU: by the clock), the first epoch is not counted, and memory is the whole process's, libraries and data and all.
"""


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this table's options."""
    parser.add_argument(
        "--rounds", type=int, default=3, help="turns of backbone and MealRec (default: %(default)s)"
    )
    parser.add_argument(
        "--epochs", type=int, default=2, help="epochs timed in a turn (default: %(default)s)"
    )
    parser.add_argument(
        "--pairs",
        nargs="+",
        choices=tuple(BACKBONES),
        default=tuple(BACKBONES),
        help="default: all",
    )


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Measure each backbone with guidance and MealRec on it in turns."""
    pairs = {backbone: (f"{backbone}-guided", over(backbone)) for backbone in options.pairs}
    found, body = {}, []
    for backbone, names in pairs.items():
        turns: dict[str, list[Cost]] = {name: [] for name in names}
        for _ in range(options.rounds):
            for name in names:
                turns[name].append(measure(study, name, options.epochs))
        values = {name: medians(costs) for name, costs in turns.items()}
        alone, whole = (values[name] for name in names)
        ratios = {key: whole[key] / alone[key] if alone[key] else None for key in WORDS}
        turned = {name: [asdict(cost) for cost in costs] for name, costs in turns.items()}
        found[backbone] = {"medians": values, "ratios": ratios, "turns": turned}
        body += [[name, *(f"{values[name][key]:.2f}" for key in WORDS)] for name in names]
        body.append(
            ["**ratio**", *(f"**{ratios[key]:.2f}**" if ratios[key] else "" for key in WORDS)]
        )
    body.append(["goal", *(f"≤ {GOALS[key]}" if key in GOALS else "" for key in WORDS)])
    body.append(["ratio in the paper (on TedRec)", *(str(PAPER.get(key, "")) for key in WORDS)])
    numbers = {
        "backbones": found,
        "goals": GOALS,
        "rounds": options.rounds,
        "epochs": options.epochs,
    }
    return Exhibit(
        "Cost (Table 3)", table(["system", *WORDS.values()], body) + NOTES, numbers, seeds=1
    )


def side_by_side(study: Study, names: Sequence[str], epochs: int = 1) -> Exhibit:
    """Measure every trained system once, as ratios to the first of them."""
    costs = {
        name: asdict(measure(study, name, epochs)) for name in names if SYSTEMS[name].scorer is None
    }
    figures = {name: cost | {"epoch_s": median(cost["epochs_s"])} for name, cost in costs.items()}
    first = next(iter(figures), None)
    body = []
    for name, values in figures.items():
        ratios = [f"{values[key]:.2f} ({values[key] / figures[first][key]:.2f}x)" for key in GOALS]
        body.append([name, *ratios])
    text = table(["system", *(f"{WORDS[key]} (to {first})" for key in GOALS)], body) + NOTES_SIDE
    return Exhibit(
        "What they cost (Table 3)", text, {"cost": figures, "cost_epochs": epochs}, seeds=1
    )


def measure(study: Study, name: str, epochs: int) -> Cost:
    """Return one turn's figures of a system."""
    world = study.world
    return cost_of(study.recipe(name, 0), world.data, world.store, study.device, epochs)


def medians(costs: list[Cost]) -> dict[str, float]:
    """Return the median of each figure over all turns."""
    return {
        "epoch_s": median(seconds for cost in costs for seconds in cost.epochs_s),
        "evaluation_s": median(cost.evaluation_s for cost in costs),
        "memory_mb": median(cost.memory_mb for cost in costs),
        "added_mb": median(cost.added_mb for cost in costs),
    }
