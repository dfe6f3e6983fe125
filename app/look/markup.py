"""Markup from the templates in this folder, with every value escaped.

Gradio's own html_template fills `{{…}}` first and then evaluates the outcome as a JavaScript
template literal, so that a title holding `${…}` would run. What is rendered here reaches the page
as a plain value.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path

import gradio as gr
import jinja2
import numpy as np
from PIL import Image

from app.look.palette import topic_colour

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)

# One listener for a whole component: a button names its action and its item, Python decides what
# happens.
CLICK_ACTIONS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (button && !button.disabled) trigger('click', {...button.dataset});
});
"""
# The same for what edits the history: all such components share one line of clicks, and
# `NEXT_CLICK` moves it on.
EDIT_ACTIONS = CLICK_ACTIONS.replace("trigger(", "window.mealrecClicks.add(trigger, ")
NEXT_CLICK = "() => window.mealrecClicks.next()"


def render(template: str, **values: object) -> str:
    """Fill one template; every value is escaped, a missing one raises."""
    return _ENVIRONMENT.get_template(template).render(**values)


def file_url(path: Path | None) -> str:
    """Return where the page finds a served file ("" for None), wherever the app is mounted."""
    return "" if path is None else f"gradio_api/file={path}"


def picture_url(frame: np.ndarray, height: int = 240) -> str:
    """Return one RGB frame [H, W, 3] uint8 as a small JPEG data address."""
    # The height alone bounds it, whatever its proportions.
    image = Image.fromarray(np.asarray(frame, np.uint8))
    image.thumbnail((4 * height, height))

    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def event_data(event: gr.EventData) -> dict:
    """Return what an event brings; a forged one may bring anything."""
    return dict(event._data) if isinstance(event._data, Mapping) else {}


# What templates may call.
_ENVIRONMENT.filters["topic_colour"] = topic_colour
