"""A button that saves a text which Python makes: the browser writes the file, none is left on
the server."""

from __future__ import annotations

import json
import time

import gradio as gr

from app.charts.chart import EXPORT_JS, loading

_MARKUP = """<button type="button" class="ghost save-text" title="{hint}">{label}</button>"""
_SCRIPT = """
element.addEventListener("click", (event) => event.target.closest("button") && trigger("click", {}));
watch("value", async () => {
  if (!props.value) return;
  const {download} = await %s;
  download(new Blob([props.value.text], {type: props.value.type}), props.value.name);
});
"""


def save_button(*, label: str, hint: str, elem_id: str) -> gr.HTML:
    """Place a button; what answers its click gives it `json_file(...)` as a value, which the
    browser then saves."""
    return gr.HTML(
        value=None,
        html_template=_MARKUP.format(label=label, hint=hint),
        js_on_load=_SCRIPT % loading(EXPORT_JS),
        apply_default_css=False,
        elem_id=elem_id,
    )


def json_file(name: str, values: dict) -> dict:
    """Return a value for the button; the time makes each one new, so that a second click saves a
    second file."""
    text = json.dumps(values, allow_nan=False)
    return {"name": name, "text": text, "type": "application/json", "made_ns": str(time.time_ns())}
