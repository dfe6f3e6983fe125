"""A run directory: every system of a recipe, by one seed or several, trained where missing."""

from __future__ import annotations

import json
import shlex
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from mealrec.errors import DataFormatError, TrainingError
from mealrec.models.paper.config import PaperConfig
from mealrec.study.harness import Job, check_inputs, choose_blend, do_all, job_of, train_system
from mealrec.training.checkpoint import STATE, differences
from mealrec.training.processes import is_main, launched, processes
from mealrec.training.recipes import RECIPES, Blend, Recipe
from mealrec.training.run import (
    RUN,
    is_finished,
    read_json,
    save_model,
    say,
    sources_told,
    system_folder,
    title_of,
)
from mealrec.training.settings import override
from mealrec.training.world import NORMALISATION, World, fitted_normalisation, save_normalisation
from mealrec.writing import write_json


def train_run(
    out: Path,
    recipes: Sequence[Recipe | Blend],
    world: World,
    device: str,
    at_once: int,
    save_every: int,
    resume: bool,
) -> None:
    """Train what the run in `out` does not hold yet; blends of trained systems come last."""
    # What is finished is kept, and with it the parts that it was made of.
    asked = [job_of(recipe, partial(system_folder, out)) for recipe in recipes]
    todo = unfinished(with_parts(unfinished(asked, resume)), resume)
    say(f"{out}: {in_words(with_parts(asked), todo)}")
    trained = [job for job in todo if not job.parts]
    blends = [job for job in todo if job.parts]

    # What does not fit is told before the first training.
    for job in blends:
        check_parts(job)
    check_inputs(trained, world)

    # What is trained by then can be used, so the run tells its data before it is done.
    began = time.time()
    summary = {"command": shlex.join(["python", "-m", "mealrec", *sys.argv[1:]])}
    summary |= sources_told(out, data=world.data, features=world.store)
    if is_main():
        out.mkdir(parents=True, exist_ok=True)
        save_normalisation(out / NORMALISATION, fitted_normalisation(world))
    if todo and is_main():
        write_json(out / RUN, summary)

    # The parts are there before what is made of them.
    work = partial(train_into_run, save_every=save_every, bar=at_once == 1)
    for jobs in (trained, blends):
        do_all(jobs, work, world, device, at_once)

    if todo and is_main():
        summary |= {
            "seconds": round(time.time() - began),
            "device": device,
            "processes": launched(),
            "seeds": len({recipe.seed for recipe in recipes}),
            "systems": sorted({job.recipe.name for job in with_parts(asked)}),
        }
        write_json(out / RUN, summary)
    if launched() > 1:
        processes(device).end_training()


def unfinished(jobs: Sequence[Job], resume: bool) -> list[Job]:
    """Return what is left to do; TrainingError where it was interrupted and not to go on."""
    todo = []
    for job in jobs:
        state = job.folder / STATE
        if is_finished(job.folder):
            # It is left where the command was killed between the two.
            state.unlink(missing_ok=True)
            continue
        if job.is_interrupted and not resume:
            raise TrainingError(
                f"{job.folder} holds an interrupted training: add --resume to go on with it, "
                f"or delete {state} to begin anew"
            )
        todo.append(job)
    return todo


def in_words(asked: Sequence[Job], todo: Sequence[Job]) -> str:
    """Return how much of what is asked for is there already."""
    if not todo:
        return f"all {len(asked)} systems are trained already"
    words = f"{len(todo)} of {len(asked)} systems to train"
    begun = [job.recipe.name for job in todo if job.is_interrupted]
    return words + (f", {', '.join(begun)} from where it was interrupted" if begun else "")


def train_into_run(job: Job, world: World, device: str, save_every: int, bar: bool) -> None:
    """Train one system of a run, by all processes, or put a blend together, by one."""
    accelerator = processes(device)
    found: dict[str, float] = {}
    if not job.parts:
        split = world.split_at(job.recipe.max_length)
        training_data = zlib.crc32(repr(split.train).encode())
        made_with = asdict(job.recipe) | {"training_data": training_data}
        trained = train_system(job, world, device, made_with, save_every, bar)
        found = {
            "epoch": trained.epoch,
            "validation_N@10": trained.validation,
            "seconds": trained.seconds,
        }
    elif is_main():
        found = put_together(job, world, str(accelerator.device))
    accelerator.wait_for_everyone()
    figures = ", ".join(f"{key} {value:.4g}" for key, value in found.items())
    say(f"{title_of(job.recipe)}: {figures}")


