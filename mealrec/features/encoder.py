"""Which encoder of frames a directory or a hub id holds: the registry of all kinds."""

from __future__ import annotations

from pathlib import Path

from mealrec.errors import DataFormatError
from mealrec.features import video_encoder
from mealrec.features.efficientnet import MODEL_TYPE
from mealrec.features.image_encoder import ImageEncoder
from mealrec.features.video_encoder import VideoEncoder
from mealrec.features.visual import VisualEncoder
from mealrec.features.weights import read_config


def open_encoder(
    path_or_hub_id: str | Path, device: str = "auto", num_frames: int = 5
) -> VisualEncoder:
    """Load an encoder from a directory or the hub; its config.json says which kind it is.

    An EfficientNet-Lite ("checkpoints/encoder") or a VideoMAE ("MCG-NJU/videomae-base", or one that
    was fine-tuned to tell actions apart). Raises DataFormatError for a model of another kind.
    """
    # transformers names the kind in config.json, and so does the bundled encoder.
    source = str(path_or_hub_id)
    kind = read_config(source).get("model_type")
    if kind == MODEL_TYPE:
        return ImageEncoder.from_pretrained(source, device, num_frames)
    if kind == video_encoder.MODEL_TYPE:
        return VideoEncoder.from_pretrained(source, device, num_frames)
    raise DataFormatError(
        f"{source} is a {kind} model: an {MODEL_TYPE} or a {video_encoder.MODEL_TYPE} is expected; "
        "name another one."
    )


def labels_of(path_or_hub_id: str | Path) -> tuple[str, ...]:
    """Return the names of an encoder's classes, in order, without loading its weights.

    () where it has none.
    """
    # Our own config.json has a list of them, that of transformers a table by number.
    config = read_config(str(path_or_hub_id))
    if config.get("model_type") == MODEL_TYPE:
        return tuple(config.get("labels", ()))
    return video_encoder.labels_in(config)
