"""What every test of the paper's form may ask for."""

from __future__ import annotations

import pytest

from mealrec.types import ItemFeatures
from tests.models.paper.small_model import invent_features


@pytest.fixture
def features() -> ItemFeatures:
    return invent_features()
