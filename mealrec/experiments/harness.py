"""From recipes to ranks: train what is not trained yet, several at once, and keep every user's rank on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from mealrec.baselines.base import needs_hidden
from mealrec.errors import TrainingError
from mealrec.evaluation.ranking import Ranks, model_scorer, rank_rows
from mealrec.experiments.provenance import CODE
from mealrec.experiments.systems import FIRST_STATE, OURS, SYSTEMS
from mealrec.experiments.world import Source, World, make_hidden, make_world, open_world
from mealrec.training.checkpoint import Checkpoint
from mealrec.training.forms import System, build
from mealrec.training.processes import end_with_the_parent
from mealrec.training.recipes import Recipe, microlens, override
from mealrec.training.run import load_system, save_system, write_json
from mealrec.training.trainer import train

MADE = "made.json"
ENDS = {"walk": "ranks.npz", "start": "ranks_of_x0.npz"}


@dataclass(frozen=True)
class Job:
    """One model to train: its recipe, and a folder that only this very recipe on this very data names."""

    recipe: Recipe
    folder: Path

    @property
    def done(self) -> bool:
        """Say whether the model is trained and its ranks are kept: they are written last."""
        return (self.folder / ENDS["walk"]).is_file()


@dataclass(frozen=True)
class Study:
    """One set of data, and how the systems on it are trained.

    `settings` change every recipe ("training.seed=1"), then `tuned` those of the systems that it names.
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
        return make_world(self.source, self.work, self.features, self.device)

    def recipe(self, name: str, seed: int, *settings: str) -> Recipe:
        """Return a system's recipe with the study's settings, its tuned ones, then these, in force."""
        known = {recipe.name: recipe for recipe in microlens(self.world.shape, seed)}
        recipe = known[name]
        for setting in (*self.settings, *self.tuned.get(name, ()), *settings):
            recipe = override(recipe, setting)
        return recipe

    def job(self, recipe: Recipe) -> Job:
        """Return a recipe's job; any change of the recipe or the data names another folder."""
        whole = json.dumps([asdict(recipe), self.world.digest], sort_keys=True)
        key = hashlib.sha256(whole.encode()).hexdigest()[:12]
        return Job(recipe, self.work / "systems" / f"{recipe.name}-seed{recipe.training.seed}-{key}")

    def train(self, recipes: Sequence[Recipe]) -> list[Job]:
        """Train what is missing; return all jobs, in order. What a killed run had finished is kept, to the epoch."""
        jobs = [self.job(recipe) for recipe in recipes]
        todo = [job for job in {job.folder: job for job in jobs}.values() if not job.done]
        self._have_inputs([job.recipe for job in todo])
        if self.jobs == 1 or len(todo) < 2:
            with one_thread():
                for job in todo:
                    train_job(job, self.world, self.device)
        else:
            self._train_side_by_side(todo)
        return jobs

    def _have_inputs(self, recipes: Sequence[Recipe]) -> None:
        """Write the hidden states where they are needed; raise before the first training what would raise later.

        Given features may come without hidden states, or with encoders that a system does not fit.
        """
        if self.features is None and any(needs_hidden(recipe.model) for recipe in recipes):
            make_hidden(self.world, self.device)
        for recipe in recipes:
            if beside := self.world.beside(recipe.model):
                build(recipe.model, beside)

    def _train_side_by_side(self, todo: list[Job]) -> None:
        with ProcessPoolExecutor(self.jobs, get_context("spawn"), end_with_the_parent) as pool:
            place = (self.world.data, self.world.store, self.device)
            for trained in as_completed([pool.submit(_train_in_process, job, *place) for job in todo]):
                if trained.exception():  # the others would train on for minutes before it is told
                    pool.shutdown(wait=False, cancel_futures=True)
                trained.result()

    def ranks(self, names: Sequence[str]) -> dict[str, list[Ranks]]:
        """Return {row of the table: test ranks, one a seed}, trained where needed; MealRec's x_0 is a row too."""
        trained = [name for name in names if SYSTEMS[name].scorer is None]
        recipes = [self.recipe(name, seed) for seed in range(self.seeds) for name in trained]
        jobs = self.train(recipes)
        rows: dict[str, list[Ranks]] = {}
        for name in names:
            if scorer := SYSTEMS[name].scorer:
                rows[name] = [rank_rows(scorer(self.world), self.world.split.test, self.world.candidates)]
                continue
            own = [job for job in jobs if job.recipe.name == name]
            rows[name] = [read_ranks(job.folder) for job in own]
            if name == OURS:
                rows[FIRST_STATE] = [read_ranks(job.folder, "start") for job in own]
        return rows

    def trainings(self, names: Sequence[str]) -> dict[str, list[dict]]:
        """Return {system: how each seed's training went}."""
        trained = [name for name in names if SYSTEMS[name].scorer is None]
        return {name: [made(self.job(self.recipe(name, seed))) for seed in range(self.seeds)] for name in trained}


