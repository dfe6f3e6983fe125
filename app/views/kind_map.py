"""The map: every clip near the kind that it shows most, with a search; a click adds a clip."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from app.look.markup import render
from app.plots import kind_map
from app.session.service import Service
from app.session.state import Session
from app.views.charts import drawn, place

TAB = "Map"
WORDS = (
    "Every clip of the catalogue, near the kind of moment that it shows most. "
    "Click one to add it to your history."
)
_EMPTY_NOTE = "The model is warming up; the map appears here."
_LONGEST_QUERY = 100  # letters


@dataclass(frozen=True)
class MapView:
    """The view's components; `is_open` holds whether the visitor looks at the map."""

    search: gr.Textbox
    chart: gr.HTML
    is_open: gr.State


def build() -> MapView:
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
    return MapView(search, place(kind_map, _EMPTY_NOTE), gr.State(False))


def value(service: Service, session: Session, query: str | None) -> dict:
    """Return the map for the chart component.

    Where there is a history, it shows what the visitor is out for.
    """
    # The map is the bundle's; what lies on it is this visit's.
    catalogue = service.recommender().kind_map
    answer = service.recommend(session.question) if session.history else None
    return drawn(kind_map, catalogue, answer, (query or "")[:_LONGEST_QUERY])
