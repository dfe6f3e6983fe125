"""Frames to visual features with a VideoMAE encoder. Paper: Sec. 5.1.3."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from mealrec.errors import DataFormatError
from mealrec.features.visual import TEMPERATURE, Preprocessing, VisualEncoder, class_roots
from mealrec.features.weights import find_file, pick_device, weights_checksum

if TYPE_CHECKING:
    from transformers import VideoMAEConfig, VideoMAEModel

MODEL_TYPE = "videomae"
PREPROCESSOR_FILE = "preprocessor_config.json"
TUBELET = 2  # frames a tube


def tube_tokens(model: VideoMAEModel, pixels: Tensor) -> Tensor:
    """Return the tokens [B, K, P, V] of each frame of normalised pixels [B, K, 3, S, S].

    Departs: VideoMAE's tube is two frames long, so five frames would make two tubes and drop the
    fifth. Each sampled frame is doubled and fills a tube of its own; a frame's feature is the mean
    of its tube.
    """
    hidden = model(pixels.repeat_interleave(TUBELET, dim=1)).last_hidden_state
    return hidden.unflatten(1, (pixels.shape[1], -1))


class VideoEncoder(VisualEncoder):
    """A frozen VideoMAE over K sampled frames.

    Pre-trained alone it gives the mean of a frame's tokens. One that was fine-tuned to tell actions
    apart gives the square roots of the class probabilities that its classifier reads in that mean,
    as an image classifier's are.
    """

    def __init__(
        self,
        model: VideoMAEModel,
        preprocessing: Preprocessing,
        name: str,
        checksum: str,
        classifier: nn.Module | None = None,
        labels: tuple[str, ...] = (),
    ):
        self.model = model.eval()
        self.preprocessing = preprocessing
        self.name = name
        self.checksum = checksum
        self.classifier = classifier
        self.labels = labels

        # Its features are class probabilities' roots where it tells classes apart.
        self.num_frames = model.config.num_frames // TUBELET
        self.hidden_width = model.config.hidden_size
        self.layers = model.config.num_hidden_layers
        self.width = len(labels) if labels else self.hidden_width
        self.temperature = TEMPERATURE if labels else None

    @classmethod
    def from_pretrained(
        cls, path_or_hub_id: str | Path, device: str = "auto", num_frames: int = 5
    ) -> VideoEncoder:
        """Load any VideoMAE, from a directory or the hub.

        "MCG-NJU/videomae-base" was pre-trained alone, "MCG-NJU/videomae-base-finetuned-kinetics"
        names 400 actions. The positions are computed, not learned, so that weights pretrained on 16
        frames load unchanged. Raises DataFormatError for one whose frames have no feature of their
        own.
        """
        from transformers import VideoMAEConfig, VideoMAEForVideoClassification, VideoMAEModel

        # Which of the two forms, and is it one that can be read?
        source = str(path_or_hub_id)
        checksum = weights_checksum(source)
        config = VideoMAEConfig.from_pretrained(source, num_frames=num_frames * TUBELET)
        has_classifier = is_fine_tuned(config.to_dict())
        _check(source, config, has_classifier)
        preprocessing = _preprocessing(source, config.image_size)

        # Pre-trained alone, or with a classifier on top.
        settings = {"config": config, "dtype": torch.float32}
        if not has_classifier:
            model = VideoMAEModel.from_pretrained(source, **settings)
            return cls(model.to(pick_device(device)), preprocessing, source, checksum)
        whole = VideoMAEForVideoClassification.from_pretrained(source, **settings)
        whole = whole.to(pick_device(device)).eval()
        classifier = nn.Sequential(whole.fc_norm, whole.classifier)
        labels = labels_in(config.to_dict())
        return cls(whole.videomae, preprocessing, source, checksum, classifier, labels)

    @torch.inference_mode()
    def encode(self, clips: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """See VisualEncoder.encode; all clips go through one forward pass."""
        features = tube_tokens(self.model, self._pixels(clips)).mean(2)
        if self.classifier is not None:
            features = class_roots(self.classifier(features), self.temperature)
        features = features.cpu().numpy()
        return features, features.mean(1)

    @torch.inference_mode()
    def hidden_states(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """See VisualEncoder.hidden_states; VideoMAE has no token that stands for the clip."""
        pixels = self._pixels(clips).repeat_interleave(TUBELET, dim=1)
        states = self.model(pixels, output_hidden_states=True).hidden_states
        return torch.stack([hidden.mean(1) for hidden in states], 1).cpu().numpy()

    def _pixels(self, clips: Sequence[np.ndarray]) -> Tensor:
        return self.preprocessing.clips(clips, self.num_frames, self.model.device)


def is_fine_tuned(config: dict) -> bool:
    """Tell whether a transformers configuration is of a model that tells classes apart."""
    architectures = config.get("architectures") or ()
    return any(name.endswith("ForVideoClassification") for name in architectures)


def labels_in(config: dict) -> tuple[str, ...]:
    """Return the class names of a transformers configuration in order, () where it has none."""
    if not is_fine_tuned(config):
        return ()

    # JSON keeps numbers as texts: "10" would stand before "2".
    names = config.get("id2label") or {}
    return tuple(names[number] for number in sorted(names, key=int))


def _check(source: str, config: VideoMAEConfig, has_classifier: bool) -> None:
    # Frames are doubled to fill tubes of two, and a frame's class is read in its own tokens.
    if config.tubelet_size != TUBELET:
        raise DataFormatError(
            f"{source} is a {MODEL_TYPE} model with tubes of {config.tubelet_size} frames: "
            f"a VideoMAE with tubes of {TUBELET} is expected."
        )
    if has_classifier and not config.use_mean_pooling:
        raise DataFormatError(
            f"{source} reads its class in one token of the whole clip, so its frames have none: a "
            "VideoMAE that was fine-tuned with use_mean_pooling is expected."
        )


def _preprocessing(source: str, image_size: int) -> Preprocessing:
    # Without the file: what the published models were trained with.
    path = find_file(source, PREPROCESSOR_FILE)
    if path is None:
        return Preprocessing(image_size)
    values = json.loads(path.read_text())
    return Preprocessing(image_size, tuple(values["image_mean"]), tuple(values["image_std"]))
