"""The benchmark on photographs, with pictures that are painted here."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import photographs
from mealrec.errors import DataFormatError
from mealrec.features.encoder import open_encoder
from mealrec.features.store import FeatureStore, StoreLayout
from tests.features.tiny_encoders import CLASSES, write_classifier
from tests.features.tiny_store import write_store

PAINTS = {"reef": (0, 60, 220), "campfire": (250, 90, 0)}


class Truth:
    """Items 0 to 3 show a reef, the others a campfire."""

    def motifs_at(self, item_id, times_s):
        return ["reef" if int(item_id) < 4 else "campfire" for _ in times_s]


@pytest.fixture
def folder(tmp_path):
    for motif, colour in PAINTS.items():
        (tmp_path / "pictures" / motif).mkdir(parents=True)
        Image.new("RGB", (40, 30), colour).save(tmp_path / "pictures" / motif / "one.png")
    (tmp_path / "pictures" / "other").mkdir()
    (tmp_path / "titles.csv").write_text("item,title\n0,\n")
    Image.new("RGBA", (30, 40), (0, 0, 0, 0)).save(tmp_path / "pictures" / "other" / "clear.png")
    return tmp_path / "pictures"


def test_pictures_are_found_among_what_the_catalogue_shows(folder, tmp_path, monkeypatch):
    encoder = open_encoder(write_classifier(tmp_path / "encoder"), "cpu")
    rng = np.random.default_rng(0)
    clips = [
        np.clip(np.array(PAINTS["reef" if item < 4 else "campfire"]) + rng.normal(0, 3, (5, 24, 24, 3)), 0, 255)
        for item in range(8)
    ]
    frames = encoder.encode([clip.astype(np.uint8) for clip in clips])[0]
    video = {"name": "v", "sha256": encoder.checksum, "class_temperature": 2.0}
    encoders = {"video": video, "text": {"name": "t", "sha256": "1"}}
    layout = StoreLayout(tuple(map(str, range(8))), len(CLASSES), 2, 5, 1.0, encoders)
    yes = np.ones(8, bool)
    text, times = rng.normal(size=(8, 2)).astype(np.float32), np.zeros((8, 5), np.float32)
    write_store(tmp_path / "store", layout, frames=frames, text=text, times_s=times, has_visual=yes, has_text=yes)
    monkeypatch.setattr(photographs, "read_truth", lambda data: Truth())
    monkeypatch.setattr(photographs, "SHOWN", 2)
    found = photographs.measure(encoder, FeatureStore.open(tmp_path / "store"), tmp_path, folder)
    assert found["nearest_motif_mean"] == found["vote_of_15"] == {"first": 2, "among_three": 2, "of": 2}
    assert found["resemble_the_catalogue"]["of_its_subjects"] == "2 of 2"
    assert found["resemble_the_catalogue"]["of_others"].endswith("of 1")
    json.dumps(found)


def test_what_is_clear_is_white(folder):
    assert (photographs.read_picture(folder / "other" / "clear.png") == 255).all()


def test_counts_of_what_is_recognised():
    likeness = torch.tensor([[0.9, 0.1, 0.2, 0.3], [0.4, 0.3, 0.2, 0.1]])
    assert photographs.recognised(likeness, list("abcd"), ["a", "d"]) == {"first": 1, "among_three": 1, "of": 2}


def test_a_folder_without_pictures_is_named(tmp_path):
    with pytest.raises(DataFormatError, match="holds no pictures"):
        photographs.measure(None, None, tmp_path, tmp_path)
