"""Many visitors at once against the real app: `python -m benchmarks.load`, as JSON.

The app runs in a process of its own on loopback. First one visitor alone sets the pace, then all
come at once; the app's memory, threads and open files are noted all along. Then more requests than
the queue holds are sent together, and one visitor's waiting is timed with and without uploads being
encoded next to it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.visits import AS_IS, Busy, Caller, Failed, Log, visit
from mealrec.shipped import DEFAULT_BUNDLE, ROOT

BUNDLE = ROOT / DEFAULT_BUNDLE
START_TIMEOUT_S = 120.0
MORE_THAN_THE_QUEUE = 160  # which holds 64
BESIDE_UPLOADS_S = 20.0  # of each of the two visits
SAMPLE_S = 1.0  # between two looks at the app's memory


def main() -> None:
    """Print what the visitors met and what the app used."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=32, help="default: %(default)s")
    parser.add_argument("--minutes", type=float, default=10.0, help="default: %(default)s")
    parser.add_argument(
        "--serial-s",
        type=float,
        default=30.0,
        help="seconds of one visitor alone, before and after",
    )
    arguments = parser.parse_args()
    report = measure(arguments.visitors, arguments.minutes * 60, arguments.serial_s)
    print(json.dumps(report, indent=1))


def measure(visitors: int, seconds: float, serial_s: float) -> dict:
    """Return the whole report of one run of the app."""
    with running_app() as (address, process):
        ids = [item["item_id"] for item in json.loads((BUNDLE / "catalogue.json").read_text())]
        # Wait until the model is there, and threads and buffers have come up to their size.
        first = Caller(address, "first")
        first.call("recommend", [ids[:1], 10, 0, "full", *AS_IS])
        first.close()
        crowd(address, ids, visitors, min(10.0, seconds / 2), "warm")

        # One visitor alone before and after sets the pace for all of them.
        before = crowd(address, ids, 1, serial_s, "before")
        usage = Usage(process.pid)
        together = crowd(address, ids, visitors, seconds, "together", usage)
        after = crowd(address, ids, 1, serial_s, "after")

        # What they met, against that pace.
        report = {"visitors": visitors, "together": summary(*together)}
        pace = (summary(*before)["per_s"] + summary(*after)["per_s"]) / 2
        report["serial_per_s"] = round(pace, 2)
        report["over_serial"] = round(report["together"]["per_s"] / pace, 2)
        report["app"] = usage.report()
        report["beyond_the_queue"] = flood(address, ids)
        report["beside_uploads"] = beside_uploads(address, ids)
    return report


