"""Table 3: what MealRec costs next to the same backbone with the same content and guidance."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import torch

from mealrec.figures import table
from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.study.harness import Study
from mealrec.study.results import Exhibit
from mealrec.study.systems import BACKBONES, SYSTEMS, over
from mealrec.training.blending import blended
from mealrec.training.forms import System
from mealrec.training.processes import end_with_the_parent
from mealrec.training.recipes import Blend, Recipe
from mealrec.training.trainer import train
from mealrec.training.world import World, open_world

MEBIBYTE = 2**20
GOALS = {"epoch_s": 1.25, "evaluation_s": 1.3, "memory_mb": 1.1}
PAPER = {"epoch_s": 1.52, "evaluation_s": 1.57, "memory_mb": 1.21}
WORDS = {
    "epoch_s": "seconds a training epoch",
    "evaluation_s": "seconds an evaluation of all test users",
    "memory_mb": "peak memory, MiB",
    "added_mb": "of which training and evaluation, MiB",
}
NOTES = """
Every measurement is a process of its own on one thread; backbone and MealRec take turns (A B A B).
Values are medians, ratios are MealRec's to the backbone's. Seconds are those the thread has worked
(on a GPU: by the clock). An epoch leaves out validation, and the first epoch of a process is not
counted. MealRec's walk is trained after its backbone: an epoch of MealRec is one of its backbone,
and of the walk's whole training, its counting too, an even share. Peak memory is the whole
process's while it trains and evaluates, libraries, data and all (on a GPU: what torch allocated
there).
"""
NOTES_SIDE = """
Each system once, in a process of its own on one thread, one after the other; seconds are those the
thread has worked (on a GPU: by the clock), the first epoch is not counted, and memory is the whole
process's, libraries and data and all.
"""


@dataclass(frozen=True)
class Cost:
    """One process's figures. `epochs_s` leaves out the first epoch, which also warms up.

    On a CPU the seconds are those that the one thread has worked, so that other work on the machine
    counts little; on a GPU they are the clock's. `memory_mb` is the most the process held while it
    trained and evaluated, libraries and data and all; `added_mb` what that is above what it held
    before. On a GPU both count what torch has allocated there.
    """

    epochs_s: tuple[float, ...]
    evaluation_s: float
    memory_mb: float
    added_mb: float


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this table's options."""
    add = parser.add_argument
    add(
        "--rounds", type=int, default=3, help="turns of backbone and MealRec (default: %(default)s)"
    )
    add("--epochs", type=int, default=2, help="epochs timed in a turn (default: %(default)s)")
    add("--pairs", nargs="+", choices=BACKBONES, default=list(BACKBONES), help="default: all")


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Measure each backbone with guidance and MealRec on it in turns."""
    found = {}
    body = []
    for backbone in options.pairs:
        names = (f"{backbone}-guided", over(backbone))
        turns: dict[str, list[Cost]] = {name: [] for name in names}
        for _ in range(options.rounds):
            for name in names:
                turns[name].append(measure(study, name, options.epochs))

        # Medians over the turns, and MealRec's to the backbone's.
        values = {name: medians(costs) for name, costs in turns.items()}
        alone, whole = (values[name] for name in names)
        ratios = {key: whole[key] / alone[key] if alone[key] else None for key in WORDS}
        turned = {name: [asdict(cost) for cost in costs] for name, costs in turns.items()}
        found[backbone] = {"medians": values, "ratios": ratios, "turns": turned}
        body += [[name, *(f"{values[name][key]:.2f}" for key in WORDS)] for name in names]
        cells = [f"**{ratios[key]:.2f}**" if ratios[key] else "" for key in WORDS]
        body.append(["**ratio**", *cells])

    # What they are held against.
    body.append(["goal", *(f"≤ {GOALS[key]}" if key in GOALS else "" for key in WORDS)])
    body.append(["ratio in the paper (on TedRec)", *(str(PAPER.get(key, "")) for key in WORDS)])
    text = table(["system", *WORDS.values()], body) + NOTES
    numbers = {"backbones": found, "goals": GOALS}
    numbers |= {"rounds": options.rounds, "epochs": options.epochs}
    return Exhibit("Cost (Table 3)", text, numbers, seeds=(0,))


def side_by_side(study: Study, names: Sequence[str]) -> Exhibit:
    """Measure every trained system once, over one epoch, as ratios to the first of them."""
    figures = {}
    for name in names:
        if SYSTEMS[name].scorer is None:
            cost = measure(study, name, epochs=1)
            figures[name] = asdict(cost) | {"epoch_s": median(cost.epochs_s)}

    # The first is the measure of the others.
    first = next(iter(figures), None)
    body = []
    for name, values in figures.items():
        ratios = [f"{values[key]:.2f} ({values[key] / figures[first][key]:.2f}x)" for key in GOALS]
        body.append([name, *ratios])
    text = table(["system", *(f"{WORDS[key]} (to {first})" for key in GOALS)], body) + NOTES_SIDE
    numbers = {"cost": figures, "cost_epochs": 1}
    return Exhibit("What they cost (Table 3)", text, numbers, seeds=(0,))


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


def cost_of(recipe: Recipe | Blend, data: Path, store: Path, device: str, epochs: int) -> Cost:
    """Measure one system in a fresh process, on one thread."""
    with ProcessPoolExecutor(1, get_context("spawn"), end_with_the_parent) as pool:
        return pool.submit(_measure, recipe, data, store, device, epochs).result()


def _measure(recipe: Recipe | Blend, data: Path, store: Path, device: str, epochs: int) -> Cost:
    torch.set_num_threads(1)
    world = open_world(data, store)
    world = replace(world, features=world.features.to(device))
    before = _forget_peak(device)

    # Train for a few epochs.
    if isinstance(recipe, Blend):
        model, durations = _blend(recipe, world, device, epochs)
    else:
        model, durations, _ = _train(recipe, world, device, epochs)

    # Rank the whole test.
    began = _now(device)
    rank_rows(model_scorer(model, world.features), world.split.test, world.candidates)
    evaluation = _now(device) - began
    peak = _peak_mb(device)
    return Cost(durations, evaluation, peak, peak - before)


def _train(
    recipe: Recipe, world: World, device: str, epochs: int
) -> tuple[System, tuple[float, ...], float]:
    """Return the model after a few epochs, the seconds of each but the first, and those before."""
    began = _now(device)
    ends = []

    def note(line: dict) -> None:
        ends.append(_now(device))

    # One validation row, so that the time between two reports is that of an epoch's steps.
    brief = replace(recipe.training, max_epochs=epochs + 1, patience=epochs + 1, validation_rows=1)
    inputs = world.encoder_input(recipe.model)
    trained = train(recipe.model, brief, world.split, world.features, note, encoder_input=inputs)
    durations = tuple(after - earlier for earlier, after in pairwise(ends))

    # What the first report took longer than an epoch was spent before the first step.
    return trained.model, durations, max(0.0, ends[0] - began - median(durations))


def _blend(
    recipe: Blend, world: World, device: str, epochs: int
) -> tuple[System, tuple[float, ...]]:
    """Return the blend at equal weights and its epochs: the base's, with a share of the walk's."""
    base, durations, _ = _train(recipe.base, world, device, epochs)
    walk = None
    more = 0.0
    if recipe.walk is not None:
        walk, of_walk, counting = _train(recipe.walk, world, device, epochs)
        more = counting + median(of_walk) * recipe.walk.training.max_epochs
    model = blended(base, walk, world.split.train, world.features)
    for name in model.names:
        getattr(model, name).fill_(1.0)
    share = more / recipe.base.training.max_epochs
    return model, tuple(seconds + share for seconds in durations)


def _now(device: str) -> float:
    if not device.startswith("cuda"):
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def _forget_peak(device: str) -> float:
    """Let the peak count from here on, where that can be; return the MiB that are held now."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / MEBIBYTE
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status_mb("VmRSS")


def _peak_mb(device: str) -> float:
    """Return the most MiB held."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / MEBIBYTE
    return _status_mb("VmHWM")


def _status_mb(key: str) -> float:
    """Return a figure of /proc in MiB, or ru_maxrss where there is none.

    The latter begins, in a new process, with what its parent held at the start.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    for line in lines:
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024 / MEBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE
