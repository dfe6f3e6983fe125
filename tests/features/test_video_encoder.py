"""VideoMAE as an encoder of five frames: each frame has a tube of its own."""

import json

import numpy as np
import pytest
import torch

from mealrec.errors import DataFormatError
from mealrec.features.encoder import labels_of, open_encoder
from mealrec.features.video_encoder import PREPROCESSOR_FILE, VideoEncoder, tube_tokens
from mealrec.features.visual import Preprocessing
from tests.features.tiny_encoders import CLASSES, write_fine_tuned


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 5, 56, 32, 3), np.uint8)


def test_shapes_and_types(encoder, frames):
    features, overall = encoder.encode(frames)
    assert features.shape == (2, 5, 64) and overall.shape == (2, 64)
    assert features.dtype == overall.dtype == np.float32
    assert np.allclose(overall, features.mean(1), atol=1e-6)


def test_global_visual_is_the_mean_over_all_tokens(encoder, frames):
    pixels = encoder.preprocessing.resize(torch.from_numpy(frames).flatten(0, 1))
    pixels = encoder.preprocessing.normalise(pixels).unflatten(0, (2, 5)).repeat_interleave(2, dim=1)
    with torch.inference_mode():
        hidden = encoder.model(pixels).last_hidden_state
    assert hidden.shape == (2, 5 * (32 // 16) ** 2, 64)
    assert np.allclose(encoder.encode(frames)[1], hidden.mean(1).numpy(), atol=1e-5)


def test_the_fifth_frame_counts(encoder, frames):
    changed = frames.copy()
    changed[:, 4] = 255 - changed[:, 4]
    before, after = encoder.encode(frames)[0], encoder.encode(changed)[0]
    moved = np.abs(before - after).mean((0, 2))
    assert moved[4] == moved.max() and moved[4] > 3 * moved[:4].max()


def test_each_row_stands_alone(encoder, frames):
    assert np.allclose(encoder.encode(frames)[0][1], encoder.encode(frames[1:])[0][0], atol=1e-5)


def test_a_whole_portrait_frame_is_seen():
    frames = torch.zeros(1, 448, 256, 3, dtype=torch.uint8)
    frames[:, :16] = frames[:, -16:] = 255
    seen = Preprocessing(96).resize(frames)
    assert seen.shape == (1, 3, 96, 96)
    assert seen[..., 0, :].min() > 0.9 and seen[..., -1, :].min() > 0.9 and seen[..., 48, :].max() == 0


def test_preprocessing_is_read_from_the_model(encoder_path, tmp_path):
    for file in encoder_path.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / PREPROCESSOR_FILE).write_text(json.dumps({"image_mean": [0.5] * 3, "image_std": [0.25] * 3}))
    preprocessing = VideoEncoder.from_pretrained(tmp_path, "cpu").preprocessing
    assert preprocessing == Preprocessing(32, (0.5,) * 3, (0.25,) * 3)
    assert torch.allclose(preprocessing.normalise(torch.ones(1, 3, 2, 2)), torch.full((1, 3, 2, 2), 2.0))


def test_weights_pretrained_on_more_frames_load_unchanged(encoder_path, encoder):
    longer = VideoEncoder.from_pretrained(encoder_path, "cpu", num_frames=8)
    assert longer.num_frames == 8
    for name, value in encoder.model.state_dict().items():
        assert torch.equal(value, longer.model.state_dict()[name])


def test_half_precision_weights_give_the_same_features(encoder, encoder_path, frames, tmp_path):
    VideoEncoder.from_pretrained(encoder_path, "cpu").model.half().save_pretrained(tmp_path)
    halved = VideoEncoder.from_pretrained(tmp_path, "cpu")
    assert halved.model.dtype == torch.float32
    assert halved.checksum != encoder.checksum
    assert np.allclose(halved.encode(frames)[0], encoder.encode(frames)[0], atol=5e-3)


def test_a_tube_holds_one_frame_twice(encoder):
    pixels = torch.randn(1, 5, 3, 32, 32)
    with torch.inference_mode():
        patches = encoder.model.embeddings.patch_embeddings(pixels.repeat_interleave(2, dim=1))
        swapped = encoder.model.embeddings.patch_embeddings(pixels.flip(1).repeat_interleave(2, dim=1))
        assert tube_tokens(encoder.model, pixels).shape == (1, 5, 4, 64)
    assert torch.allclose(patches.unflatten(1, (5, 4)).flip(1), swapped.unflatten(1, (5, 4)), atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 4, 8, 8, 3), (5, 8, 8, 3)])
def test_other_frame_counts_are_refused(encoder, shape):
    with pytest.raises(DataFormatError, match=r"\[B, 5, H, W, 3\]"):
        encoder.encode(np.zeros(shape, np.uint8))


def test_a_directory_without_weights_is_named(tmp_path):
    with pytest.raises(DataFormatError, match=str(tmp_path)):
        VideoEncoder.from_pretrained(tmp_path)


@pytest.fixture(scope="module")
def fine_tuned(tmp_path_factory) -> VideoEncoder:
    return open_encoder(write_fine_tuned(tmp_path_factory.mktemp("fine_tuned")), "cpu")


def test_a_fine_tuned_one_gives_roots_of_its_actions_probabilities(fine_tuned, frames):
    assert fine_tuned.labels == CLASSES == labels_of(fine_tuned.name)
    assert (fine_tuned.width, fine_tuned.hidden_width, fine_tuned.temperature) == (len(CLASSES), 64, 2.0)
    features, overall = fine_tuned.encode(frames)
    assert features.shape == (2, 5, len(CLASSES)) and features.dtype == overall.dtype == np.float32
    np.testing.assert_allclose((features**2).sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(overall, features.mean(1), atol=1e-6)
    assert fine_tuned.hidden_states(frames).shape == (2, 3, 64)


def test_one_frame_all_along_has_the_class_that_the_whole_model_finds(fine_tuned, frames):
    """Its classifier reads the mean over all tubes; where all show one picture and no position is told, each is it."""
    from transformers import VideoMAEForVideoClassification

    whole = VideoMAEForVideoClassification.from_pretrained(fine_tuned.name, num_frames=2).eval()
    single = VideoEncoder.from_pretrained(fine_tuned.name, "cpu", num_frames=1)
    pixels = single._pixels(frames[:1, :1]).repeat_interleave(2, dim=1)
    with torch.inference_mode():
        expected = (whole(pixels).logits / 2).softmax(-1).numpy()
    np.testing.assert_allclose(single.encode(frames[:1, :1])[0][0] ** 2, expected, atol=1e-5)


def test_a_pre_trained_one_names_nothing(encoder):
    assert encoder.labels == () and encoder.temperature is None and encoder.width == encoder.hidden_width == 64


def test_one_that_reads_its_class_in_one_token_is_refused(tmp_path):
    with pytest.raises(DataFormatError, match="use_mean_pooling"):
        open_encoder(write_fine_tuned(tmp_path, use_mean_pooling=False), "cpu")


def test_another_kind_of_model_is_named(tmp_path, bert_path):
    with pytest.raises(DataFormatError, match="is a bert model"):
        open_encoder(bert_path, "cpu")
