"""The maps show the catalogue's own places, what is wanted, and what a search finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.plots import kind_map, kinds, map_parts, viewer_map
from tests.plots.invented import invented_map, invented_run, invented_viewer, named


def test_the_map_grows_a_disc_a_kind_with_what_is_wanted():
    trace = invented_run()
    figure = kind_map.figure(invented_map(), trace)
    areas = np.array([frame["data"][0]["marker"]["size"] for frame in figure["frames"]]) ** 2
    wanted = kinds.states(trace)
    drawn = areas > 4.01  # the smallest are drawn at two pixels, so that they can be seen
    np.testing.assert_allclose((areas / areas.max())[drawn], (wanted / wanted.max())[drawn], atol=1e-4)


def test_the_map_gives_a_click_the_clips_id_and_a_kind_none():
    figure = kind_map.figure(invented_map(items=50))
    assert [data[0] for data in named(figure, "clips")["customdata"]] == [str(row) for row in range(1, 51)]
    assert "customdata" not in named(figure, "kinds")


def test_a_search_marks_what_it_finds_and_says_how_many():
    placed = invented_map(items=96)
    sushi = next(kind for kind in placed.kinds if kind.name == "sushi")
    expected = [row for row, title in enumerate(placed.titles) if "sushi" in title]
    found = named(kind_map.figure(placed, None, " SUSHI "), "found")
    assert len(expected) == 2
    assert [data[0] for data in found["customdata"]] == [placed.item_ids[row] for row in expected]
    assert named(kind_map.figure(placed, None, "sushi"), "kinds")["text"][sushi.index] == "<b>sushi</b>"
    assert kind_map.reading(placed, None, " SUSHI ") == (
        "“SUSHI” stands in the titles of 2 clips and in the name of 1 kind of moments."
    )
    assert kind_map.reading(placed, None, "qqq") == "No clip’s title and no kind’s name holds “qqq”."


def test_names_on_the_map_keep_clear_of_each_other():
    figure = kind_map.figure(invented_map(kinds=256, items=400))
    narrow = next(value for key, value in figure["layout"]["meta"]["narrow"].items() if key.endswith("text"))
    wide = [text for text in named(figure, "kinds")["text"] if text]
    assert 0 < sum(map(bool, narrow)) < len(wide) < 256


def test_large_maps_are_thinned_evenly():
    drawn = map_parts.thinned(9000)
    assert len(drawn) == map_parts.MAX_POINTS
    assert (drawn[0], drawn[-1]) == (0, 8999)


def test_the_viewers_map_draws_its_places_and_its_distances():
    placed = invented_viewer()
    figure = viewer_map.figure(placed)
    target = named(figure, "watched next")
    spot = placed.map.points[placed.map.place[placed.target]]
    np.testing.assert_allclose([target["x"][0], target["y"][0]], spot, atol=1e-4)
    way = np.vstack([placed.start, placed.path, placed.end])
    np.testing.assert_allclose(np.transpose([named(figure, "its walk")[axis] for axis in "xy"]), way, atol=1e-4)
    assert named(figure, "watched next, distance")["x"] == [pytest.approx(placed.target_distance, abs=1e-4)]
    np.testing.assert_allclose(named(figure, "liked frames, distance")["x"], placed.liked, atol=1e-4)
    others = np.delete(placed.distances, [0, 1, 2, placed.map.place[placed.target]])
    assert named(figure, "mean of other clips")["x"][0] == pytest.approx(others.mean(), abs=1e-4)


def test_the_viewers_reading_compares_the_next_clip_and_its_frames_with_others():
    placed = replace(invented_viewer(items=8), target="4")
    distances = np.array([0.1, 0.1, 0.1, 0.4, 0.2, 0.6, 0.8, 1.0])
    placed = replace(placed, distances=distances, liked=np.array([0.3, 0.5]), other=np.array([0.9, 1.1]))
    assert viewer_map.reading(placed) == (
        "The preference ends 0.40 from the clip watched next, in cosine distance; the other clips are 0.65 away on "
        "average, and 75% of them lie farther. Its frames are 0.40 away, those of other clips 1.00."
    )
    assert viewer_map.reading(replace(placed, liked=np.zeros(0))).endswith("75% of them lie farther.")
    assert "Its segments are" in viewer_map.reading(replace(placed, has_segments=True))
