"""A whole feature store in one call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mealrec.features.store import ABSENT, DONE, FeatureStore, StoreLayout, create_arrays, finish


def write_store(
    path: str | Path,
    layout: StoreLayout,
    *,
    frames: np.ndarray,
    text: np.ndarray,
    times_s: np.ndarray,
    has_visual: Sequence[bool],
    has_text: Sequence[bool],
) -> FeatureStore:
    """Write a store (an item's `global_visual` is its frames' mean) and return it opened."""
    arrays = create_arrays(Path(path), layout)
    arrays["frames"][:] = frames
    arrays["global_visual"][:] = frames.mean(1)
    arrays["text"][:] = text
    arrays["times_s"][:] = times_s
    arrays["has_text"][:] = has_text
    arrays["clip_state"][:] = np.where(has_visual, DONE, ABSENT)
    finish(Path(path), layout, arrays, failures={})
    return FeatureStore.open(path)
