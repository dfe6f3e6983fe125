"""The page's charts: a place for a figure of `app/plots`, and what is drawn there."""

from __future__ import annotations

from types import ModuleType

import gradio as gr

from app.charts.chart import chart


def place(plot: ModuleType, empty_note: str) -> gr.HTML:
    """Place the chart of a figure; the note says what to do to get it."""
    name = plot.__name__.rpartition(".")[2].replace("_", "-")
    return chart(title=plot.TITLE, empty_note=empty_note, elem_id=f"chart-{name}")


def drawn(plot: ModuleType, *given: object, **pictures: object) -> dict:
    """Return a chart's value: the figure of what is given, with pictures, and its reading."""
    return {"figure": plot.figure(*given, **pictures), "reading": plot.reading(*given)}
