"""The two relevance figures, held against brute force."""

import pytest
import torch

from mealrec.recommender.explain import frame_relevance, relevance_methods
from mealrec.recommender.scene import Scene
from tests.recommender.tiny_bundle import FRAMES, VARIANTS

HISTORIES = torch.tensor([[1, 4, 2], [5, 0, 0], [7, 12, 0]])


def scene_of(recommender, variant="full") -> Scene:
    loaded = recommender._variant(variant)
    return Scene(loaded.model, recommender._features, loaded.items, HISTORIES)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_method_answers_for_every_frame(recommender, variant):
    loaded = recommender._variant(variant)
    values = frame_relevance(loaded.model, recommender._features, loaded.items, HISTORIES)
    assert values.keys() == relevance_methods().keys()
    for name, value in values.items():
        assert value.shape == (3, FRAMES) and torch.isfinite(value).all(), name


@pytest.mark.parametrize("variant", VARIANTS)
def test_occlusion_is_a_walk_without_the_frame(recommender, variant):
    scene = scene_of(recommender, variant)
    model, features = scene.model, recommender._features
    with torch.no_grad():
        influence = relevance_methods()["occlusion"](scene)
        whole = scene.log_probabilities(scene.preferences[:, :1])[0, 0]
        for frame in range(FRAMES):
            items = model.table(features)
            kept = [other for other in range(FRAMES) if other != frame]
            items.visual[2] = items.moments[2, kept].mean(0)
            items.moments[2, frame] = model.content.absent_visual
            if variant == "guided":
                seen = features.replace(global_visual=features.global_visual.clone())
                seen.global_visual[2] = features.frames[2, kept].mean(0)
                items.anchor[2] = model.table.anchors(seen)[2]
            hidden = Scene(model, features, items, HISTORIES[:1])
            lacking = Scene(model, features, scene.items, HISTORIES[:1]).log_probabilities(hidden.preferences[:, :1])
            fall = whole[scene.top[0]] - lacking[0, 0, scene.top[0]]
            assert influence[0, frame] == pytest.approx(float(fall), abs=1e-4)


def test_the_earlier_history_alone_speaks_for_a_frame(recommender):
    """Another last item's preference must not enter: the figure is that of a walk over the history before it."""
    scene = scene_of(recommender)
    with torch.no_grad():
        value = relevance_methods()["preference_without_last"](scene)[0]
        before = Scene(scene.model, scene.features, scene.items, HISTORIES[:1, :2])
        expected = scene.centred_cosine(scene.frames[:1], before.preferences[:, 0])[0]
    assert torch.allclose(value, expected, atol=1e-5)


def test_history_fit_by_hand(recommender):
    frames = torch.nn.functional.normalize(recommender._features.frames, dim=-1)
    expected = torch.stack(
        [torch.stack([(frames[2, k] @ frames[item].T).max() for item in (1, 4)]).mean() for k in range(FRAMES)]
    )
    value = relevance_methods()["history_frames"](scene_of(recommender))
    assert torch.allclose(value[0], expected, atol=1e-5)
    assert (value[1] == 0).all(), "a history of one item has nothing before it"


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_gradient_points_where_occlusion_goes(recommender, variant):
    """For a small change of one frame, the estimate is the change itself (of one clean step)."""
    from mealrec.recommender import explain
    from mealrec.recommender.scene import Ending

    scene = scene_of(recommender, variant)
    estimate = relevance_methods()["gradient"](scene)
    tiny = 1e-2
    absent = scene.model.content.absent_visual
    with torch.no_grad():
        visual = scene.items.visual[scene.last]

        def of_top(moments, summary):
            preference = explain._one_step(scene, Ending(moments, summary, scene.items.anchor[scene.last])).unsqueeze(1)
            return scene.log_probabilities(preference).squeeze(1).gather(1, scene.top[:, None]).squeeze(1)

        for frame in range(FRAMES):
            moments = scene.frames.clone()
            moments[:, frame] += tiny * (absent - moments[:, frame])
            change = of_top(moments, visual + tiny * scene.visual_shifts[:, frame]) - of_top(scene.frames, visual)
            assert torch.allclose(estimate[:, frame], -change / tiny, atol=0.03, rtol=0.1)