def with_parts(jobs: Sequence[Job]) -> list[Job]:
    """Return all that has to be there for these, each once: what is trained, then the blends."""
    trained = {}
    for job in jobs:
        for part in job.parts or (job,):
            trained[part.folder] = part
    return [*trained.values(), *(job for job in jobs if job.parts)]


def check_parts(job: Job) -> None:
    """Raise TrainingError where a finished part of a blend was trained with other settings."""
    for part in job.parts:
        if not is_finished(part.folder):
            continue
        recipe = part.recipe
        asked = json.loads(json.dumps([recipe.model.to_dict(), asdict(recipe.training)]))
        model = read_json(part.folder / "config.json")
        told = read_json(part.folder / "training.json")
        training = {name: value for name, value in told.items() if name in asked[1]}
        changed = [
            *differences(model, asked[0], "model"),
            *differences(training, asked[1], "training"),
        ]
        if changed:
            raise TrainingError(
                f"{job.recipe.name} is made of {part.folder}, which was trained with other "
                f"settings ({'; '.join(changed)}): give --label or another --out, or delete that "
                "folder"
            )


def chosen_recipes(
    recipe: str,
    shape: dict[str, int],
    seeds: int,
    systems: str,
    settings: Sequence[str],
    label: str,
) -> list[Recipe | Blend]:
    """Return the named systems of a recipe for each seed, with some settings changed.

    `systems` are names with commas between, or "all" that a run can store. Raises DataFormatError
    for an unknown name, one that cannot be stored, or a setting that cannot be.
    """
    recipes = [made for seed in range(seeds) for made in RECIPES[recipe](shape, seed)]
    known = {made.name for made in recipes}
    unstored = {made.name for made in recipes if not is_kept(made)}
    wanted = known - unstored if systems == "all" else set(systems.split(","))
    if wanted - known:
        raise DataFormatError(
            f"--systems: expected some of {', '.join(sorted(known))}, "
            f"got {', '.join(sorted(wanted - known))}"
        )
    if wanted & unstored:
        raise DataFormatError(
            f"--systems: {', '.join(sorted(wanted & unstored))} cannot be stored, being a baseline "
            "with guidance: measure it with `python -m mealrec compare`, or train the baseline "
            "alone"
        )

    # A setting need not exist in those that are not wanted.
    recipes = [made for made in recipes if made.name in wanted]
    changed = [_changed(made, settings) for made in recipes]
    return [_labelled(new, old, label) for new, old in zip(changed, recipes, strict=True)]


def is_kept(recipe: Recipe | Blend) -> bool:
    """Say whether a run can hold this: a blend of a baseline computes what is not stored."""
    return isinstance(recipe, Recipe) or isinstance(recipe.base.model, PaperConfig)


def _changed(recipe: Recipe | Blend, settings: Sequence[str]) -> Recipe | Blend:
    for setting in settings:
        recipe = override(recipe, setting)
    return recipe


def _labelled(recipe: Recipe | Blend, unchanged: Recipe | Blend, label: str) -> Recipe | Blend:
    """Return the recipe with a suffix to its name, and to those of its parts that are changed."""
    parts = {}
    for name in recipe.named if isinstance(recipe, Blend) else ():
        part = getattr(recipe, name)
        before = getattr(unchanged, name)
        if part != before:
            parts[name] = _labelled(part, before, label)
    return replace(recipe, name=recipe.name + label, **parts)


def put_together(job: Job, world: World, device: str) -> dict[str, float]:
    """Make a blend of its trained parts, choose its weights on validation and save it whole.

    Return the weights, and the validation N@10 that they came to.
    """
    began = time.perf_counter()
    model, chosen = choose_blend(job, world, device)

    # It tells how each part was trained; its seconds are theirs and its own.
    told = {}
    for name, part in zip(job.recipe.named, job.parts, strict=True):
        told[name] = {"name": part.recipe.name, **read_json(part.folder / "training.json")}
    seconds = time.perf_counter() - began + sum(part["seconds"] for part in told.values())

    # The weights stand apart from the figures that they came to.
    weights = {name: chosen[name] for name in model.names}
    summary = {"seed": job.recipe.seed, "epoch": told["base"]["epoch"], "weights": weights}
    summary |= {name: value for name, value in chosen.items() if name not in weights}
    summary |= {"seconds": round(seconds, 1), "parts": told}
    save_model(job.folder, model, summary)
    return chosen
