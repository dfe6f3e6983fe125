"""A large catalogue: answered without a copy of it, and as if every item were scored at every step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mealrec.recommender import answering, contenders
from mealrec.recommender.contents import CatalogueItem, blank_model
from mealrec.recommender.planes import MOST_CLIPS
from mealrec.recommender.recommender import Recommender
from mealrec.types import ItemFeatures
from tests.recommender.tiny_bundle import tiny_contents, tiny_upload

COUNT = 40_000
HISTORY = ["i3", "i700", "i15001", "i39999"]
FORMS = ("full", "no_tcd", "guided", "backbone")


class Largest(TorchDispatchMode):
    """Notes the bytes of the largest tensor that is made."""

    bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, torch.Tensor) and not tensor._is_view():
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
                for part, blank in blank_model(config).state_dict().items()
            },
        )
    contents = replace(
        contents, catalogue=catalogue, features=features, models=models, times_s=torch.zeros(COUNT + 1, 5)
    )
    contents.check()
    return Recommender(Path("checkpoints/large"), contents, {}, torch.device("cpu"), "cpu")


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_no_request_copies_the_catalogue(large, noise):
    upload = tiny_upload()
    asked = {"uploads": {upload.upload_id: upload}, "noise": noise}
    for history in (HISTORY, [*HISTORY, upload.upload_id]):
        large.recommend(history, **asked)  # what is computed once is there
        table = large._variant("full").items
        held = sum({id(tensor): tensor.nbytes for tensor in vars(table).values()}.values())
        with Largest() as largest:
            assert len(large.recommend(history, **asked).items) == 10
        assert 0 < largest.bytes < held / 10


@pytest.mark.parametrize("variant", FORMS)
def test_leaving_items_out_changes_no_answer(large, variant, monkeypatch):
    counts = []

    def counted(*arguments) -> torch.Tensor:
        found = contenders.contenders(*arguments)
        counts.append(len(found))
        return found

    monkeypatch.setattr(answering, "contenders", counted)
    for number in range(3):
        history, asked = HISTORY[: number + 2], {"variant": variant, "seed": number, "k": (1, 10, 50)[number]}
        monkeypatch.setattr(contenders, "FEW", 2**14)
        quick = large.recommend(history, **asked)
        monkeypatch.setattr(contenders, "FEW", COUNT)
        whole = large.recommend(history, **asked)
        assert [item.item_id for item in quick.items] == [item.item_id for item in whole.items]
        for left, right in zip(quick.npd, whole.npd, strict=True):
            assert left.top_item_ids == right.top_item_ids
            np.testing.assert_array_equal(left.final_ranks, right.final_ranks)
    assert not counts or min(counts[::2]) < COUNT / 2 and counts[1] == COUNT - 2


def test_a_map_of_frames_is_drawn_from_some_of_the_clips_and_one_of_items_places_all(large):
    answer = large.recommend(HISTORY)
    frames, items = answer.frame_plane, answer.item_plane
    assert 1000 < len(set(frames.item_ids)) <= MOST_CLIPS and len(frames.points) == len(frames.item_ids)
    assert {*HISTORY, *(item.item_id for item in answer.items)} <= items.place.keys()
    moments = large._variant("full").model.tcd.encode(large._variant("full").items.moments[1:]).detach().flatten(0, 1)
    shadows = large._variant("full").frame_map.project(moments)
    assert frames.explained == pytest.approx(float(shadows.var(0).sum() / moments.var(0).sum()), abs=1e-4)
