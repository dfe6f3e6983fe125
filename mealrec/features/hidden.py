"""The encoders' hidden states, layer by layer: two arrays in the folder of a feature store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.errors import DataFormatError
from mealrec.features.store import MANIFEST, FeatureStore, array_path, checksum, open_array

HIDDEN = "hidden.json"
FORMAT_VERSION = 1
ARRAYS = {"visual": "hidden_visual", "text": "hidden_text"}
AGAIN = "run the same `python -m mealrec extract` command with --hidden-states"


@dataclass(frozen=True)
class HiddenStates:
    """What each layer of the frozen encoders made of N items, in the order of `item_ids`.

    `visual` [N, layers + 1, V] and `text` [N, layers + 1, H] float16, the embeddings first, each
    the mean over its tokens; an item without a clip or a title has a row of zeros. Where title
    segments stand for frames, `visual` is the text encoder's mean over them. `manifest` names the
    encoders and the pooling.
    """

    item_ids: tuple[str, ...]
    visual: np.ndarray
    text: np.ndarray
    manifest: dict

    @property
    def shape(self) -> dict[str, int]:
        """Return the dimensions that a model is built by.

        The embeddings count as no layer.
        """
        return {
            "visual_layers": self.visual.shape[1] - 1,
            "visual_width": self.visual.shape[2],
            "text_layers": self.text.shape[1] - 1,
            "text_width": self.text.shape[2],
        }

    @classmethod
    def open(cls, folder: str | Path) -> HiddenStates:
        """Map the hidden states of a finished feature store into memory.

        Raises DataFormatError naming what is missing, unfinished, of the wrong shape or made for
        other features.
        """
        # Finished, and of the features that lie there?
        folder = Path(folder)
        store = FeatureStore.open(folder)
        manifest = _read_manifest(folder)
        if not manifest.get("complete"):
            raise DataFormatError(
                f"The hidden states in {folder} were not finished: {AGAIN} again."
            )
        if manifest["made_for"] != made_for(folder):
            raise DataFormatError(
                f"The hidden states in {folder} are of other features than lie there: {AGAIN} "
                "again."
            )

        # The arrays themselves.
        arrays = {}
        for name, file in ARRAYS.items():
            shape = tuple(manifest["shapes"][name])
            path = array_path(folder, file)
            arrays[name] = open_array(path, shape, np.float16, "r", f"{AGAIN} again")
        return cls(store.item_ids, manifest=manifest, **arrays)

    def of(self, item_ids: Sequence[str]) -> HiddenStates:
        """Return the rows of these items; raises DataFormatError where one is missing."""
        if tuple(item_ids) == self.item_ids:
            return self

        # Rows in the order that is asked for.
        place = {item: number for number, item in enumerate(self.item_ids)}
        missing = [item for item in item_ids if item not in place]
        if missing:
            raise DataFormatError(
                f"{len(missing)} items have no hidden states, {missing[0]} first: {AGAIN}."
            )
        rows = np.array([place[item] for item in item_ids])
        return HiddenStates(tuple(item_ids), self.visual[rows], self.text[rows], self.manifest)


def is_complete(folder: Path) -> bool:
    """Tell whether the folder holds finished, unchanged hidden states of its very features."""
    try:
        found = HiddenStates.open(folder)
    except DataFormatError:
        return False

    # A file may have changed since.
    sums = found.manifest["sha256"]
    return sums["visual"] == checksum(found.visual) and sums["text"] == checksum(found.text)


def _read_manifest(folder: Path) -> dict:
    try:
        manifest = json.loads((folder / HIDDEN).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{folder} holds no hidden states: {AGAIN}.") from error
    if manifest.get("format_version") != FORMAT_VERSION:
        raise DataFormatError(
            f"The hidden states in {folder} have format {manifest.get('format_version')} and "
            f"{FORMAT_VERSION} is expected: {AGAIN} again."
        )
    return manifest


def made_for(folder: Path) -> str:
    """Return what changes with every feature: the manifest holds the arrays' checksums."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
