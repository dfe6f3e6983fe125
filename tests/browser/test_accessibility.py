"""Nobody is shut out: axe finds nothing serious, the keyboard reaches every control, all have names, motion can rest.

Every tab that the page has is opened, whichever they are.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.visitor import DESKTOP, PHONE, Visitor

SERIOUS = ("serious", "critical")
RUN_AXE = """([scope, rules]) => axe.run(scope ?? document, {
    resultTypes: ["violations"], ...(rules && {runOnly: {type: "rule", values: rules}}),
})"""
# What takes part in the order of Tab: a radio button and a tab stand for their group, whose arrow keys lead on.
CONTROLS = """() => {
    const roles = ["button", "tab", "slider", "checkbox", "radio", "switch", "option"].map(role => `[role=${role}]`);
    const kinds = ["a[href]", "button", "input", "select", "textarea", "video[controls]", "summary", "[tabindex='0']",
        "[data-action]", ...roles].join();
    const isThere = node => node.checkVisibility({visibilityProperty: true}) && !node.disabled &&
        !node.closest("[inert], [aria-hidden=true]") && node.type !== "hidden" && node.offsetParent !== null;
    const isLed = node => ["radio", "tab", "option"].includes(node.getAttribute("role") ?? node.type);
    axe.setup();
    const controls = [...document.querySelectorAll(kinds)].filter(isThere).map((node, index) => {
        node.dataset.control = index;
        return {
            index,
            inOrder: node.tabIndex >= 0 && node.type !== "radio",
            reached: node.tabIndex >= 0 || isLed(node),
            name: axe.commons.text.accessibleText(node),
            html: node.cloneNode().outerHTML.slice(0, 200),
        };
    });
    axe.teardown();
    return controls;
}"""
FOCUSED = "() => document.activeElement.dataset?.control ?? null"
MARK_PANEL = """tab => {
    document.querySelectorAll("[data-opened]").forEach(panel => panel.removeAttribute("data-opened"));
    const panels = [...tab.closest(".tabs").querySelectorAll("[role=tabpanel]")];
    panels.find(panel => panel.checkVisibility()).dataset.opened = "";
}"""
RUNNING = "() => document.getAnimations().filter(motion => motion.playState === 'running').map(String)"
# Plotly's own transitions are no CSS: what it is asked for is noted.
NOTE_TRANSITIONS = """() => {
    window.asked = [];
    const animate = window.Plotly.animate;
    window.Plotly.animate = (plot, frames, options) => {
        window.asked.push(options.transition.duration);
        return animate(plot, frames, options);
    };
}"""


def watch(visitor: Visitor) -> None:
    """Open an example viewer and wait for its ranking and all charts."""
    visitor.find("#history .viewer").first.click()
    visitor.wait_for_ranking()
    visitor.wait_for_charts()


def findings(page: Page, scope: str | None = None, rules: list[str] | None = None) -> list[str]:
    """Return what axe finds serious in a part of the page, a line for each element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    return [
        f"{found['id']}: {node['target']} {node['html'][:120]} {node['failureSummary'].splitlines()[-1].strip()}"
        for found in page.evaluate(RUN_AXE, [scope, rules])["violations"]
        if found["impact"] in SERIOUS
        for node in found["nodes"]
    ]


def in_both_themes(visitor: Visitor, scope: str | None = None) -> list[str]:
    """Return the findings in the present theme, and those of contrast in the other; the theme stays changed."""
    present = findings(visitor.page, scope)
    visitor.find("[data-theme-toggle]").click()
    return present + findings(visitor.page, scope, ["color-contrast"])


def open_tabs(visitor: Visitor) -> Iterator[str]:
    """Open each tab of the page that is not open, one after the other; its panel is marked, its name yielded."""
    tabs = visitor.page.locator("[role=tab]:visible:not([aria-selected=true])")
    for handle in tabs.element_handles():
        name = handle.inner_text()
        handle.click()
        visitor.page.wait_for_timeout(300)
        handle.evaluate(MARK_PANEL)
        yield name
    # On a phone the tabs that find no room are behind a button.
    for handle in visitor.page.locator("[aria-label='More tabs']:visible").element_handles():
        handle.click()
        hidden = visitor.page.locator("[aria-label='More tabs'] + * button:visible")
        name = hidden.first.inner_text()
        hidden.first.click()
        visitor.page.wait_for_timeout(300)
        handle.evaluate(MARK_PANEL)
        yield name


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_serious(visit, size):
    phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
    visitor = visit(**({"viewport": DESKTOP} if size == "desktop" else phone), reduced_motion="reduce")
    found = {"first screen": in_both_themes(visitor)}
    watch(visitor)
    found["with a history"] = in_both_themes(visitor)
    for name in open_tabs(visitor):
        found[name] = in_both_themes(visitor, "[data-opened]")
    assert len(found) >= 3, f"the page has tabs, and only {list(found)} were looked at"
    assert not any(found.values()), "\n".join(f"{place}: {line}" for place in found for line in found[place])


def test_the_keyboard_reaches_every_control_and_each_has_a_name(visitor):
    watch(visitor)
    findings(visitor.page, "#mr-header")
    for place in ["the first tabs", *open_tabs(visitor)]:
        controls = visitor.page.evaluate(CONTROLS)
        assert len(controls) > 40
        nameless = [control["html"] for control in controls if not control["name"].strip()]
        assert not nameless, f"{place}: controls without a name: {nameless}"
        unreached = [control["html"] for control in controls if not control["reached"]]
        assert not unreached, f"{place}: Tab passes by {unreached}"


def test_tab_goes_through_the_whole_page_and_is_held_nowhere(visitor):
    watch(visitor)
    findings(visitor.page, "#mr-header")
    controls = visitor.page.evaluate(CONTROLS)
    awaited = {str(control["index"]): control["html"] for control in controls if control["inOrder"]}
    visitor.find("[data-control='0']").focus()
    seen: list[str | None] = ["0"]
    for _ in range(len(controls) + 20):
        visitor.page.keyboard.press("Tab")
        seen.append(visitor.page.evaluate(FOCUSED))
        if seen[-1] is None or seen[-1] in seen[:-1]:
            break
    missed = [html for index, html in awaited.items() if index not in seen]
    assert not missed, f"after {len(seen)} presses Tab had not reached {len(missed)} of {len(awaited)}: {missed[:5]}"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_motion_is_left_out_where_it_is_unwanted(visit, motion):
    visitor = visit(reduced_motion=motion)
    watch(visitor)
    visitor.page.evaluate(NOTE_TRANSITIONS)
    chart = visitor.find("#chart-npd-walk")
    chart.scroll_into_view_if_needed()
    chart.locator(".chart-play").click()
    visitor.page.wait_for_function("() => window.asked.length >= 4")
    asked, running = visitor.page.evaluate("window.asked"), visitor.page.evaluate(RUNNING)
    assert visitor.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == (
        "auto" if motion == "reduce" else "smooth"
    )
    if motion == "reduce":
        assert not any(asked) and not running
    else:
        assert any(asked), "without the wish, the walk glides"
