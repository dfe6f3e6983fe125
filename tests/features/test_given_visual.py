"""Visual features from a file stand where clips are missing, and what does not fit is named."""

import numpy as np
import pytest

from mealrec.errors import DataFormatError
from mealrec.features import items
from mealrec.features.extraction import GivenVisual, extract
from mealrec.features.items import ExtractConfig
from mealrec.features.store import CLIPS, GLOBAL_VISUAL, TITLE_SEGMENTS, FeatureStore
from tests.features.test_extract import LetterCounts

TITLES = {"7": "a bowl", "8": "", "9": "broken", "10": "no file"}


@pytest.fixture(autouse=True)
def no_bert(monkeypatch):
    monkeypatch.setattr(items.TextEncoder, "from_pretrained", lambda *_: LetterCounts())


@pytest.fixture
def official(tmp_path):
    path = tmp_path / "official.npy"
    np.save(path, np.random.default_rng(0).normal(size=(10, 64)).astype(np.float32))
    return path


def run(catalogue, encoder_path, out, frames, official) -> FeatureStore:
    config = ExtractConfig(frames, encoder=str(encoder_path), device="cpu")
    return extract(TITLES, catalogue, out, config, global_visual=official)


def test_items_without_a_clip_take_the_files_row(catalogue, encoder_path, tmp_path, official):
    store = run(catalogue, encoder_path, tmp_path / "out", CLIPS, official)
    rows = np.load(official)
    assert store.has_visual.all() and store.has_frames.tolist() == [True, True, False, False]
    assert np.array_equal(store.global_visual[2:], rows[[8, 9]])
    assert np.array_equal(store.frames[2:], rows[[8, 9], None].repeat(5, 1))
    assert np.allclose(store.global_visual[0], store.frames[0].mean(0), atol=1e-6)
    assert not np.allclose(store.global_visual[0], rows[6])
    assert list(store.manifest["failures"]) == ["9"]
    assert store.manifest["encoders"]["global_visual"]["name"] == "official.npy"


def test_no_clip_is_read_where_the_file_gives_all(catalogue, tmp_path, official, monkeypatch):
    monkeypatch.setattr(items, "sample_frames", lambda *_, **__: pytest.fail("a clip was read"))
    store = run(catalogue, "no such encoder", tmp_path / "out", GLOBAL_VISUAL, official)
    assert np.array_equal(store.global_visual, np.load(official)[[6, 7, 8, 9]])
    assert (
        not store.has_frames.any() and store.has_visual.all() and store.has_text.tolist() == [True, False, True, True]
    )
    assert store.manifest["encoders"]["video"]["name"] == "global-visual:official.npy"


@pytest.mark.parametrize(
    ("frames", "file", "named"),
    [(GLOBAL_VISUAL, False, "--global-visual"), (TITLE_SEGMENTS, True, "leave --global-visual out")],
)
def test_sources_that_do_not_go_together(catalogue, encoder_path, tmp_path, official, frames, file, named):
    with pytest.raises(DataFormatError, match=named):
        run(catalogue, encoder_path, tmp_path / "out", frames, official if file else None)


def test_another_width_than_the_encoders(catalogue, encoder_path, tmp_path, official):
    np.save(official, np.zeros((10, 768), np.float32))
    with pytest.raises(DataFormatError, match="768 numbers and .* makes 64"):
        run(catalogue, encoder_path, tmp_path / "out", CLIPS, official)


@pytest.mark.parametrize(
    "values", [np.zeros(3, np.float32), np.zeros((2, 3), np.int64), np.zeros((2, 2, 2), np.float32)]
)
def test_a_file_of_another_form(tmp_path, values):
    np.save(tmp_path / "v.npy", values)
    with pytest.raises(DataFormatError, match="row i belongs to item i"):
        GivenVisual.open(tmp_path / "v.npy")


def test_a_file_that_is_no_array(tmp_path):
    (tmp_path / "v.npy").write_text("text")
    with pytest.raises(DataFormatError, match=r"no readable \.npy"):
        GivenVisual.open(tmp_path / "v.npy")


@pytest.mark.parametrize("item_id", ["0", "11", "x1", "-1"])
def test_an_item_without_a_row(official, item_id):
    with pytest.raises(DataFormatError, match=f"10 rows.*{item_id!r}"):
        GivenVisual.open(official).of(["1", item_id])


def test_a_row_that_is_not_finite(official):
    values = np.load(official)
    values[3, 5] = np.nan
    np.save(official, values)
    assert GivenVisual.open(official).of(["3", "5"]).shape == (2, 64)
    with pytest.raises(DataFormatError, match="'4'"):
        GivenVisual.open(official).of(["3", "4"])
