"""Frames to class probabilities with an image classifier: the bundled encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from mealrec.errors import DataFormatError
from mealrec.features.efficientnet import MODEL_TYPE, EfficientNetConfig, EfficientNetLite
from mealrec.features.encoder import TEMPERATURE, VisualEncoder, class_roots, read_config
from mealrec.features.pixels import Preprocessing
from mealrec.features.weights import find_file, pick_device, weights_checksum

WEIGHTS = "model.safetensors"
AT_ONCE = 10  # frames a forward pass: more of them leave the processor's cache


class ImageEncoder(VisualEncoder):
    """A frozen image classifier over each of K sampled frames.

    Departs: the paper's encoder is VideoMAE. A frame's feature is the square root of its class
    probabilities, because drawings and photographs of one thing agree on its class where they agree
    on nothing else (docs/eyes.md).
    """

    def __init__(
        self,
        network: EfficientNetLite,
        preprocessing: Preprocessing,
        labels: tuple[str, ...],
        name: str,
        checksum: str,
        temperature: float = TEMPERATURE,
        num_frames: int = 5,
    ):
        self.network, self.preprocessing, self.labels = network.eval(), preprocessing, labels
        self.name, self.checksum = name, checksum
        self.temperature, self.num_frames = temperature, num_frames
        self.width, self.layers = network.config.num_classes, network.depth
        self.hidden_width = network.config.head_width

    @classmethod
    def from_pretrained(
        cls, path_or_hub_id: str | Path, device: str = "auto", num_frames: int = 5
    ) -> ImageEncoder:
        """Load an EfficientNet-Lite from a directory or the hub; it computes in float32 whatever is
        stored.

        Raises DataFormatError for a model of another kind or a damaged one.
        """
        source = str(path_or_hub_id)
        checksum, values = weights_checksum(source), read_config(source)
        if values.get("model_type") != MODEL_TYPE:
            raise DataFormatError(
                f"{source} is a {values.get('model_type')} model: an {MODEL_TYPE} is expected."
            )
        network = EfficientNetLite(EfficientNetConfig.from_dict(values))
        try:
            stored = load_file(find_file(source, WEIGHTS))
            network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
        except (OSError, RuntimeError, TypeError, SafetensorError) as error:
            raise DataFormatError(
                f"{source} holds other weights than its config.json says: copy it again."
            ) from error
        labels = tuple(values["labels"])
        if len(labels) != network.config.num_classes:
            raise DataFormatError(
                f"{source} names {len(labels)} classes and tells {network.config.num_classes} apart: copy it again."
            )
        preprocessing = Preprocessing(
            values["image_size"],
            tuple(values["mean"]),
            tuple(values["std"]),
            values["interpolation"],
            values["fit"],
        )
        network = network.to(pick_device(device))
        return cls(
            network, preprocessing, labels, source, checksum, values["temperature"], num_frames
        )

    @torch.inference_mode()
    def encode(self, clips: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """See VisualEncoder.encode."""
        features = class_roots(self.logits(clips), self.temperature).cpu().numpy()
        return features, features.mean(1)

    @torch.inference_mode()
    def logits(self, clips: Sequence[np.ndarray]) -> Tensor:
        """Return the logits [B, K, C] of clips as `encode` takes them."""
        pixels = self._pixels(clips)
        made = [self.network(part) for part in pixels.flatten(0, 1).split(AT_ONCE)]
        return torch.cat(made).unflatten(0, pixels.shape[:2])

    @torch.inference_mode()
    def hidden_states(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """See VisualEncoder.hidden_states: the stem, each stage and the head; zeros fill up what
        is narrower."""
        pixels = self._pixels(clips)
        rows = []
        for part in pixels.flatten(0, 1).split(AT_ONCE):
            means = [maps.mean((2, 3)) for maps in self.network.maps(part)]
            rows.append(
                torch.stack(
                    [
                        functional.pad(mean, (0, self.hidden_width - mean.shape[1]))
                        for mean in means
                    ],
                    1,
                )
            )
        return torch.cat(rows).unflatten(0, pixels.shape[:2]).mean(1).cpu().numpy()

    def _pixels(self, clips: Sequence[np.ndarray]) -> Tensor:
        return self.preprocessing.clips(
            clips, self.num_frames, self.network.classifier.weight.device
        )
