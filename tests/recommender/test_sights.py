"""What an upload is said to show, and whether the catalogue shows such things."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mealrec.bundle.checks import check
from mealrec.bundle.contents import BundleContents
from mealrec.features.encoder import open_encoder
from mealrec.features.tensors import Normalisation
from mealrec.features.text import TextEncoder
from mealrec.features.weights import weights_checksum
from mealrec.recommender import uploads
from mealrec.recommender.uploads import UploadEncoder, nearest_frames
from mealrec.types import ItemFeatures
from mealrec.video.frames import sample_frames
from tests.features.tiny_encoders import CLASSES, write_classifier
from tests.make_videos import write_video
from tests.recommender.test_uploads import StubText
from tests.recommender.tiny_bundle import FRAMES, TEXT, VISUAL, tiny_contents


@pytest.fixture(autouse=True)
def stub_text(monkeypatch):
    monkeypatch.setattr(TextEncoder, "from_pretrained", lambda name, device: StubText())


@pytest.fixture
def clip(tmp_path) -> Path:
    return write_video(tmp_path / "clip.mp4")


@pytest.fixture
def contents(tmp_path) -> BundleContents:
    """Contents whose encoder, beside the bundle, tells seven classes apart."""
    encoder = write_classifier(tmp_path / "checkpoints" / "encoder")
    axes = torch.randn(len(CLASSES), VISUAL, generator=torch.Generator().manual_seed(0))
    normalisation = Normalisation(torch.zeros(len(CLASSES)), axes, torch.zeros(TEXT), torch.ones(TEXT))
    return replace(tiny_contents(weights_checksum(str(encoder))), normalisation=normalisation)


def test_each_frame_is_named_by_its_likeliest_classes(contents, clip, tmp_path):
    check(contents)
    upload = UploadEncoder(tmp_path / "checkpoints" / "bundle", contents, "cpu").encode(clip)
    encoder = open_encoder(tmp_path / "checkpoints" / "encoder", "cpu")
    chances = encoder.logits(sample_frames(clip).frames[None])[0].softmax(-1)
    assert len(upload.sights) == FRAMES and all(len(row) == 3 for row in upload.sights)
    for row, expected in zip(upload.sights, chances, strict=True):
        best = expected.topk(3)
        assert [sight.name for sight in row] == [CLASSES[index] for index in best.indices]
        assert [sight.chance for sight in row] == pytest.approx(best.values.tolist(), abs=1e-4)
    assert upload.features.frames.shape == (1, FRAMES, VISUAL)


def test_an_upload_resembles_the_catalogue_where_one_frame_does(contents, clip, tmp_path):
    stranger = UploadEncoder(tmp_path / "checkpoints" / "bundle", contents, "cpu").encode(clip)
    assert stranger.resembles is False and max(stranger.likeness) < uploads.ALIKE
    frames = contents.features.frames.clone()
    frames[3, 2] = 7 * stranger.features.frames[0, 1]
    known = replace(contents, features=replace(contents.features, frames=frames))
    upload = UploadEncoder(tmp_path / "checkpoints" / "bundle", known, "cpu").encode(clip)
    assert upload.resembles is True and upload.likeness[1] == pytest.approx(1)


def test_an_encoder_without_names_claims_nothing(recommender, project):
    upload = recommender.encode_upload(project / "media/clips/i1.mp4")
    assert upload.sights == () and upload.resembles is None and len(upload.likeness) == FRAMES


def test_items_without_a_picture_are_like_nothing(monkeypatch):
    monkeypatch.setattr(uploads, "ROWS", 4)
    generator = torch.Generator().manual_seed(0)
    frames, shown = torch.randn(9, 2, 5, generator=generator), torch.arange(9) > 2
    features = ItemFeatures(frames.mean(1), frames, torch.zeros(9, 1), shown, ~shown, shown)
    asked = torch.cat([frames[1, :1], frames[7, 1:]])
    cosines = torch.nn.functional.cosine_similarity(asked[:, None], frames[3:].flatten(0, 1)[None], dim=-1)
    assert nearest_frames(asked, features) == pytest.approx(cosines.amax(1).tolist(), abs=1e-5)
    assert nearest_frames(asked, replace(features, has_visual=torch.zeros(9, dtype=torch.bool))) == (-1.0, -1.0)
