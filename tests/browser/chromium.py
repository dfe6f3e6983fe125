"""One headless Chromium for all tests, ended where a test stands still and started anew for the next.

Playwright waits without a limit when it evaluates a script or closes a page. Where Chromium never answers, a run of
tests would never end; ending Chromium makes every such call raise TargetClosedError.
"""

from __future__ import annotations

import gc
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import greenlet
import psutil
from playwright.sync_api import Browser, BrowserContext, Playwright

from tests.browser.server import LAUNCH_ARGUMENTS, chromium_path
from tests.browser.visitor import new_context

LIMIT_S = 240.0  # the slowest test takes 25 s on two quiet cores


class Chromium:
    """Hands out a browser that runs; `stalls` tells of each test that stood still: where, and what was busy."""

    def __init__(self, playwright: Playwright) -> None:
        self.stalls: list[str] = []
        self._playwright = playwright
        self._browser: Browser | None = None
        self._shared: BrowserContext | None = None
        self._ended = False

    def browser(self) -> Browser:
        """Return the browser that runs, a new one where the last has ended."""
        if self._browser is None or self._ended or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(executable_path=chromium_path(), args=LAUNCH_ARGUMENTS)
            self._shared, self._ended = None, False
        return self._browser

    def shared_context(self) -> BrowserContext:
        """Return a context that most tests open their tab in: what the server sent once is in its cache."""
        browser = self.browser()
        if self._shared is None:
            self._shared = new_context(browser)
        return self._shared

    @contextmanager
    def limit(self, test: str, limit_s: float = LIMIT_S) -> Iterator[None]:
        """End Chromium, and note what it was doing, where the block takes longer than `limit_s` seconds."""
        timer = threading.Timer(limit_s, self._end, (f"{test} stood still for {limit_s:.0f} s",))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def close(self) -> None:
        """Close the browser if there is one."""
        if self._browser is not None:
            with self.limit("closing the browser", 60):
                self._browser.close()

    def _end(self, what: str) -> None:
        ours = [process for process in psutil.Process().children(recursive=True) if "chrom" in _name(process)]
        try:
            self.stalls.append("\n".join([what, *_waiting_calls(), *_busy(ours)]))
        finally:
            self._ended = True
            for process in ours:
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def _name(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


def _waiting_calls() -> list[str]:
    """Return the tests' lines that wait for Playwright: its callers are greenlets, which no thread's stack shows."""
    # isinstance() would ask every object for its __class__, and some warn or load a module at that.
    held = [found for found in gc.get_objects() if issubclass(type(found), greenlet.greenlet)]
    stacks = [traceback.extract_stack(found.gr_frame) for found in held if found.gr_frame is not None]
    frames = [frame for stack in stacks for frame in stack if "/tests/" in frame.filename]
    return [f"  at {frame.filename.rpartition('/tests/')[2]}:{frame.lineno} {frame.line}" for frame in frames]


def _busy(processes: list[psutil.Process]) -> list[str]:
    """Return the kind and load of each process that takes more than a tenth of a core."""
    lines = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            load = process.cpu_percent(interval=0.2)
            kind = next((part for part in process.cmdline() if part.startswith("--type=")), "--type=main")
            if load > 10:
                lines.append(f"  {kind} takes {load:.0f} % of a core")
    return lines
