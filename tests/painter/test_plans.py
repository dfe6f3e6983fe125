"""Plans: how clips are cast, timed, lit and told about."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from assets.painter.canvas import LIGHTS
from assets.painter.clips import FPS, choose_held_out, frame_motifs, main_topic, plan_clips
from assets.painter.scenes import motif, motifs
from assets.painter.titles import MANNER_SHARES

COUNT = 320


@pytest.fixture(scope="module")
def plans():
    return plan_clips(COUNT, seed=7)


@pytest.fixture(scope="module")
def shots(plans):
    return [shot for plan in plans for shot in plan.shots]


def test_same_seed_gives_the_same_plans_and_another_seed_others(plans):
    assert plan_clips(COUNT, seed=7) == plans
    assert plan_clips(COUNT, seed=8) != plans


def test_ids_count_from_one_and_every_clip_has_three_shots_of_about_two_seconds(plans):
    assert [plan.item_id for plan in plans] == [str(number) for number in range(1, COUNT + 1)]
    for plan in plans:
        assert len(plan.shots) == 3
        assert all(1.7 <= shot.duration_s <= 2.3 for shot in plan.shots)
        ends = [shot.start_s + shot.duration_s for shot in plan.shots]
        assert np.allclose([shot.start_s for shot in plan.shots], [0, *ends[:-1]])
        assert plan.num_frames == round(FPS * ends[-1])


def test_shares_of_clips_with_one_two_and_three_motifs(plans):
    kinds = Counter(len({shot.motif for shot in plan.shots}) for plan in plans)
    assert [kinds[number] / COUNT for number in (1, 2, 3)] == pytest.approx([0.20, 0.45, 0.35], abs=0.01)


def test_every_motif_is_shown_about_equally_often(shots):
    shown = Counter(shot.motif for shot in shots)
    assert set(shown) == set(motifs())
    assert max(shown.values()) - min(shown.values()) <= 6


def test_a_clips_motifs_mostly_share_its_topic(plans):
    mixed = [plan for plan in plans if len({shot.motif for shot in plan.shots}) > 1]
    single_topic = [plan for plan in mixed if len({motif(shot.motif).TOPIC for shot in plan.shots}) == 1]
    assert 0.5 < len(single_topic) / len(mixed) < 0.9
    assert all(plan.topic == main_topic([shot.motif for shot in plan.shots]) for plan in plans)


def test_colour_tells_nothing_of_the_motif(shots):
    lights, hues = defaultdict(Counter), defaultdict(list)
    for shot in shots:
        lights[shot.motif][shot.light] += 1
        hues[shot.motif].append(shot.grade.hue)
    for name in motifs():
        counts = [lights[name][light.name] for light in LIGHTS]
        assert max(counts) - min(counts) <= 1
        assert abs(np.mean(hues[name])) < 4 * 50 / np.sqrt(12 * len(hues[name]))


def test_every_framing_of_a_motif_is_used(shots):
    framings = defaultdict(set)
    for shot in shots:
        framings[shot.motif].add(shot.composition)
    assert all(framings[name] == set(range(motif(name).Painter.compositions)) for name in motifs())


def test_truth_names_the_motif_seen_at_each_time(plans):
    plan = next(plan for plan in plans if len({shot.motif for shot in plan.shots}) == 3)
    cast = tuple(shot.motif for shot in plan.shots)
    middles = [shot.start_s + shot.duration_s / 2 for shot in plan.shots]
    assert frame_motifs(plan, middles) == cast
    assert frame_motifs(plan, [plan.shots[1].start_s, 1e9, -1.0]) == (cast[1], cast[2], cast[0])
    assert [shot["motif"] for shot in plan.truth()["shots"]] == list(cast)


def test_frames_at_whole_seconds_from_the_centre_show_no_blend(plans):
    for plan in plans:
        times = plan.num_frames / FPS / 2 + np.arange(-2, 3)
        for shot in plan.shots[1:]:
            clearance = np.abs(times - shot.start_s).min()
            assert clearance >= max(1 / FPS, shot.dissolve_s / 2) - 1e-9


def test_held_out_clips_spread_over_the_motifs(plans):
    held_out = choose_held_out(plans, 40, np.random.default_rng(0))
    chosen = [plan for plan in plans if plan.item_id in held_out]
    assert len(held_out) == len(set(held_out)) == len(chosen) == 40
    shown = Counter(shot.motif for plan in chosen for shot in plan.shots)
    assert len(shown) == len(motifs())
    assert max(shown.values()) <= 3 * 120 / len(motifs())


def test_titles_are_unique_and_end_in_their_hashtags(plans):
    assert len({plan.title for plan in plans}) == COUNT
    for plan in plans:
        text, *tags = plan.title.split(" #")
        assert tuple(tags) == plan.tags
        assert 3 <= len(text) <= 160
        assert "{" not in text and "\n" not in plan.title and text[0] != " "


def test_most_titles_name_a_motif_and_some_say_nothing(plans):
    named = silent = 0
    for plan in plans:
        words = [motif(shot.motif).WORDS for shot in plan.shots]
        text = plan.title.lower()
        phrases = [phrase.lower() for word in words for phrase in (*word.subjects, *word.actions)]
        named += any(phrase in text for phrase in phrases)
        silent += not any(phrase in text for phrase in [*phrases, *(f"#{tag}" for word in words for tag in word.tags)])
    assert named / COUNT == pytest.approx(MANNER_SHARES["named"], abs=0.05)
    assert silent / COUNT == pytest.approx(MANNER_SHARES["silent"], abs=0.04)
