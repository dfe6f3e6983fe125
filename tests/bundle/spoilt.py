"""A bundle's manifest changed, and what its opening is then refused with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mealrec.bundle.manifest import MANIFEST
from mealrec.errors import BundleError
from mealrec.recommender.recommender import Recommender


def edit_manifest(bundle: Path, change: Callable[[dict], object]) -> None:
    """Let `change` edit the manifest in place."""
    manifest = json.loads((bundle / MANIFEST).read_text())
    change(manifest)
    (bundle / MANIFEST).write_text(json.dumps(manifest))


def refusal(bundle: Path) -> str:
    """Return the sentence that the bundle is refused with."""
    with pytest.raises(BundleError) as caught:
        Recommender.from_bundle(bundle, device="cpu")
    message = str(caught.value)
    assert len(message) < 600 and "\n" not in message
    return message
