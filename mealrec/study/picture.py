"""A figure in Plotly's JSON form to a PNG, drawn by Chromium with the plotly.js that Plotly's
package holds."""

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
INK, SOFT, LINE = "#1c1e26", "#5b6070", "#e6e7ec"
COLOURS = ("#5b6cf0", "#e0559a", "#d99a12", "#2a9d8f", "#a05be0", "#8a8f9c", "#c8553d", "#3d7ea6")
"""The first is MealRec's wherever it is among the lines."""

PAGE = """<!doctype html><meta charset="utf-8"><style>body{{margin:0;background:#fff}}</style><div id="figure"></div>
<script src="{script}"></script><script>
const figure = {figure};
Plotly.newPlot("figure", figure.data, figure.layout, {{staticPlot: true}});
</script>"""


def layout(title: str, width: int = 900, height: int = 480, **changes) -> dict:
    """Return the layout that all figures share, with some parts changed."""
    font = {"family": "DejaVu Sans, Helvetica, Arial, sans-serif", "size": 13, "color": INK}
    axis = {
        "gridcolor": LINE,
        "zeroline": False,
        "linecolor": LINE,
        "tickfont": {"color": SOFT},
        "automargin": True,
    }
    base = {
        "title": {"text": title, "font": {"size": 16}, "x": 0.02, "xanchor": "left"},
        "width": width,
        "height": height,
        "font": font,
        "colorway": list(COLOURS),
        "paper_bgcolor": "#fff",
        "plot_bgcolor": "#fff",
        "margin": {"l": 60, "r": 24, "t": 64, "b": 92},
        "legend": {"orientation": "h", "y": -0.17, "yanchor": "top", "font": {"color": SOFT}},
    }
    axes = {
        name: axis | _titled(value)
        for name, value in changes.items()
        if name.startswith(("xaxis", "yaxis"))
    }
    return {**base, "xaxis": axis, "yaxis": axis, **changes, **axes}


def _titled(axis: dict) -> dict:
    """Return the axis with its title small and close, where it has one."""
    return axis | {
        "title": {"font": {"size": 13, "color": SOFT}, "standoff": 8, **axis.get("title", {})}
    }


def draw(figure: dict, path: Path) -> str:
    """Draw a figure into a PNG; return why it was not drawn, "" where it was."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return "no Chromium or Chrome on PATH"
    size = (figure["layout"]["width"], figure["layout"]["height"])
    script = Path(str(files("plotly") / "package_data" / "plotly.min.js"))
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder) / "figure.html", Path(folder) / "figure.png"
        content = json.dumps(figure, allow_nan=False).replace("</", "<\\/")
        page.write_text(PAGE.format(script=script.as_uri(), figure=content), encoding="utf-8")
        command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--screenshot={shot}"]
        # Time stands still for a page until it has nothing left to do, so the picture is of the
        # finished figure.
        command += [
            f"--window-size={size[0]},{size[1]}",
            f"--force-device-scale-factor={SHARPNESS}",
        ]
        command += ["--virtual-time-budget=10000", page.as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)
            _save_small(shot, path)
        except (OSError, subprocess.SubprocessError) as error:
            return f"{Path(browser).name} failed: {type(error).__name__}"
    return ""


def _save_small(shot: Path, path: Path) -> None:
    with Image.open(shot) as picture:
        picture.convert("RGB").quantize(128, kmeans=1, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
