"""From a feature store to what a model takes: normalised tensors with a padding row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mealrec.features.store import FeatureStore
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class Normalisation:
    """Mean and deviation taken out of the encoders' features: `visual_*` [V], `text_*` [H].

    The deviation is one number for a whole modality, so directions stay as the encoder made them.
    """

    visual_mean: Tensor
    visual_std: Tensor
    text_mean: Tensor
    text_std: Tensor

    @classmethod
    def fit(cls, store: FeatureStore, trainable: np.ndarray) -> Normalisation:
        """Fit on the frames and titles of items where `trainable` [N] bool is true."""
        frames = np.asarray(store.frames)[trainable & store.has_visual].reshape(-1, store.frames.shape[-1])
        titles = np.asarray(store.text)[trainable & store.has_text]
        visual, text = torch.from_numpy(frames), torch.from_numpy(titles)
        return cls(visual.mean(0), visual.std().expand(visual.shape[1]), text.mean(0), text.std().expand(text.shape[1]))

    def visual(self, features: Tensor) -> Tensor:
        """Return visual features [..., V] as the model takes them."""
        return (features - self.visual_mean) / self.visual_std

    def text(self, features: Tensor) -> Tensor:
        """Return text features [..., H] as the model takes them."""
        return (features - self.text_mean) / self.text_std


def item_features(store: FeatureStore, normalisation: Normalisation, trainable: np.ndarray) -> ItemFeatures:
    """Return the features of all items behind a padding row; items that are not `trainable` [N] have no ID."""

    def padded(rows: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(rows[:1]), rows])

    visual, frames, text, has_visual, has_text = (
        torch.tensor(np.asarray(array))
        for array in (store.global_visual, store.frames, store.text, store.has_visual, store.has_text)
    )
    return ItemFeatures(
        padded(normalisation.visual(visual)),
        padded(normalisation.visual(frames)),
        padded(normalisation.text(text)),
        padded(has_visual),
        padded(has_text),
        padded(torch.tensor(trainable)),
    )
