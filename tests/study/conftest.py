"""The tiny world on disk, and one study on it whose trainings all tests share."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from mealrec.study import exhibits
from mealrec.study.harness import Study
from mealrec.study.source import Source
from tests.training.tiny_world import write_world

BRIEF = ("training.max_epochs=1", "model.width=16", "training.batch_size=64", "training.learning_rate=5e-3")


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """Return the tiny world's catalogue and feature store."""
    return write_world(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def study(folders, tmp_path_factory) -> Study:
    data, features = folders
    work = tmp_path_factory.mktemp("work")
    return Study(Source("tiny", data, ""), work, features, seeds=1, jobs=1, settings=BRIEF)


@pytest.fixture(scope="session")
def options():
    """Return the options of an experiment as the command gives them, some of them changed."""

    def given(name: str, **changes) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        if add := getattr(exhibits.load(name), "add_arguments", None):
            add(parser.add_argument_group(name))
        return argparse.Namespace(**{**vars(parser.parse_args([])), **changes})

    return given
