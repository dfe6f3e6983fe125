"""A report of a catalogue of one's own: without held-out clips, without planted truth, with systems of any name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mealrec.data.interactions import leave_one_out
from mealrec.errors import DataFormatError
from mealrec.evaluation.command import make_report
from mealrec.evaluation.report import Setting
from mealrec.evaluation.tables import goals_table, main_table
from mealrec.models.mealrec import MealRec
from tests.training.tiny_world import FRAMES, NUM_ITEMS, make_catalogue, make_config, make_features


@pytest.fixture(scope="module")
def setting() -> Setting:
    catalogue = replace(make_catalogue(40), held_out=frozenset())
    features = make_features(catalogue)
    return Setting(catalogue, leave_one_out(catalogue), features, np.zeros((NUM_ITEMS + 1, FRAMES)))


def test_without_held_out_clips_the_rest_is_reported(setting, tmp_path):
    model = MealRec(make_config("backbone")).eval()
    report = make_report(setting, {"full": [model], "mine": [model]}, tmp_path)
    assert "held_out" not in report and not goals_table(report).strip()
    assert "| mine |" in main_table(report)


def test_a_run_without_mealrec_is_sent_to_compare(setting, tmp_path):
    with pytest.raises(DataFormatError, match="called full is expected.* and sasrec came: .*compare"):
        make_report(setting, {"sasrec": [MealRec(make_config("backbone")).eval()]}, tmp_path)
