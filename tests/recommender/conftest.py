"""A bundle on disk with its encoder and one clip beside it, and the recommender that reads it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mealrec.bundle.disk import write_bundle
from mealrec.features.weights import weights_checksum
from mealrec.recommender.recommender import Recommender
from tests.features.tiny_encoders import write_videomae
from tests.make_videos import write_video
from tests.recommender.tiny_bundle import VISUAL, tiny_contents


@pytest.fixture(scope="session")
def project(tmp_path_factory) -> Path:
    """A folder with checkpoints/{tiny,encoder,media}: read-only for the tests that share it."""
    root = tmp_path_factory.mktemp("project") / "checkpoints"
    write_videomae(root / "encoder", width=VISUAL, layers=1)
    (root / "media" / "clips").mkdir(parents=True)
    write_video(root / "media" / "clips" / "i1.mp4")
    (root / "media" / "clips" / "i2.mp4").write_text("no video")
    (root / "media" / "clips" / "stranger.mp4").write_text("not of the catalogue")
    write_bundle(root / "tiny", tiny_contents(weights_checksum(str(root / "encoder"))))
    return root


@pytest.fixture
def bundle(project, tmp_path) -> Path:
    """A copy to damage."""
    shutil.copytree(project, tmp_path / "checkpoints")
    return tmp_path / "checkpoints" / "tiny"


@pytest.fixture(scope="session")
def recommender(project) -> Recommender:
    return Recommender.from_bundle(project / "tiny", device="cpu")
