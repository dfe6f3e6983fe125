"""What asks for a comparison: opening its tab, its controls, and a new ranking while the tab is
open."""

from __future__ import annotations

import gradio as gr

from app.session.service import Service, user_errors
from app.session.state import Session
from app.views import compare
from app.views.compare import CompareView

_QUIET = {"api_visibility": "private", "show_progress": "hidden"}
# A queue of its own: a comparison never takes the place of a ranking.
_COMPARISONS = {"concurrency_id": "compare", "concurrency_limit": 1}


def wire_compare(
    service: Service,
    session: gr.State,
    ranking: gr.HTML,
    tab: gr.Tab,
    others: list[gr.Tab],
    view: CompareView,
) -> None:
    """Compare while the tab is open; of several wishes at once only the latest is computed.

    `ranking` is the list of recommendations: it changes when an answer has been drawn, so that
    comes first. `others` are the tabs beside this one.
    """

    @user_errors()
    def draw(
        asked: Session,
        noise: float | None,
        num_steps: float | None,
        seed: float | None,
        is_open: bool,
    ) -> tuple:
        if not is_open:
            return (gr.skip(),) * 3
        return compare.shown(service, compare.asked(asked, noise, num_steps, seed))

    def open_tab(asked: Session, was_open: bool | None) -> tuple:
        if was_open is not None:
            return True, gr.skip(), gr.skip(), gr.skip()
        waiting = compare.WAITING if asked.history else ""
        return True, service.recommender().num_steps, asked.seed, waiting

    def close_tab(was_open: bool | None) -> bool | None:
        return was_open and False

    options = {"trigger_mode": "always_last", **_COMPARISONS, **_QUIET}
    asked = [session, *view.controls, view.is_open]
    opened = tab.select(
        user_errors()(open_tab),
        [session, view.is_open],
        [view.is_open, view.num_steps, view.seed, view.overlaps],
        **_QUIET,
    )
    opened.success(draw, asked, view.outputs, **options)
    for other in others:
        other.select(close_tab, view.is_open, view.is_open, **_QUIET)
    gr.on(
        [ranking.change, *(control.input for control in view.controls)],
        draw,
        asked,
        view.outputs,
        **options,
    )
