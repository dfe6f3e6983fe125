"""Features on disk: what is written is what is opened, and what does not fit is named."""

import json

import numpy as np
import pytest

from mealrec.errors import DataFormatError
from mealrec.features.store import (
    MANIFEST,
    FeatureStore,
    StoreLayout,
    create_arrays,
    is_complete,
    open_arrays,
)
from tests.features.tiny_store import write_store

ENCODERS = {"video": {"name": "v", "sha256": "0"}, "text": {"name": "t", "sha256": "1"}}


@pytest.fixture
def layout() -> StoreLayout:
    return StoreLayout(("a", "b", "c"), visual_width=4, text_width=6, num_frames=5, interval_s=1.0, encoders=ENCODERS)


@pytest.fixture
def arrays() -> dict:
    rng = np.random.default_rng(0)
    return {
        "frames": rng.normal(size=(3, 5, 4)).astype(np.float32),
        "text": rng.normal(size=(3, 6)).astype(np.float32),
        "times_s": rng.uniform(size=(3, 5)).astype(np.float32),
        "has_visual": np.array([True, False, True]),
        "has_text": np.array([True, True, False]),
    }


@pytest.fixture
def path(tmp_path, layout, arrays):
    write_store(tmp_path, layout, **arrays)
    return tmp_path


def test_round_trip(path, arrays):
    store = FeatureStore.open(path)
    assert store.item_ids == ("a", "b", "c")
    for name, value in arrays.items():
        assert np.array_equal(getattr(store, name), value)
    assert np.allclose(store.global_visual, arrays["frames"].mean(1))
    assert store.manifest["encoders"] == ENCODERS and store.manifest["interval_s"] == 1.0


def test_arrays_are_mapped_and_read_only(path):
    store = FeatureStore.open(path)
    assert isinstance(store.frames, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        store.frames[0] = 0


def test_no_store_at_all(tmp_path):
    with pytest.raises(DataFormatError, match="mealrec extract"):
        FeatureStore.open(tmp_path)


def test_an_unfinished_store(tmp_path, layout):
    create_arrays(tmp_path, layout)
    with pytest.raises(DataFormatError, match="not finished"):
        FeatureStore.open(tmp_path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"format_version": 99}, "format 99"), ({"visual_width": 5}, "global_visual.npy"), ({"item_ids": ["a"]}, "npy")],
)
def test_a_manifest_that_does_not_fit(path, changes, named):
    manifest = json.loads((path / MANIFEST).read_text())
    (path / MANIFEST).write_text(json.dumps({**manifest, **changes}))
    with pytest.raises(DataFormatError, match=named):
        FeatureStore.open(path)


def test_a_manifest_that_lacks_a_field(path):
    manifest = json.loads((path / MANIFEST).read_text())
    del manifest["num_frames"]
    (path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DataFormatError, match="lacks num_frames"):
        FeatureStore.open(path)


def test_a_missing_or_cut_array(path):
    (path / "text.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(DataFormatError, match="text.npy"):
        FeatureStore.open(path)
    (path / "text.npy").unlink()
    with pytest.raises(DataFormatError, match="text.npy"):
        FeatureStore.open(path)


def test_a_store_changed_after_it_was_finished_is_named(path, layout):
    assert is_complete(path)
    open_arrays(path, layout, mode="r+")["text"][1, 2] += 1
    with pytest.raises(DataFormatError, match="changed after it was finished .text."):
        is_complete(path)
