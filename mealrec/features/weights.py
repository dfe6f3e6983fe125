"""Finding pretrained weights, on disk or on the hub, and naming them by what they hold."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import torch

from mealrec.errors import DataFormatError

CONFIG_FILE = "config.json"
WEIGHTS = "model.safetensors"
WEIGHT_FILES = (WEIGHTS, "pytorch_model.bin")


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

    # From the hub or its cache; whoever needs the file says what its lack means.
    from transformers.utils import cached_file

    found = cached_file(
        path_or_hub_id,
        name,
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return Path(found) if found else None


def read_config(path_or_hub_id: str) -> dict:
    """Return a model's config.json; raises DataFormatError where there is none to be read."""
    # Missing, damaged or no object at all: the same is to be done.
    path = find_file(path_or_hub_id, CONFIG_FILE)
    values = None
    if path:
        with suppress(OSError, ValueError):
            values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise DataFormatError(
            f"{path_or_hub_id} holds no readable {CONFIG_FILE}: name an encoder's directory or a "
            "hub id (and clear HF_HUB_OFFLINE to download one)."
        )
    return values


def weights_checksum(path_or_hub_id: str) -> str:
    """Return the sha256 of a model's weight file.

    Raises DataFormatError where there is none.
    """
    # The first one there is what transformers loads.
    for name in WEIGHT_FILES:
        path = find_file(path_or_hub_id, name)
        if path is not None:
            return hashlib.sha256(path.read_bytes()).hexdigest()
    raise DataFormatError(
        f"{path_or_hub_id} holds none of {', '.join(WEIGHT_FILES)}: name a model directory or a "
        "hub id (and clear HF_HUB_OFFLINE to download one)."
    )
