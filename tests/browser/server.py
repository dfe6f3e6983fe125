"""The app in a process of its own, and the Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 90.0
LAUNCH_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Where a page closes while its next document arrives, Chromium forgets the closing and Playwright waits for ever:
    # https://github.com/microsoft/playwright/issues/42068
    "--disable-features=RenderDocument",
]


def chromium_path() -> str | None:
    """Return the system's Chromium or Chrome, None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def serve(bundle: Path | None = None) -> Iterator[str]:
    """Run `python app.py` on a free port until the block ends; yields the address once it answers.

    `bundle` is the one to open; by default it is the environment's.

    Raises RuntimeError with the app's output where it ends or stays silent.
    """
    port = free_port()
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    if bundle is not None:
        environment["MEALREC_BUNDLE"] = str(bundle)
    with running([sys.executable, "app.py"], ROOT, environment, port) as address:
        yield address


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str], port: int) -> Iterator[str]:
    """Run a server until the block ends; yields its address on loopback once it answers.

    Raises RuntimeError with its output where it ends or stays silent.
    """
    with TemporaryFile("w+") as said:  # a pipe that nobody reads would fill up, and the server wait at its next word
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(address, process, said)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(address: str, process: subprocess.Popen, said: IO[str]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said.seek(0)
            raise RuntimeError(f"app.py ended with status {process.returncode}:\n{said.read()}")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.3)
    raise RuntimeError(f"app.py did not answer within {START_TIMEOUT_S:.0f} s")
