"""What is trained on: any folder that is given, its features in the catalogue's order, a stand-in named as such."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mealrec.errors import DataFormatError
from mealrec.study.source import (
    Source,
    about_world,
    features_in_words,
    find_source,
    make_hidden,
    make_world,
)
from mealrec.training.world import open_world
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


def test_a_catalogue_is_used_as_it_is(folders):
    source = find_source(folders[0], None, None)
    assert source == Source("data", folders[0], "")
    world = open_world(*folders)
    assert world.num_items == NUM_ITEMS and world.shape["num_frames"] == 3
    held_out = world.catalogue.index[HELD_OUT]
    assert not world.candidates[[0, held_out]].any() and world.candidates.sum() == NUM_ITEMS - 1


def test_official_files_are_prepared_and_encoded_once(official, tmp_path):
    source = find_source(official, None, "full")
    assert source == Source("microlens-50k", official, "full") and source.name == "microlens-50k-full"
    work = tmp_path / "work"
    world = make_world(source, work, None, "cpu")
    about = about_world(world)
    assert about["dataset"] == "microlens-50k" and about["slice"] == "full"
    assert "title-segments, a stand-in for frames: no pixels were seen" in about["features"]
    counts = np.unique([item for history in world.catalogue.histories.values() for item in history], return_counts=True)
    assert counts[1].min() >= 4
    written = {path: path.stat().st_mtime_ns for path in (work / "data").iterdir()}
    again = make_world(source, work, None, "cpu")
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
