"""An upload that takes its time: everyone else is answered meanwhile, and it ends well."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.load import BUNDLE
from benchmarks.visits import AS_IS, Caller
from tests.browser.server import ROOT, free_port, running

# The app as it is, but for the encoder: it says that it has begun and waits until it may go on.
APP = """
import os, runpy, time
from pathlib import Path
from mealrec.features.video import VideoEncoder
encode, gate = VideoEncoder.encode, Path(os.environ["TEST_GATE"])
def held(self, *arguments, **options):
    (gate / "begun").touch()
    while not (gate / "open").exists():
        time.sleep(0.02)
    return encode(self, *arguments, **options)
VideoEncoder.encode = held
runpy.run_path("app.py", run_name="__main__")
"""
IDS = [item["item_id"] for item in json.loads((BUNDLE / "catalogue.json").read_text())]
BEGUN_WITHIN_S = 60.0


@dataclass(frozen=True)
class Held:
    """The running app and the folder that holds its encoder up."""

    url: str
    gate: Path

    def wait_until_begun(self) -> None:
        deadline = time.monotonic() + BEGUN_WITHIN_S
        while not (self.gate / "begun").exists():
            assert time.monotonic() < deadline, "the encoder was never asked"
            time.sleep(0.02)

    def release(self) -> None:
        (self.gate / "open").touch()


@pytest.fixture
def held(tmp_path) -> Iterator[Held]:
    """Serve the app with an encoder that waits."""
    port = free_port()
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1", "TEST_GATE": str(tmp_path)}
    with running([sys.executable, "-c", APP], ROOT, environment, port) as url:
        yield Held(url, tmp_path)


def test_an_upload_never_blocks_a_recommendation(held, small_clip):
    uploader, other = Caller(held.url, "uploader"), Caller(held.url, "other")
    file = {"path": uploader.upload(small_clip.read_bytes()), "meta": {"_type": "gradio.FileData"}}
    with ThreadPoolExecutor(1) as beside:
        encoding = beside.submit(uploader.call, "encode", [file, "mine"])
        try:
            held.wait_until_begun()
            by_api = other.call("recommend", [IDS[:2], 5, 0, "full", *AS_IS])[0]
            other.call("edit", [None, None], {"action": "pick", "id": IDS[0]})
            on_the_page = other.call("answer", [None])[0]
            assert not encoding.done(), "the upload was to be held until here"
        finally:
            held.release()
        upload_id = encoding.result(120)[0]["upload_id"]
    assert len(by_api["items"]) == 5 and IDS[0] in str(on_the_page)
    ranked = uploader.call("recommend", [[upload_id], 5, 0, "full", *AS_IS])[0]
    assert [entry["item_id"] for entry in ranked["uploads"]] == [upload_id]
    for caller in (uploader, other):
        caller.close()
