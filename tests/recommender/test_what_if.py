"""Counterfactuals: hidden frames and left-out clips, held against walks without them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.bundle.disk import write_bundle
from mealrec.explain.trace import NO_KIND
from mealrec.explain.walks import Walks
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from tests.recommender.tiny_bundle import FRAMES, ITEMS, VARIANTS, tiny_contents, tiny_upload, titles_contents

HISTORY = ["i1", "i4", "i2"]
ALL_FRAMES = list(range(FRAMES))


def ranking(answer):
    return [item.item_id for item in answer.items]


def chances(answer, item_ids):
    scores = {item.item_id: item.score for item in answer.items}
    return torch.tensor([scores[item_id] for item_id in item_ids]).softmax(0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_hidden_frame_gives_what_the_whole_answer_foretold(recommender, variant):
    """The rank and the loss told beside each frame are those of the run in which it is hidden."""
    whole = recommender.recommend(Question(HISTORY, k=50, variant=variant))
    order, top = ranking(whole), whole.items[0].item_id
    for frame in range(FRAMES):
        hidden = recommender.recommend(Question(HISTORY, k=50, variant=variant, hidden=[frame]))
        assert hidden.hidden == (frame,) and sorted(ranking(hidden)) == sorted(order)
        assert 1 + ranking(hidden).index(top) == whole.last.rank_without[frame]
        fall = chances(whole, order)[0].log() - chances(hidden, order)[0].log()
        assert whole.last.influence[frame] == pytest.approx(float(fall), abs=1e-4)
        assert hidden.last.influence[frame] == pytest.approx(0, abs=1e-5), "it is hidden already"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_hidden_moment_gives_what_the_whole_answer_foretold(recommender, variant):
    whole = recommender.recommend(Question(HISTORY, k=5, variant=variant))
    moments = whole.last.moments
    assert [frame for moment in moments for frame in moment.frames] == ALL_FRAMES
    assert all(one.kind != other.kind for one, other in zip(moments, moments[1:], strict=False))
    for moment in moments:
        frames, answer = (
            list(moment.frames),
            recommender.recommend(Question(HISTORY, k=50, variant=variant, hidden=moment.frames)),
        )
        assert (whole.last.shares[frames].argmax(1) == moment.kind).all()
        assert 1 + ranking(answer).index(ranking(whole)[0]) == moment.rank_without
        assert moment.kept == len(set(ranking(whole)) & set(ranking(answer)[:5]))
        others = [frame for frame in ALL_FRAMES if frame not in frames]
        alone, nothing = (
            recommender.recommend(Question(HISTORY, k=50, variant=variant, hidden=rest))
            for rest in (others, ALL_FRAMES)
        )
        order = [ranking(whole)[0], *(item_id for item_id in ranking(answer) if item_id != ranking(whole)[0])]
        gives = float(chances(alone, order)[0].log() - chances(nothing, order)[0].log())
        assert moment.worth == pytest.approx((moment.influence + gives) / 2, abs=1e-4)
        assert moment.interest == pytest.approx(np.log(np.exp(whole.last.interest[frames]).mean()), abs=1e-4)


def test_frames_hidden_one_after_the_other_equal_all_at_once(recommender):
    """Each step's influence is told given the frames that are hidden already."""
    hidden: list[int] = []
    for _ in range(FRAMES):
        answer = recommender.recommend(Question(HISTORY, k=50, hidden=hidden))
        left = [frame for frame in range(FRAMES) if frame not in hidden]
        strongest = max(left, key=lambda frame: answer.last.influence[frame])
        after = recommender.recommend(Question(HISTORY, k=50, hidden=[*hidden, strongest]))
        top = answer.items[0].item_id
        assert 1 + ranking(after).index(top) == answer.last.rank_without[strongest]
        hidden.append(strongest)
    assert ranking(after) == ranking(recommender.recommend(Question(HISTORY, k=50, hidden=ALL_FRAMES)))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_clip_without_any_frame_shows_what_anybody_watches(recommender, variant):
    hidden = recommender.recommend(Question(HISTORY, k=50, variant=variant, hidden=ALL_FRAMES))
    loaded = recommender.variant(variant)
    moments = loaded.items.moments.clone()
    moments[2] = loaded.items.anybody / loaded.items.anybody.sum()
    with torch.no_grad():
        blind = Walks(loaded.model, loaded.items.showing(moments), torch.tensor([[1, 4, 2]]))
        scores = loaded.model.table.scores(blind.preferences[:, 0], loaded.items)[0]
    expected = [float(scores[int(item.item_id[1:])]) for item in hidden.items]
    assert np.allclose([item.score for item in hidden.items], expected, atol=1e-5)


