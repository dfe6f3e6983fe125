"""A report of a small planted catalogue, and of one of somebody's own.

The latter has no held-out clips and no truth, and systems of any name.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from mealrec import progress
from mealrec.data.interactions import EvaluationRows, leave_one_out
from mealrec.errors import DataFormatError
from mealrec.evaluation.planted import SAME_CLIPS
from mealrec.models.mealrec import MealRec
from mealrec.models.paper.model import PaperMealRec
from mealrec.progress import EVERY_S, Progress
from mealrec.ranking.beyond import FIGURES
from mealrec.ranking.ranks import Ranks
from mealrec.study.disturbances import ACCIDENTS, SIGMAS, with_accidents
from mealrec.study.report import (
    goals_table,
    interval,
    lists_table,
    make_report,
    noise_table,
    systems_table,
    training_seconds,
)
from mealrec.training.world import World
from mealrec.writing import write_json
from tests.evaluation.planted_world import planted_model, write_planted_world
from tests.training.tiny_world import (
    FRAMES,
    NUM_ITEMS,
    make_catalogue,
    make_config,
    make_features,
    make_kinds_config,
)


@pytest.fixture(scope="module")
def own_world(tmp_path_factory) -> World:
    catalogue = replace(make_catalogue(40), held_out=frozenset())
    features = make_features(catalogue)
    times_s = np.zeros((NUM_ITEMS + 1, FRAMES))
    folder = tmp_path_factory.mktemp("own")
    return World(catalogue, leave_one_out(catalogue), features, times_s, folder)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> dict:
    planted_world = write_planted_world(tmp_path_factory.mktemp("planted"))
    full = planted_model(planted_world)
    quiet = planted_model(planted_world, tcd=replace(full.config.tcd, noise_scale=0.0))
    return make_report(planted_world, {"full": [full], "quiet": [quiet]}, {"full": 60.0}, Progress())


def test_what_knows_more_ranks_better(report):
    values = {name: row["masked"]["N@10"]["mean"] for name, row in report["systems"].items()}
    known = [SAME_CLIPS, "oracle: sees the history", "oracle: knows the interests"]
    assert values["popularity"] < values[known[0]] <= values[known[1]] < values[known[2]]
    assert values["full"] < values[known[0]]


def test_every_row_has_an_interval_around_its_figure(report):
    for name, row in report["systems"].items():
        ends = report["interval"][name]
        assert ends["low"] < row["masked"]["N@10"]["mean"] < ends["high"]


def test_an_interval_by_hand():
    one, other = (Ranks(np.array([1.0, 30.0]), np.array(ranks), 0.0) for ranks in ([1.0, 30.0], [3.0, 30.0]))
    ends = interval([one, other])  # the viewers have .75 and 0
    wide = 1.96 * np.std([0.75, 0.0], ddof=1) / 2**0.5
    assert [ends["low"], ends["high"]] == pytest.approx([0.375 - wide, 0.375 + wide])


def test_costs_are_told_where_they_are_known(report):
    assert report["cost"]["full"]["train_s"] == 60 and report["cost"]["full"]["request_ms"] > 0
    assert set(report["cost"]["quiet"]) == {"request_ms"}


def test_seconds_of_training_are_the_mean_over_seeds(tmp_path):
    for seed, seconds in ((0, 10.0), (1, 20.0)):
        folder = tmp_path / f"seed-{seed}" / "full"
        folder.mkdir(parents=True)
        write_json(folder / "config.json", {})
        write_json(folder / "training.json", {"seconds": seconds})
    assert training_seconds(tmp_path) == {"full": 15.0}


def test_the_noise_is_weighed_at_every_disturbance(report):
    noise = report["noise"]
    assert len(noise) == 1 + len(SIGMAS) + len(ACCIDENTS)
    for row in noise.values():
        assert row["difference"] == pytest.approx(row["full"] - row["quiet"])
    figures = [row["full"] for row in noise.values()]
    assert len(set(figures)) > len(figures) / 2, "a disturbance moves the ranking"
    assert noise_table(report).count("\n") == 2 + len(noise)


def test_held_out_clips_and_tables(report):
    assert 0 <= report["held_out"]["neighbours_P@10"] <= 1
    assert "share a motif" in goals_table(report)
    text = systems_table(report)
    assert "oracle that sees the same ten clips" in text and "MealRec without noise" in text


def test_every_system_is_told_of_beside_accuracy(report):
    found = report["beside_accuracy"]
    assert set(found) == set(report["systems"]) and all(tuple(row) == FIGURES for row in found.values())
    assert found["popularity"]["coverage"] < found["full"]["coverage"] <= 1
    assert found["popularity"]["novelty"] < found["full"]["novelty"]
    assert f"{found['full']['gini']:.4f}" in lists_table(report)


def test_accidents_are_strange_clips_and_the_latest_ten_stay():
    rng = np.random.default_rng(0)
    histories = np.array([[*rng.permutation(np.arange(1, 11))], [1, 2, *[0] * 8]])
    rows = EvaluationRows(("a", "b"), histories, np.array([11, 3]))
    candidates = np.arange(15) > 0
    for count in (0, 1, 2):
        found = with_accidents(rows, candidates, count, seed=0).histories
        for before, after, target in zip(histories, found, rows.targets, strict=True):
            added = set(after) - set(before)
            assert len(added - {0}) <= count and target not in after and len(set(after[after > 0])) == sum(after > 0)
        kept = [clip for clip in found[0] if clip in histories[0]]
        assert kept == histories[0][10 - len(kept) :].tolist(), "order stays, the oldest go"
        assert (found[1] > 0).sum() == 2 + count


def test_without_held_out_clips_the_rest_is_reported(own_world):
    model, old = MealRec(make_kinds_config("backbone")).eval(), PaperMealRec(make_config("backbone")).eval()
    report = make_report(own_world, {"full": [model], "mine": [old]}, {}, Progress())
    assert not {"held_out", "noise"} & set(report)
    assert not goals_table(report).strip() and not noise_table(report)
    assert "| mine |" in systems_table(report)


def test_a_run_without_mealrec_is_sent_to_compare(own_world):
    with pytest.raises(DataFormatError, match="called full is expected.* and sasrec came: .*compare"):
        make_report(own_world, {"sasrec": [MealRec(make_kinds_config("backbone")).eval()]}, {}, Progress())


def test_progress_speaks_when_it_was_silent(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    said = Progress()
    said.begins("ranking")
    for done in (10, 20, 30):
        now[0] += 0.6 * EVERY_S
        said.reaches("full", done, 40)
    output, errors = capsys.readouterr()
    assert not output and errors.splitlines() == ["    0 s  ranking", "    6 s    full: 20 of 40"]


def test_progress_is_never_silent_for_long_inside_one_step(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(progress, "LOOKS_EVERY_S", 0.01)
    with Progress() as said:
        said.begins("naming kinds")
        time.sleep(0.1)
    assert "  naming kinds …" in capsys.readouterr().err
