"""Measuring an encoder against the planted truth."""

import argparse
import json

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.evaluation import encoder_quality
from mealrec.evaluation.encoder_quality import graded, measure
from mealrec.verbs import encoder as encoder_command
from tests.features.tiny_encoders import write_classifier
from tests.make_videos import write_video


@pytest.fixture
def data(tmp_path):
    """A catalogue of three clips, the last held out."""
    folder = tmp_path / "data"
    (folder / "clips").mkdir(parents=True)
    (folder / "truth").mkdir()
    for name in "789":
        write_video(folder / "clips" / f"{name}.mp4")
    (folder / "titles.csv").write_text("item,title\n7,\n8,\n9,\n")
    (folder / "held_out.txt").write_text("9\n")
    return folder


def evaluate(data, encoder, *options) -> int:
    parser = argparse.ArgumentParser()
    encoder_command.add_arguments(parser)
    return encoder_command.run(parser.parse_args(["--evaluate", str(encoder), "--data", str(data), *options]))


def test_the_verb_prints_what_it_measured(data, tmp_path, monkeypatch, capsys):
    class Truth:
        shots = dict.fromkeys("789")

        def motifs_at(self, item_id, times_s):
            return ["reef" if time < 2 else "piano" for time in times_s]

    monkeypatch.setattr(encoder_quality, "read_truth", lambda folder: Truth())
    monkeypatch.setattr(encoder_quality, "NEIGHBOURS", 2)
    assert evaluate(data, write_classifier(tmp_path / "encoder"), "--device", "cpu") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["clips"] == {"trained": 2, "held_out": 1}
    for part in ("clean", "graded"):
        assert set(found[part]) == {"knn5", "probe", "precision10", "chance10"}
        assert all(0 <= value <= 1 for value in found[part].values())
    assert found["clean"]["knn5"] == 1.0, "the held-out clip is the same picture as the others"
    assert found["forward_s"] > 0


def test_data_without_held_out_clips_or_truth_is_named(data, tmp_path):
    encoder = write_classifier(tmp_path / "encoder")
    with pytest.raises(DataFormatError, match="truth does not tell the shots"):
        evaluate(data, encoder)
    (data / "held_out.txt").unlink()
    with pytest.raises(DataFormatError, match=r"held_out\.txt"):
        evaluate(data, encoder)


def test_measures_of_perfect_and_of_meaningless_features():
    rng = np.random.default_rng(0)
    motifs = rng.integers(0, 5, (30, 5))
    names, held_out = np.array(list("abcde"))[motifs], np.arange(30) >= 24
    perfect = torch.from_numpy(np.eye(5)[motifs] + rng.normal(0, 0.01, (30, 5, 5))).float()
    noise = torch.from_numpy(rng.normal(size=(30, 5, 16))).float()
    good, bad = measure(perfect, names, held_out), measure(noise, names, held_out)
    assert good["knn5"] == good["probe"] == 1.0 and good["precision10"] >= good["chance10"]
    assert bad["knn5"] < 0.6 and abs(bad["precision10"] - bad["chance10"]) < 0.2


def test_gradings_repeat_with_the_seed_and_turn_hues():
    frames = torch.randint(0, 256, (4, 6, 5, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    once, twice = (graded(frames, torch.Generator().manual_seed(3)) for _ in range(2))
    assert once.dtype == torch.uint8 and once.shape == frames.shape and torch.equal(once, twice)
    red = torch.zeros(8, 2, 2, 3, dtype=torch.uint8)
    red[..., 0] = 200
    turned = graded(red, torch.Generator().manual_seed(0)).float().mean((1, 2))
    assert len({int(row.argmax()) for row in turned}) > 1, "red does not stay red"


def test_grey_stays_grey():
    grey = torch.full((3, 2, 2, 3), 120, dtype=torch.uint8)
    changed = graded(grey, torch.Generator().manual_seed(1)).int()
    assert (changed.amax(-1) - changed.amin(-1)).max() <= 1
