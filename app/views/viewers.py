"""Inspect a viewer: test viewers with their true next clips, hit or miss, and one of them on the
map."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import gradio as gr

from app.charts import chart, chart_value
from app.look.markup import render
from app.plots import plot
from app.session.cases import HIT, KINDS, PAGE_SIZE, Case
from app.session.service import Service
from app.views.cards import Card, cards

if TYPE_CHECKING:
    from mealrec.explain.trace import ViewerMap

TITLE = "Inspect a viewer"
WORDS = "Test viewers, whose next clip we know: does this model find it?"
NONE_PACKED = "This bundle holds no test viewers: it is older than this view. Make it again: python -m mealrec bundle"
LEARNED = "These models were fitted on all clicks, these next clips among them: finding them proves nothing."
_LATEST = 5
_KIND_NAMES = {
    "all": "All",
    "hits": "Hits",
    "misses": "Misses",
    "accidents": "Accidental click last",
}
_MAP = "viewer_map"

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
  const same = (button) => Object.keys(pressed).every((key) => button.dataset[key] === pressed[key]);
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


@dataclass(frozen=True)
class Row:
    """One viewer in the list; `more` counts the clips before those shown."""

    case: Case
    clips: list[Card]
    more: int
    next: Card


def build(tab: gr.Tab) -> ViewersView:
    """Draw the list and, beside it, the place of the opened viewer, in the tab that is open in
    the current Blocks."""
    place = gr.State(Place())
    gr.HTML(render("section.html", title=TITLE, words=WORDS))
    with gr.Row(elem_id="viewers"):
        with gr.Column(scale=5, min_width=320):
            listing = gr.HTML(progress(0.0), js_on_load=_ACTIONS, elem_id="viewer-list")
        with gr.Column(scale=7, min_width=320, elem_id="viewer-column"):
            opened = gr.HTML("", js_on_load=_ACTIONS, elem_id="viewer-opened")
            placed = chart(
                title=plot(_MAP).TITLE,
                empty_note="Click a viewer in the list, and the map shows where the preference ends.",
                elem_id="chart-viewer-map",
            )
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
        number = str(data.get("number", "1"))
        return replace(place, number=int(number) if number.isdecimal() and len(number) < 7 else 1)
    if action == "open":
        return replace(place, viewer_id=str(data.get("id", "")))
    return place


def settled(cases: Sequence[Case], place: Place) -> Place:
    """Return the place with its first viewer opened where none is, and a page that exists."""
    found = _found(cases, place)
    number = min(max(place.number, 1), _pages(found))
    known = any(case.viewer.viewer_id == place.viewer_id for case in cases)
    return replace(
        place, number=number, viewer_id=place.viewer_id if known else cases[0].viewer.viewer_id
    )


def markup(service: Service, cases: Sequence[Case], place: Place) -> str:
    """Return the list: filters with their counts, one page of viewers, the pager."""
    found = _found(cases, place)
    shown = found[(place.number - 1) * PAGE_SIZE : place.number * PAGE_SIZE]
    kinds = KINDS if any(case.viewer.accident is not None for case in cases) else KINDS[:-1]
    return render(
        "viewers.html",
        note="",
        rows=[_row(service, case) for case in shown],
        kinds=[
            (kind, _KIND_NAMES[kind], sum(bool(case.is_of(kind)) for case in cases))
            for kind in kinds
        ],
        place=place,
        pages=_pages(found),
        total=len(found),
        summary=f"{_summary(cases)} {LEARNED if is_refit(service) else ''}".strip(),
    )


def is_refit(service: Service) -> bool:
    """Say whether the models learned the viewers' next clips too."""
    return bool(service.recommender().manifest["training"].get("refit"))


def opened_markup(service: Service, placed: ViewerMap) -> str:
    """Return the opened viewer: its history, the true next clip, where that stands and what
    stands first."""
    case = Case(service.viewer(placed.viewer_id), placed.rank)
    return render(
        "viewer.html",
        viewer=case.viewer,
        history=cards(service, case.viewer.history),
        next=cards(service, [case.viewer.target])[0],
        rank=placed.rank,
        candidates=placed.candidates,
        is_hit=case.is_hit,
        first=cards(service, placed.first),
    )


def map_value(placed: ViewerMap) -> dict:
    """Return the map's value for the chart component."""
    module = plot(_MAP)
    return chart_value(module.figure(placed), module.reading(placed))


def _found(cases: Sequence[Case], place: Place) -> list[Case]:
    return [case for case in cases if case.is_of(place.kind)]


def _pages(found: Sequence[Case]) -> int:
    return max(1, math.ceil(len(found) / PAGE_SIZE))


def _row(service: Service, case: Case) -> Row:
    history = case.viewer.history
    (next_clip,) = cards(service, [case.viewer.target])
    return Row(case, cards(service, history[-_LATEST:]), max(0, len(history) - _LATEST), next_clip)


def _summary(cases: Sequence[Case]) -> str:
    hits = sum(case.is_hit for case in cases)
    middle = statistics.median(case.rank for case in cases)
    return (
        f"This model finds the next clip of {hits} of {len(cases)} viewers ({hits / len(cases):.0%}) in its top {HIT}; "
        f"the median rank is {middle:g}."
    )