@contextmanager
def running_app(arguments: tuple[str, ...] = ("app.py",)) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run `python app.py` until the block ends; yields address and process once it answers."""
    # A port that is free now.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port), "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )

    # It is there once it answers.
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"app.py did not answer at {address} (status {process.poll()}): "
                    "start it by hand"
                )
            time.sleep(0.02)
        yield address, process
    finally:
        process.terminate()
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/config", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def crowd(
    address: str, ids: list[str], count: int, seconds: float, name: str, usage: Usage | None = None
) -> tuple[list[Log], float]:
    """Let visitors browse all at once; returns what each met, and the seconds that it took."""
    # A thread for each visitor, and one that watches the app.
    began = time.monotonic()
    until = began + seconds
    with ThreadPoolExecutor(count + 1) as threads:
        watching = threads.submit(usage.watch, until) if usage else None
        visits = []
        for number in range(count):
            own = f"{name}{number}"
            visits.append(threads.submit(visit, address, own, ids, until))
        logs = [future.result() for future in visits]
        if watching:
            watching.result()  # raises what went wrong there
    return logs, time.monotonic() - began


def summary(logs: list[Log], seconds: float) -> dict:
    """Return answered events a second, their waiting in milliseconds, and what went wrong."""
    # All visitors' events together, by name.
    waited: dict[str, list[float]] = {}
    errors: Counter = Counter()
    for log in logs:
        errors += log.errors
        for name, values in log.seconds.items():
            waited.setdefault(name, []).extend(values)
    answered = sum(log.answered for log in logs)
    return {
        "seconds": round(seconds, 1),
        "answered": answered,
        "per_s": round(answered / seconds, 2),
        "busy": sum(log.busy for log in logs),
        "errors": dict(errors),
        "ms": {name: _quantiles(waited[name]) for name in sorted(waited)},
    }


def _quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    found = {}
    for percent in (50, 95, 99):
        place = min(len(ordered) - 1, len(ordered) * percent // 100)
        found[f"p{percent}"] = round(ordered[place] * 1e3, 1)
    return found


class Usage:
    """A process's memory, threads and open files over time, read from /proc."""

    def __init__(self, pid: int):
        self._proc = Path(f"/proc/{pid}")
        self._samples: list[tuple[float, int, int]] = []

    def watch(self, until: float) -> None:
        """Take samples until a time (time.monotonic)."""
        while time.monotonic() < until:
            status = (self._proc / "status").read_text().splitlines()
            values = dict(line.split(":", 1) for line in status)
            memory_mib = int(values["VmRSS"].split()[0]) / 1024
            threads = int(values["Threads"])
            files = len(list((self._proc / "fd").iterdir()))
            self._samples.append((memory_mib, threads, files))
            time.sleep(SAMPLE_S)

    def report(self) -> dict:
        """Return the medians of the second and of the last fifth of the time, and their ratio."""
        # The first fifth is left out: the app still grows to its size.
        fifth = max(1, len(self._samples) // 5)
        rows = {}
        for column, name in enumerate(("memory_mib", "threads", "files")):
            values = [sample[column] for sample in self._samples]
            early = statistics.median(values[fifth : 2 * fifth])
            late = statistics.median(values[-fifth:])
            rows[name] = {
                "early": round(early, 1),
                "late": round(late, 1),
                "over_early": round(late / early, 3),
            }
        return rows


def flood(address: str, ids: list[str]) -> dict:
    """Send more requests at once than the queue holds; returns how they ended."""
    # All are connected before the first one asks.
    callers = [Caller(address, f"flood{number}") for number in range(MORE_THAN_THE_QUEUE)]
    start = threading.Barrier(len(callers))
    words = set()

    def ask(number: int) -> str:
        start.wait(30)
        try:
            history = random.Random(number).sample(ids, 10)
            callers[number].call("recommend", [history, 10, 7, "full", *AS_IS])
        except Busy as busy:
            words.add(str(busy).partition(".")[0])
            return "busy"
        except Failed as error:
            return str(error)
        return "answered"

    # How many ended how.
    with ThreadPoolExecutor(len(callers)) as threads:
        ends = Counter(threads.map(ask, range(len(callers))))
    for caller in callers:
        caller.close()
    return {"sent": len(callers), **ends, "words": sorted(words)}


def beside_uploads(address: str, ids: list[str]) -> dict:
    """Time one visitor's requests alone and next to another who uploads clip after clip."""
    report = {}
    stop = threading.Event()
    encoded = []
    clip = next((ROOT / "assets" / "sample" / "clips").glob("*.mp4")).read_bytes()

    def encode() -> None:
        caller = Caller(address, "uploader")
        while not stop.is_set():
            video = {"path": caller.upload(clip), "meta": {"_type": "gradio.FileData"}}
            encoded.append(caller.call("encode", [video, "mine"]))
        caller.close()

    # The same visitor twice, once alone.
    for name, uploading in (("alone_ms", False), ("beside_uploads_ms", True)):
        with ThreadPoolExecutor(1) as threads:
            stop.clear()
            working = threads.submit(encode) if uploading else None
            met = crowd(address, ids, 1, BESIDE_UPLOADS_S, name)
            stop.set()
            if working:
                working.result(120)
        report[name] = summary(*met)["ms"]["recommend"]
    return report | {"uploads": len(encoded)}


if __name__ == "__main__":
    main()
