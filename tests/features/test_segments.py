"""Title segments: the cut, and the store made of them."""

import numpy as np
import pytest

from mealrec.errors import DataFormatError
from mealrec.features import items
from mealrec.features.extraction import extract
from mealrec.features.items import ExtractConfig
from mealrec.features.store import ABSENT, DONE, TITLE_SEGMENTS, layout_of, open_arrays, read_manifest
from mealrec.features.text import split_title

TITLES = {"3": "soup #noodles #steam", "1": "", "2": "rocket"}


def extract_title_segments(titles, out, **settings):
    return extract(titles, None, out, ExtractConfig(TITLE_SEGMENTS, **settings))


class CountingEncoder:
    """Stands for a text encoder: a text's feature is a direction of its own; remembers what it was asked."""

    width, name, checksum = 8, "counting", "0"

    def __init__(self):
        self.asked = []

    def encode(self, texts):
        self.asked += texts
        rows = np.stack([np.random.default_rng(sum(map(ord, text))).normal(size=8) for text in texts])
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows.astype(np.float32), np.array([bool(text.strip()) for text in texts])


@pytest.fixture
def encoder(monkeypatch) -> CountingEncoder:
    encoder = CountingEncoder()
    monkeypatch.setattr(items.TextEncoder, "from_pretrained", lambda *_: encoder)
    return encoder


@pytest.mark.parametrize(
    ("title", "segments"),
    [
        ("a #b # c d #e #f", ["a", "b", "c d", "e", "f"]),
        ("a #b", ["a", "a", "a", "b", "b"]),
        ("a #b #c", ["a", "a", "b", "b", "c"]),
        ("no tag\tat  all", ["no tag at all"] * 5),
        ("#a#b#c#d", ["a", "a", "b", "c", "d"]),
        ("a #b #c #d #e #f #g", ["a", "b", "c", "d", "e f g"]),
        ("# #", ["# #"] * 5),
        ("", []),
        ("  ", []),
    ],
)
def test_a_title_is_cut_at_its_hashtags(title, segments):
    assert split_title(title, 5) == segments


def test_one_slot_holds_the_whole_title():
    assert split_title("a #b #c", 1) == ["a b c"]


def test_segments_stand_for_frames_and_say_so(encoder, tmp_path):
    store = extract_title_segments(TITLES, tmp_path)
    assert store.item_ids == ("3", "1", "2")
    assert store.has_visual.tolist() == store.has_text.tolist() == [True, False, True]
    assert store.manifest["frames"] == "title-segments"
    assert store.manifest["encoders"]["video"] == {"name": "title-segments:counting", "sha256": "0"}
    expected, _ = encoder.encode(split_title(TITLES["3"], 5))
    assert np.array_equal(store.frames[0], expected)
    assert np.allclose(store.global_visual[0], expected.mean(0) / np.linalg.norm(expected.mean(0)))
    assert np.array_equal(store.text[2], store.frames[2, 4]) and store.times_s[0].tolist() == [0, 1, 2, 3, 4]
    assert not store.frames[1].any() and not store.global_visual[1].any()


def test_a_finished_store_is_not_made_again(encoder, tmp_path):
    first = extract_title_segments(TITLES, tmp_path)
    encoder.asked.clear()
    again = extract_title_segments(TITLES, tmp_path)
    assert not encoder.asked and np.array_equal(first.frames, again.frames)


def test_only_what_is_missing_is_encoded(encoder, tmp_path):
    whole = extract_title_segments(TITLES, tmp_path)
    frames = np.array(whole.frames)
    arrays = open_arrays(tmp_path, layout_of(read_manifest(tmp_path)), mode="r+")
    arrays["has_text"][2], arrays["frames"][2] = False, 0
    encoder.asked.clear()
    again = extract_title_segments(TITLES, tmp_path)
    assert set(encoder.asked) == {"rocket"} and np.array_equal(again.frames, frames)
    assert arrays["clip_state"].tolist() == [DONE, ABSENT, DONE]


@pytest.mark.parametrize(
    ("titles", "frames", "named"),
    [({**TITLES, "2": "another"}, 5, "titles_sha256"), ({"3": "a"}, 5, "item_ids"), (TITLES, 4, "num_frames")],
)
def test_another_catalogue_does_not_mix_into_a_store(encoder, tmp_path, titles, frames, named):
    extract_title_segments(TITLES, tmp_path)
    with pytest.raises(DataFormatError, match=named):
        extract_title_segments(titles, tmp_path, num_frames=frames)
