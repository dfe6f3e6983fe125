"""The tab of test viewers, and what the page saves: the trace, a picture, and a page that opens without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.visitor import PHONE, TIMEOUT_MS

MAP = "#chart-viewer-map"


def open_tab(visitor):
    visitor.page.get_by_role("tab", name="Inspect a viewer").click()
    expect(visitor.find("#viewer-list .case").first).to_be_visible()
    expect(visitor.find(f"{MAP} .chart-plot .main-svg").first).to_be_attached()
    return visitor


@pytest.fixture
def inspecting(visitor):
    return open_tab(visitor)


def saved(visitor, click, folder: Path) -> Path:
    """Return the file that a click saves."""
    with visitor.page.expect_download() as download:
        click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_miss_is_found_opened_and_handed_to_the_page_above(inspecting):
    visitor = inspecting
    visitor.find("#viewer-list [data-kind=misses]").click()
    expect(visitor.find("#viewer-list .case.is-hit")).to_have_count(0)
    row = visitor.find("#viewer-list .case").nth(1)
    rank = row.locator(".case-rank b").inner_text()
    assert int(rank) > 10
    before = visitor.find(f"{MAP} .chart-reading").inner_text()
    row.focus()
    row.press("Enter")
    expect(visitor.find("#viewer-opened .verdict.is-miss")).to_contain_text(f"at rank {rank} of")
    expect(visitor.find(f"{MAP} .chart-reading")).not_to_have_text(before)
    watched = visitor.find("#viewer-opened .opened-clips li").count() - 1
    visitor.find("#viewer-opened [data-action=use]").click()
    visitor.wait_for_history(watched)
    assert len(visitor.wait_for_ranking()) == 10
    expect(visitor.find("#recommendations .verdict.is-miss")).to_be_visible()


def test_the_ranks_follow_the_model_above(inspecting):
    summary = inspecting.find(".viewers-summary")
    before = summary.inner_text()
    inspecting.find("#variant input").click()
    inspecting.page.get_by_role("option", name="without both").click()
    expect(summary).not_to_have_text(before)


def test_a_chart_is_saved_as_a_picture_and_as_a_page_that_opens_offline(inspecting, in_time, tmp_path):
    visitor = inspecting
    picture = saved(visitor, visitor.find(f"{MAP} [data-form=png]").click, tmp_path)
    assert picture.name == "mealrec-viewer-map.png"
    with Image.open(picture) as image:
        assert image.width >= 2 * 300 and len(image.convert("RGB").getcolors(1 << 24)) > 50
    saved_page = saved(visitor, visitor.find(f"{MAP} [data-form=html]").click, tmp_path)
    assert saved_page.name == "mealrec-viewer-map.html"
    context = in_time.browser().new_context(offline=True)
    page, asked, errors = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(saved_page.as_uri())
    expect(page.locator(".scatterlayer .point").first).to_be_visible(timeout=TIMEOUT_MS)
    assert page.locator(".chart-reading").inner_text() == visitor.find(f"{MAP} .chart-reading").inner_text()
    assert page.locator(".chart-plot .scatterlayer .point").count() > 300
    context.close()
    assert asked == [saved_page.as_uri()] and not errors


def test_the_trace_is_saved_as_the_api_answers_it(visitor, tmp_path):
    visitor.pick(0, 3)
    ranking = visitor.wait_for_ranking()
    path = saved(visitor, visitor.find("#save-trace .save-text").click, tmp_path)
    assert path.name == "mealrec-trace-full-seed-0.json"
    trace = json.loads(path.read_text())
    assert [item["item_id"] for item in trace["items"]] == ranking
    assert [item["item_id"] for item in trace["history"]] == visitor.history()
    assert len(trace["npd"]["steps"]) == len(trace["tcd"]["steps"]) > 0


def test_on_a_phone_both_tabs_are_in_reach_and_nothing_overflows(visitor):
    visitor.page.set_viewport_size(PHONE)
    open_tab(visitor)
    visitor.find("#viewer-list .case").nth(3).click()
    expect(visitor.find("#viewer-opened .verdict")).to_be_in_viewport()
    assert visitor.sideways_overflow() <= 0
