"""A figure in Plotly's JSON form to a PNG, drawn by Chromium with the plotly.js of its package."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

from PIL import Image

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
)
PATIENCE_S = 60
SHARPNESS = 2
METRIC = "N@10"
FORM = "unmasked"
INK = "#1c1e26"
SOFT = "#5b6070"
LINE = "#e6e7ec"
COLOURS = ("#5b6cf0", "#e0559a", "#d99a12", "#2a9d8f", "#a05be0", "#8a8f9c", "#c8553d", "#3d7ea6")
"""The first is MealRec's wherever it is among the lines."""

PAGE = """<!doctype html><meta charset="utf-8"><style>body{{margin:0;background:#fff}}</style>
<div id="figure"></div>
<script src="{script}"></script><script>
const figure = {figure};
Plotly.newPlot("figure", figure.data, figure.layout, {{staticPlot: true}});
</script>"""


def layout(title: str, width: int = 900, height: int = 480, **changes) -> dict:
    """Return the layout that all figures share, with some parts changed."""
    axis = {
        "gridcolor": LINE,
        "zeroline": False,
        "linecolor": LINE,
        "tickfont": {"color": SOFT},
        "automargin": True,
    }
    whole = {
        "title": {"text": title, "font": {"size": 16}, "x": 0.02, "xanchor": "left"},
        "width": width,
        "height": height,
        "font": {"family": "DejaVu Sans, Helvetica, Arial, sans-serif", "size": 13, "color": INK},
        "colorway": list(COLOURS),
        "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff",
        "margin": {"l": 60, "r": 24, "t": 64, "b": 92},
        "legend": {"orientation": "h", "y": -0.17, "yanchor": "top", "font": {"color": SOFT}},
        "xaxis": axis,
        "yaxis": axis,
        **changes,
    }

    # An axis that is changed keeps the rest; its title is small and close.
    for name, value in changes.items():
        if name.startswith(("xaxis", "yaxis")):
            heading = {"font": {"size": 13, "color": SOFT}, "standoff": 8, **value.get("title", {})}
            whole[name] = axis | value | {"title": heading}
    return whole


def axis_suffix(panel: int) -> str:
    """Return what Plotly puts behind the names of the axes of a panel, which count from 0."""
    return "" if panel == 0 else str(panel + 1)


def panel_heading(text: str, x: float) -> dict:
    """Return what stands over a panel whose middle is at `x`, from 0 to 1."""
    place = {"xref": "paper", "yref": "paper", "x": x, "y": 1.06, "xanchor": "center"}
    return place | {"text": text, "showarrow": False}


def draw(figure: dict, path: Path) -> str:
    """Draw a figure into a PNG; return why it was not drawn, "" where it was."""
    browsers = [found for found in map(shutil.which, BROWSERS) if found]
    if not browsers:
        return "no Chromium or Chrome on PATH"
    script = Path(str(files("plotly") / "package_data" / "plotly.min.js"))
    content = json.dumps(figure, allow_nan=False).replace("</", "<\\/")
    width, height = (figure["layout"][side] for side in ("width", "height"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "figure.html"
        shot = Path(folder) / "figure.png"
        page.write_text(PAGE.format(script=script.as_uri(), figure=content), encoding="utf-8")
        command = [
            browsers[0],
            *FLAGS,
            f"--user-data-dir={folder}/profile",
            f"--screenshot={shot}",
            f"--window-size={width},{height}",
            f"--force-device-scale-factor={SHARPNESS}",
            # Time stands still for a page until it has nothing left to do: the picture is finished.
            "--virtual-time-budget=10000",
            page.as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)
            _save_small(shot, path)
        except (OSError, subprocess.SubprocessError) as error:
            return f"{Path(browsers[0]).name} failed: {type(error).__name__}"
    return ""


def _save_small(shot: Path, path: Path) -> None:
    with Image.open(shot) as picture:
        few = picture.convert("RGB").quantize(128, kmeans=1, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def grouped_bars(title: str, values: dict[str, dict[str, dict]]) -> dict:
    """Return bars of one metric with its deviation over seeds: {group: {name: row of a report}}."""
    # The last name is MealRec's, and so is the first colour.
    names = list(dict.fromkeys(name for rows in values.values() for name in rows))
    colours = dict(zip(reversed(names), COLOURS, strict=False))

    # A bar a name, in each group that has it.
    data = []
    highest = 0.0
    for name in names:
        found = {group: rows[name][FORM][METRIC] for group, rows in values.items() if name in rows}
        means = [round(value["mean"], 6) for value in found.values()]
        deviations = [round(value["sd"], 6) for value in found.values()]
        highest = max(highest, *(sum(ends) for ends in zip(means, deviations, strict=True)))
        error = {"type": "data", "array": deviations, "visible": any(deviations), "thickness": 1}
        bar = {
            "type": "bar",
            "name": name,
            "x": list(found) if len(values) > 1 else [name],
            "y": means,
            "error_y": error,
            "text": [f"{mean:.4f}" for mean in means],
            "textposition": "inside",
            "insidetextanchor": "start",
            "marker": {"color": colours[name]},
        }
        data.append(bar)

    axis = {"title": {"text": f"{METRIC}, {FORM}"}, "range": [0, 1.08 * highest or 1]}
    changes = {"xaxis": {"showgrid": False}, "yaxis": axis, "barmode": "group"}
    return {"data": data, "layout": layout(title, showlegend=len(values) > 1, **changes)}
