"""Show me: the story that plays itself, a caption at the bottom of the window, and what ends it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

import gradio as gr

from app.views.story import Step

# The button stands in the header, which is drawn anew; it reaches this component through app.js.
# What the story clicks goes through the same line as a visitor's clicks.
_SCRIPT = """
window.mealrecShow.mount({
  ask: () => trigger("select", {}),
  click: (data) => window.mealrecClicks.add(trigger, "click", data),
  bar: element.querySelector(".show"),
});
watch("value", () => props.value && window.mealrecShow.play(props.value.steps));
"""
_TEMPLATE = """
<div class="show" hidden>
  <span class="show-progress" aria-hidden="true"><i></i></span>
  <p class="show-words" role="status" aria-live="polite"></p>
  <button type="button" class="show-back" hidden>Back to my clips</button>
  <button type="button" class="show-stop">Stop</button>
</div>
"""


def build() -> gr.HTML:
    """Place the caption bar; it stays hidden until a story plays."""
    return gr.HTML(
        value=None,
        html_template=_TEMPLATE,
        js_on_load=_SCRIPT,
        apply_default_css=False,
        elem_id="show-me",
    )


def value(steps: Sequence[Step]) -> dict:
    """Return a story for the component; the time makes each one new, so that it plays a second
    time."""
    return {"steps": [asdict(step) for step in steps], "made_ns": str(time.time_ns())}
