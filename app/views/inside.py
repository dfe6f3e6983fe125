"""The inside view: one run's charts with their readings, from the last clip's frames to the
final ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import gradio as gr
import numpy as np

from app.charts import chart, chart_value
from app.look.markup import picture_url
from app.plots import plot
from app.plots.kinds import racing
from mealrec.explain.trace import Recommendation

ORDER = ("moments", "tcd_walk", "npd_walk", "rank_bump", "distance")
"""The charts as the page tells the story: moments, their walk, the preference's walk, the ranks,
the distances."""

_EMPTY_NOTE = "Pick a clip, and this chart draws what the model did with it."
_THUMBNAIL_HEIGHT = 224
_NO_FACES: Mapping[int, str] = MappingProxyType({})

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

    def update(
        self,
        recommendation: Recommendation | None,
        thumbnails: Sequence[np.ndarray] = (),
        faces: Mapping[int, str] = _NO_FACES,
    ) -> list[dict | None]:
        """Return a value for each of `outputs`.

        Args:
            recommendation: the run to show; None empties the section.
            thumbnails: the last item's K frames, uint8 [H, W, 3]; none where its file is missing.
            faces: addresses of pictures of kinds, by the kind's index.
        """
        if recommendation is None:
            return self.clear()
        wanted = {
            "moments": {
                "thumbnails": [picture_url(frame, _THUMBNAIL_HEIGHT) for frame in thumbnails]
            },
            "npd_walk": {"faces": faces},
        }
        return [_value(name, recommendation, wanted.get(name, {})) for name in ORDER]

    def clear(self) -> list[None]:
        """Return the values of the empty state."""
        return [None] * len(self.charts)


def build(service: object = None) -> InsideView:
    """Place the charts in the current Blocks; the section needs nothing of the service."""
    with gr.Column(elem_id="inside-charts"):
        charts = tuple(
            chart(
                title=plot(name).TITLE,
                empty_note=_EMPTY_NOTE,
                elem_id=f"chart-{name.replace('_', '-')}",
            )
            for name in ORDER
        )
    return InsideView(charts)


def faces_wanted(recommendation: Recommendation) -> list[int]:
    """Return the kinds whose faces the charts draw."""
    return racing(recommendation) if recommendation.npd else []


def _value(name: str, recommendation: Recommendation, wanted: Mapping) -> dict:
    module = plot(name)
    return chart_value(module.figure(recommendation, **wanted), module.reading(recommendation))
