"""What is taken out of features before a model sees them."""

import numpy as np
import pytest
import torch

from mealrec.features import tensors
from mealrec.features.store import FeatureStore, StoreLayout
from mealrec.features.tensors import Normalisation, item_features
from tests.features.tiny_store import write_store

ITEMS, FRAMES, CLASSES, TEXT = 40, 5, 12, 6


def store(path, classes: bool) -> FeatureStore:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(ITEMS, FRAMES, CLASSES)) + np.arange(CLASSES) / 4
    frames = np.sqrt(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)) if classes else logits
    video = {"name": "v", "sha256": "0"} | ({"class_temperature": 2.0} if classes else {})
    encoders = {"video": video, "text": {"name": "t", "sha256": "1"}}
    layout = StoreLayout(tuple(map(str, range(ITEMS))), CLASSES, TEXT, FRAMES, 1.0, encoders)
    shown = np.arange(ITEMS) % 5 > 0
    return write_store(
        path,
        layout,
        frames=frames.astype(np.float32),
        text=rng.normal(size=(ITEMS, TEXT)).astype(np.float32),
        times_s=np.zeros((ITEMS, FRAMES), np.float32),
        has_visual=shown,
        has_text=shown,
    )


@pytest.fixture
def trainable() -> np.ndarray:
    return np.arange(ITEMS) < 30


def fitted_on(found: FeatureStore, trainable: np.ndarray) -> torch.Tensor:
    return torch.tensor(np.asarray(found.frames)[trainable & found.has_visual]).flatten(0, 1)


def test_other_features_keep_their_directions(tmp_path, trainable):
    found = store(tmp_path, classes=False)
    normalisation, frames = Normalisation.fit(found, trainable), fitted_on(found, trainable)
    assert normalisation.visual_width == CLASSES
    torch.testing.assert_close(normalisation.visual(frames), (frames - frames.mean(0)) / frames.std())


def test_class_probabilities_lose_the_direction_towards_the_flat_distribution(tmp_path, trainable):
    found = store(tmp_path, classes=True)
    normalisation, frames = Normalisation.fit(found, trainable), fitted_on(found, trainable)
    seen = normalisation.visual(frames)
    away = CLASSES**-0.5 - frames.mean(0)
    assert (normalisation.visual_axes.T @ away).abs().max() < 1e-4
    assert seen.std().item() == pytest.approx(1, abs=1e-3) and seen.mean(0).abs().max() < 1e-4
    variances = seen.var(0)
    assert (variances.diff() <= 1e-4).all(), "the main axes come first"
    covariance = seen.T @ seen / len(seen)
    assert (covariance - covariance.diagonal().diag()).abs().max() < 1e-3


def test_at_most_the_main_axes_are_kept_and_their_signs_repeat(tmp_path, trainable, monkeypatch):
    found = store(tmp_path, classes=True)
    whole = Normalisation.fit(found, trainable).visual_axes
    assert whole.shape[1] < CLASSES, "one direction went"
    monkeypatch.setattr(tensors, "AXES", 4)
    few = Normalisation.fit(found, trainable).visual_axes
    scale = few[:, 0].norm() / whole[:, 0].norm()
    torch.testing.assert_close(few, whole[:, :4] * scale, atol=1e-4, rtol=1e-3)
    largest = few.gather(0, few.abs().argmax(0, keepdim=True))
    assert (largest > 0).all()


def test_few_frames_have_few_axes():
    axes = tensors.class_axes(torch.rand(4, 50, generator=torch.Generator().manual_seed(0)))
    assert axes.shape == (50, 3) and torch.isfinite(axes).all()


def test_items_stand_behind_a_padding_row(tmp_path, trainable):
    found = store(tmp_path, classes=True)
    normalisation = Normalisation.fit(found, trainable)
    features = item_features(found, normalisation, trainable)
    assert features.frames.shape == (ITEMS + 1, FRAMES, normalisation.visual_width) and not features.frames[0].any()
    torch.testing.assert_close(features.global_visual[1:], features.frames[1:].mean(1), atol=1e-4, rtol=1e-3)
