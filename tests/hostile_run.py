"""Upload hostile files the way a visitor does, and note what each one costs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import api
from app.session.service import Service
from mealrec.errors import MealRecError
from tests.hostile_files import Sources, hostile_file

KIB = 1024


@dataclass(frozen=True)
class Answer:
    """What became of one file: `outcome` is "taken", "refused" or the name of an error that is none of ours."""

    number: int
    kind: str
    outcome: str
    message: str
    seconds: float


class Workers:
    """Watches the processes that this one starts: the most memory, and processor time, that any of them took."""

    def __init__(self) -> None:
        self.peak_bytes, self.peak_cpu_s = 0, 0.0

    @contextmanager
    def watched(self, every_s: float = 0.01) -> Iterator[Workers]:
        done = threading.Event()

        def watch() -> None:
            while not done.wait(every_s):
                children = list(_children())
                self.peak_bytes = max([self.peak_bytes, *map(_peak_bytes, children)])
                self.peak_cpu_s = max([self.peak_cpu_s, *map(_cpu_s, children)])

        watcher = threading.Thread(target=watch, name="watch-workers", daemon=True)
        watcher.start()
        try:
            yield self
        finally:
            done.set()
            watcher.join()


def upload_all(
    service: Service, sources: Sources, folder: Path, numbers: Iterable[int], seed: int = 0, threads: int = 2
) -> Iterator[Answer]:
    """Send each file through the function behind /encode, `threads` at a time, as the app's two decoders allow.

    `folder` is where Gradio puts uploads.
    """

    def upload(number: int) -> Answer:
        own = folder / str(number)
        own.mkdir()
        kind, path = hostile_file(number, sources, own, seed)
        began = time.monotonic()
        outcome, message = _sent(service, path)
        return Answer(number, kind, outcome, message, time.monotonic() - began)

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(upload, numbers)


def held() -> tuple[int, int]:
    """Return how many threads and open files this process holds."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def _sent(service: Service, path: Path) -> tuple[str, str]:
    try:
        api.encoded(service, str(path), "a title")
    except MealRecError as error:
        return "refused", str(error)
    except Exception as error:  # what the app would not have foreseen is what is looked for
        return type(error).__name__, str(error)
    return "taken", ""


def _children() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        try:
            yield from map(int, (task / "children").read_text().split())
        except OSError:
            continue  # the thread has just ended


def _peak_bytes(process: int) -> int:
    """Return a worker's high-water mark; before it has become one, it still looks like its parent."""
    try:
        if b"mealrec.video.worker" not in Path(f"/proc/{process}/cmdline").read_bytes():
            return 0
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("VmHWM")), 0)


def _cpu_s(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system
