"""What every encoder of frames offers, and which one a directory or a hub id holds."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from mealrec.errors import DataFormatError
from mealrec.features.efficientnet import MODEL_TYPE
from mealrec.features.weights import find_file

CONFIG_FILE = "config.json"
# the probabilities' own, 1, leave all but a few classes at zero, and drawings apart from
# photographs
TEMPERATURE = 2.0


class VisualEncoder(ABC):
    """A frozen encoder of K sampled frames.

    `num_frames` K, `width` V' of its features, `layers` and `hidden_width` of its hidden states,
    `name`, `checksum` (sha256 of the weights). An encoder that was trained to tell classes apart
    has their names, `labels`, and the `temperature` of its features, which are then square roots of
    class probabilities; any other has () and None.
    """

    num_frames: int
    width: int
    layers: int
    hidden_width: int
    name: str
    checksum: str
    labels: tuple[str, ...] = ()
    temperature: float | None = None

    @abstractmethod
    def encode(self, clips: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Encode clips [B][K, H, W, 3] uint8 together; each may have a size of its own.

        Returns (frame_features [B, K, V'], global_visual [B, V']), float32, the latter the mean of
        the former. Raises DataFormatError where K is not the encoder's.
        """

    @abstractmethod
    def hidden_states(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean over a clip's frames and their places after the first layer's input and
        after each layer.

        [B, layers + 1, hidden_width] float32 of clips as `encode` takes them.
        """


def open_encoder(
    path_or_hub_id: str | Path, device: str = "auto", num_frames: int = 5
) -> VisualEncoder:
    """Load an encoder from a directory or the hub; its config.json says which kind it is.

    An EfficientNet-Lite ("checkpoints/encoder") or a VideoMAE ("MCG-NJU/videomae-base", or one that
    was fine-tuned to tell actions apart). Raises DataFormatError for a model of another kind.
    """
    source = str(path_or_hub_id)
    kind = read_config(source).get("model_type")
    if kind == MODEL_TYPE:
        from mealrec.features.image_encoder import ImageEncoder

        return ImageEncoder.from_pretrained(source, device, num_frames)
    if kind == "videomae":
        from mealrec.features.video_encoder import VideoEncoder

        return VideoEncoder.from_pretrained(source, device, num_frames)
    raise DataFormatError(
        f"{source} is a {kind} model: an {MODEL_TYPE} or a videomae is expected; name another one."
    )


def read_config(source: str) -> dict:
    """Return a model's config.json; raises DataFormatError where there is none that can be read."""
    path = find_file(source, CONFIG_FILE)
    try:
        values = json.loads(path.read_text(encoding="utf-8")) if path else None
    except (OSError, ValueError):
        values = None
    if not isinstance(values, dict):
        raise DataFormatError(
            f"{source} holds no readable {CONFIG_FILE}: name an encoder's directory or a hub id (and clear "
            "HF_HUB_OFFLINE to download one)."
        )
    return values


def labels_of(path_or_hub_id: str | Path) -> tuple[str, ...]:
    """Return the names of an encoder's classes, in order, without loading its weights; () where
    it has none."""
    values = read_config(str(path_or_hub_id))
    if values.get("model_type") == MODEL_TYPE:
        return tuple(values.get("labels", ()))
    return tuple_of_labels(values) if is_fine_tuned(values) else ()


def is_fine_tuned(config: dict) -> bool:
    """Return whether a transformers configuration is of a model that tells classes apart."""
    return any(
        name.endswith("ForVideoClassification") for name in config.get("architectures") or ()
    )


def tuple_of_labels(config: dict) -> tuple[str, ...]:
    """Return the class names of a transformers configuration in order."""
    names = config.get("id2label") or {}
    return tuple(name for _, name in sorted((int(number), name) for number, name in names.items()))


def class_roots(logits: Tensor, temperature: float) -> Tensor:
    """Return the square roots of the class probabilities [..., C] of logits [..., C] at a
    temperature.

    Their dot product is the overlap of two distributions (Bhattacharyya), and all of them are of
    length 1.
    """
    return (logits / temperature).softmax(-1).sqrt()
