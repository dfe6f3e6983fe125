"""Frames to visual features with a VideoMAE encoder. Paper: Sec. 5.1.3."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mealrec.errors import DataFormatError
from mealrec.features.weights import find_file, pick_device, weights_checksum

if TYPE_CHECKING:
    from transformers import VideoMAEModel

PREPROCESSOR_FILE = "preprocessor_config.json"
TUBELET = 2


@dataclass(frozen=True)
class Preprocessing:
    """How pixels enter the model: squashed to a square (so that no part of a portrait frame is lost), normalised."""

    image_size: int
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def resize(self, frames: Tensor) -> Tensor:
        """Return frames [M, H, W, 3] uint8 as [M, 3, S, S] float in 0..1."""
        pixels = frames.permute(0, 3, 1, 2).float() / 255
        size = (self.image_size, self.image_size)
        return functional.interpolate(pixels, size, mode="bilinear", antialias=True).clamp(0, 1)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Return pixels [..., 3, S, S] in 0..1 with the model's mean and deviation taken out."""
        mean, std = (pixels.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        return (pixels - mean) / std


def tube_tokens(model: VideoMAEModel, pixels: Tensor) -> Tensor:
    """Return the tokens [B, K, P, V] of each frame of normalised pixels [B, K, 3, S, S].

    Departs: VideoMAE's tube is two frames long, so five frames would make two tubes and drop the fifth.
    Each sampled frame is doubled and fills a tube of its own; a frame's feature is the mean of its tube.
    """
    hidden = model(pixels.repeat_interleave(TUBELET, dim=1)).last_hidden_state
    return hidden.unflatten(1, (pixels.shape[1], -1))


class VideoEncoder:
    """A frozen VideoMAE over K sampled frames.

    Attributes: `num_frames` K, `width` V, `layers`, `name`, `checksum` (sha256 of the weights).
    """

    def __init__(self, model: VideoMAEModel, preprocessing: Preprocessing, name: str, checksum: str):
        self.model, self.preprocessing, self.name, self.checksum = model.eval(), preprocessing, name, checksum
        self.num_frames = model.config.num_frames // TUBELET
        self.width, self.layers = model.config.hidden_size, model.config.num_hidden_layers

    @classmethod
    def from_pretrained(cls, path_or_hub_id: str | Path, device: str = "auto", num_frames: int = 5) -> VideoEncoder:
        """Load any VideoMAE, from a directory or the hub ("MCG-NJU/videomae-base").

        The positions are computed, not learned, so that weights pretrained on 16 frames load unchanged.
        Raises DataFormatError for a model of another kind.
        """
        from transformers import VideoMAEConfig, VideoMAEModel

        source = str(path_or_hub_id)
        checksum = weights_checksum(source)
        config = VideoMAEConfig.from_pretrained(source, num_frames=num_frames * TUBELET)
        if config.model_type != "videomae" or config.tubelet_size != TUBELET:
            raise DataFormatError(
                f"{source} is a {config.model_type} model with tubes of {config.tubelet_size} frames: "
                f"a VideoMAE with tubes of {TUBELET} is expected."
            )
        model = VideoMAEModel.from_pretrained(source, config=config, dtype=torch.float32)
        return cls(model.to(pick_device(device)), _preprocessing(source, config.image_size), source, checksum)

    @torch.inference_mode()
    def encode(self, clips: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Encode clips [B][K, H, W, 3] uint8 in one forward pass; each may have a size of its own.

        Returns (frame_features [B, K, V], global_visual [B, V]), float32. Raises DataFormatError where K is
        not the encoder's.
        """
        features = tube_tokens(self.model, self._pixels(clips)).mean(2).cpu().numpy()
        return features, features.mean(1)

    @torch.inference_mode()
    def hidden_states(self, clips: Sequence[np.ndarray]) -> np.ndarray:
        """Return the mean over a clip's frames and their patches after the embeddings and after each layer.

        [B, layers + 1, V] float32 of clips as `encode` takes them; VideoMAE has no token that stands for the clip.
        """
        pixels = self._pixels(clips).repeat_interleave(TUBELET, dim=1)
        states = self.model(pixels, output_hidden_states=True).hidden_states
        return torch.stack([hidden.mean(1) for hidden in states], 1).cpu().numpy()

    def _pixels(self, clips: Sequence[np.ndarray]) -> Tensor:
        for clip in clips:
            if clip.ndim != 4 or len(clip) != self.num_frames or clip.dtype != np.uint8:
                raise DataFormatError(
                    f"Frames [B, {self.num_frames}, H, W, 3] uint8 are expected, {list(clip.shape)} {clip.dtype} came."
                )
        device = next(self.model.parameters()).device
        pixels = torch.stack([self.preprocessing.resize(torch.tensor(clip, device=device)) for clip in clips])
        return self.preprocessing.normalise(pixels)


def _preprocessing(source: str, image_size: int) -> Preprocessing:
    path = find_file(source, PREPROCESSOR_FILE)
    if path is None:
        return Preprocessing(image_size)
    values = json.loads(path.read_text())
    return Preprocessing(image_size, tuple(values["image_mean"]), tuple(values["image_std"]))
