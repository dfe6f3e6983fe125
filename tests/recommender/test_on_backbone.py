"""A model on a trained backbone is served as one over kinds is: the same answers, traces, maps and noise."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.bundle.card import model_card
from mealrec.bundle.disk import write_bundle
from mealrec.bundle.manifest import MANIFEST, ViewerCase
from mealrec.errors import BundleError
from mealrec.explain.evidence import masks_of, sets_of
from mealrec.explain.served import Served
from mealrec.explain.walks import Walks
from mealrec.question import Question
from mealrec.recommender.comparing import compare
from mealrec.recommender.recommender import Recommender
from tests.recommender.tiny_bundle import FRAMES, ITEMS, KINDS, STEPS, tiny_upload, titles_contents
from tests.recommender.tiny_on_backbone import CLICKS, ON_BACKBONE, make_system, on_backbone_contents

HISTORIES = torch.tensor([[1, 4, 2], [5, 0, 0], [7, 12, 0]])
CLOSE = {"atol": 1e-4, "rtol": 1e-4}
LAST, HISTORY = "i2", ("i1", "i4", "i2")


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def recommender(tmp_path_factory) -> Recommender:
    folder = tmp_path_factory.mktemp("on-backbone") / "bundle"
    write_bundle(folder, on_backbone_contents())
    return Recommender.from_bundle(folder, device="cpu")


@pytest.fixture(params=["sasrec", "tedrec"])
def model(request) -> Served:
    return Served(make_system(titles_contents().features, request.param))


@pytest.fixture
def items(model):
    return model.items(titles_contents().features)


def test_scores_are_those_of_the_trained_system(model, items):
    walks = Walks(model, items, HISTORIES, seed=3)
    system = model.system
    expected = system.scores(HISTORIES, system.items(titles_contents().features), seed=3)
    found, unwatched = walks.ends[:, 0], walks.candidates
    assert torch.allclose(found[unwatched], expected[unwatched], **CLOSE)
    assert unwatched.sum() == 3 * ITEMS - 6


def test_every_part_counts_in_the_scores(model, items):
    preference = Walks(model, items, HISTORIES).preferences[:, 0]
    whole = model.table.scores(preference, items)
    model.system.kinds.zero_()
    assert not torch.allclose(model.table.scores(preference, items), whole, atol=1e-2)
    without = [Walks(model, model.items(titles_contents().features), HISTORIES).ends]
    for name in ("guidance", "unseen"):
        getattr(model.system, name).zero_()
        without.append(Walks(model, model.items(titles_contents().features), HISTORIES).ends)
        assert not torch.allclose(without[-1], without[-2], atol=1e-2)


def test_what_comes_after_and_without_a_clip_is_the_walk_of_the_others(model, items):
    sets = masks_of(sets_of([(0, 1), (2, 3, 4)]), FRAMES).expand(3, -1, -1)
    together = Walks(model, items, HISTORIES, hidden=sets, leaves_out=True)
    apart = Walks(model, items, HISTORIES, leaves_out=True)
    alone = [Walks(model, items, torch.tensor([rows])).preferences[0, 0] for rows in ([1, 4, 2], [1, 4], [1, 2])]
    parts = together.after[0, 2], together.after[0, 1], together.without[0, 1]
    for found, expected in zip(parts, alone, strict=True):
        assert torch.allclose(found, expected, **CLOSE)
    assert torch.allclose(together.preferences[:, 0], apart.preferences[:, 0], **CLOSE)
    assert torch.allclose(together.without, apart.without, **CLOSE)


def test_a_hidden_moment_moves_the_kinds_and_nothing_else(model, items):
    hidden = masks_of([(), (0, 1)], FRAMES).expand(3, -1, -1)
    seen, blind = Walks(model, items, HISTORIES, hidden=hidden).preferences.unbind(1)
    assert (seen[:, :KINDS] - blind[:, :KINDS]).abs().amax(1).gt(1e-4).all()
    assert torch.allclose(seen[:, KINDS:], blind[:, KINDS:], **CLOSE)


def test_noise_moves_what_is_seen_and_none_moves_nothing(model, items):
    features, rows = titles_contents().features, torch.tensor([3, 5])
    same = model.with_looks(items.rows(rows), features.rows(rows), rows)
    for name, tensor in vars(items.rows(rows)).items():
        assert torch.allclose(getattr(same, name), tensor, **CLOSE), name
    looks = features.rows(rows).replace(frames=features.frames[rows].flip(1) + 1)
    moved = model.with_looks(items.rows(rows), looks, rows)
    assert not torch.allclose(moved.moments, items.moments[rows], atol=1e-3)
    assert torch.equal(moved.identity, items.identity[rows]) and torch.equal(moved.bias, items.bias[rows])


def test_the_whole_answer_with_both_traces(recommender):
    answer = recommender.recommend(Question(HISTORY, k=5))
    assert len(answer.tcd) == len(answer.npd) == STEPS
    assert answer.tcd[0].latents.shape == (FRAMES, KINDS) and answer.npd[-1].top_item_ids == tuple(
        item.item_id for item in answer.items
    )
    assert answer.last.item_id == LAST and len(answer.last.segments) == FRAMES
    for shares in (answer.wanted, answer.start, answer.anybody, answer.npd[0].noisy_wanted):
        assert shares.shape == (KINDS,) and shares.sum() == pytest.approx(1, abs=1e-4)
    assert all(clip.wanted.sum() == pytest.approx(1, abs=1e-3) for clip in answer.history)
    assert not {*HISTORY} & {item.item_id for item in answer.items}


@pytest.mark.parametrize(("variant", "steps"), [("no_tcd", (0, STEPS)), ("no_npd", (STEPS, 0)), ("backbone", (0, 0))])
def test_what_an_ablation_lacks(recommender, variant, steps):
    answer = recommender.recommend(Question(HISTORY, variant=variant))
    assert (len(answer.tcd), len(answer.npd)) == steps and answer.num_steps == STEPS
    assert variant != "backbone" or all(moment.influence == 0 for moment in answer.last.moments)


def test_hiding_moments_changes_the_answer_of_the_walks_alone(recommender):
    everything = tuple(range(FRAMES))
    before, after = (recommender.recommend(Question(HISTORY, hidden=hidden, k=ITEMS)) for hidden in ((), everything))
    assert max(abs(moment.influence) for moment in before.last.moments) > 1e-4
    assert [item.score for item in before.items] != [item.score for item in after.items]
    before, after = (
        recommender.recommend(Question(HISTORY, hidden=hidden, k=ITEMS, variant="backbone"))
        for hidden in ((), everything)
    )
    for one, other in zip(before.items, after.items, strict=True):
        assert one.item_id == other.item_id and one.score == pytest.approx(other.score, abs=1e-5)


def test_effects_comparison_and_noise(recommender):
    assert len(recommender.effects(Question(HISTORY))) >= len(HISTORY)
    found = compare(recommender, Question(HISTORY, k=5, noise=0.2, num_steps=3))
    assert {ranks.variant for ranks in found.rankings} == {*ON_BACKBONE}


def test_the_map_and_the_test_viewers(recommender):
    assert recommender.kind_map.shares.shape == (ITEMS, KINDS)
    for variant in ON_BACKBONE:
        placed = recommender.viewer_map("v2", variant=variant)
        answer = recommender.recommend(Question(placed.history, k=5, variant=variant))
        assert placed.first == tuple(item.item_id for item in answer.items)
        np.testing.assert_allclose(placed.wanted, answer.wanted, atol=1e-4)
        (ranks,) = recommender.target_ranks(variant=variant)
        assert ranks[1] == placed.rank


def test_a_long_history_is_cut(tmp_path):
    case = ViewerCase("long", tuple(f"i{number}" for number in range(1, 12)), "i12")
    write_bundle(tmp_path / "bundle", replace(on_backbone_contents(), test_viewers=(case,)))
    recommender = Recommender.from_bundle(tmp_path / "bundle", device="cpu")
    assert recommender.viewer_map("long").first == ("i12",)


def test_a_clip_that_nobody_knows_stands_in_a_history(recommender):
    upload = tiny_upload()
    answer = recommender.recommend(Question(("i1", upload.upload_id), uploads=[upload]))
    assert answer.last.item_id == upload.upload_id and answer.uploads[0].candidates == ITEMS + 1


def test_anybody_is_weighed_by_clicks(recommender):
    loaded, rows = recommender.variant("full"), torch.arange(1, ITEMS + 1)
    clicks = torch.bincount(torch.tensor(sum(CLICKS, [])), minlength=ITEMS + 1)[1:]
    expected = (1 + clicks) ** loaded.model.walker.table.popularity
    assert torch.allclose(loaded.model.popularity(loaded.items, rows), expected / expected.sum(), **CLOSE)


def test_the_derived_backbone_is_the_whole_one_without_kinds(recommender):
    whole = make_system(titles_contents().features)
    whole.kinds.zero_()
    expected = whole.scores(HISTORIES[:1], whole.items(titles_contents().features))[0]
    ranks = recommender.rank(Question(HISTORY, variant="backbone", k=5))
    np.testing.assert_allclose(ranks.scores, expected[ranks.candidates].numpy(), atol=1e-4)
    assert "| backbone | sasrec |" in model_card("a/b", recommender.manifest)


def test_a_bundle_whose_halves_disagree_is_refused(tmp_path):
    write_bundle(tmp_path / "bundle", on_backbone_contents())
    manifest = json.loads((tmp_path / "bundle" / MANIFEST).read_text())
    manifest["models"]["full"]["walk"]["max_length"] = 9
    (tmp_path / "bundle" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="max_length"):
        Recommender.from_bundle(tmp_path / "bundle", device="cpu")
    manifest["models"]["full"]["walk"].update(max_length=10, num_kinds=4096)
    (tmp_path / "bundle" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="num_kinds is 4096"):
        Recommender.from_bundle(tmp_path / "bundle", device="cpu")
