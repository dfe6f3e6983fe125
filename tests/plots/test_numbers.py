"""The figures show the trace's own numbers, and the readings say what these numbers say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.plots import distance, frame_relevance, npd_walk, rank_bump, style, tcd_walk, viewer_map
from app.plots.rank_bump import RankScale


def _named(figure: dict, name: str) -> dict:
    return next(drawn for drawn in figure["data"] if drawn["name"] == name)


def _relevance(trace, interest, influence):
    values = {"interest": np.array(interest), "influence": np.array(influence)}
    return replace(trace, frame_relevance=replace(trace.frame_relevance, **values))


def test_frame_relevance_bars_are_the_two_answers(run):
    trace = run()
    figure = frame_relevance.figure(trace)
    np.testing.assert_allclose(_named(figure, "interest")["y"], trace.frame_relevance.interest, atol=1e-4)
    np.testing.assert_allclose(_named(figure, "drive")["y"], trace.frame_relevance.influence, atol=1e-4)


def test_a_bar_of_nearly_nothing_has_no_minus(run):
    trace = _relevance(run(), [0.1, 0.2, 0.9, 0.3, 0.4], [-0.004, 0.004, -0.006, 0.0, 0.5])
    assert _named(frame_relevance.figure(trace), "drive")["text"] == ["0.00", "0.00", "−0.01", "0.00", "0.50"]


def test_thumbnails_stand_over_their_bars(run):
    images = frame_relevance.figure(run(), thumbnails=["data:a", "data:b"])["layout"]["images"]
    assert [(image["x"], image["source"]) for image in images] == [(0, "data:a"), (1, "data:b")]


def test_frame_relevance_reading_names_both_frames(run):
    trace = _relevance(run(), [0.1, 0.2, 0.9, 0.3, 0.4], [0.0, 0.1, 0.2, 0.1, 0.5])
    assert frame_relevance.reading(trace) == (
        "Frame 3 (2.5 s) fits your interest best, while hiding frame 5 would cost the top clip most (0.5 points)."
    )


def test_segments_stand_above_their_bars_once_each(run):
    texts = ("rain", "rain", "a <b> b", "sea", "end")
    trace = _relevance(run(segments=texts), [0.1, 0.2, 0.9, 0.3, 0.4], [0.0, 0.1, 0.2, 0.1, 0.5])
    figure = frame_relevance.figure(trace, thumbnails=["data:a"])
    lines = [note["text"] for note in figure["layout"]["annotations"][2:]]
    assert lines == ["<b>1–2</b>  rain", "<b>3</b>  a &lt;b&gt; b", "<b>4</b>  sea", "<b>5</b>  end"]
    assert "images" not in figure["layout"]
    assert frame_relevance.reading(trace).startswith("Title segment 3 (“a <b> b”) fits your interest best")


def test_frame_relevance_reading_joins_one_frame_and_owns_up_to_none(run):
    same = _relevance(run(), [0.1, 0.2, 0.9, 0.3, 0.4], [0.0, 0.1, 0.7, 0.1, 0.5])
    assert "and hiding it would cost the top clip most" in frame_relevance.reading(same)
    none = _relevance(run(), [0.1, 0.2, 0.9, 0.3, 0.4], [-0.1, -0.1, 0.0, 0.0, -0.2])
    assert "hiding any one frame would not lower" in frame_relevance.reading(none)


def test_frame_relevance_reading_owns_up_to_no_evidence(run):
    trace = _relevance(run(), [-0.5, -0.2, -0.1, -0.3, -0.4], [0.0, 0.1, 0.2, 0.1, 0.5])
    said = frame_relevance.reading(trace)
    assert said.startswith("No frame speaks for you more than for anybody, frame 3 (2.5 s) still the most, ")


def test_tcd_walk_places_are_the_steps_shadows(run):
    trace = run()
    figure = tcd_walk.figure(trace)
    for step, frame in zip(trace.tcd, figure["frames"][:-1], strict=True):
        *trails, clean, heads = frame["data"]
        np.testing.assert_allclose(np.transpose([heads["x"], heads["y"]]), step.plane_latents, atol=1e-4)
        np.testing.assert_allclose(np.transpose([clean["x"], clean["y"]]), step.plane_clean, atol=1e-4)
        assert [trail["x"][-1] for trail in trails] == heads["x"]


def test_tcd_walk_ends_on_the_last_prediction(run):
    trace = run()
    *_, heads = tcd_walk.figure(trace)["frames"][-1]["data"]
    np.testing.assert_allclose(np.transpose([heads["x"], heads["y"]]), trace.tcd[-1].plane_clean, atol=1e-4)


def test_npd_walk_rings_the_top_of_each_step(run):
    trace = run()
    place = dict(zip(trace.item_plane.item_ids, trace.item_plane.points, strict=True))
    *walked, end = npd_walk.figure(trace)["frames"]
    *_, head = end["data"]
    np.testing.assert_allclose([head["x"][0], head["y"][0]], trace.npd[-1].plane_clean, atol=1e-4)
    for step, frame in zip(trace.npd, walked, strict=True):
        rings, _, head = frame["data"]
        expected = np.stack([place[item_id] for item_id in step.top_item_ids])
        np.testing.assert_allclose(np.transpose([rings["x"], rings["y"]]), expected, atol=1e-4)
        np.testing.assert_allclose([head["x"][0], head["y"][0]], step.plane, atol=1e-4)


def test_npd_walk_leaves_out_a_clip_that_is_not_on_the_map(run):
    trace = run()
    last = replace(trace.npd[-1], top_item_ids=("upload-1", *trace.npd[-1].top_item_ids[1:]))
    rings = npd_walk.figure(replace(trace, npd=(*trace.npd[:-1], last)))["frames"][-1]["data"][0]
    assert len(rings["x"]) == len(trace.items) - 1


def test_npd_reading_counts_the_first_step_and_finds_the_settled_one(run):
    trace = run(steps=5, top_k=3)
    final = tuple(item.item_id for item in trace.items)
    tops = [("x", "y", "z"), (final[0], "y", "z"), final, final, final[::-1]]
    npd = tuple(replace(step, top_item_ids=top) for step, top in zip(trace.npd, tops, strict=True))
    assert npd_walk.reading(replace(trace, npd=npd)) == (
        "At the first, noisiest step none of the final 3 clips stood in the top 3; "
        "from step 3 of 5 on it was the same set as now."
    )


def test_distances_are_shares_of_the_first_with_the_raw_ones_beside(run):
    trace = run()
    frames = _named(distance.figure(trace), "frames (TCD)")
    raw = [*(step.distance.mean() for step in trace.tcd), 0.0]
    np.testing.assert_allclose(frames["customdata"], raw)
    np.testing.assert_allclose(frames["y"], 100 * np.array(raw) / raw[0])


def test_bump_lines_are_the_final_clips_ranks(run):
    trace = run()
    figure = rank_bump.figure(trace)
    for column, item in enumerate(trace.items):
        line = _named(figure, f"number {item.rank}")
        assert [entry[1] for entry in line["customdata"]] == [int(step.final_ranks[column]) for step in trace.npd]
        assert line["y"][-1] == item.rank


def test_bump_reading_tells_start_and_lead(run):
    trace = run(steps=5, top_k=2)
    ranks = [(40, 90), (3, 9), (1, 2), (1, 2), (1, 2)]
    npd = tuple(replace(step, final_ranks=np.array(rank)) for step, rank in zip(trace.npd, ranks, strict=True))
    assert rank_bump.reading(replace(trace, npd=npd)) == (
        f"“{trace.items[0].title}” began at rank 40 and has led since step 3 of 5; number 2 climbed most, from rank 90."
    )


@pytest.mark.parametrize(("top", "deepest"), [(1, 1), (1, 320), (10, 10), (10, 11), (10, 320), (20, 20000)])
def test_rank_scale_is_monotone_and_exact_at_the_top(top, deepest):
    scale = RankScale(top, deepest)
    heights = [scale.height(rank) for rank in range(1, deepest + 1)]
    assert heights[:top] == list(range(1, top + 1))
    assert all(low < high for low, high in zip(heights, heights[1:], strict=False))
    assert heights[-1] == pytest.approx(scale.depth)
    assert scale.ticks()[0] == 1 and len(scale.ticks()) <= 14


def test_safe_text_is_cut_before_it_is_escaped():
    assert style.safe("<b>" + "x" * 50, limit=5) == "&lt;b&gt;x…"


def test_large_maps_are_thinned_evenly():
    drawn = style.thinned(9000)
    assert len(drawn) == style.MAX_MAP_POINTS and drawn[0] == 0 and drawn[-1] == 8999


def test_the_viewers_map_draws_its_places_and_its_distances(viewer):
    placed = viewer()
    figure = viewer_map.figure(placed)
    target = _named(figure, "watched next")
    spot = placed.plane.points[placed.plane.item_ids.index(placed.target)]
    np.testing.assert_allclose([target["x"][0], target["y"][0]], spot, atol=1e-4)
    way = np.vstack([placed.start, placed.path, placed.end])
    np.testing.assert_allclose(np.transpose([_named(figure, "its walk")[axis] for axis in "xy"]), way, atol=1e-4)
    np.testing.assert_allclose(_named(figure, "frames of the next clip")["x"], placed.target_frames[:, 0], atol=1e-4)
    assert _named(figure, "watched next, distance")["x"] == [pytest.approx(placed.target_distance, abs=1e-4)]
    np.testing.assert_allclose(_named(figure, "liked frames, distance")["x"], placed.liked, atol=1e-4)
    others = np.delete(placed.distances, [0, 1, 2, placed.plane.item_ids.index(placed.target)])
    assert _named(figure, "mean of other clips")["x"][0] == pytest.approx(others.mean(), abs=1e-4)


def test_the_viewers_reading_compares_the_next_clip_and_its_frames_with_others(viewer):
    placed = viewer(items=8)
    distances = np.array([0.1, 0.1, 0.1, 0.4, 0.2, 0.6, 0.8, 1.0])
    placed = replace(placed, distances=distances, liked=np.array([0.3, 0.5]), other=np.array([0.9, 1.1]))
    assert placed.target == "4"
    assert viewer_map.reading(placed) == (
        "The preference ends 0.40 from the clip watched next, in cosine distance; the other clips are 0.65 away on "
        "average, and 75% of them lie farther. Its frames are 0.40 away, those of other clips 1.00."
    )
    assert viewer_map.reading(replace(placed, liked=np.zeros(0))).endswith("75% of them lie farther.")
    assert "Its segments are" in viewer_map.reading(replace(placed, has_segments=True))
