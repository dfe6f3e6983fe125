"""The inside view gives every chart its value, with and without a run."""

from __future__ import annotations

import asyncio

import gradio as gr
import numpy as np
import pytest

from app.plots import moments
from app.views import inside
from tests.plots.invented import invented_run

THUMBNAILS = [np.zeros((448, 256, 3), dtype=np.uint8)] * 5


@pytest.fixture
def charts() -> list[gr.HTML]:
    async def built():
        """Run inside an event loop: outside of one Gradio opens loops that it never closes."""
        with gr.Blocks():
            return inside.build()

    return asyncio.run(built())


def test_a_run_gives_every_chart_a_figure_and_a_reading(charts):
    values = inside.values(invented_run(), THUMBNAILS, {})
    assert len(values) == len(charts) == len(inside.ORDER)
    assert all(value["figure"]["data"] and value["reading"] for value in values)


def test_thumbnails_travel_inside_the_figure():
    values = inside.values(invented_run(), THUMBNAILS, {})
    images = values[inside.ORDER.index(moments)]["figure"]["layout"]["images"]
    assert len(images) == 5
    assert all(image["source"].startswith("data:image/jpeg;base64,") for image in images)
