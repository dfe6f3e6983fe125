"""Uploads through the page, and the same clip through page, API and command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import expect

from tests.browser.server import ROOT
from tests.make_videos import write_text, write_video

TITLE = "a walk along the beach"
HOSTILE_TITLE = 'x" onerror="window.ran=1" > < ${window.ran=1} {{1}} `\\'


def real_clip() -> Path | None:
    """Return a real MicroLens clip where the data set is at hand; it may not be shipped."""
    named = os.environ.get("MEALREC_MICROLENS_DIR")
    folder = Path(named) if named else ROOT.parent / "shared" / "microlens"
    return next(iter(sorted(folder.glob("clips/*.mp4"))[-1:]), None)


def bundle() -> str:
    return os.environ.get("MEALREC_BUNDLE") or str(ROOT / "checkpoints" / "default")


def through_the_api(url: str, clip: Path) -> list[str]:
    client = Client(url, verbose=False)
    upload = client.predict(handle_file(clip), TITLE, api_name="/encode")
    answer = client.predict([upload["upload_id"]], 10, 0, "full", api_name="/recommend")
    return [item["item_id"] for item in answer["items"]]


def through_the_command_line(clip: Path) -> list[str]:
    command = [sys.executable, "-m", "mealrec", "recommend", "--bundle", bundle(), "--upload", str(clip)]
    options = ["--title", TITLE, "--k", "10", "--json"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return [item["item_id"] for item in json.loads(done.stdout)["items"]]


def add_upload(visitor, clip: Path, title: str = TITLE) -> None:
    before = len(visitor.history())
    visitor.upload(clip, title)
    visitor.wait_for_history(before + 1)


def test_an_upload_joins_the_history_and_is_ranked_as_a_candidate(visitor, small_clip):
    visitor.pick(0, 1)
    add_upload(visitor, small_clip)
    frames = visitor.find("#upload-report .frames").first
    expect(frames.locator("img")).to_have_count(5)
    # What the encoder calls each frame and how sure it is, where it has names at all.
    assert frames.locator(".sight").count() in (0, 5)
    expect(visitor.find("#upload-report .nearest li").first).to_be_visible()
    assert len(visitor.wait_for_ranking()) == 10
    expect(visitor.find("#recommendations .standing")).to_contain_text("would stand at")


def test_a_hostile_title_is_shown_as_text_and_never_runs(visitor, small_clip):
    add_upload(visitor, small_clip, HOSTILE_TITLE)
    visitor.wait_for_ranking()
    visitor.wait_for_charts()
    assert visitor.page.evaluate("window.ran") is None
    expect(visitor.find("#upload-report")).to_contain_text('x" onerror=')


@pytest.mark.parametrize("kind", ["text", "empty", "truncated", "playlist"])
def test_a_file_that_is_no_video_gets_a_sentence_and_the_next_request_works(visitor, tmp_path, small_clip, kind):
    bad = tmp_path / f"{kind}.mp4"
    if kind == "truncated":
        bad.write_bytes(write_video(tmp_path / "whole.mp4").read_bytes()[:400])
    else:
        content = {"text": "not a video at all", "empty": "", "playlist": "#EXTM3U\n/etc/passwd\n"}[kind]
        write_text(bad, content)
    visitor.page.get_by_role("tab", name="Upload your own").click()
    visitor.find("#upload-video input[type=file]").set_input_files(bad)
    visitor.find("#upload-encode").click()
    message = visitor.find(".toast-body, [data-testid=toast-body]").first
    expect(message).to_be_visible()
    words = message.inner_text()
    assert len(words.split()) > 4 and "Traceback" not in words and "/tmp" not in words, words
    visitor.page.get_by_role("tab", name="Catalogue").click()
    visitor.pick(0)
    assert len(visitor.wait_for_ranking()) == 10


def test_a_clip_that_the_browser_cannot_play_shows_its_moments_and_then_the_same_in_the_report(visitor, tmp_path):
    clip = write_video(tmp_path / "prores.mov", "prores_ks", 20, pixel_format="yuv422p10le")
    visitor.page.get_by_role("tab", name="Upload your own").click()
    visitor.find("#upload-video input[type=file]").set_input_files(clip)
    moments = visitor.find("#upload-preview .frames")
    expect(moments.locator("img")).to_have_count(5)
    expect(visitor.find("#upload-video video")).to_be_hidden()
    times = moments.locator("small").all_inner_texts()
    visitor.find("#upload-encode").click()
    visitor.wait_for_history(1)
    expect(moments).to_have_count(0)
    assert visitor.find("#upload-report .frames").first.locator("small").all_inner_texts() == times


@pytest.mark.parametrize("which", ["generated", "real"])
def test_page_api_and_command_line_give_the_same_ranking(visitor, url, small_clip, which):
    clip = small_clip if which == "generated" else real_clip()
    if clip is None:
        pytest.skip("no MicroLens clips here: set MEALREC_MICROLENS_DIR to the folder that holds them")
    add_upload(visitor, clip)
    on_the_page = visitor.wait_for_ranking()
    assert len(on_the_page) == 10
    assert through_the_api(url, clip) == on_the_page
    assert through_the_command_line(clip) == on_the_page
