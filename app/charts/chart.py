"""A Gradio component that draws a Plotly figure with plotly's own JavaScript, and a save button.

`gr.Plot` drops a figure's frames and has no click event; this component keeps both. The page loads
the plotly.js that the plotly package ships, so nothing is asked of another host.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import gradio as gr
import plotly

HERE = Path(__file__).parent
PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
CHART_JS = HERE / "chart.js"
EXPORT_JS = HERE / "export.js"
CHART_CSS = HERE / "chart.css"
STATIC_PATHS = (PLOTLY_JS, CHART_JS, EXPORT_JS, CHART_CSS)
"""Files the browser loads: hand them to `gr.set_static_paths` before launch."""

# The app may be mounted below another address; the page knows where.
_ROOT = r'(window.gradio_config?.root ?? window.location.origin).replace(/\/$/, "")'
# What chart.js fills: words, the plot, and controls that only an animation shows.
_TEMPLATE = """
<figure class="chart" data-state="empty">
  <figcaption>
    <div class="chart-head">
      <h3 class="chart-title"></h3>
      <span class="chart-exports">
        <button type="button" class="chart-export" data-form="png">PNG</button>
        <button type="button" class="chart-export" data-form="html">HTML</button>
      </span>
    </div>
    <p class="chart-units"></p>
    <p class="chart-reading"></p>
  </figcaption>
  <p class="chart-note" role="note"></p>
  <div class="chart-plot" role="img"></div>
  <div class="chart-controls" hidden>
    <button type="button" class="chart-play" aria-pressed="false"></button>
    <input type="range" class="chart-slider" min="0" step="1">
    <output class="chart-step" aria-live="off"></output>
  </div>
</figure>
"""
_SAVE_BUTTON = """<button type="button" class="ghost save-text" title="{hint}">{label}</button>"""
# A click asks Python for the text; its answer arrives as the value, and is saved.
_SAVE = """
element.addEventListener("click", (event) => {
  if (event.target.closest("button")) trigger("click", {});
});
watch("value", async () => {
  if (!props.value) return;
  const {download} = await %s;
  download(new Blob([props.value.text], {type: props.value.type}), props.value.name);
});
"""


def chart(*, title: str, empty_note: str, elem_id: str) -> gr.HTML:
    """Place a component that draws one Plotly figure with its one-line reading.

    Its value is {"figure": in plotly's JSON form, "reading": plain text}, or None for the empty
    state. A click on a point that has customdata fires `select` with `index` (trace, point) and
    `value`, the first entry of that customdata. Two buttons save what is drawn, all in the
    browser: a picture, and a file that shows the chart without this server. It is a function and no
    subclass, since Gradio writes a stub file next to the source of every subclass.

    Args:
        title: heading shown while there is no figure yet; a figure brings its own.
        empty_note: one sentence that says what to do to get a figure.
        elem_id: id of the component in the page.
    """
    # What the script is told: the words, a name for what it saves, and its files.
    paths = {"plotly": PLOTLY_JS, "chart": CHART_JS, "exports": EXPORT_JS, "css": CHART_CSS}
    settings = {
        "title": title,
        "emptyNote": empty_note,
        "fileName": f"mealrec-{elem_id.removeprefix('chart-')}",
        "paths": {name: _served(path) for name, path in paths.items()},
    }

    # chart.js is loaded as a module, and mounted on the component's element.
    script = f"""
const root = {_ROOT};
{_loading(CHART_JS)}.then((module) =>
  module.mount({{element, trigger, props, watch, root, settings: {json.dumps(settings)}}}));
"""
    return gr.HTML(
        value=None,
        html_template=_TEMPLATE,
        css_template=CHART_CSS.read_text(encoding="utf-8"),
        js_on_load=script,
        apply_default_css=False,
        elem_id=elem_id,
    )


def save_button(*, label: str, hint: str, elem_id: str) -> gr.HTML:
    """Place a button that saves a text which Python makes.

    What answers its click gives it `json_file(...)` as a value, which the browser then saves; no
    file is left on the server.
    """
    return gr.HTML(
        value=None,
        html_template=_SAVE_BUTTON.format(label=label, hint=hint),
        js_on_load=_SAVE % _loading(EXPORT_JS),
        apply_default_css=False,
        elem_id=elem_id,
    )


def json_file(name: str, values: dict) -> dict:
    """Return a value for the button.

    The time makes each one new, so that a second click saves a second file.
    """
    text = json.dumps(values, allow_nan=False)
    return {"name": name, "text": text, "type": "application/json", "made_ns": str(time.time_ns())}


def _loading(module: Path) -> str:
    """Return the JavaScript that loads one of `STATIC_PATHS`, wherever the app is mounted."""
    return f"import({_ROOT} + {json.dumps(_served(module))})"


def _served(path: Path) -> str:
    return f"/gradio_api/file={path.resolve().as_posix()}"
