"""Tiny untrained encoders of every kind, written as open_encoder reads them."""

from __future__ import annotations

from pathlib import Path

import torch

from mealrec.features.conversion import save_encoder
from mealrec.features.efficientnet import EfficientNetConfig, EfficientNetLite, Stage

CLASSES = ("cat", "dog", "lighthouse", "reef", "rocket", "sushi", "umbrella")
SMALL = EfficientNetConfig(4, (Stage(3, 1, 1, 4, 1), Stage(5, 2, 2, 6, 2)), 8, len(CLASSES))


def write_videomae(path: Path, width: int = 64, layers: int = 2, image_size: int = 32) -> Path:
    """Write a VideoMAE that was never trained, with one head."""
    from transformers import VideoMAEModel

    with torch.random.fork_rng():
        torch.manual_seed(0)
        VideoMAEModel(_videomae_config(width, layers, image_size)).save_pretrained(path)
    return path


def write_fine_tuned(path: Path, labels: tuple[str, ...] = CLASSES, **changes: object) -> Path:
    """Write a VideoMAE with a classifier of actions; `changes` are made to its configuration."""
    from transformers import VideoMAEForVideoClassification

    config = _videomae_config(64, 2, 32)
    config.id2label = dict(enumerate(labels))
    config.update(changes)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = VideoMAEForVideoClassification(config)
        torch.nn.init.normal_(model.classifier.weight, std=0.5)
        model.save_pretrained(path)
    return path


def write_classifier(path: Path, labels: tuple[str, ...] = CLASSES, image_size: int = 32) -> Path:
    """Write an EfficientNet-Lite of two stages whose answers differ from picture to picture."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = EfficientNetLite(SMALL)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    save_encoder(path, network, list(labels), image_size=image_size)
    return path


def _videomae_config(width: int, layers: int, image_size: int):
    from transformers import VideoMAEConfig

    return VideoMAEConfig(
        image_size=image_size,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=1,
        intermediate_size=2 * width,
        num_frames=10,
    )
