"""Work that takes its time, an upload's or a picture's: everyone else is answered meanwhile, and it ends well."""

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

from app.session.service import AT_ONCE
from benchmarks.load import BUNDLE
from benchmarks.visits import AS_IS, Caller
from tests.browser.server import ROOT, free_port, running

# The app as it is, but for its encoder and what decodes a clip to show its frames: each says that it has begun and
# waits until it may go on.
APP = """
import os, runpy, time
from pathlib import Path
from mealrec.features.image_encoder import ImageEncoder
from mealrec.bundle.media import Media
gate = Path(os.environ["TEST_GATE"])
def hold(owner, name):
    work = getattr(owner, name)
    def held(self, *arguments, **options):
        (gate / "begun").touch()
        while not (gate / "open").exists():
            time.sleep(0.02)
        return work(self, *arguments, **options)
    setattr(owner, name, held)
hold(ImageEncoder, "encode")
hold(Media, "_decode")
runpy.run_path("app.py", run_name="__main__")
"""
IDS = [item["item_id"] for item in json.loads((BUNDLE / "catalogue.json").read_text())]
BEGUN_WITHIN_S = 60.0
WAITING = AT_ONCE + 1


@dataclass(frozen=True)
class Held:
    """The running app and the folder that holds its slow work up."""

    url: str
    gate: Path

    def wait_until_begun(self) -> None:
        deadline = time.monotonic() + BEGUN_WITHIN_S
        while not (self.gate / "begun").exists():
            assert time.monotonic() < deadline, "the slow work was never asked for"
            time.sleep(0.02)

    def release(self) -> None:
        (self.gate / "open").touch()


@pytest.fixture
def held(tmp_path) -> Iterator[Held]:
    """Serve the app with slow work that waits."""
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


def test_pictures_that_are_still_decoded_never_block_a_recommendation(held):
    """More visitors wait for their pictures than may ask the model at once."""
    waiting = [Caller(held.url, f"waiting{number}") for number in range(WAITING)]
    other = Caller(held.url, "other")
    for number, caller in enumerate(waiting):
        caller.call("edit", [None, None], {"action": "pick", "id": IDS[number]})
        caller.call("answer", [None])
    with ThreadPoolExecutor(WAITING + 1) as beside:
        pictures = [beside.submit(caller.call, "look_inside", [None]) for caller in waiting]
        try:
            held.wait_until_begun()
            time.sleep(1.0)  # the others have come to stand behind it
            ranked = beside.submit(other.call, "recommend", [IDS[:2], 5, 0, "full", *AS_IS]).result(60)[0]
            assert not any(picture.done() for picture in pictures), "the pictures were to be held until here"
        finally:
            held.release()
        drawn = [picture.result(120) for picture in pictures]
    assert len(ranked["items"]) == 5
    assert all("data:image" in str(charts) for charts in drawn), "the frames are in the charts"
    for caller in (*waiting, other):
        caller.close()
