"""What systems are trained and measured on: a catalogue, its split, its features."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from mealrec.baselines.base import HIDDEN_STATES, TITLES, needs
from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.data.interactions import Split, leave_one_out
from mealrec.errors import DataFormatError
from mealrec.features.hidden import HiddenStates
from mealrec.features.store import FeatureStore, check_items
from mealrec.features.tensors import Normalisation, item_features
from mealrec.features.titles import Titles
from mealrec.training.checkpoint import write_tensors
from mealrec.types import ItemFeatures

NORMALISATION = "normalisation.safetensors"


@dataclass(frozen=True)
class World:
    """A catalogue with its split and its features, from the folders `data` and `store`.

    `times_s` [N+1, K]: the second of its clip at which each frame is seen. What a bundle holds has
    no `store`, and nothing that is read from there.
    """

    catalogue: Catalogue
    split: Split
    features: ItemFeatures
    times_s: np.ndarray
    data: Path
    store: Path | None = None

    @property
    def rows(self) -> FeatureStore:
        """Return the feature store, its rows in the order of the catalogue's items."""
        return open_rows(self.store, self.catalogue.item_ids)

    @property
    def num_items(self) -> int:
        """Return N."""
        return len(self.catalogue.item_ids)

    @property
    def shape(self) -> dict[str, int]:
        """Return the model's dimensions that the data decide."""
        frames = self.features.frames
        return {
            "num_items": self.num_items,
            "visual_width": frames.shape[2],
            "text_width": self.features.text.shape[1],
            "num_frames": frames.shape[1],
        }

    @property
    def candidates(self) -> np.ndarray:
        """Return [N+1] bool: what is ranked, every item that training may see."""
        return self.features.has_id.cpu().numpy()

    @property
    def everything(self) -> np.ndarray:
        """Return [N+1] bool: all items but padding, held-out ones too."""
        return np.arange(len(self.features)) > 0

    def split_at(self, max_length: int) -> Split:
        """Return the split with histories cut to the last `max_length` items."""
        if self.split.test.histories.shape[1] == max_length:
            return self.split
        return leave_one_out(self.catalogue, max_length)

    def encoder_input(self, config: object) -> HiddenStates | Titles | None:
        """Return what the system of a configuration reads with the features."""
        needed = needs(config)
        if needed == HIDDEN_STATES:
            return self.hidden
        return self.titles if needed == TITLES else None

    @cached_property
    def hidden(self) -> HiddenStates:
        """Return the encoders' hidden states of the items; DataFormatError where there are none."""
        return HiddenStates.open(self.store).of(self.catalogue.item_ids)

    @cached_property
    def titles(self) -> Titles:
        """Return the titles with the text encoder of the features; raises what Titles.open does."""
        texts = [self.catalogue.titles[item] for item in self.catalogue.item_ids]
        return Titles.open(self.rows, texts, fitted_normalisation(self))

    @cached_property
    def digest(self) -> str:
        """Return a checksum that changes with every click and every feature."""
        catalogue = self.catalogue
        clicks = list(catalogue.histories.items())
        words = json.dumps([catalogue.item_ids, sorted(catalogue.held_out), clicks])
        digest = hashlib.sha256(words.encode())
        rows = self.rows
        for name in ("frames", "global_visual", "text", "has_visual", "has_text"):
            digest.update(np.ascontiguousarray(getattr(rows, name)).data)
        return digest.hexdigest()


@lru_cache(maxsize=2)
def open_world(
    data: Path, store: Path, *, normalisation: Path | None = None, exact: bool = False
) -> World:
    """Open a catalogue folder with its feature store.

    `normalisation` is a run's file; without one the statistics are taken of the trainable items.
    `exact` asks for a store of these very items; else it may hold more, in any order. Raises
    DataFormatError where an item is missing.
    """
    catalogue = read_catalogue(data)
    if exact:
        check_items(FeatureStore.open(store), catalogue.item_ids, store, data)
    rows = open_rows(store, catalogue.item_ids)

    # Normalise as the run did, or by what training may see.
    trainable = catalogue.trainable
    if normalisation is None:
        fitted = Normalisation.fit(rows, trainable)
    else:
        fitted = load_normalisation(normalisation)
    features = item_features(rows, fitted, trainable)

    # Row 0 is padding here too.
    times_s = np.concatenate([np.zeros_like(rows.times_s[:1]), rows.times_s])
    return World(catalogue, leave_one_out(catalogue), features, times_s, data, store)


def open_rows(path: Path, item_ids: tuple[str, ...]) -> FeatureStore:
    """Open a store, its rows in the order of `item_ids`; DataFormatError where one is missing."""
    store = FeatureStore.open(path)
    if store.item_ids == item_ids:
        return store
    places = {item: number for number, item in enumerate(store.item_ids)}
    missing = [item for item in item_ids if item not in places]
    if missing:
        raise DataFormatError(
            f"{path} lacks {len(missing)} of {len(item_ids)} items, {missing[0]} first: "
            "extract the features of this catalogue"
        )
    rows = np.array([places[item] for item in item_ids])
    arrays = {
        name: value[rows] for name, value in vars(store).items() if isinstance(value, np.ndarray)
    }
    return replace(store, item_ids=item_ids, **arrays)


def fitted_normalisation(world: World) -> Normalisation:
    """Return the statistics of the features of a world's trainable items."""
    return Normalisation.fit(world.rows, world.catalogue.trainable)


def save_normalisation(path: Path, normalisation: Normalisation) -> None:
    """Write the statistics that a run's features were normalised with."""
    write_tensors(path, dict(vars(normalisation)))


def load_normalisation(path: Path) -> Normalisation:
    """Read the statistics that a run's features were normalised with."""
    return Normalisation(**load_file(path))
