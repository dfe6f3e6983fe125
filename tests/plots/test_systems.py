"""The measured figures are drawn as they are, and the readings say what they say."""

from __future__ import annotations

from app.plots import system_costs, systems
from tests.plots.invented import named

METRICS = {
    "test": {
        "backbone": {"N@10": 0.16},
        "full": {"N@10": 0.2},
        "popularity": {"N@10": 0.08},
        "oracle: knows all": {"N@10": 0.25},
    },
    "interval": {"full": {"low": 0.19, "high": 0.21}, "backbone": {"low": 0.15, "high": 0.17}},
    "cost": {
        "full": {"train_s": 600.0, "request_ms": 12.0},
        "backbone": {"train_s": 120.0, "request_ms": 3.0},
        "popularity": {"request_ms": 1.5},
    },
}


def test_systems_stand_by_quality_and_oracles_apart():
    figure = systems.figure(METRICS)
    assert named(figure, "N@10")["x"] == [0.2, 0.16, 0.08, 0.25]
    assert figure["layout"]["yaxis"]["ticktext"] == ["MealRec", "backbone", "popularity", "oracle: knows all"]
    assert figure["layout"]["yaxis"]["tickvals"][-1] == 3.6
    assert named(figure, "95% interval")["x"] == [0.19, 0.21, None, 0.15, 0.17, None]


def test_reading_names_the_best_and_whether_it_is_clear():
    said = "“MealRec” ranks best, with an N@10 of 0.2000, 25.0% above “backbone”"
    end = "; it reaches 80% of “oracle: knows all”."
    assert systems.reading(METRICS) == f"{said}, clear of its interval{end}"
    near = METRICS | {"interval": {"full": {"low": 0.16, "high": 0.21}, "backbone": {"low": 0.15, "high": 0.17}}}
    assert systems.reading(near) == f"{said} (their intervals overlap){end}"
    assert systems.reading({"test": METRICS["test"]}) == f"{said}{end}"


def test_the_cost_drawn_is_the_one_that_most_systems_have():
    figure = system_costs.figure(METRICS)
    assert named(figure, "systems")["x"] == [12.0, 3.0, 1.5]
    assert figure["layout"]["xaxis"]["title"]["text"] == "milliseconds a request"


def test_cost_reading_tells_what_the_best_costs_and_gains():
    assert system_costs.reading(METRICS) == (
        "“MealRec” ranks best and takes 12 milliseconds a request, 8.0 times as many as the cheapest, “popularity”, "
        "which stands 0.120 lower in N@10."
    )
    alone = {"test": METRICS["test"], "cost": {"full": {"train_s": 600.0}}}
    assert system_costs.reading(alone) == "“MealRec” ranks best, and none costs less: it takes 600 seconds to train."
    assert system_costs.figure({"test": METRICS["test"]})["data"] == []
