"""Measured figures as text."""

from __future__ import annotations

import pytest

from mealrec.figures import p_text
from mealrec.study.exhibits.fig7 import difference


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "< 1e-300"), (5e-324, "< 1e-300"), (2.4e-289, "2e-289"), (3e-8, "3e-08"), (0.0912, "0.09"), (1.0, "1")],
)
def test_no_p_value_is_told_as_nought(p, text):
    assert p_text(p) == text


def test_a_difference_has_a_bound_in_place_of_a_p_of_nought():
    assert difference({"difference": 0.1115, "p": 0.0}) == "+0.1115* (p < 1e-300)"
    assert difference({"difference": -0.0008, "p": 0.4}) == "-0.0008 (p 0.4)"
