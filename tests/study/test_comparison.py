"""The report and its tables, recomputed by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from mealrec.ranking.beyond import Background, beside_accuracy
from mealrec.ranking.ranks import Ranks
from mealrec.study.comparison import (
    comparison,
    comparison_text,
    gain_text,
    main_table,
    training_table,
)

OURS = [Ranks(np.array([1.0, 2, 30, 4]), np.array([1.0, 1, 12, 2]), 0.1),
        Ranks(np.array([1.0, 3, 8, 40]), np.array([1.0, 2, 5, 30]), 0.3)]  # fmt: skip
CONTROL = [Ranks(np.array([5.0, 9, 50, 15]), np.array([3.0, 8, 40, 11]), 0.2)]
FLOOR = [Ranks(np.array([99.0, 98, 97, 96]), np.array([99.0, 98, 97, 96]), 0.0)]


@pytest.fixture
def report():
    ranks = {"popularity": FLOOR, "sasrec-content": CONTROL, "mealrec": OURS, "mealrec-no-tcd": list(reversed(OURS))}
    return comparison(ranks)


def n10(*ranks: float) -> float:
    return sum(1 / math.log2(rank + 1) if rank <= 10 else 0 for rank in ranks) / len(ranks)


def test_means_and_deviations_are_over_seeds(report):
    row = report["systems"]["mealrec"]
    first, second = n10(1, 2, 30, 4), n10(1, 3, 8, 40)
    assert row["unmasked"]["N@10"]["mean"] == pytest.approx((first + second) / 2)
    assert row["unmasked"]["N@10"]["sd"] == pytest.approx(abs(first - second) / math.sqrt(2))
    assert row["masked"]["H@20"] == pytest.approx({"mean": 0.875, "sd": 0.25 / math.sqrt(2)})
    assert row["history_share"] == pytest.approx(0.2) and row["seeds"] == 2
    assert report["systems"]["sasrec-content"]["unmasked"]["H@10"] == {"mean": 0.5, "sd": 0.0}


def test_the_paired_test_is_by_user_after_averaging_over_seeds(report):
    mine = np.array([1, (1 / math.log2(3) + 1 / 2) / 2, 1 / math.log2(9) / 2, 1 / math.log2(5) / 2])
    theirs = np.array([1 / math.log2(6), 1 / math.log2(10), 0, 0])
    found = report["against"]["sasrec-content"]["unmasked"]["N@10"]
    assert found["gain"] == pytest.approx(mine.mean() / theirs.mean() - 1)
    assert found["difference"] == pytest.approx((mine - theirs).mean())
    assert found["p"] == pytest.approx(stats.ttest_1samp(mine - theirs, 0).pvalue)


def test_the_sign_says_who_is_ahead(report):
    assert report["against"]["sasrec-content"]["unmasked"]["N@10"]["gain"] > 0
    turned = comparison({"mealrec": CONTROL, "sasrec": OURS})["against"]["sasrec"]["unmasked"]["N@10"]
    ahead = report["against"]["sasrec-content"]["unmasked"]["N@10"]
    assert turned["gain"] < 0 and turned["difference"] == pytest.approx(-ahead["difference"])
    assert turned["p"] == pytest.approx(ahead["p"])


def test_the_best_other_is_no_form_of_mealrec(report):
    best = report["best_other"]["masked"]["H@10"]
    assert best["system"] == "sasrec-content"
    assert best["gain"] == pytest.approx(0.75 / 0.5 - 1)


def test_without_mealrec_there_is_nothing_to_hold_against():
    report = comparison({"popularity": FLOOR, "sasrec": CONTROL})
    assert not report["against"] and not report["best_other"]
    assert "gain over" not in comparison_text(report)


def test_the_main_table_shows_these_numbers(report):
    lines = {
        line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ") for line in main_table(report).splitlines()
    }
    head, mine = lines["system"], lines["mealrec"]
    assert head[1:9] == [*("H@10", "N@10", "H@20", "N@20"), *(f"{m} masked" for m in ("H@10", "N@10", "H@20", "N@20"))]
    mean, sd = (n10(1, 2, 30, 4) + n10(1, 3, 8, 40)) / 2, abs(n10(1, 2, 30, 4) - n10(1, 3, 8, 40)) / math.sqrt(2)
    assert mine[2] == f"**{mean:.4f} ± {sd:.4f}**"
    assert mine[9] == "20.0%"
    assert lines["sasrec-content"][1] == "0.5000"
    assert lines["mealrec against the best other"][5] == "+50.0%"
    assert lines["the best other"][1] == "sasrec-content"


def test_lists_have_a_table_of_their_own_beside_accuracy():
    top = [np.array([[1, 2], [3, 1]]), np.array([[4, 2], [1, 2]])]
    ours = [replace(ranks, top=lists) for ranks, lists in zip(OURS, top, strict=True)]
    background = Background.of(((1, 2), (1, 3)), np.arange(5) > 0, torch.eye(5))
    report = comparison({"sasrec-content": CONTROL, "mealrec": ours}, background=background)
    coverage = [beside_accuracy(lists, background)["coverage"] for lists in top]
    assert report["beside_accuracy"]["mealrec"]["coverage"]["mean"] == pytest.approx(np.mean(coverage))
    assert report["beside_accuracy"]["sasrec-content"] is None
    lines = comparison_text(report).split("## Beside accuracy")[1].splitlines()
    assert "| mealrec | 0.7500 ± 0.0000 |" in "\n".join(lines)
    assert "| sasrec-content | – | – | – | – | – |" in lines
    assert "Beside accuracy" not in comparison_text(comparison({"sasrec": CONTROL, "mealrec": ours}))


def test_stars_mark_what_is_significant():
    assert gain_text({"gain": 0.0712, "p": 0.0099}) == "+7.1%*"
    assert gain_text({"gain": -0.0712, "p": 0.02}) == "-7.1%"
    assert gain_text({"gain": None, "p": 0.0}) == "from 0"


def test_the_text_names_what_older_code_has_trained():
    record = {"epoch": 2, "epochs": 4, "validation_N@10": 0.25, "seconds": 9.6, "code_has_changed": False}
    text = training_table({"sasrec": [record], "mealrec": [record | {"code_has_changed": True}]})
    assert "| sasrec | 2 of 4 | 0.2500 | 10 |" in text
    assert "earlier state of the code: mealrec." in text
