"""The tiny world, its split and one batch of it."""

from __future__ import annotations

import pytest
import torch

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import Split, leave_one_out
from mealrec.types import ItemFeatures, SequenceBatch
from tests.training.tiny_world import make_catalogue, make_features


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return make_catalogue()


@pytest.fixture(scope="session")
def split(catalogue) -> Split:
    return leave_one_out(catalogue)


@pytest.fixture(scope="session")
def features(catalogue) -> ItemFeatures:
    return make_features(catalogue)


@pytest.fixture
def batch(split) -> SequenceBatch:
    """Return eight histories of three clicks; each is followed by its next click, and no history is there twice."""
    chosen = list({sequence[:3]: sequence for sequence in split.train if len(sequence) > 3}.values())[:8]
    items, targets = torch.zeros(8, 4, dtype=torch.long), torch.zeros(8, 4, dtype=torch.long)
    for row, sequence in enumerate(chosen):
        items[row, :3] = torch.tensor(sequence[:3])
        targets[row, 2] = sequence[3]
    return SequenceBatch(items, targets)
