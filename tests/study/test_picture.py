"""Figures become pictures without a network."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mealrec.study import picture
from mealrec.study.picture import BROWSERS, COLOURS, draw, layout


def bars() -> dict:
    bar = {"type": "bar", "x": ["a", "b"], "y": [1, 2], "marker": {"color": COLOURS[0]}}
    return {"data": [bar], "layout": layout("</script> in a title does no harm", width=300, height=200)}


def test_a_figure_is_drawn(tmp_path):
    if not any(map(picture.shutil.which, BROWSERS)):
        pytest.skip("no Chromium or Chrome on PATH: install chromium to draw pictures")
    assert draw(bars(), tmp_path / "bars.png") == ""
    with Image.open(tmp_path / "bars.png") as drawn:
        assert drawn.size == (600, 400)
        pixels = np.asarray(drawn.convert("RGB")).reshape(-1, 3).astype(int)
    colour = [int(COLOURS[0][place : place + 2], 16) for place in (1, 3, 5)]
    assert (np.abs(pixels - colour).max(1) < 12).mean() > 0.05


def test_without_a_browser_the_reason_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(picture.shutil, "which", lambda name: None)
    assert "no Chromium" in draw(bars(), tmp_path / "bars.png")
    assert not (tmp_path / "bars.png").exists()


def test_a_browser_that_fails_is_no_error(tmp_path, monkeypatch):
    monkeypatch.setattr(picture.shutil, "which", lambda name: "/bin/false")
    assert "false failed" in draw(bars(), tmp_path / "bars.png")


def test_an_axis_keeps_the_house_style_where_a_part_is_changed():
    axes = layout("t", yaxis={"title": {"text": "N@10"}}, xaxis2={"anchor": "y2"})
    assert axes["yaxis"]["gridcolor"] == axes["xaxis2"]["gridcolor"] == picture.LINE
    assert axes["yaxis"]["title"]["text"] == "N@10"
