"""The component's Python side: what it serves, what it sends, what it keeps out of the template."""

from __future__ import annotations

import gradio as gr

from app.charts.chart import STATIC_PATHS, chart


def _component() -> gr.HTML:
    return chart(title="Title", empty_note="Nothing yet.", elem_id="chart-one")


def test_the_served_files_exist_and_are_named_in_the_script():
    script = _component().js_on_load
    for path in STATIC_PATHS:
        assert path.is_file()
        assert path.resolve().as_posix() in script
    assert "mealrec-one" in script, "files that are saved are named after the chart"


def test_the_template_holds_no_value():
    component = _component()
    assert "{{" not in component.html_template and "${" not in component.html_template


def test_nothing_in_the_component_asks_another_host():
    component = _component()
    own = [path.read_text(encoding="utf-8") for path in STATIC_PATHS[1:]]
    sources = (component.js_on_load, component.css_template, *own)
    assert not any("http://" in source or "https://" in source for source in sources)