def test_nothing_hidden_is_the_answer_as_before(recommender):
    plain = recommender.recommend(Question(HISTORY, k=50))
    empty = recommender.recommend(Question(HISTORY, k=50, hidden=()))
    assert plain.items == empty.items and plain.hidden == ()
    assert np.array_equal(plain.npd[-1].clean, empty.npd[-1].clean)
    assert plain.items != recommender.recommend(Question(HISTORY, k=50, hidden=[1])).items


def test_hidden_frames_of_an_upload_count_too(recommender):
    upload = tiny_upload()
    asked = {"uploads": [upload], "k": 50}
    whole = recommender.recommend(Question(["i1", upload.upload_id], **asked))
    without = recommender.recommend(Question(["i1", upload.upload_id], **asked, hidden=[4, 0]))
    assert without.hidden == (0, 4) and without.items != whole.items


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("hidden", [(), (3,)])
def test_every_effect_is_that_of_the_request_that_makes_the_change(recommender, variant, hidden):
    k = 4
    whole = recommender.recommend(Question(HISTORY, k=50, variant=variant, hidden=hidden))
    common, before = ranking(whole), ranking(whole)[:k]
    effects = recommender.effects(Question(HISTORY, k=k, variant=variant, hidden=hidden))
    assert [effect.moved for effect in effects] == sorted((effect.moved for effect in effects), reverse=True)
    left = [set(moment.frames) - {*hidden} for moment in whole.last.moments]
    assert {effect.frames for effect in effects} - {()} == {tuple(sorted(frames)) for frames in left if frames}
    assert {effect.item_id for effect in effects if not effect.frames} == {*HISTORY}
    for effect in effects:
        if not effect.frames:
            assert effect.kind == NO_KIND
            history = [item_id for item_id in HISTORY if item_id != effect.item_id]
            kept_hidden = () if effect.item_id == HISTORY[-1] else hidden
        else:
            history, kept_hidden = HISTORY, (*hidden, *effect.frames)
        after = recommender.recommend(Question(history, k=50, variant=variant, hidden=kept_hidden))
        assert effect.kept == len(set(before) & set(ranking(after)[:k]))
        assert effect.top_rank == 1 + ranking(after).index(before[0])
        moved = (chances(whole, common) - chances(after, common)).abs().sum() / 2
        assert effect.moved == pytest.approx(float(moved), abs=1e-4)
    assert effects[0].moved > 0
    json.dumps([vars(effect) for effect in effects])


def test_a_single_clip_cannot_be_left_out(recommender):
    effects = recommender.effects(Question(["i3"]))
    assert sorted(frame for effect in effects for frame in effect.frames) == ALL_FRAMES
    assert all(effect.frames for effect in effects)


def test_only_clips_that_the_model_sees_can_change_anything(recommender):
    ids = [f"i{number}" for number in range(1, 12)]
    left_out = {effect.item_id for effect in recommender.effects(Question(ids)) if not effect.frames}
    assert left_out == set(ids[1:])


def test_an_upload_left_out_is_never_recommended(recommender):
    upload = tiny_upload()
    effects = recommender.effects(Question(["i1", upload.upload_id], uploads=[upload], k=50))
    (left_out,) = (effect for effect in effects if effect.item_id == upload.upload_id and not effect.frames)
    assert left_out.kept == ITEMS - 1


def test_clips_of_one_frame_can_lose_it(tmp_path):
    contents = titles_contents()
    frames = contents.features.frames[:, :1]
    features = contents.features.replace(frames=frames)
    config, weights = contents.models["backbone"]
    kinds = tuple(replace(kind, faces=()) for kind in contents.kinds)
    single = replace(contents, features=features, times_s=contents.times_s[:, :1], kinds=kinds)
    single = replace(single, models={"full": (replace(config, num_frames=1), weights)})
    write_bundle(tmp_path / "single", single)
    loaded = Recommender.from_bundle(tmp_path / "single", device="cpu")
    whole, hidden = (loaded.recommend(Question(HISTORY, k=50, hidden=frames)) for frames in ((), (0,)))
    assert whole.items != hidden.items
    assert 1 + ranking(hidden).index(whole.items[0].item_id) == whole.last.rank_without[0]


def test_the_tiny_world_has_frames_that_matter(recommender):
    """Else the tests above could not fail."""
    ranks = [recommender.recommend(Question(HISTORY, variant=variant)).last.rank_without for variant in VARIANTS]
    assert np.concatenate(ranks).max() > 1
    assert tiny_contents().features.has_visual[1:].all()
