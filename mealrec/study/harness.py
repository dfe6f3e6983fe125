"""A study: from recipes to ranks. It trains what is not trained yet and keeps every user's rank."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from mealrec.baselines.base import HIDDEN_STATES, needs
from mealrec.errors import TrainingError
from mealrec.models.published.guided import Guided
from mealrec.ranking.ranks import Ranks, model_scorer, rank_rows
from mealrec.study.provenance import CODE
from mealrec.study.source import Source, about_world, make_hidden, make_world
from mealrec.study.systems import FIRST_STATE, OURS, SYSTEMS
from mealrec.training.blending import blended, choose
from mealrec.training.checkpoint import STATE, Checkpoint
from mealrec.training.forms import System, build
from mealrec.training.processes import is_main, processes, side_by_side
from mealrec.training.recipes import Blend, Recipe, microlens
from mealrec.training.run import load_prepared, save_system, say, title_of
from mealrec.training.settings import has, override
from mealrec.training.trainer import Trained, train
from mealrec.training.world import World, open_world
from mealrec.writing import write_json

MADE = "made.json"
RANKS = {"walk": "ranks.npz", "start": "ranks_of_x0.npz"}


@dataclass(frozen=True)
class Job:
    """One system to train, and its folder; `parts` are the jobs of what a blend is made of."""

    recipe: Recipe | Blend
    folder: Path
    parts: tuple[Job, ...] = ()

    @property
    def is_interrupted(self) -> bool:
        """Say whether a training was begun here and not finished."""
        return (self.folder / STATE).exists()


@dataclass(frozen=True)
class Study:
    """One set of data, and how the systems on it are trained.

    `settings` change every recipe ("training.seed=1"), then `tuned` those of the systems that it
    names.
    """

    source: Source
    work: Path
    features: Path | None = None
    seeds: int = 1
    jobs: int = 2
    device: str = "cpu"
    settings: tuple[str, ...] = ()
    tuned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def world(self) -> World:
        """Return the data, prepared and encoded at the first call."""
        world = make_world(self.source, self.work, self.features, self.device)
        notes = world.catalogue.told(world.data)
        if notes:
            print(notes, flush=True)
        return world

    @cached_property
    def about(self) -> dict:
        """Return what the data and the features are, in words and figures."""
        return about_world(self.world)

    def recipe(self, name: str, seed: int, *settings: str) -> Recipe | Blend:
        """Return a system's recipe: the study's settings in force, its tuned ones, then these."""
        known = {recipe.name: recipe for recipe in microlens(self.world.shape, seed)}
        recipe = known[name]
        if isinstance(recipe, Blend):
            tuned = {part: self._tuned(getattr(recipe, part), known) for part in recipe.named}
            recipe = replace(recipe, **tuned)
        else:
            recipe = self._tuned(recipe, known)
        for setting in settings:
            recipe = override(recipe, setting)
        return recipe

    def _tuned(self, recipe: Recipe, known: Mapping[str, Recipe | Blend]) -> Recipe:
        """Return a recipe with its settings, less those that only others of the `known` have."""
        for setting in (*self.settings, *self.tuned.get(recipe.name, ())):
            # What nobody has is an error, and `override` names it.
            if has(recipe, setting) or not any(has(other, setting) for other in known.values()):
                recipe = override(recipe, setting)
        return recipe

    def job(self, recipe: Recipe | Blend) -> Job:
        """Return a recipe's job; any change of the recipe or the data names another folder."""
        return job_of(recipe, self._folder)

    def _folder(self, recipe: Recipe | Blend) -> Path:
        whole = json.dumps([asdict(recipe), self.world.digest], sort_keys=True)
        key = hashlib.sha256(whole.encode()).hexdigest()[:12]
        return self.work / "systems" / f"{recipe.name}-seed{recipe.seed}-{key}"

    def train(self, recipes: Sequence[Recipe | Blend]) -> list[Job]:
        """Train what is missing and return all jobs in order; a killed training goes on."""
        jobs = [self.job(recipe) for recipe in recipes]
        # The parts come before what is made of them.
        self._finish([part for job in jobs for part in job.parts])
        self._finish(jobs)
        return jobs

    def _finish(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        by_folder = {job.folder: job for job in jobs}
        todo = [job for job in by_folder.values() if not is_done(job)]

        # Say what will be done.
        words = f"{len(todo)} of {len(jobs)} systems to train"
        if not todo:
            words = f"all {len(jobs)} are trained already"
        begun = [job.recipe.name for job in todo if job.is_interrupted]
        if begun:
            words += f", going on with {', '.join(begun)}"
        print(f"{self.work}: {words}", flush=True)

        # Given features may come without hidden states; those of our own get them now.
        models = [job.recipe.model for job in todo if not job.parts]
        if self.features is None and any(needs(model) == HIDDEN_STATES for model in models):
            make_hidden(self.world, self.device)
        check_inputs(todo, self.world)
        do_all(todo, train_job, self.world, self.device, self.jobs)

    def ranks(self, names: Sequence[str]) -> dict[str, list[Ranks]]:
        """Return {row of the table: test ranks, one a seed}; MealRec's x_0 is a row too."""
        jobs = self.train([self.recipe(name, seed) for name, seed in self._trained(names)])
        rows: dict[str, list[Ranks]] = {}
        for name in names:
            scorer = SYSTEMS[name].scorer
            if scorer:
                found = rank_rows(scorer(self.world), self.world.split.test, self.world.candidates)
                rows[name] = [found]
                continue
            folders = [job.folder for job in jobs if job.recipe.name == name]
            rows[name] = [read_ranks(folder) for folder in folders]
            if name == OURS:
                rows[FIRST_STATE] = [read_ranks(folder, "start") for folder in folders]
        return rows

    def trainings(self, names: Sequence[str]) -> dict[str, list[dict]]:
        """Return {system: how each seed's training went}."""
        found: dict[str, list[dict]] = {}
        for name, seed in self._trained(names):
            found.setdefault(name, []).append(made(self.job(self.recipe(name, seed))))
        return found

    def _trained(self, names: Sequence[str]) -> list[tuple[str, int]]:
        """Return (name, seed) of what has to be trained."""
        trained = [name for name in names if SYSTEMS[name].scorer is None]
        return [(name, seed) for seed in range(self.seeds) for name in trained]


def is_done(job: Job) -> bool:
    """Say whether a job's model is trained and its ranks are kept: they are written last."""
    return (job.folder / RANKS["walk"]).is_file()


def train_job(job: Job, world: World, device: str) -> None:
    """Train one model, or choose a blend's weights; rank the test rows by it and keep all."""
    if not (job.folder / MADE).is_file():
        record = _blend(job, world, device) if job.parts else _train(job, world, device)
        record |= {"code": CODE, "recipe": asdict(job.recipe), "data": world.digest}
        write_json(job.folder / MADE, record)
        score = f"{record['validation_N@10']:.4f}"
        say(f"{title_of(job.recipe)}: validation N@10 {score}, {record['seconds']:.0f} s")

    model = load(job, world, device)
    features = world.features.to(device)
    test = world.split_at(job.recipe.max_length).test
    if "start" in model.ends:
        scorer = model_scorer(model, features, ends_at="start")
        write_ranks(job.folder, rank_rows(scorer, test, world.candidates), "start")

    # The ranks at the walk's end come last: they say that a job is done.
    scorer = model_scorer(model, features)
    write_ranks(job.folder, rank_rows(scorer, test, world.candidates), "walk")


def _train(job: Job, world: World, device: str) -> dict:
    """Train one model and return how that went."""
    trained = train_system(job, world, device, {"key": job.folder.name, "code": CODE})
    return {
        "epoch": trained.epoch,
        "epochs": len(trained.log),
        "validation_N@10": trained.log[trained.epoch - 1]["N@10"],
        "seconds": round(trained.seconds, 1),
        "device": device,
    }


def _blend(job: Job, world: World, device: str) -> dict:
    """Choose a blend's weights; its seconds are those of its parts and of the choice."""
    began = time.perf_counter()
    model, chosen = choose_blend(job, world, device)
    parts = [made(part) for part in job.parts]
    seconds = time.perf_counter() - began + sum(part["seconds"] for part in parts)
    job.folder.mkdir(parents=True, exist_ok=True)
    return {
        "epoch": parts[0]["epoch"],
        "epochs": parts[0]["epochs"],
        "validation_N@10": chosen["validation_N@10"],
        "weights": {name: chosen[name] for name in model.names},
        "seconds": round(seconds, 1),
        "device": device,
    }


def made(job: Job) -> dict:
    """Return how a job's training went, and whether the code has changed since."""
    record = json.loads((job.folder / MADE).read_text(encoding="utf-8"))
    return record | {"code_has_changed": record["code"] != CODE, "folder": job.folder.name}


def load(job: Job, world: World, device: str) -> System | Guided:
    """Return a job's trained model, ready to rank; a blend is put together from its parts."""
    if not job.parts:
        return load_prepared(job.folder, world, device)
    model = blend_of(job, world, device)
    weights = made(job)["weights"]
    for name in model.names:
        getattr(model, name).fill_(weights[name])
    return model


def read_ranks(folder: Path, end: str = "walk") -> Ranks:
    """Return what `write_ranks` has kept; a file from before lists were kept has none."""
    with np.load(folder / RANKS[end]) as arrays:
        share = float(arrays["history_share"])
        return Ranks(arrays["unmasked"], arrays["masked"], share, arrays.get("top"))


def write_ranks(folder: Path, ranks: Ranks, end: str = "walk") -> None:
    """Keep every user's rank and list, in the order of the split's test rows, all or nothing."""
    temporary = folder / f".{RANKS[end]}"
    arrays = {name: part for name, part in vars(ranks).items() if part is not None}
    np.savez_compressed(temporary, **arrays)
    os.replace(temporary, folder / RANKS[end])


def job_of(recipe: Recipe | Blend, folder_of: Callable[[Recipe | Blend], Path]) -> Job:
    """Return a recipe's job and those of its parts; `folder_of` says where each one is kept."""
    parts = recipe.parts if isinstance(recipe, Blend) else ()
    return Job(recipe, folder_of(recipe), tuple(job_of(part, folder_of) for part in parts))


def check_inputs(jobs: Sequence[Job], world: World) -> None:
    """Raise what training would: hidden states or titles that are missing or do not fit."""
    for job in jobs:
        inputs = None if job.parts else world.encoder_input(job.recipe.model)
        if inputs is not None:
            build(job.recipe.model, inputs)


Work = Callable[[Job, World, str], None]
"""What is done for one job: it takes the job, the data and the device."""


def do_all(jobs: Sequence[Job], work: Work, world: World, device: str, at_once: int) -> None:
    """Do the work of each job, several at once in processes of one thread each."""
    if at_once == 1 or len(jobs) < 2:
        with one_thread():
            for job in jobs:
                work(job, world, device)
        return
    with side_by_side(at_once) as pool:
        places = (world.data, world.store, device)
        running = [pool.submit(_in_process, work, job, *places) for job in jobs]
        for ended in as_completed(running):
            # The others would train on for minutes before a failure is told.
            if ended.exception():
                pool.shutdown(wait=False, cancel_futures=True)
            ended.result()


def _in_process(work: Work, job: Job, data: Path, store: Path, device: str) -> None:
    torch.set_num_threads(1)
    work(job, open_world(data, store), device)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: two add gradients up in any order, and gain little here."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train_system(
    job: Job, world: World, device: str, made_with: dict, save_every: int = 0, bar: bool = False
) -> Trained:
    """Train one system and store it in its folder; where its training was interrupted it goes on.

    Every process that a launcher started calls this alike; the main one writes. `made_with` is what
    a checkpoint has to agree on, see Checkpoint; with `save_every` it is written after that many
    steps too. Raises TrainingError that names the system where its loss is no number.
    """
    recipe = job.recipe
    title = title_of(recipe)

    def report(line: dict) -> None:
        figures = [f"{key} {value:.4g}" for key, value in line.items()]
        say(f"{title}: {' '.join(figures)}")

    try:
        trained = train(
            recipe.model,
            recipe.training,
            world.split_at(recipe.max_length),
            world.features.to(processes(device).device),
            report,
            checkpoint=Checkpoint(job.folder, made_with, save_every),
            progress=title if bar else "",
            encoder_input=world.encoder_input(recipe.model),
        )
    except FloatingPointError as error:
        raise TrainingError(f"{title}: {error}") from error
    if is_main():
        save_system(job.folder, recipe, trained)
    return trained


def blend_of(job: Job, world: World, device: str) -> Guided:
    """Return the blend of a trained base, and for MealRec a walk; its weights are 0."""
    base, *walk = (load_prepared(part.folder, world, device) for part in job.parts)
    sequences = world.split_at(base.config.max_length).train
    return blended(base, walk[0] if walk else None, sequences, world.features.to(device))


def choose_blend(job: Job, world: World, device: str) -> tuple[Guided, dict[str, float]]:
    """Return the blend with its weights chosen, and what `choose` tells of them."""
    model = blend_of(job, world, device)
    split = world.split_at(job.recipe.max_length)
    return model, choose(model, split, world.features.to(device))
