"""A small world with a planted truth: clips of a few motifs, simulated viewers, and a model that tells motifs apart."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out
from mealrec.evaluation.faithfulness import Subject
from mealrec.models.config import MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.progress import Progress
from mealrec.sample.viewers import simulate_viewers
from mealrec.training.world import World
from mealrec.types import ItemFeatures

MOTIFS, CLIPS, FRAMES, VISUAL, TEXT = 6, 36, 4, 12, 3
HELD_OUT = "c5"


def clips() -> list[SimpleNamespace]:
    """Return clips of two motifs each, one for the first frames and one for the others."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(CLIPS):
        pair = rng.choice(MOTIFS, 2, replace=False)
        shots = [SimpleNamespace(motif=f"m{motif}", start_s=2.0 * place) for place, motif in enumerate(pair)]
        found.append(SimpleNamespace(item_id=f"c{number}", shots=shots))
    return found


def write_planted_world(folder: Path) -> World:
    """Write the truth under `folder` and return the world that it belongs to; frame k is seen at k seconds."""
    every = clips()
    viewers = simulate_viewers(every, [HELD_OUT], 240, np.random.default_rng(1))
    (folder / "truth").mkdir(parents=True)
    (folder / "truth" / "viewers.json").write_text(json.dumps(viewers.truth))
    told = {clip.item_id: {"shots": [vars(shot) for shot in clip.shots]} for clip in every}
    (folder / "truth" / "clips.json").write_text(json.dumps(told))
    item_ids = tuple(clip.item_id for clip in every)
    histories = {user: tuple(watched) for user, watched in viewers.pairs.items()}
    catalogue = Catalogue(item_ids, dict.fromkeys(item_ids, "a clip"), {}, frozenset({HELD_OUT}), histories)
    times = np.vstack([np.zeros(FRAMES), np.tile(np.arange(FRAMES, dtype=float), (CLIPS, 1))])
    return World(catalogue, leave_one_out(catalogue), _features(every, catalogue), times, folder)


def planted_model(world: World, variant: str = "full", **changes) -> MealRec:
    """Return an untrained model whose kinds are found: what it reads of histories says something all the same."""
    shape = {"num_items": CLIPS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}
    config = MealRecConfig(**shape, num_kinds=MOTIFS, looks=2 * MOTIFS, num_steps=3, variant=variant, **changes)
    torch.manual_seed(0)
    model = MealRec(config)
    model.table.kind_space.fit(world.features, world.split.train, config.looks)
    return model.requires_grad_(False).eval()


def planted_subject(world: World, count: int = 12, variant: str = "full") -> Subject:
    """Return a model under test."""
    return Subject(world, planted_model(world, variant), count, Progress())


def _features(every: list[SimpleNamespace], catalogue: Catalogue) -> ItemFeatures:
    generator = torch.Generator().manual_seed(2)
    centres = torch.randn(MOTIFS, VISUAL, generator=generator)
    shown = torch.tensor(
        [[int(clip.shots[frame // 2].motif[1:]) for frame in range(FRAMES)] for clip in every], dtype=torch.long
    )
    frames = centres[shown] + 0.2 * torch.randn(CLIPS, FRAMES, VISUAL, generator=generator)
    frames = torch.cat([torch.zeros(1, FRAMES, VISUAL), frames])
    known = torch.arange(CLIPS + 1) > 0
    has_id = torch.cat([torch.tensor([False]), torch.from_numpy(catalogue.trainable)])
    return ItemFeatures(frames.mean(1), frames, torch.zeros(CLIPS + 1, TEXT), known, known, has_id)
