"""The planted world, its folder, and a model in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mealrec.evaluation.faithfulness import Subject
from mealrec.training.world import World
from tests.evaluation.planted_world import planted_subject, write_planted_world


@pytest.fixture(scope="session")
def planted_data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="session")
def planted_world(planted_data) -> World:
    return write_planted_world(planted_data)


@pytest.fixture(scope="session")
def subject(planted_world) -> Subject:
    return planted_subject(planted_world)
