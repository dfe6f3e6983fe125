"""EfficientNet-Lite as an encoder of frames: the network, its conversion, and what is stored of a frame."""

import argparse
import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from mealrec.errors import DataFormatError
from mealrec.features import conversion
from mealrec.features.efficientnet import Convolution, EfficientNetConfig, EfficientNetLite
from mealrec.features.encoder import labels_of, open_encoder
from mealrec.features.image_encoder import ImageEncoder
from mealrec.verbs import encoder as encoder_command
from tests.features.tiny_encoders import CLASSES, SMALL, write_classifier

BUNDLED = "checkpoints/encoder"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory) -> ImageEncoder:
    return open_encoder(write_classifier(tmp_path_factory.mktemp("classifier")), "cpu")


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 5, 56, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def source() -> torch.nn.Module:
    return conversion.published()


def test_the_network_is_the_published_one(source):
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(conversion.converted(source)(pixels), source(pixels), atol=1e-4, rtol=1e-4)


def test_the_bundled_weights_are_the_published_ones_in_half_precision(source):
    pixels = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    bundled = ImageEncoder.from_pretrained(BUNDLED, "cpu")
    with torch.inference_mode():
        expected, found = source(pixels), bundled.network(pixels)
    assert (expected - found).abs().max() < 0.02 * expected.std()
    assert {parameter.dtype for parameter in bundled.network.parameters()} == {torch.float32}
    assert len(set(bundled.labels)) == 1000 and bundled.labels[281] == "tabby cat" and bundled.width == 1000


def test_the_verb_writes_what_is_bundled(tmp_path, monkeypatch):
    parser = argparse.ArgumentParser()
    encoder_command.add_arguments(parser)
    assert encoder_command.run(parser.parse_args(["--convert", str(tmp_path)])) == 0
    for name in ("config.json", "NOTICE", "LICENSE", "model.safetensors"):
        with open(f"{BUNDLED}/{name}", "rb") as bundled:
            assert (tmp_path / name).read_bytes() == bundled.read(), name
    assert (tmp_path / "model.safetensors").stat().st_size < 10e6


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 1), (5, 2)])
def test_padding_is_tensorflows(kernel, stride, size):
    convolution = Convolution(1, 1, kernel, stride)
    places = -(-size // stride)
    extra = max((places - 1) * stride + kernel - size, 0)
    pixels = torch.randn(1, 1, size, size)
    padded = functional.pad(pixels, (extra // 2, extra - extra // 2) * 2)
    expected = functional.conv2d(padded, convolution.weight, convolution.bias, stride)
    assert expected.shape[2:] == (places, places)
    torch.testing.assert_close(convolution(pixels), expected)


def test_a_stage_keeps_what_came_in_where_the_shape_stays():
    blocks = [block for stage in EfficientNetLite(EfficientNetConfig()).stages for block in stage]
    assert len(blocks) == 16 and sum(block.residual for block in blocks) == 9
    assert sum(block.expand is None for block in blocks) == 1


def test_features_are_roots_of_probabilities(classifier, frames):
    features, overall = classifier.encode(frames)
    assert features.shape == (2, 5, len(CLASSES)) and features.dtype == overall.dtype == np.float32
    np.testing.assert_allclose((features**2).sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(overall, features.mean(1), atol=1e-6)
    expected = (classifier.logits(frames) / 2).softmax(-1).numpy()
    np.testing.assert_allclose(features**2, expected, atol=1e-5)


def test_each_frame_and_each_clip_stands_alone(classifier, frames):
    features = classifier.encode(frames)[0]
    changed = frames.copy()
    changed[0, 4] = 255 - changed[0, 4]
    again = classifier.encode(changed)[0]
    moved = np.abs(features - again).max(-1)
    assert moved[0, 4] > 1e-3 and moved.sum() == pytest.approx(moved[0, 4], abs=1e-5)
    wide = np.random.default_rng(1).integers(0, 256, (5, 24, 64, 3), np.uint8)
    mixed = classifier.encode([frames[0], wide])[0]
    np.testing.assert_allclose(mixed[0], features[0], atol=1e-5)


def test_other_frame_counts_are_refused(classifier):
    with pytest.raises(DataFormatError, match=r"\[B, 5, H, W, 3\]"):
        classifier.encode(np.zeros((2, 4, 8, 8, 3), np.uint8))


def test_hidden_states_are_the_maps_means_filled_up_with_zeros(classifier, frames):
    states = classifier.hidden_states(frames)
    assert states.shape == (2, classifier.layers + 1, SMALL.head_width) == (2, 4, 8)
    with torch.inference_mode():
        pixels = classifier._pixels(frames[:1])[0]
        head = functional.relu6(classifier.network.head(classifier.network.maps(pixels)[-2]))
    np.testing.assert_allclose(states[0, -1], head.mean((0, 2, 3)), atol=1e-4)
    assert states[:, 0, :4].any() and not states[:, 0, 4:].any()


def test_labels_are_read_without_weights(classifier, tmp_path, encoder_path):
    assert classifier.labels == CLASSES == labels_of(classifier.name)
    assert labels_of(encoder_path) == ()
    with pytest.raises(DataFormatError, match=r"config\.json"):
        labels_of(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["cat"]}, "names 1 classes and tells 7 apart"),
        ({"stages": [[3, 1]]}, "gives no shape of an EfficientNet-Lite"),
        ({"head_width": 9}, "holds other weights"),
        ({"model_type": "resnet"}, "is a resnet model"),
    ],
)
def test_a_damaged_encoder_is_named(tmp_path, change, message):
    path = write_classifier(tmp_path / "encoder")
    values = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(values | change))
    with pytest.raises(DataFormatError, match=message):
        open_encoder(path, "cpu")
