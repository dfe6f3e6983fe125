"""The inside view: one run's charts with their readings, from the last clip's frames to the final ranks."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import gradio as gr
import numpy as np
from PIL import Image

from app.charts import chart, chart_value
from app.plots import plot
from mealrec.recommender.trace import Recommendation

ORDER = ("frame_relevance", "tcd_walk", "npd_walk", "rank_bump", "distance")
"""The charts as the page tells the story: frames, their walk, the preference's walk, the ranks, the distances."""

_EMPTY_NOTE = "Pick a clip, and this chart draws what the model did with it."
_THUMBNAIL_HEIGHT = 224

CSS = """
#inside-charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; }
#inside-charts > * { min-width: 0; margin: 0; padding: 18px 18px 14px; border: 1px solid var(--mr-line);
  border-radius: 12px; background: var(--mr-surface); overflow: hidden; }
#chart-distance { grid-column: 1 / -1; }
@media (max-width: 900px) {
  #inside-charts { grid-template-columns: minmax(0, 1fr); gap: 12px; }
  #inside-charts > * { padding: 14px 12px 12px; }
}
"""
"""Style of the section, to be joined with the page's own."""


@dataclass(frozen=True)
class InsideView:
    """The section's charts in the order of `ORDER`; `outputs` and `update` belong together."""

    charts: tuple[gr.HTML, ...]

    @property
    def outputs(self) -> list[gr.HTML]:
        """Return the components that `update` and `clear` give values for."""
        return list(self.charts)

    def update(self, recommendation: Recommendation | None, thumbnails: Sequence[np.ndarray] = ()) -> list[dict | None]:
        """Return a value for each of `outputs`.

        Args:
            recommendation: the run to show; None empties the section.
            thumbnails: the last item's K frames, uint8 [H, W, 3]; none where its file is missing.
        """
        if recommendation is None:
            return self.clear()
        images = [_data_uri(frame) for frame in thumbnails]
        return [_value(name, recommendation, images) for name in ORDER]

    def clear(self) -> list[None]:
        """Return the values of the empty state."""
        return [None] * len(self.charts)


def build(service: object = None) -> InsideView:
    """Place the charts in the current Blocks; the section needs nothing of the service."""
    with gr.Column(elem_id="inside-charts"):
        charts = tuple(
            chart(title=plot(name).TITLE, empty_note=_EMPTY_NOTE, elem_id=f"chart-{name.replace('_', '-')}")
            for name in ORDER
        )
    return InsideView(charts)


def _value(name: str, recommendation: Recommendation, images: list[str]) -> dict:
    module = plot(name)
    wanted = {"thumbnails": images} if name == "frame_relevance" else {}
    return chart_value(module.figure(recommendation, **wanted), module.reading(recommendation))


def _data_uri(frame: np.ndarray) -> str:
    """Return a frame as a small JPEG that a figure can carry."""
    image = Image.fromarray(frame)
    image.thumbnail((_THUMBNAIL_HEIGHT, _THUMBNAIL_HEIGHT))
    buffer = BytesIO()
    image.save(buffer, format="JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
