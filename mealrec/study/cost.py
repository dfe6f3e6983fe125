"""What a system costs: seconds a training epoch, seconds an evaluation, peak memory; in a
process of its own."""

from __future__ import annotations

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import torch

from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.study.world import World, open_world
from mealrec.training.blending import blended
from mealrec.training.processes import end_with_the_parent
from mealrec.training.recipes import Blend, Recipe
from mealrec.training.trainer import train
from mealrec.types import ItemFeatures

MEBIBYTE = 2**20


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


def cost_of(recipe: Recipe | Blend, data: Path, store: Path, device: str, epochs: int) -> Cost:
    """Measure one system in a fresh process, on one thread."""
    with ProcessPoolExecutor(1, get_context("spawn"), end_with_the_parent) as pool:
        return pool.submit(_measure, recipe, data, store, device, epochs).result()


def _measure(recipe: Recipe | Blend, data: Path, store: Path, device: str, epochs: int) -> Cost:
    torch.set_num_threads(1)
    world = open_world(data, store)
    features = world.features.to(device)
    before = _forget_peak(device)
    if isinstance(recipe, Blend):
        model, durations = _blend(recipe, world, features, device, epochs)
    else:
        model, durations, _ = _train(recipe, world, features, device, epochs)
    began = _now(device)
    rank_rows(model_scorer(model, features), world.split.test, world.candidates)
    evaluation = _now(device) - began
    peak = _peak_mb(device)
    return Cost(durations, evaluation, peak, peak - before)


def _train(recipe: Recipe, world: World, features: ItemFeatures, device: str, epochs: int) -> tuple:
    """Return the model after a few epochs, the seconds of each but the first, and those until
    the first step."""
    ends, began = [], _now(device)

    def note(line: dict) -> None:
        ends.append(_now(device))

    # One validation row, so that the time between two reports is that of an epoch's steps.
    brief = replace(recipe.training, max_epochs=epochs + 1, patience=epochs + 1, validation_rows=1)
    trained = train(
        recipe.model, brief, world.split, features, note, hidden=world.beside(recipe.model)
    )
    durations = tuple(after - earlier for earlier, after in zip(ends, ends[1:], strict=False))
    return trained.model, durations, max(0.0, ends[0] - began - median(durations))


def _blend(recipe: Blend, world: World, features: ItemFeatures, device: str, epochs: int) -> tuple:
    """Return the blend at equal weights and the seconds of its epochs: the base's, with a share
    of all the walk's."""
    base, durations, _ = _train(recipe.base, world, features, device, epochs)
    walk, more = None, 0.0
    if recipe.walk is not None:
        walk, of_walk, counting = _train(recipe.walk, world, features, device, epochs)
        more = counting + median(of_walk) * recipe.walk.training.max_epochs
    model = blended(base, walk, world.split.train, features)
    for name in model.names:
        getattr(model, name).fill_(1.0)
    return model, tuple(seconds + more / recipe.base.training.max_epochs for seconds in durations)


def _now(device: str) -> float:
    if not device.startswith("cuda"):
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def _forget_peak(device: str) -> float:
    """Let the peak count from here on, where the system can do so; return what is held now in
    MiB."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / MEBIBYTE
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status_mb("VmRSS")


def _peak_mb(device: str) -> float:
    """Return the most memory held in MiB.

    Not ru_maxrss where /proc has better: that begins, in a new process, with what its parent held
    at the start.
    """
    return (
        torch.cuda.max_memory_allocated() / MEBIBYTE
        if device.startswith("cuda")
        else _status_mb("VmHWM")
    )


def _status_mb(key: str) -> float:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    held = next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")), None)
    return (
        held if held is not None else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    ) / MEBIBYTE
