"""From recipes to ranks: train what is not trained yet, several at once, and keep every user's
rank on disk."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from mealrec.baselines.base import needs_hidden
from mealrec.errors import TrainingError
from mealrec.models.published.guided import Guided
from mealrec.models.published.walk import KindWalk
from mealrec.ranking.ranks import Ranks, model_scorer, rank_rows
from mealrec.study.provenance import CODE
from mealrec.study.systems import FIRST_STATE, OURS, SYSTEMS
from mealrec.study.world import Source, World, make_hidden, make_world, open_world
from mealrec.training.blending import blended, choose
from mealrec.training.checkpoint import STATE, Checkpoint
from mealrec.training.forms import System, build
from mealrec.training.processes import side_by_side
from mealrec.training.recipes import Blend, Recipe, has, microlens, override
from mealrec.training.run import load_system, save_system, write_json
from mealrec.training.trainer import train
from mealrec.types import ItemFeatures

MADE = "made.json"
ENDS = {"walk": "ranks.npz", "start": "ranks_of_x0.npz"}


@dataclass(frozen=True)
class Job:
    """One model to train: its recipe, and a folder that only this very recipe on this very data
    names.

    `parts` are the jobs of what a blend is made of.
    """

    recipe: Recipe | Blend
    folder: Path
    parts: tuple[Job, ...] = ()

    @property
    def done(self) -> bool:
        """Say whether the model is trained and its ranks are kept: they are written last."""
        return (self.folder / ENDS["walk"]).is_file()


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
        if line := world.catalogue.told(world.data):
            print(line, flush=True)
        return world

    def recipe(self, name: str, seed: int, *settings: str) -> Recipe | Blend:
        """Return a system's recipe with the study's settings, its tuned ones, then these, in
        force."""
        known = {recipe.name: recipe for recipe in microlens(self.world.shape, seed)}
        recipe = known[name]
        if isinstance(recipe, Blend):
            tuned = {
                part: self._tuned(known[getattr(recipe, part).name], known) for part in recipe.named
            }
            recipe = replace(recipe, **tuned)
        else:
            recipe = self._tuned(recipe, known)
        for setting in settings:
            recipe = override(recipe, setting)
        return recipe

    def _tuned(self, recipe: Recipe, known: Mapping[str, Recipe | Blend]) -> Recipe:
        """Return a recipe with the study's settings, those left out that only others of the
        `known` have."""
        for setting in (*self.settings, *self.tuned.get(recipe.name, ())):
            if has(recipe, setting) or not any(has(other, setting) for other in known.values()):
                recipe = override(recipe, setting)
        return recipe

    def job(self, recipe: Recipe | Blend) -> Job:
        """Return a recipe's job; any change of the recipe or the data names another folder."""
        whole = json.dumps([asdict(recipe), self.world.digest], sort_keys=True)
        key = hashlib.sha256(whole.encode()).hexdigest()[:12]
        parts = tuple(self.job(part) for part in recipe.parts) if isinstance(recipe, Blend) else ()
        return Job(recipe, self.work / "systems" / f"{recipe.name}-seed{recipe.seed}-{key}", parts)

    def train(self, recipes: Sequence[Recipe | Blend]) -> list[Job]:
        """Train what is missing; return all jobs, in order. What a killed run had finished is
        kept, to the epoch."""
        jobs = [self.job(recipe) for recipe in recipes]
        self._finish([part for job in jobs for part in job.parts])  # before what is made of them
        self._finish(jobs)
        return jobs

    def _finish(self, jobs: Sequence[Job]) -> None:
        todo = [job for job in {job.folder: job for job in jobs}.values() if not job.done]
        if jobs:
            begun = [job.recipe.name for job in todo if (job.folder / STATE).exists()]
            words = (
                f"{len(todo)} of {len(jobs)} systems to train"
                if todo
                else f"all {len(jobs)} are trained already"
            )
            print(
                f"{self.work}: {words}{', going on with ' * bool(begun)}{', '.join(begun)}",
                flush=True,
            )
        self._have_inputs([job.recipe for job in todo if not job.parts])
        if self.jobs == 1 or len(todo) < 2:
            with one_thread():
                for job in todo:
                    train_job(job, self.world, self.device)
        else:
            self._train_side_by_side(todo)

    def _have_inputs(self, recipes: Sequence[Recipe]) -> None:
        """Write the hidden states where they are needed; raise before the first training what would
        raise later.

        Given features may come without hidden states, or with encoders that a system does not fit.
        """
        if self.features is None and any(needs_hidden(recipe.model) for recipe in recipes):
            make_hidden(self.world, self.device)
        for recipe in recipes:
            if beside := self.world.beside(recipe.model):
                build(recipe.model, beside)

    def _train_side_by_side(self, todo: list[Job]) -> None:
        with side_by_side(self.jobs) as pool:
            place = (self.world.data, self.world.store, self.device)
            for trained in as_completed(
                [pool.submit(_train_in_process, job, *place) for job in todo]
            ):
                if trained.exception():  # the others would train on for minutes before it is told
                    pool.shutdown(wait=False, cancel_futures=True)
                trained.result()

    def ranks(self, names: Sequence[str]) -> dict[str, list[Ranks]]:
        """Return {row of the table: test ranks, one a seed}, trained where needed; MealRec's x_0
        is a row too."""
        trained = [name for name in names if SYSTEMS[name].scorer is None]
        recipes = [self.recipe(name, seed) for seed in range(self.seeds) for name in trained]
        jobs = self.train(recipes)
        rows: dict[str, list[Ranks]] = {}
        for name in names:
            if scorer := SYSTEMS[name].scorer:
                rows[name] = [
                    rank_rows(scorer(self.world), self.world.split.test, self.world.candidates)
                ]
                continue
            own = [job for job in jobs if job.recipe.name == name]
            rows[name] = [read_ranks(job.folder) for job in own]
            if name == OURS:
                rows[FIRST_STATE] = [read_ranks(job.folder, "start") for job in own]
        return rows

    def trainings(self, names: Sequence[str]) -> dict[str, list[dict]]:
        """Return {system: how each seed's training went}."""
        trained = [name for name in names if SYSTEMS[name].scorer is None]
        return {
            name: [made(self.job(self.recipe(name, seed))) for seed in range(self.seeds)]
            for name in trained
        }


