"""What the tabs do; nothing is computed for one that is closed."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from app.events.page import LATEST, QUIET, Page
from app.look.markup import event_data
from app.session import state
from app.session.cases import Cases
from app.session.service import MODEL, PICTURES, Service, user_errors, while_open
from app.session.state import Session
from app.views import compare, effects, history, kind_map, viewers
from app.views.viewers import Place
from mealrec.errors import MealRecError

# A queue of its own: a comparison never takes the place of a ranking.
_COMPARISONS = {"concurrency_id": "compare", "concurrency_limit": 1}

_TO_THE_TOP = """() => {
  window.scrollTo({top: 0});
  document.querySelector("#history .strip")?.focus({preventScroll: true});
}"""
# Where the columns stand below each other, the opened viewer is out of sight.
_TO_THE_VIEWER = """() => {
  const column = document.querySelector("#viewer-column");
  if (column.getBoundingClientRect().top > window.innerHeight / 2) column.scrollIntoView();
}"""


def wire_effects(page: Page) -> None:
    """List what would change the answer: when the tab is opened, and for every other session."""
    view = page.effects

    @user_errors()
    def list_effects(session: Session) -> str:
        return effects.markup(page.service, session)

    @user_errors()
    def open_effects(session: Session, event: gr.SelectData) -> tuple:
        if event.value != effects.TAB:
            return gr.skip(), False
        return effects.markup(page.service, session), True

    # The list asks the model many times, so it waits in the model's queue.
    options = {**MODEL, **LATEST}
    page.pick_tabs.select(open_effects, page.session, [view.listing, view.is_open], **options)
    asked = [view.is_open, page.session]
    page.session.change(while_open(list_effects), asked, view.listing, **options)


def wire_map(page: Page) -> None:
    """Draw the map when its tab is opened, for a search and a ranking; a point adds its clip."""
    view = page.map

    @user_errors()
    def draw_map(session: Session, query: str) -> dict:
        return kind_map.value(page.service, session, query)

    @user_errors()
    def open_map(session: Session, query: str, event: gr.SelectData) -> tuple:
        if event.value != kind_map.TAB:
            return gr.skip(), False
        return kind_map.value(page.service, session, query), True

    def pick_point(session: Session, event: gr.EventData) -> tuple:
        clicked = {"id": event_data(event).get("value", "")}
        edited = history.edited(page.service, session, "pick", clicked)
        # The history may be out of sight here.
        if len(edited.history) > len(session.history):
            gr.Info("The clip is now the latest of your history.")
        elif len(edited.history) < len(session.history):
            gr.Info("The clip is out of your history again.")
        return history.values(page.service, edited)

    options = {**PICTURES, **LATEST}
    asked = [page.session, view.search]
    page.inside_tabs.select(open_map, asked, [view.chart, view.is_open], **options)
    # The ranking has been drawn by the time that it changes, so the map never comes before it.
    changed = [view.search.change, page.ranked.ranking.change]
    gr.on(changed, while_open(draw_map), [view.is_open, *asked], view.chart, **options)
    view.chart.select(pick_point, page.session, page.edited, **QUIET)


def wire_compare(page: Page) -> None:
    """Compare when the tab is opened, for other controls and for a new ranking."""
    view = page.compare

    @user_errors()
    def draw_comparison(session: Session, *controls: float | None) -> tuple:
        return compare.shown(page.service, session, *controls)

    @user_errors()
    def open_compare(session: Session, is_set: bool, event: gr.SelectData) -> dict:
        is_open = event.value == compare.TAB
        if is_set or not is_open:
            return {view.is_open: is_open}
        # Opened for the first time, the controls begin as the ranking is asked.
        return {
            view.is_open: True,
            view.is_set: True,
            view.num_steps: page.service.recommender().num_steps,
            view.seed: session.seed,
            view.overlaps: compare.WAITING if session.history else "",
        }

    draw = while_open(draw_comparison)
    asked = [view.is_open, page.session, *view.controls]
    options = {**_COMPARISONS, **LATEST}
    outputs = [view.is_open, view.is_set, view.num_steps, view.seed, view.overlaps]
    opened = page.inside_tabs.select(open_compare, [page.session, view.is_set], outputs, **QUIET)
    opened.success(draw, asked, view.outputs, **options)
    # The ranking has been drawn by the time that it changes, so a comparison comes after it.
    changed = [page.ranked.ranking.change, *(control.input for control in view.controls)]
    gr.on(changed, draw, asked, view.outputs, **options)


def wire_viewers(page: Page) -> None:
    """Rank the test viewers when the tab is opened, and for another model or seed once it was."""
    view = page.viewers
    service = page.service
    cases = Cases(service)

    def show(variant: str, seed: float | None, place: Place) -> Iterator[tuple]:
        yield from listing(service, cases, _asked(variant, seed), place)

    def follow(variant: str, seed: float | None, place: Place) -> Iterator[tuple]:
        if place.viewer_id:
            yield from show(variant, seed, place)

    def turn(
        variant: str, seed: float | None, place: Place, event: gr.EventData
    ) -> Iterator[tuple]:
        data = event_data(event)
        turned = viewers.turned(place, str(data.get("action", "")), data)
        yield from show(variant, seed, turned)

    @user_errors()
    def open_viewer(variant: str, seed: float | None, place: Place) -> tuple | dict:
        if not place.viewer_id:
            return gr.skip()
        asked = {"variant": variant, "seed": _asked(variant, seed).seed}
        placed = service.recommender().viewer_map(place.viewer_id, **asked)
        return viewers.opened(service, placed)

    def use(session: Session, event: gr.EventData) -> tuple:
        return history.values(service, history.edited(service, session, "use", event_data(event)))

    asked = [page.ranked.variant, page.ranked.seed, view.place]
    listed = [view.listing, view.place]
    opened = [view.opened, view.map]
    options = {**MODEL, **QUIET}

    # The list, and after it the viewer that is open.
    ranked = view.tab.select(show, asked, listed, **options)
    ranked.success(open_viewer, asked, opened, **options)
    changed = [page.ranked.variant.input, page.ranked.seed.input]
    followed = gr.on(changed, follow, asked, listed, **MODEL, **LATEST)
    followed.success(open_viewer, asked, opened, **options)

    # Whoever leaves the tab no longer waits for its ranks: they are computed on return.
    for other in page.inside_tabs.children:
        if other is not view.tab:
            other.select(None, cancels=[ranked, followed], **QUIET)

    # A click on a filter or a page, on a viewer of the list, and on "Open in the page above".
    view.listing.click(turn, asked, listed, **MODEL, **LATEST)
    chosen = view.listing.select(turn, asked, listed, **MODEL, **LATEST)
    shown = chosen.success(open_viewer, asked, opened, **options)
    shown.success(None, js=_TO_THE_VIEWER)
    used = view.opened.click(use, page.session, page.edited, **QUIET)
    used.success(None, js=_TO_THE_TOP)


def _asked(variant: str, seed: float | None) -> Session:
    """Return the model and the seed that the controls above name."""
    return state.from_mapping({"variant": variant, "seed": seed})


def listing(service: Service, cases: Cases, asked: Session, place: Place) -> Iterator[tuple]:
    """Yield the list of test viewers and the place in it.

    While the ranks are computed it yields how far that is, and where there is no list, why.
    """
    try:
        if not service.recommender().test_viewers:
            yield viewers.unavailable(viewers.NONE_PACKED), place
            return
        # Reports of progress, and at last the ranks.
        for report in cases.ranked(asked.variant, asked.seed):
            if isinstance(report, float):
                yield viewers.progress(report), gr.skip()
            else:
                place = viewers.settled(report, place)
                yield viewers.markup(service, report, place), place
    except MealRecError as error:
        yield viewers.unavailable(str(error)), gr.skip()
