"""A page that never answers ends its own test and no other."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error


def test_a_page_that_never_answers_is_ended_and_the_next_test_has_a_browser(chromium):
    page = chromium.browser().new_page()
    with chromium.limit("this test", limit_s=2), pytest.raises(Error, match="closed"):
        page.evaluate("() => { while (true); }")
    stall = chromium.stalls.pop()
    assert "this test stood still for 2 s" in stall
    assert "browser/test_chromium.py:" in stall and "while (true)" in stall, stall
    assert "--type=renderer" in stall, stall
    assert chromium.shared_context().new_page().evaluate("1 + 1") == 2
