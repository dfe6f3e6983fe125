"""What is trained on: any folder that is given, its features in the catalogue's order, a stand-in named as such."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.features.store import FeatureStore, StoreLayout, write_store
from mealrec.study.world import Source, features_in_words, find_source, make_hidden, make_world, open_world
from tests.training.tiny_world import HELD_OUT, NUM_ITEMS, make_catalogue


@pytest.fixture
def official(tmp_path):
    """Return a folder in the form of the official files, its items titled with hashtags."""
    folder = tmp_path / "official"
    folder.mkdir()
    catalogue = make_catalogue()
    pairs = "".join(f"{user[1:]}\t{' '.join(item[1:] for item in w)}\n" for user, w in catalogue.histories.items())
    (folder / "MicroLens-50k_pairs.tsv").write_text(pairs)
    titles = "".join(f"{item[1:]},a clip #taste{(int(item[1:]) - 1) // 9}\n" for item in catalogue.item_ids)
    (folder / "MicroLens-50k_titles.csv").write_text("item,title\n" + titles)
    return folder


def copy_store(store: FeatureStore, order: np.ndarray, path) -> None:
    layout = StoreLayout(tuple(store.item_ids[i] for i in order), 8, 6, 3, 1.0, {})
    arrays = {name: np.asarray(getattr(store, name))[order] for name in ("frames", "text", "times_s")}
    seen = {name: np.asarray(getattr(store, name))[order] for name in ("has_visual", "has_text")}
    write_store(path, layout, **arrays, **seen)


def test_a_catalogue_is_used_as_it_is(folders):
    source = find_source(folders[0], None, None)
    assert source == Source("data", folders[0], "")
    world = open_world(*folders)
    assert world.num_items == NUM_ITEMS and world.shape["num_frames"] == 3
    held_out = world.catalogue.index[HELD_OUT]
    assert not world.candidates[[0, held_out]].any() and world.candidates.sum() == NUM_ITEMS - 1


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


def test_official_files_are_prepared_and_encoded_once(official, tmp_path):
    source = find_source(official, None, "full")
    assert source == Source("microlens-50k", official, "full") and source.name == "microlens-50k-full"
    work = tmp_path / "work"
    world = make_world(source, work, device="cpu")
    assert world.about["dataset"] == "microlens-50k" and world.about["slice"] == "full"
    assert "title-segments, a stand-in for frames: no pixels were seen" in world.about["features"]
    counts = np.unique([item for history in world.catalogue.histories.values() for item in history], return_counts=True)
    assert counts[1].min() >= 4
    written = {path: path.stat().st_mtime_ns for path in (work / "data").iterdir()}
    again = make_world(source, work, device="cpu")
    assert {path: path.stat().st_mtime_ns for path in (work / "data").iterdir()} == written
    assert again.digest == world.digest
    assert find_source(work / "data", None, None).slice == ""
    make_hidden(world, "cpu")
    assert world.hidden.shape == {"visual_layers": 6, "visual_width": 384, "text_layers": 6, "text_width": 384}
    assert world.hidden.item_ids == world.catalogue.item_ids and world.hidden.visual.any((1, 2)).all()


@pytest.mark.parametrize(
    ("dataset", "slice", "named"),
    [(None, "small", "is prepared already as tiny full"), ("microlens-100k", None, "microlens-100k full is asked for")],
)
def test_a_prepared_folder_is_not_sliced_again(tmp_path, dataset, slice, named):
    (tmp_path / "prepared.json").write_text(json.dumps({"dataset": "tiny", "slice": "full"}))
    with pytest.raises(DataFormatError, match=named):
        find_source(tmp_path, dataset, slice)


def test_a_folder_of_neither_kind_is_named(tmp_path):
    with pytest.raises(DataFormatError, match="holds neither a catalogue"):
        find_source(tmp_path, None, None)


def test_frames_are_called_what_they_are():
    manifest = {"frames": "clips", "encoders": {"video": {"name": "videomae"}, "text": {"name": "bert"}}}
    assert features_in_words(manifest) == "frames of the clips; video encoder videomae, text encoder bert"
    for frames in ("title-segments", "global-visual"):
        words = features_in_words(manifest | {"frames": frames, "num_frames": 5})
        assert words.startswith(f"{frames}, a stand-in for frames") and words.endswith("text encoder bert")
