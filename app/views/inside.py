"""The inside view: one run's charts, from the last clip's frames to the final ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr
import numpy as np

from app.look.markup import picture_url
from app.plots import distance, moments, npd_walk, rank_bump, tcd_walk
from app.plots.kinds import racing
from app.views.charts import drawn, place
from mealrec.explain.trace import Recommendation

# From what was watched down to what is recommended.
ORDER = (moments, tcd_walk, npd_walk, rank_bump, distance)

_EMPTY_NOTE = "Pick a clip, and this chart draws what the model did with it."
_THUMBNAIL_HEIGHT = 224


def build() -> list[gr.HTML]:
    """Place the charts of `ORDER` in the current Blocks."""
    with gr.Column(elem_id="inside-charts"):
        return [place(plot, _EMPTY_NOTE) for plot in ORDER]


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
    frames = [picture_url(frame, _THUMBNAIL_HEIGHT) for frame in thumbnails]
    pictures = {moments: {"thumbnails": frames}, npd_walk: {"faces": faces}}
    return [drawn(plot, answer, **pictures.get(plot, {})) for plot in ORDER]


def faces_wanted(answer: Recommendation) -> list[int]:
    """Return the kinds whose faces the charts draw."""
    return racing(answer) if answer.npd else []
