"""What systems are evaluated on: a catalogue, its split, its features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.data.interactions import Split, leave_one_out
from mealrec.features.store import FeatureStore, check_items
from mealrec.features.tensors import item_features
from mealrec.training.run import load_normalisation
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class Setting:
    """What every system of a report is evaluated on."""

    catalogue: Catalogue
    split: Split
    features: ItemFeatures
    times_s: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Return [N+1] bool: items that training saw, the candidates of the main table."""
        return self.features.has_id.numpy()

    @property
    def everything(self) -> np.ndarray:
        """Return [N+1] bool: all items but padding, held-out ones too."""
        return np.arange(len(self.features)) > 0


def open_setting(data: Path, features_path: Path, run: Path, max_length: int = 10) -> Setting:
    """Read a catalogue, its features and a run's normalisation."""
    catalogue, store = read_catalogue(data), FeatureStore.open(features_path)
    check_items(store, catalogue.item_ids, features_path, data)
    seen = catalogue.trainable
    features = item_features(store, load_normalisation(run / "normalisation.safetensors"), seen)
    times = np.concatenate([np.zeros_like(store.times_s[:1]), store.times_s])
    return Setting(catalogue, leave_one_out(catalogue, max_length), features, times)
