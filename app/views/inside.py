"""The inside view: one run's charts, from the last clip's frames to the final ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr
import numpy as np

from app.charts import chart, chart_value
from app.look.markup import picture_url
from app.plots import plot
from app.plots.kinds import racing
from mealrec.explain.trace import Recommendation

ORDER = ("moments", "tcd_walk", "npd_walk", "rank_bump", "distance")
"""The charts in the page's order."""

_EMPTY_NOTE = "Pick a clip, and this chart draws what the model did with it."
_THUMBNAIL_HEIGHT = 224


def build() -> list[gr.HTML]:
    """Place the charts of `ORDER` in the current Blocks."""
    # From what was watched down to what is recommended.
    charts = []
    with gr.Column(elem_id="inside-charts"):
        for name in ORDER:
            elem_id = f"chart-{name.replace('_', '-')}"
            charts.append(chart(title=plot(name).TITLE, empty_note=_EMPTY_NOTE, elem_id=elem_id))
    return charts


def values(
    answer: Recommendation, thumbnails: Sequence[np.ndarray], faces: Mapping[int, str]
) -> list[dict]:
    """Return a value for each chart.

    Args:
        answer: the run to show.
        thumbnails: the last item's K frames, uint8 [H, W, 3]; none where its file is missing.
        faces: addresses of pictures of kinds, by the kind's index.
    """
    # Some charts draw pictures as well.
    pictures = [picture_url(frame, _THUMBNAIL_HEIGHT) for frame in thumbnails]
    extras = {"moments": {"thumbnails": pictures}, "npd_walk": {"faces": faces}}
    drawn = []
    for name in ORDER:
        module = plot(name)
        figure = module.figure(answer, **extras.get(name, {}))
        drawn.append(chart_value(figure, module.reading(answer)))
    return drawn


def faces_wanted(answer: Recommendation) -> list[int]:
    """Return the kinds whose faces the charts draw."""
    return racing(answer) if answer.npd else []
