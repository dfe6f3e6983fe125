"""Visual features from a file: the official VideoMAE ones, where there are no clips to encode."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mealrec.errors import DataFormatError


@dataclass(frozen=True)
class GivenVisual:
    """An array [M, V] whose row i holds the v_i of item i + 1, as MicroLens publishes it."""

    path: Path
    features: np.ndarray
    checksum: str

    @classmethod
    def open(cls, path: Path) -> GivenVisual:
        """Map the file; raises DataFormatError where it is no array of real numbers with two
        axes."""
        try:
            features = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise DataFormatError(f"{path} is no readable .npy file: {error}") from error
        if features.ndim != 2 or not np.issubdtype(features.dtype, np.floating):
            raise DataFormatError(
                f"{path} holds {features.dtype} {list(features.shape)}: floats [items, width] are expected, "
                "where row i belongs to item i + 1."
            )
        return cls(path, features, hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def width(self) -> int:
        """V."""
        return self.features.shape[1]

    def of(self, item_ids: Sequence[str]) -> np.ndarray:
        """Return [B, V] float32; raises DataFormatError naming an item that the file has no
        finite row for."""
        rows = [int(item_id) - 1 if item_id.isdecimal() else -1 for item_id in item_ids]
        for item_id, row in zip(item_ids, rows, strict=True):
            if not 0 <= row < len(self.features):
                raise DataFormatError(
                    f"{self.path} has {len(self.features)} rows, for the items 1 to {len(self.features)}: "
                    f"item {item_id!r} has none. Take the file that belongs to this catalogue."
                )
        features = np.asarray(self.features[rows], np.float32)
        broken = np.flatnonzero(~np.isfinite(features).all(1))
        if len(broken):
            raise DataFormatError(
                f"{self.path} holds no finite numbers for item {item_ids[broken[0]]!r}."
            )
        return features
