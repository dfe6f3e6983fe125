"""The planted world, its folder, and a model in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mealrec.evaluation.setting import Setting
from mealrec.evaluation.subject import Subject
from tests.evaluation.planted_world import planted_subject, write_planted_world


@pytest.fixture(scope="session")
def planted_data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="session")
def planted_setting(planted_data) -> Setting:
    return write_planted_world(planted_data)


@pytest.fixture(scope="session")
def subject(planted_setting) -> Subject:
    return planted_subject(planted_setting)
