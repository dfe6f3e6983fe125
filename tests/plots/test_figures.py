"""Every figure found in app/plots keeps the same contract on every form of run."""

from __future__ import annotations

import json
from collections.abc import Iterator

import plotly.graph_objects as go
import pytest

from app.plots import OF_COMPARISONS, names, plot

FORMS = {
    "usual": {},
    "one clip, five steps": {"top_k": 1, "steps": 5},
    "twenty clips": {"top_k": 20},
    "one step": {"steps": 1},
    "one frame": {"frames": 1},
    "no frames": {"frames": 0, "tcd": False},
    "without TCD": {"tcd": False},
    "without NPD": {"npd": False},
    "without both": {"tcd": False, "npd": False},
    "a large catalogue": {"items": 9000},
    "title segments, no topics": {
        "segments": ("a quiet day", "a quiet day", "<b>bold</b>", "sea", "x" * 200),
        "topics": ("",),
    },
    "thirty topics": {"topics": tuple(f"topic {number}" for number in range(30))},
}


COMPARISONS = {
    "usual": {},
    "a known next clip": {"target": 3},
    "a next clip far below": {"target": 200},
    "two systems, one clip": {"systems": 2, "top_k": 1},
    "one system": {"systems": 1},
    "all alike": {"apart": 0.0},
    "twenty of as many": {"top_k": 20, "items": 20},
    "one deeper": {"top_k": 10, "items": 11, "apart": 3.0},
    "a large catalogue": {"items": 9000, "apart": 2.0},
    "no topics": {"topics": ("",), "target": 2},
}
CASES = [
    *((name, f"run: {form}") for name in names() if name not in OF_COMPARISONS for form in FORMS),
    *((name, f"comparison: {form}") for name in OF_COMPARISONS for form in COMPARISONS),
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def case(request):
    return request.param


@pytest.fixture
def module(case):
    return plot(case[0])


@pytest.fixture
def trace(case, run, comparison, viewer):
    """What the figure draws: a run, a comparison, or for the map of one test viewer that viewer."""
    kind, form = case[1].split(": ", 1)
    if kind == "comparison":
        return comparison(**COMPARISONS[form])
    return (viewer if case[0] == "viewer_map" else run)(**FORMS[form])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _texts(entry)


def test_the_folder_holds_these_figures():
    known = ("distance", "frame_relevance", "npd_walk", "rank_bump", "system_bump", "tcd_walk", "viewer_map")
    assert names() == known


def test_plotly_accepts_the_figure_and_json_can_carry_it(module, trace):
    figure = module.figure(trace)
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)


def test_title_units_and_reading_are_there(module, trace):
    title = module.figure(trace)["layout"]["title"]
    assert title["text"] in (module.TITLE, getattr(module, "SEGMENTS_TITLE", module.TITLE))
    assert title["subtitle"]["text"]
    reading = module.reading(trace)
    assert reading.endswith(".") and "\n" not in reading


def test_a_figure_has_data_or_says_why_not(module, trace):
    figure = module.figure(trace)
    if figure["data"]:
        axes = [value for key, value in figure["layout"].items() if key.startswith(("xaxis", "yaxis"))]
        assert any(entry["title"]["text"] or entry.get("ticktext") for entry in axes)
    else:
        assert module.reading(trace) == module.EMPTY


def test_every_trace_has_hover_or_declines_it(module, trace):
    for drawn in module.figure(trace)["data"]:
        assert drawn.get("hovertemplate") or drawn.get("hoverinfo") == "skip", drawn["name"]


def test_no_title_arrives_as_markup(module, trace):
    texts = list(_texts(module.figure(trace)))
    assert not [text for text in texts if "<img" in text or "<b>bold" in text]


def test_animation_frames_fit_the_traces_they_move(module, trace):
    figure = module.figure(trace)
    frames = figure["frames"]
    assert len({frame["name"] for frame in frames}) == len(frames)
    for frame in frames:
        assert len(frame["traces"]) == len(frame["data"])
        assert max(frame["traces"]) < len(figure["data"])
    if frames:
        assert len(figure["layout"]["meta"]["captions"]) == len(frames)


def test_the_figure_at_rest_is_the_last_animation_frame(module, trace):
    figure = module.figure(trace)
    for frame in figure["frames"][-1:]:
        for index, moved in zip(frame["traces"], frame["data"], strict=True):
            assert {key: figure["data"][index][key] for key in moved} == moved


def test_narrow_settings_name_places_that_exist(module, trace):
    figure = module.figure(trace)
    for path in figure["layout"].get("meta", {}).get("narrow", {}):
        level = figure
        for key in path.split("."):
            level = level[int(key)] if isinstance(level, list) else level[key]
