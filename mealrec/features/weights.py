"""Finding pretrained weights, on disk or on the hub, and naming them by what they hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from mealrec.errors import DataFormatError

WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


def pick_device(device: str) -> torch.device:
    """Return the device; "auto" is CUDA where there is one, else the CPU."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def find_file(path_or_hub_id: str, name: str) -> Path | None:
    """Return the path of one file of a model, or None where the model has no such file.

    A local directory never touches the network.
    """
    if Path(path_or_hub_id).is_dir():
        path = Path(path_or_hub_id) / name
        return path if path.is_file() else None
    from transformers.utils import cached_file

    found = cached_file(
        path_or_hub_id,
        name,
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return Path(found) if found else None


def weights_checksum(path_or_hub_id: str) -> str:
    """Return the sha256 of a model's weight file.

    Raises DataFormatError where there is none.
    """
    for name in WEIGHT_FILES:
        path = find_file(path_or_hub_id, name)
        if path is not None:
            return hashlib.sha256(path.read_bytes()).hexdigest()
    raise DataFormatError(
        f"{path_or_hub_id} holds none of {', '.join(WEIGHT_FILES)}: name a model directory or a hub id "
        "(and clear HF_HUB_OFFLINE to download one)."
    )
