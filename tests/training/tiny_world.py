"""A tiny world in two tastes, small enough that a model learns it in seconds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from mealrec.data.catalogue import Catalogue
from mealrec.features.hidden import HiddenStates
from mealrec.features.store import StoreLayout
from mealrec.models.config import MealRecConfig
from mealrec.models.paper.config import NPDConfig, PaperConfig, TCDConfig
from mealrec.types import ItemFeatures
from tests.features.tiny_store import write_store

TASTES, PER_TASTE, FRAMES, VISUAL, TEXT = 3, 9, 3, 8, 6
NUM_ITEMS = TASTES * PER_TASTE
SHAPE = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}
HELD_OUT = "i7"


def make_catalogue(users: int = 200, seed: int = 0) -> Catalogue:
    """Every user keeps to one taste and walks along its circle of items; 1 click in 10 is an accident.

    As in MicroLens, nobody watches a clip twice.
    """
    rng = np.random.default_rng(seed)
    histories = {}
    for user in range(users):
        taste, place = rng.integers(TASTES), rng.integers(PER_TASTE)
        usual = [taste * PER_TASTE + (place + step) % PER_TASTE for step in range(rng.integers(5, 9))]
        watched = [rng.integers(NUM_ITEMS) if rng.random() < 0.1 else item for item in usual]
        histories[f"u{user}"] = tuple(f"i{item + 1}" for item in dict.fromkeys(watched))
    item_ids = tuple(f"i{item + 1}" for item in range(NUM_ITEMS))
    return Catalogue(item_ids, dict.fromkeys(item_ids, "a clip"), {}, frozenset({HELD_OUT}), histories)


def make_features(catalogue: Catalogue, seed: int = 0) -> ItemFeatures:
    """Items of one taste look alike."""
    generator = torch.Generator().manual_seed(seed)
    taste = torch.cat([torch.zeros(1, dtype=torch.long), torch.arange(NUM_ITEMS) // PER_TASTE])
    centres = torch.randn(TASTES, VISUAL, generator=generator)[taste]
    frames = centres[:, None] + 0.3 * torch.randn(NUM_ITEMS + 1, FRAMES, VISUAL, generator=generator)
    known = torch.arange(NUM_ITEMS + 1) > 0
    has_id = known & torch.tensor([item not in catalogue.held_out for item in ("", *catalogue.item_ids)])
    text = torch.randn(NUM_ITEMS + 1, TEXT, generator=generator)
    return ItemFeatures(frames.mean(1), frames, text, known, known, has_id)


def make_hidden(width: int = TEXT, layers: int = 4, seed: int = 0) -> HiddenStates:
    """Two encoders' states of the tiny world's items; items of one taste look alike from layer to layer."""
    rng = np.random.default_rng(seed)
    taste = np.arange(NUM_ITEMS) // PER_TASTE

    def states(depth: int, size: int) -> np.ndarray:
        noise = 0.3 * rng.normal(size=(NUM_ITEMS, depth + 1, size))
        return (rng.normal(size=(TASTES, depth + 1, size))[taste] + noise).astype(np.float16)

    item_ids = tuple(f"i{item + 1}" for item in range(NUM_ITEMS))
    return HiddenStates(item_ids, states(layers, width), states(4, TEXT), {})


def make_config(variant: str = "full", dropout: float = 0.0, **changes) -> PaperConfig:
    """Return a small configuration over the tiny world."""
    parts = {"tcd": TCDConfig(dropout=dropout), "npd": NPDConfig(dropout=dropout, token_dropout=dropout)}
    return PaperConfig(**{**SHAPE, "width": 32, **parts, "variant": variant, **changes})


def make_kinds_config(variant: str = "full", dropout: float = 0.0, **changes) -> MealRecConfig:
    """Return a small configuration of the form over kinds."""
    dropouts = dict.fromkeys(("id_dropout", "title_dropout", "backbone_dropout"), dropout)
    sizes = {"num_kinds": 2 * TASTES, "looks": 3 * TASTES, "num_steps": 4}
    return MealRecConfig(**{**SHAPE, **dropouts, **sizes, "variant": variant, **changes})


def without_seconds(log: Iterable[dict]) -> list[dict]:
    """Return a training's log without what differs from run to run."""
    return [{name: value for name, value in line.items() if name != "seconds"} for line in log]


def write_world(folder: Path) -> tuple[Path, Path]:
    """Write the tiny world as a catalogue and a feature store; return their folders. It has no planted truth."""
    catalogue, data = make_catalogue(), folder / "data"
    data.mkdir(parents=True)
    titles = "".join(f"{item},{title}\n" for item, title in catalogue.titles.items())
    pairs = "".join(f"{user}\t{' '.join(items)}\n" for user, items in catalogue.histories.items())
    (data / "titles.csv").write_text("item,title\n" + titles)
    (data / "pairs.tsv").write_text(pairs)
    (data / "held_out.txt").write_text("\n".join(catalogue.held_out))
    features, ones = make_features(catalogue), [True] * NUM_ITEMS
    write_store(
        folder / "features",
        StoreLayout(catalogue.item_ids, VISUAL, TEXT, FRAMES, 1.0, {}),
        frames=features.frames[1:].numpy(),
        text=features.text[1:].numpy(),
        times_s=np.tile(np.arange(FRAMES, dtype=np.float32), (NUM_ITEMS, 1)),
        has_visual=ones,
        has_text=ones,
    )
    return data, folder / "features"
