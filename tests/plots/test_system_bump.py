"""The chart of systems shows each system's own ranks, and says what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.plots import system_bump
from tests.plots.invented import invented_comparison, named


def _places(figure: dict) -> dict:
    drawn = named(figure, "places")
    return {(data[0], column): data[1] for column, data in zip(drawn["x"], drawn["customdata"], strict=True)}


def test_every_clip_stands_at_its_rank_in_every_column():
    trace = invented_comparison(systems=3, top_k=5)
    places = _places(system_bump.figure(trace))
    shown = {item.item_id for ranks in trace.rankings for item in ranks.items}
    assert {item_id for item_id, _ in places} == shown
    for (item_id, column), rank in places.items():
        assert rank == trace.rankings[column].rank_of(item_id)


def test_lines_pass_through_the_clips_heights():
    figure = system_bump.figure(invented_comparison(systems=3, top_k=5))
    spots = named(figure, "places")
    heights = {(data[0], x): y for data, x, y in zip(spots["customdata"], spots["x"], spots["y"], strict=True)}
    for line in figure["data"][:-1]:
        for x, y in zip(line["x"], line["y"], strict=True):
            assert y == heights[line["name"], round(x)]


def test_deeper_ranks_stand_below_a_gap_with_few_labels():
    axis = system_bump.figure(invented_comparison(top_k=10, apart=2.0))["layout"]["yaxis"]
    deep = [int(text) for text in axis["ticktext"][10:]]
    assert deep == sorted(deep) and deep[0] > 10
    assert axis["tickvals"][:10] == list(range(1, 11))
    assert np.diff(axis["tickvals"][9:]).min() >= 0.4 and axis["tickvals"][10] >= 10.9
    shared = system_bump.figure(invented_comparison(top_k=20, items=20))["layout"]
    assert len(shared["yaxis"]["ticktext"]) == 20 and shared["shapes"] == []


def test_only_the_first_clips_have_pictures_and_newcomers_their_title():
    trace = invented_comparison(systems=3, top_k=5)
    posters = {item.item_id: "data:a" for item in trace.rankings[0].items}
    figure = system_bump.figure(trace, posters=posters)
    expected = sum(item.item_id in posters for ranks in trace.rankings for item in ranks.items)
    assert len(figure["layout"]["images"]) == expected
    tops = [{item.item_id for item in ranks.items} for ranks in trace.rankings]
    assert len(figure["layout"]["annotations"]) == len(tops[1] - tops[0]) + len(tops[2] - tops[1])


def test_the_next_clip_is_starred_in_every_column():
    for target in (2, 200):
        figure = system_bump.figure(invented_comparison(systems=3, top_k=5, target=target))
        stars = [note for note in figure["layout"]["annotations"] if "★" in note["text"]]
        assert sorted(note["x"] for note in stars) == [0, 1, 2]
    first = system_bump.figure(invented_comparison(top_k=5, target=2))["layout"]["yaxis"]["ticktext"]
    assert [text.startswith("★") for text in first[:5]] == [False, True, False, False, False]


def _reordered(trace, *orders: str):
    """Return the comparison with the first clips of each system replaced by those of the first one, by letters."""
    first = trace.rankings[0].items
    rankings = []
    for ranks, order in zip(trace.rankings, orders, strict=True):
        items = tuple(replace(first["abcdef".index(letter)], rank=place) for place, letter in enumerate(order, start=1))
        scores = ranks.scores * 0 - 9.0
        for item in items:
            scores[ranks.row_of[item.item_id] - 1] = -item.rank
        rankings.append(replace(ranks, items=items[:3], scores=scores))
    return replace(trace, rankings=tuple(rankings))


def test_reading_names_the_system_that_differs_most_and_the_largest_move():
    trace = _reordered(invented_comparison(systems=3, top_k=6), "abcdef", "acbdef", "abdefc")
    title = trace.rankings[0].items[2].title
    assert system_bump.reading(trace) == (
        "Least like MealRec ranks “backbone”: it shares 2 of the first 3 clips; "
        f"“{title}”, rank 3 here, stands at 6 in “backbone”."
    )


def test_reading_tells_where_the_next_clip_stands():
    trace = _reordered(invented_comparison(systems=3, top_k=6), "abcdef", "abdcef", "abefdc")
    trace = replace(trace, target=trace.rankings[0].items[2])
    words = system_bump.reading(trace)
    assert words.endswith("; the clip watched next stands highest in “MealRec” (3), lowest in “backbone” (6).")
    same = _reordered(invented_comparison(systems=3, top_k=6), "abcdef", "bacdef", "abcdef")
    assert system_bump.reading(replace(same, target=same.rankings[0].items[2])) == (
        "Every other system shares 3 of MealRec’s first 3 clips; the clip watched next stands at rank 3 in each."
    )
