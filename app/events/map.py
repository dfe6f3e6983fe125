"""What draws the map: opening its tab, a search, a new ranking while it is open. A click on a
point adds its clip."""

from __future__ import annotations

import gradio as gr

from app.events.main import Page
from app.session import state
from app.session.service import PICTURES, user_errors
from app.session.state import Session
from app.views import history, kind_map
from app.views.kind_map import MapView

_QUIET = {"api_visibility": "private", "show_progress": "hidden"}


def wire_map(page: Page, view: MapView) -> None:
    """Draw the map only while the visitor looks at it; of several wishes at once only the
    latest."""

    def draw(session: Session, query: str, is_open: bool) -> dict:
        return kind_map.value(page.service, session, query or "") if is_open else gr.skip()

    @user_errors()
    def turned(session: Session, query: str, event: gr.SelectData) -> tuple:
        is_open = event.value == kind_map.TAB
        return draw(session, query, is_open), is_open

    def pick(session: Session, event: gr.EventData) -> tuple:
        edited = history.edited(page.service, session, "pick", {"id": _clicked(event)})
        # The history may be out of sight here.
        if len(edited.history) > len(session.history):
            gr.Info("The clip is now the latest of your history.")
        elif len(edited.history) < len(session.history):
            gr.Info("The clip is out of your history again.")
        return edited, history.markup(page.service, edited), state.to_storage(edited)

    options = {"trigger_mode": "always_last", **PICTURES, **_QUIET}
    view.tabs.select(turned, [page.session, view.search], [view.chart, view.is_open], **options)
    # The ranking has been drawn by the time that it changes, so the map never comes before it.
    changed = [view.search.change, page.ranked.ranking.change]
    gr.on(
        changed,
        user_errors()(draw),
        [page.session, view.search, view.is_open],
        view.chart,
        **options,
    )
    view.chart.select(pick, page.session, [page.session, page.history, page.stored], **_QUIET)


def _clicked(event: gr.EventData) -> str:
    """Return the id of a clicked point; a forged event may bring anything."""
    data = event._data
    return str(data.get("value", "")) if isinstance(data, dict) else ""