def read_ranks(folder: Path, ends_at: str = "walk") -> Ranks:
    """Return what `write_ranks` has kept; a file from before lists were kept has none."""
    with np.load(folder / ENDS[ends_at]) as arrays:
        return Ranks(
            arrays["unmasked"], arrays["masked"], float(arrays["history_share"]), arrays.get("top")
        )


def write_ranks(folder: Path, ranks: Ranks, ends_at: str = "walk") -> None:
    """Keep every user's rank and list, in the order of the split's test rows, all of it or
    nothing."""
    temporary = folder / f".{ENDS[ends_at]}"
    np.savez_compressed(
        temporary, **{name: part for name, part in vars(ranks).items() if part is not None}
    )
    os.replace(temporary, folder / ENDS[ends_at])


def made(job: Job) -> dict:
    """Return how a job's training went, and whether the code has changed since."""
    record = json.loads((job.folder / MADE).read_text())
    return record | {"code_has_changed": record["code"] != CODE, "folder": job.folder.name}


def load(job: Job, world: World, device: str) -> System | Guided:
    """Return a job's trained model, ready to rank; a blend is put together from its parts."""
    features = world.features.to(device)
    if not job.parts:
        model = load_system(job.folder).to(device)
        model.prepare(world.split.train, features, world.beside(job.recipe.model))
        return model
    model = blended(*_halves(job, world, device), world.split.train, features)
    for name in model.names:
        getattr(model, name).fill_(made(job)["weights"][name])
    return model


def _halves(job: Job, world: World, device: str) -> tuple[System, KindWalk | None]:
    base, *walk = (load(part, world, device) for part in job.parts)
    return base, walk[0] if walk else None


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: two would add gradients up in any order, and gain little at this
    width."""
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
    """Train one model, or choose a blend's weights; rank the test rows by it, and keep all of
    it."""
    features = world.features.to(device)
    title = f"{job.recipe.name}, seed {job.recipe.seed}"
    if not (job.folder / MADE).is_file():
        record = _blend(job, world, device) if job.parts else _train(job, world, features, title)
        write_json(job.folder / MADE, record | {"recipe": asdict(job.recipe), "data": world.digest})
        print(
            f"{title}: validation N@10 {record['validation_N@10']:.4f}, {record['seconds']:.0f} s",
            flush=True,
        )
    model = load(job, world, device)
    # the walk's last: they say that a job is done
    for ends_at in sorted(model.ends, key=lambda end: end == "walk"):
        scorer = model_scorer(
            model, features, **({} if ends_at == "walk" else {"ends_at": ends_at})
        )
        write_ranks(job.folder, rank_rows(scorer, world.split.test, world.candidates), ends_at)


def _train(job: Job, world: World, features: ItemFeatures, title: str) -> dict:
    recipe, hidden = job.recipe, world.beside(job.recipe.model)

    def report(line: dict) -> None:
        figures = " ".join(
            f"{key} {value:.4g}" for key, value in line.items() if isinstance(value, (int, float))
        )
        print(f"{title}: {figures}", flush=True)

    try:
        checkpoint = Checkpoint(job.folder, {"key": job.folder.name, "code": CODE})
        trained = train(
            recipe.model, recipe.training, world.split, features, report, checkpoint, "", hidden
        )
    except FloatingPointError as error:
        raise TrainingError(f"{title}: {error}") from error
    save_system(job.folder, recipe, trained)
    kept = trained.log[trained.epoch - 1]
    return {
        "epoch": trained.epoch,
        "epochs": len(trained.log),
        "validation_N@10": kept["N@10"],
        "seconds": round(trained.seconds, 1),
        "device": features.text.device.type,
        "code": CODE,
    }


def _blend(job: Job, world: World, device: str) -> dict:
    """Choose a blend's weights; its seconds are those of its parts and of the choice."""
    began = time.perf_counter()
    model = blended(*_halves(job, world, device), world.split.train, world.features.to(device))
    chosen = choose(model, world.split, world.features.to(device))
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
        "code": CODE,
    }
