"""Tiny untrained encoders, and a tiny catalogue of numbered clips."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mealrec.features.encoder import open_encoder
from mealrec.features.visual import VisualEncoder
from mealrec.video import frames, worker
from mealrec.video.limits import DecodeLimits
from tests.features.tiny_encoders import write_videomae
from tests.make_videos import write_video

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] # a bowl broth ground hot in leaves noodles of ramen rocket space steaming the"


@pytest.fixture(scope="session")
def encoder_path(tmp_path_factory) -> Path:
    return write_videomae(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def encoder(encoder_path) -> VisualEncoder:
    return open_encoder(encoder_path, "cpu")


@pytest.fixture(scope="session")
def bert_path(tmp_path_factory) -> Path:
    """A BERT of 16 numbers that knows a few words."""
    from transformers import BertConfig, BertModel, BertTokenizer

    path = tmp_path_factory.mktemp("bert")
    (path / "vocab.txt").write_text(WORDS.replace(" ", "\n"))
    BertTokenizer(str(path / "vocab.txt")).save_pretrained(path)
    config = BertConfig(vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(path)
    return path


@pytest.fixture
def catalogue(tmp_path) -> Path:
    """Four items: two clips, one clip that is text, one without a file; the second has no title."""
    data = tmp_path / "data"
    (data / "clips").mkdir(parents=True)
    (data / "titles.csv").write_text('item,title\n7,"a bowl, steaming #ramen"\n8,\n9,broken\n10,no file\n')
    write_video(data / "clips" / "7.mp4")
    write_video(data / "clips" / "8.mp4", frames=20)
    (data / "clips" / "9.mp4").write_text("not a video")
    return data


@pytest.fixture
def in_this_process(monkeypatch) -> None:
    """Decode without a worker's process, which costs ten times what a small video does."""

    def ask(request: dict, name: str, limits: DecodeLimits, *_) -> tuple[dict, memoryview]:
        header, pixels = worker.decode(request, replace(limits, cpu_s=math.inf))
        return header, memoryview(pixels)

    monkeypatch.setattr(frames, "ask_worker", ask)
