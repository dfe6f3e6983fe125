"""Every form of system: a stored configuration comes back as what it was, and builds its own class."""

from __future__ import annotations

import json

import pytest

from mealrec.baselines import base as baselines
from mealrec.errors import DataFormatError
from mealrec.models.config import MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.config import GraphConfig
from mealrec.models.published.guided import GuidedBackbone, GuidedConfig
from mealrec.models.published.mealrec import KindWalk, OnBackbone, OnBackboneConfig
from mealrec.training.forms import build, from_dict
from mealrec.training.run import load_system
from tests.training.tiny_world import SHAPE, make_config

GRAPH = GraphConfig(**SHAPE, num_kinds=6)
MMGCN = baselines.system("mmgcn")


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (MealRecConfig(**SHAPE), MealRec),
        (make_config(), PaperMealRec),
        (GRAPH, KindWalk),
        (OnBackboneConfig(make_config(), GRAPH), OnBackbone),
        (GuidedConfig(make_config()), GuidedBackbone),
        (MMGCN.Config(**SHAPE), MMGCN),
    ],
)
def test_a_stored_configuration_comes_back_and_builds_its_own_class(config, kind):
    back = from_dict(json.loads(json.dumps(config.to_dict())))
    assert back == config and type(back) is type(config)
    assert type(build(back)) is kind


def test_halves_that_are_not_whole_are_named_with_their_folder(tmp_path):
    values = {name: value for name, value in OnBackboneConfig(make_config(), GRAPH).to_dict().items() if name != "walk"}
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(DataFormatError, match=r"config.json cannot be used .*OnBackboneConfig lacks walk.*: train"):
        load_system(tmp_path)


@pytest.mark.parametrize("changes", [{"form": "of clay"}, {"form": None}, {"head": "moments"}, {"depth": 3}])
def test_a_stored_system_of_another_form_is_named_with_its_folder(tmp_path, changes):
    (tmp_path / "config.json").write_text(json.dumps(make_config().to_dict() | changes))
    with pytest.raises(DataFormatError, match=r"config.json cannot be used \(.*(form|head|depth).*\): train"):
        load_system(tmp_path)
