"""The page: it assembles the views; app/events says which event leads where."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from app import api
from app.charts.chart import STATIC_PATHS, save_button
from app.events import main as events
from app.events import tabs
from app.events.page import Page
from app.look.markup import render
from app.look.theme import theme
from app.session.service import Service
from app.session.state import Session
from app.uploads.folder import UNUSED_S
from app.uploads.guard import MAX_FILE, Guard
from app.views import (
    about,
    catalogue,
    compare,
    effects,
    history,
    inside,
    kind_map,
    moments,
    recommendations,
    story,
    upload,
    viewers,
    wants,
)

_STATIC = Path(__file__).parent / "static"
# In the order that the page loads them: later ones rest on earlier ones.
_STYLES = ("app.css", "cards.css", "moments.css", "show.css", "viewers.css", "inside.css")
_SCRIPTS = ("storage.js", "app.js", "show.js")
_TITLE = "MealRec: what to watch next, and why"
_INSIDE_WORDS = "How this very ranking came about: the same run, step by step."
_TRACE_LABEL = "Save the trace (JSON)"
_TRACE_WORDS = "Every step of both walks, as the API answers it"
_ABOUT_WORDS = "What this bundle is, how it was trained and what was measured."


def build_demo(service: Service) -> gr.Blocks:
    """Return the page for a service; nothing here waits for the model."""
    # The examples are served where they lie: a copy among the uploads would be deleted under the
    # next visitor.
    gr.set_static_paths([*STATIC_PATHS, *upload.example_paths()])
    with gr.Blocks(
        title=_TITLE, analytics_enabled=False, delete_cache=(300, UNUSED_S), fill_width=True
    ) as demo:
        # First of all, so that no private event takes an endpoint's name.
        api.build(service)
        page = _assemble(service)
        # What leads where.
        events.wire_edits(page)
        events.wire_options(page)
        events.wire_upload(page)
        events.wire_answers(page)
        events.wire_show(page)
        events.wire_trace(page)
        tabs.wire_effects(page)
        tabs.wire_map(page)
        tabs.wire_compare(page)
        tabs.wire_viewers(page)
        events.wire_opening(page, demo)
    return demo


def launch_options(media_folders: list[str], mcp: bool = False) -> dict:
    """Return what launch() needs for this page.

    Its look, its limits, the only folders that it serves, and MCP if wanted.
    """
    # The head takes what Gradio would confine to the page's inner part, and the scripts.
    motion = f"<style>{_read('motion.css')}</style>"
    scripts = [f"<script>{_read(name)}</script>" for name in _SCRIPTS]
    return {
        "theme": theme(),
        "css_paths": [_STATIC / name for name in _STYLES],
        "head": "".join([motion, *scripts]),
        "allowed_paths": media_folders,
        "max_file_size": MAX_FILE,
        "app_kwargs": {"middleware": [Middleware(Guard, mcp=mcp)]},
        "mcp_server": mcp,
        # No server of Node for the page's first state, and no list of earlier runs.
        "ssr_mode": False,
        "run_history": False,
        "footer_links": ["api"],
    }


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _assemble(service: Service) -> Page:
    """Place every part of the page, from its header down to the account of the model."""
    # What the visit asks; a browser keeps it for the next visit.
    session = gr.State(Session())
    stored = gr.BrowserState({}, storage_key="mealrec-session", secret="mealrec")
    header = gr.HTML(render("header.html", state="warming", detail=""))
    show = story.build()
    return Page(
        service=service,
        session=session,
        stored=stored,
        header=header,
        show=show,
        **_answer_row(),
        **_workbench(service),
        **_inside(),
        about=_about(),
    )


def _answer_row() -> dict[str, gr.HTML]:
    """Place the history, what it seems to be out for, and its last clip's moments."""
    with gr.Row(elem_id="top-row", equal_height=True):
        with gr.Column(scale=6, min_width=300, elem_id="history-column"):
            strip = history.build()
        with gr.Column(scale=4, min_width=300, elem_id="wants-column"):
            wanted = wants.build()
        with gr.Column(scale=5, min_width=300, elem_id="moments-column"):
            last_clip = moments.build()
    return {"history": strip, "wants": wanted, "moments": last_clip}


def _workbench(service: Service) -> dict[str, object]:
    """Place what clips are picked from, and next to it the ranking."""
    # On the left three tabs to pick from, on the right what comes of it.
    with gr.Row(elem_id="workbench", equal_height=False):
        with (
            gr.Column(scale=9, min_width=320, elem_id="pick-column"),
            gr.Tabs(elem_id="pick-tabs") as pick_tabs,
        ):
            with gr.Tab("Catalogue"):
                clips = catalogue.build(service)
            with gr.Tab("Upload your own", elem_id="upload"):
                own = upload.build()
            with gr.Tab(effects.TAB, elem_id="what-if"):
                what_if = effects.build()
        with gr.Column(scale=5, min_width=320, elem_id="ranked-column"):
            ranked = recommendations.build()
    return {
        "pick_tabs": pick_tabs,
        "catalogue": clips,
        "upload": own,
        "effects": what_if,
        "ranked": ranked,
    }


def _inside() -> dict[str, object]:
    """Place the tabs below the ranking: its charts, the map, the comparison, test viewers."""
    # Only the first tab is open at the beginning; the others draw once they are.
    with gr.Column(elem_id="inside"), gr.Tabs(elem_id="inside-tabs") as inside_tabs:
        with gr.Tab("Inside", elem_id="inside-recommendation"):
            with gr.Row(elem_id="inside-head"):
                gr.HTML(render("section.html", title="Inside this ranking", words=_INSIDE_WORDS))
                trace = save_button(label=_TRACE_LABEL, hint=_TRACE_WORDS, elem_id="save-trace")
            charts = inside.build()
        with gr.Tab(kind_map.TAB, elem_id="map"):
            catalogue_map = kind_map.build()
        with gr.Tab(compare.TAB):
            comparison = compare.build()
        with gr.Tab(viewers.TITLE, elem_id="inspect-viewer") as viewers_tab:
            cases = viewers.build(viewers_tab)
    return {
        "inside_tabs": inside_tabs,
        "trace": trace,
        "inside": charts,
        "map": catalogue_map,
        "compare": comparison,
        "viewers": cases,
    }


def _about() -> about.AboutView:
    with gr.Column(elem_id="about"):
        gr.HTML(render("section.html", title="About the model", words=_ABOUT_WORDS))
        return about.build()
