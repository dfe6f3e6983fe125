"""No setting is in vain: whatever a configuration holds changes the weights, the loss or the ranking."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import pytest
import torch

from mealrec.data.batches import TrainingBatches
from mealrec.data.interactions import leave_one_out
from mealrec.models.config import LossConfig, MealRecConfig
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.config import PaperConfig, PaperLoss
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.config import GraphConfig, GraphLoss
from mealrec.models.published.mealrec import KindWalk
from tests.training.tiny_world import FRAMES, NUM_ITEMS, TEXT, VISUAL, make_catalogue, make_features

SPLIT, FEATURES = leave_one_out(make_catalogue()), make_features(make_catalogue())
SHAPE = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}
FORMS = {
    "kinds": (MealRec, MealRecConfig(**SHAPE, num_kinds=6, looks=9), LossConfig()),
    "paper": (PaperMealRec, PaperConfig(**SHAPE, width=16, head="content", anchor_width=4), PaperLoss()),
    "graph": (KindWalk, GraphConfig(**SHAPE, num_kinds=6), GraphLoss(negatives=20)),
}
"""Of each form that a recipe trains: the class, a configuration that has every part, and its objective's."""
OTHER = {
    "backbone": "cl4srec",
    "variant": "backbone",
    "head": "item",
    "content": "none",
    "max_length": 12,
    "heads": 4,
    "width": 32,
}
"""Another value where the double is none."""


def paths(config, prefix="") -> list[str]:
    """Return the path of every setting, such as "tcd.hidden"; what the features are like is not set but found."""
    found = []
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value):
            found += paths(value, f"{prefix}{each.name}.")
        elif each.name not in SHAPE:
            found.append(prefix + each.name)
    return found


def changed(config, path: str):
    """Return the configuration with one setting changed."""
    name, _, rest = path.partition(".")
    value = getattr(config, name)
    if rest:
        return replace(config, **{name: changed(value, rest)})
    if name in OTHER:
        return replace(config, **{name: OTHER[name]})
    return replace(config, **{name: not value if isinstance(value, bool) else 2 * value})


def outcome(kind, config, weights) -> list:
    """Return all that a configuration can change: rates, shapes, weights as found, the loss, the ranking."""
    torch.manual_seed(0)
    model = kind(config)
    model.prepare(SPLIT.train, FEATURES)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    found = [[rate for _, rate in model.rates(1.0)], dict(model.state_dict())]
    batches = TrainingBatches(SPLIT.train, config.max_length, "cpu", model.causal)
    torch.manual_seed(0)
    terms = model.train().loss(next(iter(batches.epoch(16, torch.Generator().manual_seed(0)))), FEATURES, weights)
    model.eval()
    with torch.no_grad():
        scores = model.scores(torch.from_numpy(SPLIT.test.histories[:4]), model.items(FEATURES))
    return [*found, terms["total"].detach(), scores]


def is_same(one, other) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, torch.Tensor):
        return one.shape == other.shape and torch.equal(one, other)
    return one == other


def is_equal(one: list, other: list) -> bool:
    return all(is_same(*pair) for pair in zip(one, other, strict=True))


@pytest.fixture(scope="module", params=FORMS)
def form(request):
    return request.param


@pytest.fixture(scope="module")
def usual(form):
    return outcome(*FORMS[form])


def test_the_same_configuration_has_the_same_outcome(form, usual):
    assert is_equal(usual, outcome(*FORMS[form]))


@pytest.mark.parametrize(
    ("form", "path"),
    [(form, path) for form, (_, config, _) in FORMS.items() for path in paths(config)],
    indirect=["form"],
)
def test_every_setting_of_a_model_does_something(form, usual, path):
    kind, config, weights = FORMS[form]
    if path == "content":
        config = replace(config, head="item")
        assert not is_equal(outcome(kind, config, weights)[2:], outcome(kind, changed(config, path), weights)[2:])
        return
    assert not is_equal(usual, outcome(kind, changed(config, path), weights))


@pytest.mark.parametrize(
    ("form", "path"),
    [(form, path) for form, (_, _, weights) in FORMS.items() for path in paths(weights)],
    indirect=["form"],
)
def test_every_setting_of_an_objective_does_something(form, usual, path):
    kind, config, weights = FORMS[form]
    assert not is_equal(usual[2:3], outcome(kind, config, changed(weights, path))[2:3])
