"""Videos that visitors bring: encoded with the bundle's encoders, normalised with its statistics."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.errors import BundleError, RequestError, VideoError
from mealrec.features.text import TextEncoder
from mealrec.features.video_encoder import VideoEncoder
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.video.frames import sample_frames
from tests.make_videos import write_video
from tests.recommender.tiny_bundle import FRAMES, TEXT, VISUAL

CLIP = "media/clips/i1.mp4"


class StubText:
    """A text encoder that says how long a title is."""

    name, checksum = "tiny", "t"

    def encode(self, titles):
        present = np.array([bool(title.strip()) for title in titles])
        return np.array([[len(title)] * TEXT for title in titles], np.float32), present


@pytest.fixture(autouse=True)
def stub_text(monkeypatch):
    monkeypatch.setattr(TextEncoder, "from_pretrained", lambda name, device: StubText())


def test_an_upload_has_the_bundles_features(recommender, project):
    upload = recommender.encode_upload(project / CLIP, " a clip ")
    encoder = VideoEncoder.from_pretrained(project / "encoder", "cpu", FRAMES)
    frames, overall = encoder.encode(sample_frames(project / CLIP).frames[None])
    assert torch.allclose(upload.features.frames, torch.from_numpy(frames) / 2.0, atol=1e-6)
    assert torch.allclose(upload.features.global_visual, torch.from_numpy(overall) / 2.0, atol=1e-6)
    assert upload.features.has_visual.all() and upload.features.has_text.all() and not upload.features.has_id.any()
    assert upload.features.frames.shape == (1, FRAMES, VISUAL)
    assert upload.title == "a clip" and len(upload.thumbnails) == FRAMES == len(upload.times_s)
    assert upload.thumbnails[0].dtype == np.uint8 and upload.thumbnails[0].shape == (224, 128, 3)


def test_no_title_is_no_text(recommender, project):
    assert not recommender.encode_upload(project / CLIP).features.has_text.any()


def test_ids_cannot_be_guessed(recommender, project):
    first, second = (recommender.encode_upload(project / CLIP).upload_id for _ in range(2))
    assert first != second and first.startswith("upload-") and len(first) >= len("upload-") + 16


def test_nearest_items_by_cosine(recommender, project):
    upload = recommender.encode_upload(project / CLIP)
    catalogue = recommender.features.global_visual[1:]
    likeness = torch.nn.functional.cosine_similarity(catalogue, upload.features.global_visual)
    best = [f"i{1 + row}" for row in likeness.argsort(descending=True).tolist()]
    assert [item.item_id for item in upload.nearest] == best[: len(upload.nearest)]
    assert upload.nearest[0].score == pytest.approx(float(likeness.max()), abs=1e-5)


def test_an_encoded_upload_is_recommended_from(recommender, project):
    upload = recommender.encode_upload(project / CLIP, "mine")
    answer = recommender.recommend(Question([upload.upload_id], uploads=[upload]))
    assert answer.uploads[0].item_id == upload.upload_id and len(answer.items) == 10


def test_progress_is_told_in_order(recommender, project):
    told = []
    recommender.encode_upload(project / CLIP, progress=lambda stage, fraction: told.append((stage, fraction)))
    assert [stage for stage, _ in told] == sorted(stage for stage, _ in told)
    for stage in ("decoding", "encoding"):
        fractions = [fraction for name, fraction in told if name == stage]
        assert fractions[0] == 0 and fractions[-1] == 1 and fractions == sorted(fractions)


def test_cancelling_ends_the_work(recommender, project):
    told = []
    with pytest.raises(RequestError, match="cancelled"):
        recommender.encode_upload(project / CLIP, progress=lambda *told_: told.append(told_), cancel=lambda: bool(told))
    assert told == [("decoding", 0.0)]


def test_what_progress_raises_comes_through(recommender, project):
    def stop(stage, fraction):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recommender.encode_upload(project / CLIP, progress=stop)


def test_unusable_files_and_titles(recommender, project, tmp_path):
    with pytest.raises(VideoError):
        recommender.encode_upload(project / "media/clips/i2.mp4")
    with pytest.raises(VideoError):
        recommender.encode_upload(tmp_path / "nothing.mp4")
    with pytest.raises(RequestError, match="title"):
        recommender.encode_upload(project / CLIP, "x" * 501)


def test_another_text_encoder_is_refused(project, monkeypatch):
    monkeypatch.setattr(StubText, "checksum", hashlib.sha256(b"other").hexdigest())
    with pytest.raises(BundleError, match="text encoder"):
        Recommender.from_bundle(project / "tiny").encode_upload(project / CLIP)


def test_an_encoder_swapped_after_loading_is_refused(bundle):
    recommender = Recommender.from_bundle(bundle)
    weights = bundle.parent / "encoder" / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(BundleError, match="not the encoder"):
        recommender.encode_upload(bundle.parent / CLIP)


def test_the_apps_own_key_serves_as_well(recommender, project):
    upload = replace(recommender.encode_upload(project / CLIP), upload_id="upload-of-the-app")
    answer = recommender.recommend(Question(["i1", "upload-of-the-app"], uploads=[upload]))
    assert answer.history[-1].item_id == "upload-of-the-app"


def test_thumbnails_keep_a_wide_clips_proportions(recommender, tmp_path):
    path = write_video(tmp_path / "wide.mp4", size=(640, 320))
    assert recommender.encode_upload(path).thumbnails[0].shape == (224, 448, 3)
