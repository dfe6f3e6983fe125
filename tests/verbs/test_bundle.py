"""The bundle verb tells the page which last clicks were accidents, from the truth that only evaluation may read."""

from __future__ import annotations

import json
from pathlib import Path

from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.evaluation.planted import read_truth
from mealrec.verbs.bundle import accidental_last_clicks, known_accidents

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "assets" / "sample"


def test_the_last_click_that_the_model_is_shown_counts():
    truth = read_truth(SAMPLE)
    wanted = {user: record["wanted"] for user, record in list(truth.viewers.items())[:50]}
    held_out = frozenset({"x"})
    histories = {user: tuple(f"i{number}" for number in range(len(clicks))) for user, clicks in wanted.items()}
    found = accidental_last_clicks(truth, Catalogue((), {}, {}, held_out, histories))
    assert found == {user: clicks[-2] is None for user, clicks in wanted.items()}
    assert set(found.values()) == {True, False}
    user = next(user for user, clicks in wanted.items() if (clicks[-3] is None) != (clicks[-2] is None))
    histories = {user: (*histories[user][:-2], "x", histories[user][-1])}
    assert accidental_last_clicks(truth, Catalogue((), {}, {}, held_out, histories))[user] != found[user]


def test_a_catalogue_without_truth_tells_of_no_accident(tmp_path):
    assert known_accidents(tmp_path) == {}


def test_the_shipped_test_viewers_carry_the_planted_accidents():
    viewers = json.loads((ROOT / "checkpoints/default/test_viewers.json").read_text())
    found = known_accidents(SAMPLE)
    assert [viewer["accident"] for viewer in viewers] == [found[viewer["viewer_id"]] for viewer in viewers]
    histories = read_catalogue(SAMPLE).histories
    assert all(viewer["target"] == histories[viewer["viewer_id"]][-1] for viewer in viewers)
