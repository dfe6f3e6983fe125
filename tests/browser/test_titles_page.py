"""A bundle of titles alone, anywhere on the disk: the page opens it and is whole."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from mealrec.bundle.disk import write_bundle
from tests.browser.server import serve
from tests.browser.visitor import Visitor
from tests.recommender.tiny_bundle import titles_contents


@pytest.fixture
def titles_visitor(in_time, tmp_path):
    """Return a visitor of a server that opened a bundle without topics, clips, posters and frames."""
    write_bundle(tmp_path / "bundle", titles_contents())
    with serve(tmp_path / "bundle") as url:
        someone = Visitor(in_time.shared_context(), url)
        try:
            someone.open()
            yield someone
        finally:
            someone.leave()


def test_a_bundle_of_titles_is_browsed_ranked_and_explained(titles_visitor):
    visitor = titles_visitor
    expect(visitor.find("#catalogue .no-poster")).to_have_count(12)
    expect(visitor.find("#catalogue .no-poster b").first).to_have_text("made up title i1")
    assert visitor.find("#catalogue .chips").count() == 0 and visitor.find("[data-play]").count() == 0
    visitor.find("#history .viewer").first.click()
    assert len(visitor.wait_for_ranking()) == 10
    visitor.wait_for_charts()
    chart = visitor.find("#chart-moments")
    expect(chart.locator(".chart-title")).to_contain_text("title")
    expect(chart.locator(".annotation-text").filter(has_text="rainy days")).to_have_count(1)
    expect(visitor.find("#moments .moment-text").first).to_be_visible()
    expect(visitor.find("#wants .want")).to_have_count(3)
    assert visitor.find("#moments img, #wants img").count() == 0
    visitor.page.get_by_role("tab", name="Upload your own").click()
    expect(visitor.find("#upload-refusal")).to_contain_text("titles alone")
    expect(visitor.find("#upload-video")).to_be_hidden()