def read_ranks(folder: Path, ends_at: str = "walk") -> Ranks:
    """Return what `write_ranks` has kept."""
    with np.load(folder / ENDS[ends_at]) as arrays:
        return Ranks(arrays["unmasked"], arrays["masked"], float(arrays["history_share"]))


def write_ranks(folder: Path, ranks: Ranks, ends_at: str = "walk") -> None:
    """Keep every user's rank, in the order of the split's test rows, all of it or nothing."""
    temporary = folder / f".{ENDS[ends_at]}"
    np.savez_compressed(temporary, **vars(ranks))
    os.replace(temporary, folder / ENDS[ends_at])


def made(job: Job) -> dict:
    """Return how a job's training went, and whether the code has changed since."""
    record = json.loads((job.folder / MADE).read_text())
    return record | {"code_has_changed": record["code"] != CODE, "folder": job.folder.name}


def load(job: Job, device: str) -> System:
    """Return a job's trained model; see load_system."""
    return load_system(job.folder).to(device)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: two would add gradients up in any order, and gain little at this width."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train_in_process(job: Job, data: Path, store: Path, device: str) -> None:
    torch.set_num_threads(1)
    train_job(job, open_world(data, store), device)


def train_job(job: Job, world: World, device: str) -> None:
    """Train one model, rank the test rows by it, and keep all of it."""
    recipe, features = job.recipe, world.features.to(device)
    title = f"{recipe.name}, seed {recipe.training.seed}"
    hidden = world.beside(recipe.model)

    def report(line: dict) -> None:
        figures = " ".join(f"{key} {value:.4g}" for key, value in line.items() if isinstance(value, (int, float)))
        print(f"{title}: {figures}", flush=True)

    if not (job.folder / MADE).is_file():
        try:
            checkpoint = Checkpoint(job.folder, {"key": job.folder.name, "code": CODE})
            trained = train(recipe.model, recipe.training, world.split, features, report, checkpoint, "", hidden)
        except FloatingPointError as error:
            raise TrainingError(f"{title}: {error}") from error
        save_system(job.folder, recipe, trained)
        kept = trained.log[trained.epoch - 1]
        summary = {"epoch": trained.epoch, "epochs": len(trained.log), "validation_N@10": kept["N@10"]}
        summary |= {"seconds": round(trained.seconds, 1), "device": device, "code": CODE}
        write_json(job.folder / MADE, summary | {"recipe": asdict(recipe), "data": world.digest})
        print(f"{title}: kept epoch {trained.epoch}, validation N@10 {kept['N@10']:.4f}, {trained.seconds:.0f} s")
    model = load(job, device)
    model.prepare(world.split.train, features, hidden)
    for ends_at in sorted(model.ends, key=lambda end: end == "walk"):  # the walk's last: they say that a job is done
        scorer = model_scorer(model, features, **({} if ends_at == "walk" else {"ends_at": ends_at}))
        write_ranks(job.folder, rank_rows(scorer, world.split.test, world.candidates), ends_at)
