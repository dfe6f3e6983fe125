"""Frames to class probabilities with an image classifier: the bundled encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from mealrec.errors import DataFormatError
from mealrec.features.efficientnet import EfficientNetConfig, EfficientNetLite
from mealrec.features.visual import Preprocessing, VisualEncoder, class_roots
from mealrec.features.weights import WEIGHTS, find_file, pick_device, read_config, weights_checksum

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
        temperature: float,
        num_frames: int,
    ):
        self.network = network.eval()
        self.preprocessing = preprocessing
        self.labels = labels
        self.name = name
        self.checksum = checksum
        self.temperature = temperature
        self.num_frames = num_frames

        # A number for each class; the hidden states are as wide as the head.
        self.width = network.config.num_classes
        self.layers = len(network.stages) + 1  # and the head
        self.hidden_width = network.config.head_width

    @classmethod
    def from_pretrained(
        cls, path_or_hub_id: str | Path, device: str = "auto", num_frames: int = 5
    ) -> ImageEncoder:
        """Load an EfficientNet-Lite from a directory or the hub; it computes in float32.

        Raises DataFormatError for a damaged one.
        """
        source = str(path_or_hub_id)
        checksum = weights_checksum(source)
        config = read_config(source)

        # The network, whatever precision its weights are stored in.
        network = EfficientNetLite(EfficientNetConfig.from_dict(config))
        try:
            stored = load_file(find_file(source, WEIGHTS))
            network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
        except (OSError, RuntimeError, TypeError, SafetensorError) as error:
            raise DataFormatError(
                f"{source} holds other weights than its config.json says: copy it again."
            ) from error
        labels = tuple(config["labels"])
        if len(labels) != network.config.num_classes:
            raise DataFormatError(
                f"{source} names {len(labels)} classes and tells {network.config.num_classes} "
                "apart: copy it again."
            )

        # What it was trained on: pixels of one size, with a mean and a deviation taken out.
        preprocessing = Preprocessing(
            config["image_size"],
            tuple(config["mean"]),
            tuple(config["std"]),
            config["interpolation"],
            config["fit"],
        )
        return cls(
            network.to(pick_device(device)),
            preprocessing,
            labels,
            source,
            checksum,
            config["temperature"],
            num_frames,
        )

    @torch.inference_mode()
    def encode(self, clips: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """See VisualEncoder.encode."""
        features = class_roots(self.logits(clips), self.temperature).cpu().numpy()
        return features, features.mean(1)

    @torch.inference_mode()
    def logits(self, clips: Sequence[np.ndarray]) -> Tensor:
        """Return the logits [B, K, C] of clips as `encode` takes them."""
        return self._of_frames(clips, self.network)

    @torch.inference_mode()
    def hidden_states(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """See VisualEncoder.hidden_states: the stem, each stage and the head.

        Zeros fill up what is narrower than the head.
        """

        # Each layer's mean over places, all of one width.
        def means(pixels: Tensor) -> Tensor:
            layers = []
            for maps in self.network.maps(pixels):
                mean = maps.mean((2, 3))
                layers.append(functional.pad(mean, (0, self.hidden_width - mean.shape[1])))
            return torch.stack(layers, 1)

        # And the mean over a clip's frames.
        return self._of_frames(clips, means).mean(1).cpu().numpy()

    def _of_frames(self, clips: Sequence[np.ndarray], make: Callable[[Tensor], Tensor]) -> Tensor:
        """Return what `make` makes of every frame [B, K, ...], some frames at a time."""
        pixels = self._pixels(clips)
        made = [make(part) for part in pixels.flatten(0, 1).split(AT_ONCE)]
        return torch.cat(made).unflatten(0, pixels.shape[:2])

    def _pixels(self, clips: Sequence[np.ndarray]) -> Tensor:
        device = self.network.classifier.weight.device
        return self.preprocessing.clips(clips, self.num_frames, device)
