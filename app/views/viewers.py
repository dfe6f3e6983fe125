"""Inspect a viewer: test viewers with their true next clips, and one of them on the map."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import render
from app.plots import viewer_map
from app.session.cases import HIT, KINDS, PAGE_SIZE, Case
from app.session.service import Service
from app.session.state import whole
from app.views import charts
from app.views.parts import card, cards

if TYPE_CHECKING:
    from mealrec.explain.trace import ViewerMap

TITLE = "Inspect a viewer"
WORDS = "Test viewers, whose next clip we know: does this model find it?"
NONE_PACKED = (
    "This bundle holds no test viewers: it is older than this view. "
    "Make it again: python -m mealrec bundle"
)
LEARNED = (
    "These models were fitted on all clicks, these next clips among them: "
    "finding them proves nothing."
)
_EMPTY_NOTE = "Click a viewer in the list, and the map shows where the preference ends."
_LATEST = 5  # clips of a history that a row of the list shows
_KIND_NAMES = {
    "all": "All",
    "hits": "Hits",
    "misses": "Misses",
    "accidents": "Accidental click last",
}

# A row fires `select`, everything else `click`. Redrawn markup takes the focus with it: it is given
# back.
_ACTIONS = """
let pressed = null;
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (!button || button.disabled) return;
  pressed = {...button.dataset};
  trigger(button.dataset.action === "open" ? "select" : "click", {...button.dataset});
});
watch("value", () => requestAnimationFrame(() => {
  const strip = element.querySelector(".opened-clips");
  if (strip) strip.scrollLeft = strip.scrollWidth;
  if (!pressed || document.activeElement !== document.body) return;
  const named = Object.entries(pressed);
  const same = (button) => named.every(([key, value]) => button.dataset[key] === value);
  const again = [...element.querySelectorAll("[data-action]")].find(same);
  again?.focus({preventScroll: true});
}));
"""


@dataclass(frozen=True)
class Place:
    """Where a visitor is among the test viewers: the filter, the page, and whose map is open."""

    kind: str = "all"
    number: int = 1
    viewer_id: str = ""


@dataclass(frozen=True)
class ViewersView:
    """The view's components: the visitor's place, the list, the opened viewer and its map."""

    tab: gr.Tab
    place: gr.State
    listing: gr.HTML
    opened: gr.HTML
    map: gr.HTML


def build(tab: gr.Tab) -> ViewersView:
    """Draw the list and the place of the opened viewer, in the tab that is open in the Blocks."""
    place = gr.State(Place())
    gr.HTML(render("section.html", title=TITLE, words=WORDS))

    # The list on the left, the viewer that is opened from it on the right.
    with gr.Row(elem_id="viewers"):
        with gr.Column(scale=5, min_width=320):
            listing = gr.HTML(progress(0.0), js_on_load=_ACTIONS, elem_id="viewer-list")
        with gr.Column(scale=7, min_width=320, elem_id="viewer-column"):
            opened = gr.HTML("", js_on_load=_ACTIONS, elem_id="viewer-opened")
            placed = charts.place(viewer_map, _EMPTY_NOTE)
    return ViewersView(tab, place, listing, opened, placed)


def progress(fraction: float) -> str:
    """Return the list's place while the ranks are computed."""
    return render("viewers.html", note="", rows=None, percent=round(100 * fraction))


def unavailable(note: str) -> str:
    """Return the list's place with a sentence that says why there is no list."""
    return render("viewers.html", note=note, rows=None, percent=0)


def turned(place: Place, action: str, data: dict) -> Place:
    """Return the place after a click on a filter, on a page or on a viewer."""
    if action == "kind" and data.get("kind") in KINDS:
        return replace(place, kind=str(data["kind"]), number=1)
    if action == "page":
        return replace(place, number=whole(data.get("number"), 1, low=1))
    if action == "open":
        return replace(place, viewer_id=str(data.get("id", "")))
    return place


def settled(cases: Sequence[Case], place: Place) -> Place:
    """Return the place with its first viewer opened where none is, and a page that exists."""
    number = min(max(place.number, 1), _pages(_found(cases, place)))

    # Another bundle's viewer may still be named.
    known = {case.viewer.viewer_id for case in cases}
    viewer_id = place.viewer_id if place.viewer_id in known else cases[0].viewer.viewer_id
    return replace(place, number=number, viewer_id=viewer_id)


def markup(service: Service, cases: Sequence[Case], place: Place) -> str:
    """Return the list: filters with their counts, one page of viewers, the pager."""
    # The filters; without a word on accidents there is none for them.
    knows_accidents = any(case.viewer.accident is not None for case in cases)
    kinds = []
    for kind in KINDS if knows_accidents else KINDS[:-1]:
        count = sum(case.is_of(kind) for case in cases)
        kinds.append((kind, _KIND_NAMES[kind], count))

    # One page of those that are found.
    found = _found(cases, place)
    rows = []
    for case in found[(place.number - 1) * PAGE_SIZE : place.number * PAGE_SIZE]:
        history = case.viewer.history
        clips = cards(service, history[-_LATEST:])
        more = max(0, len(history) - _LATEST)
        target = card(service, case.viewer.target)
        rows.append({"case": case, "clips": clips, "more": more, "next": target})

    # Models that were fitted on all clicks have seen the next clips too.
    summary = _summary(cases)
    if service.recommender().manifest["training"].get("refit"):
        summary = f"{summary} {LEARNED}"
    return render(
        "viewers.html",
        note="",
        rows=rows,
        kinds=kinds,
        place=place,
        pages=_pages(found),
        total=len(found),
        summary=summary,
    )


def opened(service: Service, placed: ViewerMap) -> tuple[str, dict]:
    """Return the opened viewer's history, next clip and ranking as markup, and its map's value."""
    case = Case(service.viewer(placed.viewer_id), placed.rank)
    markup = render(
        "viewer.html",
        viewer=case.viewer,
        history=cards(service, case.viewer.history),
        next=card(service, case.viewer.target),
        rank=placed.rank,
        candidates=placed.candidates,
        is_hit=case.is_hit,
        first=cards(service, placed.first),
    )
    return markup, charts.drawn(viewer_map, placed)


def _found(cases: Sequence[Case], place: Place) -> list[Case]:
    return [case for case in cases if case.is_of(place.kind)]


def _pages(found: Sequence[Case]) -> int:
    return max(1, math.ceil(len(found) / PAGE_SIZE))


def _summary(cases: Sequence[Case]) -> str:
    # Over all test viewers, whatever the filter shows.
    hits = sum(case.is_hit for case in cases)
    share = hits / len(cases)
    middle = statistics.median(case.rank for case in cases)
    found = f"the next clip of {hits} of {len(cases)} viewers ({share:.0%}) in its top {HIT}"
    return f"This model finds {found}; the median rank is {middle:g}."
