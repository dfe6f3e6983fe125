"""From a feature store to what a model takes: normalised tensors with a padding row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mealrec.features.store import FeatureStore, holds_class_roots
from mealrec.types import ItemFeatures

# Of 1,000 class probabilities' roots; the other axes tell no more motifs apart (docs/eyes.md).
AXES = 128
FLAT = 1e-10  # of the first axis's variance: an axis with less is rounding


@dataclass(frozen=True)
class Normalisation:
    """What is taken out of the encoders' features, and the axes that visual ones are seen along.

    `visual_mean` [V'], `visual_axes` [V', V], `text_mean` and `text_std` [H]. The deviation is one
    number for a whole modality, so directions stay as the encoder made them.
    """

    visual_mean: Tensor
    visual_axes: Tensor
    text_mean: Tensor
    text_std: Tensor

    @classmethod
    def fit(cls, store: FeatureStore, trainable: np.ndarray) -> Normalisation:
        """Fit on the frames and titles of items where `trainable` [N] bool is true."""
        # What training may see, and only rows that hold data.
        clips = np.asarray(store.frames)[trainable & store.has_visual]
        titles = np.asarray(store.text)[trainable & store.has_text]
        visual = torch.from_numpy(clips.reshape(-1, clips.shape[-1]))
        text = torch.from_numpy(titles)

        # One deviation for all of a text's numbers; a picture's stands in its axes.
        return cls(
            visual_mean=visual.mean(0),
            visual_axes=visual_axes(visual, holds_class_roots(store.manifest)),
            text_mean=text.mean(0),
            text_std=text.std().expand(text.shape[1]),
        )

    @property
    def visual_width(self) -> int:
        """Return V, how many numbers a model takes of a picture."""
        return self.visual_axes.shape[1]

    def visual(self, features: Tensor) -> Tensor:
        """Return visual features [..., V'] as the model takes them [..., V]."""
        return (features - self.visual_mean) @ self.visual_axes

    def text(self, features: Tensor) -> Tensor:
        """Return text features [..., H] as the model takes them."""
        return (features - self.text_mean) / self.text_std


def visual_axes(frames: Tensor, of_classes: bool) -> Tensor:
    """Return the axes [V', V] for features like those of frames [M, V'].

    Where these are roots of class probabilities see `class_axes`; any others stay as they are, over
    one deviation.
    """
    return class_axes(frames) if of_classes else torch.eye(frames.shape[1]) / frames.std()


def class_axes(frames: Tensor) -> Tensor:
    """Return the axes [C, V] that class probabilities' roots [M, C] are seen along.

    V is AXES, or less for few frames. The direction from the frames' mean to the flat distribution
    goes: it tells how drawn or how filmed a picture looks, because photographs' mean is nearly
    flat, and a catalogue of drawings must find itself in them. What is left is turned to its main
    axes and divided by one deviation. An axis's largest weight is positive.
    """
    rows = frames.double()
    mean = rows.mean(0)
    classes = rows.shape[1]

    # Without the direction to the flat distribution.
    flat = torch.full_like(mean, classes**-0.5)
    away = functional.normalize(flat - mean, dim=0)
    left = rows - mean
    left = left - (left @ away)[:, None] * away

    # Along the main axes, the widest first.
    variances, axes = torch.linalg.eigh(left.T @ left / max(len(left) - 1, 1))
    variances = variances.flip(0)[:AXES]
    axes = axes.flip(1)[:, :AXES]
    axes = axes[:, variances > FLAT * variances[0]]

    # Each axis's largest weight is positive; over one deviation for all.
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    axes = axes * largest.sign()
    return (axes / (left @ axes).std()).float()


def item_features(
    store: FeatureStore, normalisation: Normalisation, trainable: np.ndarray
) -> ItemFeatures:
    """Return the features of all items behind a padding row.

    Items that are not `trainable` [N] have no ID.
    """

    # Item 0 is padding.
    def padded(rows: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(rows[:1]), rows])

    visual = torch.tensor(np.asarray(store.global_visual))
    frames = torch.tensor(np.asarray(store.frames))
    text = torch.tensor(np.asarray(store.text))
    return ItemFeatures(
        global_visual=padded(normalisation.visual(visual)),
        frames=padded(normalisation.visual(frames)),
        text=padded(normalisation.text(text)),
        has_visual=padded(torch.tensor(np.asarray(store.has_visual))),
        has_text=padded(torch.tensor(np.asarray(store.has_text))),
        has_id=padded(torch.tensor(trainable)),
    )
