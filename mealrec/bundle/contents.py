"""What a bundle holds, in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import Tensor

from mealrec.bundle.manifest import (
    REBUILD,
    CatalogueItem,
    ExampleViewer,
    ViewerCase,
    project_path,
)
from mealrec.errors import BundleError
from mealrec.explain.trace import Kind
from mealrec.features.store import CLIPS, GLOBAL_VISUAL, TITLE_SEGMENTS
from mealrec.features.tensors import Normalisation
from mealrec.features.weights import WEIGHT_FILES
from mealrec.models.config import ModelConfig
from mealrec.types import ItemFeatures


@dataclass(frozen=True)
class BundleContents:
    """Everything the recommender needs.

    `models` maps a variant's name to its configuration and weights; `features` [N+1, ...] are
    normalised, row 0 is padding and row i is `catalogue[i - 1]`; `times_s` [N+1, K] says where in
    the clip each frame lies. `encoders` holds {"name", "sha256"} of "video" and "text": a name that
    starts with "." is a directory relative to the bundle; what stands before a colon says what
    stood in for frames, see `frame_source`. `media` is the folder of clips and pictures, relative
    to the bundle; `interval_s` the seconds between a clip's sampled frames. `kinds` are the J kinds
    of moments that the models tell apart.
    """

    name: str
    created_with: str
    catalogue: tuple[CatalogueItem, ...]
    viewers: tuple[ExampleViewer, ...]
    models: dict[str, tuple[ModelConfig, dict[str, Tensor]]]
    kinds: tuple[Kind, ...]
    features: ItemFeatures
    times_s: Tensor
    normalisation: Normalisation
    encoders: dict[str, dict[str, str]]
    media: str
    interval_s: float
    metrics: dict
    training: dict
    test_viewers: tuple[ViewerCase, ...] = ()

    @cached_property
    def frames_from(self) -> str:
        """Return what the K frames of an item are, see `frame_source`."""
        return frame_source(self.encoders["video"]["name"])

    def tensors(self) -> dict[str, Tensor]:
        """Return what `features.safetensors` holds, by name."""
        return {**vars(self.features), "times_s": self.times_s, **vars(self.normalisation)}


def frame_source(video_encoder: str) -> str:
    """Return what the frames made by a video encoder of this name are.

    "clips", or what stood in for them: "title-segments" (segments of an item's title, encoded as
    text) or "global-visual" (one given feature an item, repeated).
    """
    # Where no clip was decoded, extraction writes what it took instead before the encoder's name.
    before = video_encoder.partition(":")[0]
    return before if before in (TITLE_SEGMENTS, GLOBAL_VISUAL) else CLIPS


def check_encoder(bundle: str | Path, encoder: dict[str, str]) -> str:
    """Return an encoder's name (a hub id, "minilm", "title-segments:…") or its checked directory.

    Raises BundleError where the directory has no weights or others than the features were made
    with.
    """
    # What has a name of the hub is checked by whoever loads it.
    name = encoder["name"]
    if not name.startswith("."):
        return name
    directory = project_path(bundle, name)
    check_weights(directory, encoder["sha256"])
    return str(directory)


def check_weights(directory: Path, sha256: str) -> None:
    """Raise BundleError where a directory has no weights or not those of the checksum."""
    # Of two files the first is the one that would be loaded.
    weights = [directory / file for file in WEIGHT_FILES if (directory / file).is_file()]
    if not weights:
        raise BundleError(
            f"The bundle's encoder is missing: no weights in {directory}; restore it, or {REBUILD}."
        )
    found = hashlib.sha256(weights[0].read_bytes()).hexdigest()
    if found != sha256:
        raise BundleError(
            f"{weights[0]} is not the encoder that the bundle was made with "
            f"(sha256 {found[:12]}… where {sha256[:12]}… is expected): restore it, or extract the "
            f"features and {REBUILD}."
        )
