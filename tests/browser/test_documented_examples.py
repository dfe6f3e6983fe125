"""The examples of docs/api.md run as they stand there, those over HTTP against the running app."""

from __future__ import annotations

import re

import pytest

from tests.browser.server import ROOT
from tests.make_videos import write_video

DOCUMENT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:7860"


def blocks(section: str) -> list[str]:
    """Return the Python examples below a heading of the document, in order."""
    return re.findall(r"^```python\n(.*?)^```", DOCUMENT.split(f"\n## {section}\n")[1].split("\n## ")[0], re.S | re.M)


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A folder as the examples expect it: a clip, and the bundle where a checkout has it."""
    write_video(tmp_path / "clip.mp4")
    (tmp_path / "checkpoints").symlink_to(ROOT / "checkpoints")
    monkeypatch.chdir(tmp_path)


def run(section: str, **replaced: str) -> dict:
    names: dict = {}
    for block in blocks(section):
        for found, put in replaced.items():
            block = block.replace(found, put)
        exec(compile(block, f"docs/api.md, {section}", "exec"), names)
    return names


def test_the_endpoints_examples_run(url, beside):
    assert ADDRESS in "".join(blocks("Endpoints"))
    names = run("Endpoints", **{ADDRESS: url})
    assert names["upload"]["upload_id"] in [item["item_id"] for item in names["answer"]["history"]]
    assert len(names["answer"]["items"]) == 10


def test_the_python_examples_run(beside, capsys):
    names = run("Python")
    assert len(names["answer"].items) == 10
    assert names["without"].items and names["placed"].rank >= 1
    assert "45" in capsys.readouterr().out, "the effects are printed"
