"""The map: every clip of the catalogue near the kind that it shows most, with a search; a click
adds a clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from app.charts import chart, chart_value
from app.look.markup import render
from app.plots import plot
from app.session.service import Service
from app.session.state import Session

if TYPE_CHECKING:
    from mealrec.explain.trace import Recommendation

TAB = "Map"
WORDS = "Every clip of the catalogue, near the kind of moment that it shows most. Click one to add it to your history."
_NAME = "kind_map"
_LONGEST_QUERY = 100


@dataclass(frozen=True)
class MapView:
    """The view's components; `is_open` holds whether the visitor looks at the map."""

    tabs: gr.Tabs
    search: gr.Textbox
    chart: gr.HTML
    is_open: gr.State


def build(tabs: gr.Tabs) -> MapView:
    """Draw the search box and the map's place in the tab that is open in the current Blocks."""
    gr.HTML(render("tab_words.html", words=WORDS))
    search = gr.Textbox(
        placeholder="Search kinds and titles",
        label="Search the map",
        show_label=False,
        container=False,
        max_length=_LONGEST_QUERY,
        elem_id="map-search",
    )
    placed = chart(
        title=plot(_NAME).TITLE,
        empty_note="The model is warming up; the map appears here.",
        elem_id="chart-kind-map",
    )
    return MapView(tabs, search, placed, gr.State(False))


def value(service: Service, session: Session, query: str) -> dict:
    """Return the map for the chart component, with what the visitor is out for where there is a
    history."""
    catalogue, module = service.recommender().kind_map, plot(_NAME)
    answer: Recommendation | None = service.recommend(session) if session.history else None
    words = query[:_LONGEST_QUERY]
    return chart_value(
        module.figure(catalogue, answer, words), module.reading(catalogue, answer, words)
    )
