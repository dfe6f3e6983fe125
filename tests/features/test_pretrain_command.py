"""The `pretrain-encoder` verb from clips to a stored encoder, with a stand-in for the teacher."""

import argparse
import json

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.features import pretrain_command
from mealrec.features.video import VideoEncoder
from tests.features.conftest import TINY


@pytest.fixture
def data(catalogue, monkeypatch):
    (catalogue / "clips" / "9.mp4").unlink()
    (catalogue / "held_out.txt").write_text("8\n")
    shots = [{"motif": "reef", "start_s": 0.0, "duration_s": 3.0}, {"motif": "piano", "start_s": 3.0}]
    (catalogue / "truth").mkdir()
    (catalogue / "truth" / "clips.json").write_text(json.dumps({name: {"shots": shots} for name in "78"}))
    monkeypatch.setattr(pretrain_command, "StudentConfig", lambda: TINY)
    monkeypatch.setattr(
        pretrain_command, "teach", lambda frames, width, generator: torch.randn(len(frames), width, 6, 6)
    )
    return catalogue


def pretrain(data, tmp_path, *options) -> int:
    parser = argparse.ArgumentParser()
    pretrain_command.add_arguments(parser)
    paths = ["--data", str(data), "--out", str(tmp_path / "out"), "--cache", str(tmp_path / "cache")]
    return pretrain_command.run(parser.parse_args([*paths, *options]))


def test_an_encoder_is_made_measured_and_described(data, tmp_path):
    assert pretrain(data, tmp_path, "--steps", "2") == 0
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert [stage["train_steps"] for stage in card["stages"]] == [2]
    assert "--steps 2" in card["stages"][0]["command"] and card["stages"][0]["clips"] == 1
    assert card["measured"]["clips"] == {"trained": 1, "held_out": 1}
    assert {"clean", "graded", "forward_s"} <= set(card["measured"])
    encoder = VideoEncoder.from_pretrained(tmp_path / "out", "cpu")
    assert encoder.encode(np.zeros((1, 5, 8, 8, 3), np.uint8))[0].shape == (1, 5, 64)


def test_a_second_stage_goes_on_from_the_first(data, tmp_path):
    pretrain(data, tmp_path, "--steps", "1")
    first = (tmp_path / "out").rename(tmp_path / "first")
    pretrain(data, tmp_path, "--steps", "1", "--init", str(first))
    stages = json.loads((tmp_path / "out" / "card.json").read_text())["stages"]
    assert len(stages) == 2 and f"--init {first}" in stages[1]["command"]
    assert stages[1]["init_sha256"] == VideoEncoder.from_pretrained(first, "cpu").checksum


def test_nothing_to_measure_on_is_said(data, tmp_path):
    pretrain(data, tmp_path, "--steps", "1")
    (data / "held_out.txt").unlink()
    with pytest.raises(DataFormatError, match="held_out.txt"):
        pretrain(data, tmp_path, "--evaluate-only")


def test_a_clip_without_truth_is_named(data, tmp_path):
    (data / "truth" / "clips.json").write_text("{}")
    with pytest.raises(DataFormatError, match=r"clips\.json"):
        pretrain(data, tmp_path, "--steps", "1")
