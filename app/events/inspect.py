"""What the tab "Inspect a viewer" does: rank once, filter, open one viewer, hand it to the page
above."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from app.events.main import Page
from app.session import state
from app.session.cases import Cases
from app.session.service import MODEL, Service, user_errors
from app.session.state import Session
from app.views import history, viewers
from app.views.viewers import Place
from mealrec.errors import MealRecError

_QUIET = {"api_visibility": "private", "show_progress": "hidden"}

_TO_THE_TOP = """() => {
  window.scrollTo({top: 0});
  document.querySelector("#history .strip")?.focus({preventScroll: true});
}"""
# Where the columns stand below each other, the opened viewer is out of sight.
_TO_THE_VIEWER = """() => {
  const column = document.querySelector("#viewer-column");
  if (column.getBoundingClientRect().top > window.innerHeight / 2) column.scrollIntoView();
}"""


def wire_viewers(page: Page) -> None:
    """Rank the test viewers when the tab is opened, and anew for another model or seed while it
    is in use."""
    view, cases = page.viewers, Cases(page.service)
    asked = [page.ranked.variant, page.ranked.seed, view.place]
    listed, opened = [view.listing, view.place], [view.opened, view.map]
    options = {**MODEL, **_QUIET}

    def show(variant: str, seed: float | None, place: Place) -> Iterator[tuple]:
        yield from _listing(page.service, cases, _asked(variant, seed), place)

    def follow(variant: str, seed: float | None, place: Place) -> Iterator[tuple]:
        if place.viewer_id:
            yield from show(variant, seed, place)

    def turn(
        variant: str, seed: float | None, place: Place, event: gr.EventData
    ) -> Iterator[tuple]:
        data = dict(event._data or {})
        yield from show(variant, seed, viewers.turned(place, str(data.get("action", "")), data))

    @user_errors()
    def open_viewer(variant: str, seed: float | None, place: Place) -> tuple:
        if not place.viewer_id:
            return gr.skip(), gr.skip()
        session = _asked(variant, seed)
        recommender = page.service.recommender()
        placed = recommender.viewer_map(place.viewer_id, variant=session.variant, seed=session.seed)
        return viewers.opened_markup(page.service, placed), viewers.map_value(placed)

    def use(session: Session, event: gr.EventData) -> tuple:
        edited = _used(page.service, session, str((event._data or {}).get("id", "")))
        return edited, history.markup(page.service, edited), state.to_storage(edited)

    ranked = view.tab.select(show, asked, listed, **options)
    ranked.success(open_viewer, asked, opened, **options)
    changed = [page.ranked.variant.input, page.ranked.seed.input]
    followed = gr.on(changed, follow, asked, listed, trigger_mode="always_last", **options)
    followed.success(open_viewer, asked, opened, **options)
    view.listing.click(turn, asked, listed, trigger_mode="always_last", **options)
    chosen = view.listing.select(turn, asked, listed, trigger_mode="always_last", **options)
    chosen.success(open_viewer, asked, opened, **options).success(None, js=_TO_THE_VIEWER)
    # Whoever leaves the tab no longer waits for its ranks: what is known by then is computed anew
    # on return.
    for other in view.tab.parent.children:
        if other is not view.tab:
            other.select(None, cancels=[ranked, followed], **_QUIET)
    used = view.opened.click(use, page.session, [page.session, page.history, page.stored], **_QUIET)
    used.success(None, js=_TO_THE_TOP)


def _asked(variant: str, seed: float | None) -> Session:
    """Return the model and the seed that the controls above name."""
    return state.from_mapping({"variant": variant, "seed": int(seed or 0)})


def _listing(service: Service, cases: Cases, asked: Session, place: Place) -> Iterator[tuple]:
    """Yield the list and the place: while the ranks are computed how far that is, or why there
    is no list."""
    try:
        if not service.recommender().test_viewers:
            yield viewers.unavailable(viewers.NONE_PACKED), place
            return
        for report in cases.ranked(asked.variant, asked.seed):
            if isinstance(report, float):
                yield viewers.progress(report), gr.skip()
            else:
                place = viewers.settled(report, place)
                yield viewers.markup(service, report, place), place
    except MealRecError as error:
        yield viewers.unavailable(str(error)), gr.skip()


def _used(service: Service, session: Session, viewer_id: str) -> Session:
    viewer = service.viewer(viewer_id)
    if viewer is None:
        return session
    opened = state.with_history(session, viewer.history)
    return replace(opened, viewer_id=viewer_id, revealed=True)
