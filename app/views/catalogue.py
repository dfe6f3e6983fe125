"""The catalogue: search by words, filter by topic, pages of posters to pick from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import gradio as gr

from app.look.markup import EDIT_ACTIONS, render
from app.session.service import Service
from app.session.state import whole
from app.views.parts import cards

# Clicks that turn pages; all others of the catalogue edit the history.
ACTIONS = ("topic", "page", "reset")


@dataclass(frozen=True)
class Browse:
    """Where a visitor is in the catalogue."""

    words: str = ""
    topic: str = ""
    number: int = 1


@dataclass(frozen=True)
class CatalogueView:
    """The view's components: the visitor's place, the search box, the posters."""

    place: gr.State
    search: gr.Textbox
    posters: gr.HTML


def build(service: Service) -> CatalogueView:
    """Draw the search box and the catalogue's first page."""
    place = gr.State(Browse())
    # Not every catalogue has topics.
    search = gr.Textbox(
        placeholder="Search titles and topics" if service.catalogue.topics else "Search titles",
        show_label=False,
        label="Search the catalogue",
        container=False,
        elem_id="catalogue-search",
        max_length=100,
    )
    posters = gr.HTML(markup(service, Browse()), js_on_load=EDIT_ACTIONS, elem_id="catalogue")
    return CatalogueView(place, search, posters)


def turned(place: Browse, action: str, data: dict) -> Browse:
    """Return the place after a click on a topic, on a page or on "show all"."""
    if action == "topic":
        return replace(place, topic=str(data.get("topic", "")), number=1)
    if action == "page":
        return replace(place, number=whole(data.get("number"), 1, low=1))
    # "Show all": no words, no topic.
    return Browse()


def markup(service: Service, place: Browse) -> str:
    """Return the chips, the posters of one page and the pager."""
    catalogue = service.catalogue
    page = catalogue.page(place.words, place.topic, place.number)
    return render(
        "catalogue.html",
        topics=catalogue.topics,
        topic=place.topic,
        everything=len(catalogue),
        page=page,
        cards=cards(service, (item.item_id for item in page.items)),
    )
