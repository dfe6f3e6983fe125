"""The page: the only gr.Blocks root. It assembles the views; events.py says which event leads
where."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from app import api
from app.charts import STATIC_PATHS, save_button
from app.events import inspect as inspect_events
from app.events import main as events
from app.events.compare import wire_compare
from app.events.main import Page
from app.events.map import wire_map
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
    header,
    history,
    inside,
    kind_map,
    moments,
    recommendations,
    show,
    upload,
    viewers,
    wants,
)

_STATIC = Path(__file__).parent / "static"
_TITLE = "MealRec: what to watch next, and why"
_INSIDE_WORDS = "How this very ranking came about: the same run, step by step."
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
        events.wire_edits(page)
        events.wire_options(page)
        events.wire_upload(page)
        events.wire_answers(page)
        events.wire_effects(page)
        events.wire_show(page)
        events.wire_trace(page)
        inspect_events.wire_viewers(page)
        events.wire_opening(page, demo)
    return demo


def launch_options(media_folders: list[str], mcp: bool = False) -> dict:
    """Return what launch() needs for this page: its look, its limits, the only folders it
    serves, MCP if wanted."""
    storage, script, story, motion = (
        _read(name) for name in ("storage.js", "app.js", "show.js", "motion.css")
    )
    return {
        "theme": theme(),
        "css_paths": [
            _STATIC / name
            for name in ("app.css", "cards.css", "moments.css", "show.css", "viewers.css")
        ],
        "css": inside.CSS,
        "head": f"<style>{motion}</style>"
        + "".join(f"<script>{part}</script>" for part in (storage, script, story)),
        "allowed_paths": media_folders,
        "max_file_size": MAX_FILE,
        "app_kwargs": {"middleware": [Middleware(Guard, mcp=mcp)]},
        "mcp_server": mcp,
        "ssr_mode": False,
        "run_history": False,
        "footer_links": ["api"],
    }


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _assemble(service: Service) -> Page:
    session = gr.State(Session())
    stored = gr.BrowserState({}, storage_key="mealrec-session", secret="mealrec")
    top = gr.HTML(header.markup("warming"))
    told = show.build()
    with gr.Row(elem_id="top-row", equal_height=True):
        with gr.Column(scale=6, min_width=300, elem_id="history-column"):
            strip = history.build()
        with gr.Column(scale=4, min_width=300, elem_id="wants-column"):
            out_for = wants.build()
        with gr.Column(scale=5, min_width=300, elem_id="moments-column"):
            last_clip = moments.build()
    with gr.Row(elem_id="workbench", equal_height=False):
        with (
            gr.Column(scale=9, min_width=320, elem_id="pick-column"),
            gr.Tabs(elem_id="pick-tabs") as tabs,
        ):
            with gr.Tab("Catalogue"):
                clips = catalogue.build(service)
            with gr.Tab("Upload your own", elem_id="upload"):
                own = upload.build()
            what_if = effects.build(tabs)
        with gr.Column(scale=5, min_width=320, elem_id="ranked-column"):
            ranked = recommendations.build()
    with gr.Column(elem_id="inside"), gr.Tabs(elem_id="inside-tabs") as inside_tabs:
        with gr.Tab("Inside", elem_id="inside-recommendation") as inside_tab:
            with gr.Row(elem_id="inside-head"):
                gr.HTML(render("section.html", title="Inside this ranking", words=_INSIDE_WORDS))
                trace = save_button(
                    label="Save the trace (JSON)", hint=_TRACE_WORDS, elem_id="save-trace"
                )
            walks = inside.build(service)
        with gr.Tab(kind_map.TAB, elem_id="map") as map_tab:
            catalogue_map = kind_map.build(inside_tabs)
        with gr.Tab("Compare") as compare_tab:
            systems = compare.build()
        with gr.Tab(viewers.TITLE, elem_id="inspect-viewer") as viewers_tab:
            cases = viewers.build(viewers_tab)
    wire_compare(
        service, session, ranked.ranking, compare_tab, [inside_tab, map_tab, viewers_tab], systems
    )
    with gr.Column(elem_id="about"):
        gr.HTML(render("section.html", title="About the model", words=_ABOUT_WORDS))
        account = about.build()
    parts = (
        top,
        strip,
        last_clip,
        out_for,
        told,
        clips,
        own,
        what_if,
        ranked,
        walks,
        account,
        cases,
        trace,
    )
    page = Page(service, session, stored, *parts)
    wire_map(page, catalogue_map)
    return page
