"""Every figure found in app/plots keeps the same contract on every form of run."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import plotly.graph_objects as go
import pytest

from app import plots
from tests.plots.invented import invented_comparison, invented_map, invented_run, invented_viewer

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
    "hostile kinds": {"hostile": True},
    "256 kinds": {"kinds": 256, "items": 400},
    "two kinds": {"kinds": 2},
    "ten frames": {"frames": 10},
}
MAPS = {
    **{f"the map alone: {name}": (form, False, "") for name, form in FORMS.items() if "kinds" in name or not form},
    **{f"a run on it: {name}": (form, True, "") for name, form in FORMS.items()},
    "a search": ({}, True, "SUSHI"),
    "a search for nothing that is there": ({}, False, "<b>no such thing"),
    "a search that finds markup": ({"hostile": True}, True, "<b>bold"),
}
_TEST = {name: {"N@10": value, "H@10": 0.3} for name, value in (("full", 0.18), ("backbone", 0.17), ("<b>bold", 0.0))}
METRICS = {
    "none": {},
    "no part that is one": {"test": [1], "interval": 3, "cost": None},
    "the test alone": {"test": _TEST},
    "one system": {"test": {"full": {"N@10": 0.2}}, "cost": {"full": {"train_s": 9.0}}},
    "oracles alone": {"test": {"oracle: sees all": {"N@10": 0.4}}},
    "all of it": {
        "test": {
            **_TEST,
            "oracle: sees the history": {"N@10": 0.3},
            "odd": {"N@10": None},
            "nan": {"N@10": float("nan")},
        },
        "interval": {"full": {"low": 0.17, "high": 0.19}, "backbone": {"low": 0.16, "high": 0.18}, "<b>bold": {}},
        "cost": {
            "full": {"train_s": 900.0, "request_ms": 9.0},
            "backbone": {"train_s": 60.0},
            "<b>bold": {"train_s": 0},
        },
    },
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
# The files of the folder: what figures share, those that draw something else than a run, and those that draw a run.
SHARED = {"kinds", "map_parts", "moment_bars", "style"}
OF_METRICS = ("systems", "system_costs")
NAMES = {module.name for module in pkgutil.iter_modules(plots.__path__)} - SHARED
CASES = [
    *((name, f"run: {form}") for name in sorted(NAMES - {"system_bump", "kind_map", *OF_METRICS}) for form in FORMS),
    *(("system_bump", f"comparison: {form}") for form in COMPARISONS),
    *(("kind_map", f"map: {form}") for form in MAPS),
    *((name, f"metrics: {form}") for name in OF_METRICS for form in METRICS),
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def case(request):
    return request.param


@pytest.fixture
def module(case):
    return import_module(f"app.plots.{case[0]}")


@pytest.fixture
def given(case):
    """What the figure draws: a run, a comparison, a viewer, a bundle's figures, or the map with a run and a query."""
    kind, form = case[1].split(": ", 1)
    if kind == "comparison":
        return (invented_comparison(**COMPARISONS[form]),)
    if kind == "metrics":
        return (METRICS[form],)
    if kind == "map":
        shape, has_run, query = MAPS[form]
        return invented_map(**shape), invented_run(**shape) if has_run else None, query
    invented = invented_viewer if case[0] == "viewer_map" else invented_run
    return (invented(**FORMS[form]),)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _texts(entry)


def test_the_figures_are_found():
    drawn = {"distance", "moments", "npd_walk", "rank_bump", "tcd_walk"}
    assert drawn | {"kind_map", "viewer_map", "system_bump", *OF_METRICS} == NAMES


def test_plotly_accepts_the_figure_and_json_can_carry_it(module, given):
    figure = module.figure(*given)
    go.Figure(figure)
    json.dumps(figure, allow_nan=False)


def test_title_units_and_reading_are_there(module, given):
    title = module.figure(*given)["layout"]["title"]
    assert title["text"] in (module.TITLE, getattr(module, "SEGMENTS_TITLE", module.TITLE))
    assert title["subtitle"]["text"]
    reading = module.reading(*given)
    assert reading.endswith(".") and "\n" not in reading


def test_a_figure_has_data_or_says_why_not(module, given):
    figure = module.figure(*given)
    if figure["data"]:
        axes = [value for key, value in figure["layout"].items() if key.startswith(("xaxis", "yaxis"))]
        assert any(entry["title"]["text"] or entry.get("ticktext") for entry in axes)
    else:
        assert module.reading(*given) == module.EMPTY


def test_every_trace_has_hover_or_declines_it(module, given):
    for drawn in module.figure(*given)["data"]:
        assert drawn.get("hovertemplate") or drawn.get("hoverinfo") == "skip", drawn["name"]


def test_no_title_arrives_as_markup(module, given):
    figure = module.figure(*given)
    # The page shows captions as plain text, so they are not escaped.
    figure["layout"].get("meta", {}).pop("captions", None)
    assert not [text for text in _texts(figure) if "<img" in text or "<b>bold" in text]


def test_no_hover_text_lets_a_title_be_a_template(module, given):
    for drawn in module.figure(*given)["data"]:
        assert "%{x} a" not in drawn.get("hovertemplate", ""), "a title belongs into customdata"


def test_animation_frames_fit_the_traces_they_move(module, given):
    figure = module.figure(*given)
    frames = figure["frames"]
    assert len({frame["name"] for frame in frames}) == len(frames)
    for frame in frames:
        assert len(frame["traces"]) == len(frame["data"])
        assert max(frame["traces"]) < len(figure["data"])
    if frames:
        assert len(figure["layout"]["meta"]["captions"]) == len(frames)


def test_the_figure_at_rest_is_the_last_animation_frame(module, given):
    figure = module.figure(*given)
    for frame in figure["frames"][-1:]:
        for index, moved in zip(frame["traces"], frame["data"], strict=True):
            assert {key: figure["data"][index][key] for key in moved} == moved


def test_narrow_settings_name_places_that_exist(module, given):
    figure = module.figure(*given)
    for path in figure["layout"].get("meta", {}).get("narrow", {}):
        level = figure
        for key in path.split("."):
            level = level[int(key)] if isinstance(level, list) else level[key]
