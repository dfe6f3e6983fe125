"""The `extract` verb on a folder with good, broken and missing clips."""

import argparse
import errno
import os

import numpy as np
import pytest

from mealrec.errors import DataFormatError
from mealrec.features import items
from mealrec.features.store import FeatureStore, holds_class_roots
from mealrec.verbs import extract as command
from mealrec.video.frames import sample_frames
from tests.features.tiny_encoders import CLASSES, write_classifier


class LetterCounts:
    """Stands for a text encoder: a title's feature is its length."""

    width, name, checksum = 2, "letters", "0"

    def encode(self, titles):
        present = np.array([bool(title) for title in titles])
        return np.array([[len(title), 1] for title in titles], np.float32), present


@pytest.fixture(autouse=True)
def no_bert(monkeypatch):
    monkeypatch.setattr(items.TextEncoder, "from_pretrained", lambda *_: LetterCounts())


def extract(data, encoder_path, out, *options) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(
        parser.parse_args(["--data", str(data), "--encoder", str(encoder_path), "--out", str(out), *options])
    )


def test_good_clips_are_encoded_and_the_rest_is_told(catalogue, encoder, encoder_path, tmp_path, capsys):
    assert extract(catalogue, encoder_path, tmp_path / "out") == 0
    store = FeatureStore.open(tmp_path / "out")
    assert store.item_ids == ("7", "8", "9", "10")
    assert store.has_visual.tolist() == [True, True, False, False]
    assert store.has_text.tolist() == [True, False, True, True]
    assert list(store.manifest["failures"]) == ["9"] and "is text" in store.manifest["failures"]["9"]
    assert store.manifest["encoders"]["video"]["sha256"] == encoder.checksum
    clip = sample_frames(catalogue / "clips" / "7.mp4")
    assert np.allclose(store.frames[0], encoder.encode(clip.frames[None])[0][0], atol=1e-5)
    assert np.allclose(store.times_s[1], [0.2, 0.6, 1.0, 1.4, 1.8])
    assert "2 clips, 1 without a file, 1 unreadable" in capsys.readouterr().out


def test_a_stopped_run_goes_on(catalogue, encoder_path, tmp_path, monkeypatch):
    decoded = []

    def stop_at_second(path, **settings):
        decoded.append(path.stem)
        if path.stem == "8":
            raise KeyboardInterrupt
        return sample_frames(path, **settings)

    monkeypatch.setattr(items, "sample_frames", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        extract(catalogue, encoder_path, tmp_path / "out", "--jobs", "1", "--batch", "1")
    with pytest.raises(DataFormatError, match="not finished"):
        FeatureStore.open(tmp_path / "out")
    decoded.clear()
    monkeypatch.setattr(items, "sample_frames", lambda p, **s: decoded.append(p.stem) or sample_frames(p, **s))
    extract(catalogue, encoder_path, tmp_path / "out")
    assert sorted(decoded) == ["8", "9"]
    assert FeatureStore.open(tmp_path / "out").has_visual.tolist() == [True, True, False, False]


def test_other_settings_do_not_mix_into_a_store(catalogue, encoder_path, tmp_path):
    extract(catalogue, encoder_path, tmp_path / "out")
    with pytest.raises(DataFormatError, match="choose another --out"):
        extract(catalogue, encoder_path, tmp_path / "out", "--interval", "0.5")


def test_a_folder_without_titles(encoder_path, tmp_path):
    with pytest.raises(DataFormatError, match="titles.csv"):
        extract(tmp_path, encoder_path, tmp_path / "out")


def test_a_classifiers_store_says_that_it_holds_roots_of_probabilities(catalogue, encoder_path, tmp_path):
    classifier = write_classifier(tmp_path / "classifier")
    extract(catalogue, classifier, tmp_path / "out")
    store = FeatureStore.open(tmp_path / "out")
    assert store.manifest["encoders"]["video"]["class_temperature"] == 2.0 and holds_class_roots(store.manifest)
    assert store.frames.shape == (4, 5, len(CLASSES))
    np.testing.assert_allclose((store.frames[:2] ** 2).sum(-1), 1, atol=1e-5)
    with pytest.raises(DataFormatError, match="of other visual_width, encoders"):
        extract(catalogue, encoder_path, tmp_path / "out")


def test_a_full_disk_is_met_before_the_work_and_leaves_nothing(catalogue, encoder_path, tmp_path, monkeypatch):
    """Found out later, by writing through a map, it would end the process without a word."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left on device: '.*out'"):
        extract(catalogue, encoder_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_titles_in_letters_that_the_encoder_does_not_know_are_told():
    titles = {"1": "สวัสดี", "2": "ramen สวัสดี", "3": "", "4": "🎉🎉"}
    line = command.unread_titles(titles, "minilm")
    assert line.startswith("2 titles (1 first) are written in letters that the text encoder minilm does not know")
    assert command.unread_titles({"2": titles["2"]}, "minilm") == ""


@pytest.mark.parametrize(
    ("title_file", "clip", "named"),
    [
        ("item,title\na:b,x\n", "1", "can name files .*, got 'a:b'"),
        ("item,title\n1,x\n", "0001", "holds 1 clips and none of an item: expected 1.mp4 and the like, got 0001.mp4"),
    ],
)
def test_ids_that_fit_no_file_are_named_before_the_work(tmp_path, title_file, clip, named):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / f"{clip}.mp4").touch()
    (tmp_path / "titles.csv").write_text(title_file)
    with pytest.raises(DataFormatError, match=named):
        extract(tmp_path, "nowhere", tmp_path / "out")
