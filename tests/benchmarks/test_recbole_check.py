"""The outside check compares like with like: the same rows, the same loss, a verdict that can be negative."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(FOLDER))
import recbole_check  # noqa: E402
import recbole_ours  # noqa: E402
import recbole_table  # noqa: E402

HISTORIES = {"u": ("a", "b", "c", "d", "e"), "v": ("c", "a", "d", "b")}
CATALOGUE = Catalogue(tuple("abcdefghijkl"), dict.fromkeys("abcdefghijkl", ""), {}, frozenset(), HISTORIES)
SETTINGS = recbole_ours.Settings(width=8, inner=16, dropout=0.0, batch_rows=2)


def ours(prefixes: bool, seed: int = 0) -> recbole_ours.Ours:
    return recbole_ours.Ours(CATALOGUE, SETTINGS, seed, prefixes)


@pytest.mark.parametrize("prefixes", [True, False])
def test_the_rows_are_every_prefix_of_the_training_part(prefixes):
    expected = {
        "train": ["u a b", "u a b c", "v c a"],
        "validation": ["u a b c d", "v c a d"],
        "test": ["u a b c d e", "v c a d b"],
    }
    rows = ours(prefixes).about["rows"]
    for part, lines in expected.items():
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        assert rows[part] == {"count": len(lines), "sha256": digest}


def test_one_pass_a_user_has_the_loss_and_the_gradients_of_a_row_a_prefix():
    gradients = []
    for prefixes in (True, False):
        side = ours(prefixes)
        side.optimizer = torch.optim.SGD(side.model.parameters(), 0.0)
        side.batch_size = 3
        (batch,) = side.batches()
        assert batch.items.shape == ((3, 2) if prefixes else (2, 2))
        loss = side._step(batch)
        gradients.append([torch.tensor(loss), *(weight.grad for weight in side.model.parameters())])
    for prefix, one_pass in zip(*gradients, strict=True):
        torch.testing.assert_close(prefix, one_pass)


def test_training_learns_what_follows_and_tests_the_epoch_that_validation_picked():
    side = ours(prefixes=False)
    lines = [side.epoch() for _ in range(5)]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert side.test() == side._evaluate(leave_one_out(CATALOGUE).test)
    assert side._evaluate(side.split.validation)["N@10"] == max(line["validation"]["N@10"] for line in lines)


@pytest.mark.parametrize(
    ("values", "agrees"), [([0.050, 0.048, 0.052], True), ([0.060, 0.058, 0.062], False), ([0.05], None)]
)
def test_a_difference_agrees_only_within_the_spread_over_seeds(values, agrees):
    found = recbole_table.difference(values, [0.049, 0.051, 0.0505][: len(values)])
    assert found["agrees"] is agrees


def test_sides_with_other_rows_are_not_compared():
    side, other = ours(True), ours(False)
    other.about = {**other.about, "rows": {}}
    recbole_check.check_rows({recbole_table.THEIRS: side, recbole_table.PASS: side})
    with pytest.raises(SystemExit, match="disagree about the rows"):
        recbole_check.check_rows({recbole_table.THEIRS: side, recbole_table.PASS: other})


def test_the_other_process_answers_a_line_for_a_line_and_its_end_is_an_error(tmp_path):
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nread config\necho "a greeting"\necho "{\\"rows\\": $config}"\nread epoch\necho \'{"epoch": 1}\'\n'
    )
    python.chmod(0o755)
    side = recbole_check.RecBole(python, {"seed": 3}, tmp_path)
    assert side.about == {"rows": {"seed": 3}}
    assert side.epoch() == {"epoch": 1}
    with pytest.raises(SystemExit, match="ended with code 0"):
        side.test()
