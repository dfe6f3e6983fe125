"""The page as a whole: it is built without a model, and asks launch() only for what launch() knows."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import threading
from pathlib import Path

import gradio as gr
import pytest

from app.look.theme import theme
from app.session.service import Service
from app.session.state import Session
from app.ui import build_demo, launch_options
from tests.app.conftest import in_event_loop, wired
from tests.app.stand_in import StandInRecommender

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_built_while_the_model_still_loads():
    gate = threading.Event()

    def load():
        gate.wait(10)
        return StandInRecommender()

    service = Service(load).start()
    demo = in_event_loop(lambda: build_demo(service))
    assert not service.ready
    gate.set()
    assert "mealrec-session" in str(demo.get_config_file())


def test_the_page_does_without_torch():
    code = "import app.ui, sys; print([name for name in ('torch', 'transformers') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["list_effects", "draw_map", "draw_comparison"])
def test_nothing_is_computed_for_a_closed_tab(name):
    events = wired(Service(lambda: pytest.fail("a closed tab asked for the model")), "app.events.tabs")
    assert events[name](False, Session(history=("1",))) == gr.skip()


def test_launch_knows_every_option():
    assert set(launch_options([])) <= set(inspect.signature(gr.Blocks.launch).parameters)


def test_only_the_given_folders_are_served():
    assert launch_options(["/a/clips"])["allowed_paths"] == ["/a/clips"]


def test_no_font_or_script_comes_from_another_host():
    options = launch_options([])
    written = options["head"] + "".join(path.read_text() for path in options["css_paths"])
    assert not re.search(r"https?://(?!www\.w3\.org)", written)
    assert not [font for font in theme()._stylesheets if "://" in str(font)]


@pytest.mark.parametrize("token", ["--mr-bg", "--mr-ink", "--mr-accent", "--mr-good", "--mr-bad"])
def test_light_and_dark_define_the_same_tokens(token):
    css = launch_options([])["css_paths"][0].read_text()
    assert css.count(f"{token}:") == 2
