"""What is trained and measured on: features in the catalogue's order, histories of any length, a checksum."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.features.store import FeatureStore, StoreLayout
from mealrec.training.world import (
    fitted_normalisation,
    load_normalisation,
    open_world,
    save_normalisation,
)
from tests.features.tiny_store import write_store
from tests.training.tiny_world import FRAMES, NUM_ITEMS, write_world


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """Return the tiny world's catalogue and feature store."""
    return write_world(tmp_path_factory.mktemp("tiny"))


def copy_store(store: FeatureStore, order: np.ndarray, path) -> None:
    layout = StoreLayout(tuple(store.item_ids[i] for i in order), 8, 6, 3, 1.0, {})
    arrays = {name: np.asarray(getattr(store, name))[order] for name in ("frames", "text", "times_s")}
    seen = {name: np.asarray(getattr(store, name))[order] for name in ("has_visual", "has_text")}
    write_store(path, layout, **arrays, **seen)


def test_a_store_in_another_order_gives_the_same_features(folders, tmp_path):
    store = FeatureStore.open(folders[1])
    copy_store(store, np.random.default_rng(0).permutation(NUM_ITEMS), tmp_path / "mixed")
    world, mixed = open_world(*folders), open_world(folders[0], tmp_path / "mixed")
    for name, tensor in vars(world.features).items():
        torch.testing.assert_close(getattr(mixed.features, name), tensor)
    assert mixed.digest == world.digest


def test_a_store_that_lacks_an_item_is_named(folders, tmp_path):
    copy_store(FeatureStore.open(folders[1]), np.arange(5, NUM_ITEMS), tmp_path / "short")
    with pytest.raises(DataFormatError, match="lacks 5 of 27 items, i1 first"):
        open_world(folders[0], tmp_path / "short")


def test_the_digest_tells_clicks_apart(folders, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folders[0], other)
    pairs = (other / "pairs.tsv").read_text().splitlines()
    (other / "pairs.tsv").write_text("\n".join(pairs[:-1]) + "\n")
    assert open_world(other, folders[1]).digest != open_world(*folders).digest


def test_a_store_of_more_items_is_taken_unless_these_very_ones_are_asked_for(folders, tmp_path):
    mixed = tmp_path / "mixed"
    copy_store(FeatureStore.open(folders[1]), np.arange(NUM_ITEMS)[::-1], mixed)
    assert open_world(folders[0], mixed).num_items == NUM_ITEMS
    with pytest.raises(DataFormatError, match="the same in another order"):
        open_world(folders[0], mixed, exact=True)


def test_histories_are_cut_to_the_length_that_a_system_reads(folders):
    world = open_world(*folders)
    assert world.split_at(10) is world.split
    short = world.split_at(3)
    assert short.test.histories.shape[1] == 3 and short.test.users == world.split.test.users
    np.testing.assert_array_equal(short.test.targets, world.split.test.targets)


def test_times_have_a_row_of_padding_as_the_features_have(folders):
    world = open_world(*folders)
    assert world.times_s.shape == (NUM_ITEMS + 1, FRAMES) == world.features.frames.shape[:2]
    assert not world.times_s[0].any() and world.times_s[1].tolist() == list(range(FRAMES))


def test_a_runs_own_normalisation_gives_the_features_that_it_trained_on(folders, tmp_path):
    world = open_world(*folders)
    file = tmp_path / "normalisation.safetensors"
    save_normalisation(file, fitted_normalisation(world))
    again = open_world(*folders, normalisation=file)
    assert torch.equal(again.features.frames, world.features.frames)
    fitted = load_normalisation(file)
    other_file = tmp_path / "other.safetensors"
    save_normalisation(other_file, replace(fitted, text_std=2 * fitted.text_std))
    other = open_world(*folders, normalisation=other_file)
    torch.testing.assert_close(2 * other.features.text[1:], world.features.text[1:])
