"""A large catalogue: answered without a copy of it, and exactly at every step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mealrec.bundle.checks import check
from mealrec.bundle.manifest import CatalogueItem
from mealrec.explain.served import blank_system
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.types import ItemFeatures
from tests.recommender.tiny_bundle import tiny_contents, tiny_upload

COUNT = 40_000
HISTORY = ["i3", "i700", "i15001", "i39999"]
FORMS = ("full", "no_tcd", "backbone")


class Largest(TorchDispatchMode):
    """Notes the bytes of the largest tensor that is made."""

    bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        given = {tensor.untyped_storage().data_ptr() for tensor in args if isinstance(tensor, torch.Tensor)}
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage().data_ptr() not in given:
                self.bytes = max(self.bytes, tensor.nbytes)
        return made


@pytest.fixture(scope="module")
def large() -> Recommender:
    """The tiny bundle's models with weights for COUNT items, in features that differ from item to item."""
    contents, generator = tiny_contents(), torch.Generator().manual_seed(3)

    def grown(rows: torch.Tensor) -> torch.Tensor:
        spread = torch.arange(COUNT) % (len(rows) - 1) + 1
        rows = torch.cat([rows[:1], rows[spread]])
        return rows + 0.3 * torch.randn(rows.shape, generator=generator) if rows.is_floating_point() else rows

    features = ItemFeatures(**{name: grown(tensor) for name, tensor in vars(contents.features).items()})
    known = features.has_id.tolist()
    catalogue = tuple(CatalogueItem(f"i{row}", f"title {row}", "sea", not known[row]) for row in range(1, COUNT + 1))
    models = {}
    for name in FORMS:
        config, weights = contents.models[name]
        config = replace(config, num_items=COUNT)
        models[name] = (
            config,
            {
                part: weights[part]
                if weights[part].shape == blank.shape
                else torch.randn(blank.shape, generator=generator)
                for part, blank in blank_system(config).state_dict().items()
            },
        )
    contents = replace(
        contents, catalogue=catalogue, features=features, models=models, times_s=torch.zeros(COUNT + 1, 5)
    )
    check(contents)
    return Recommender(Path("checkpoints/large"), contents, {}, "cpu")


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_no_request_copies_the_catalogue(large, noise):
    upload = tiny_upload()
    asked = {"uploads": [upload], "noise": noise}
    for history in (HISTORY, [*HISTORY, upload.upload_id]):
        large.recommend(Question(history, **asked))  # what is computed once is there
        table = large.variant("full").items
        held = sum(tensor.nbytes for tensor in vars(table).values())
        with Largest() as largest:
            assert len(large.recommend(Question(history, **asked)).items) == 10
        assert 0 < largest.bytes < held / 5  # twelve rows of scores: with so few kinds the table is small


@pytest.mark.parametrize("variant", FORMS)
def test_every_step_ranks_as_a_whole_sort_would(large, variant):
    answer = large.recommend(Question(HISTORY, variant=variant, k=10))
    loaded, rows = large.variant(variant), [int(item_id[1:]) for item_id in HISTORY]
    for step in answer.npd:
        with torch.no_grad():
            scores = loaded.model.table.scores(torch.from_numpy(step.clean)[None], loaded.items)[0]
        scores[[0, *rows]] = -torch.inf
        order = scores.argsort(descending=True, stable=True).tolist()
        assert step.top_item_ids == tuple(f"i{row}" for row in order[:10])
        assert step.final_ranks.tolist() == [1 + order.index(int(item.item_id[1:])) for item in answer.items]
    assert [item.rank for item in answer.items] == list(range(1, 11))
