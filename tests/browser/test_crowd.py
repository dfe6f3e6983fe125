"""Many visitors at once: nobody meets an error, and beyond the queue everyone is told so in words."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

from benchmarks.load import BUNDLE, Usage, crowd, flood, summary
from benchmarks.visits import AS_IS, Caller

IDS = [item["item_id"] for item in json.loads((BUNDLE / "catalogue.json").read_text())]
VISITORS, SECONDS = 8, 2.0


def test_eight_visitors_meet_no_error(url):
    logs, seconds = crowd(url, IDS, VISITORS, SECONDS, "test")
    report = summary(logs, seconds)
    assert report["errors"] == {} and report["busy"] == 0
    assert {"edit", "answer", "look_inside", "recommend"} <= report["ms"].keys()
    assert all(log.answered for log in logs), "nobody is left waiting"


def test_beyond_the_queue_each_is_answered_or_told_that_it_is_full(url):
    ends = flood(url, IDS)
    words = ends.pop("words")
    assert ends["sent"] == ends.get("answered", 0) + ends.get("busy", 0), ends
    assert ends["answered"] >= 64 and (words == ["Queue is full"]) == ("busy" in ends)


def test_different_visitors_get_what_each_asked_for(url):
    """Waiting together mixes nothing up: each gets the answer to its own history."""
    histories = [IDS[number : number + 1 + number % 5] for number in range(0, 80, 5)]
    start = threading.Barrier(len(histories))

    def ask(number: int) -> list[str]:
        caller = Caller(url, f"own{number}")
        start.wait(60)
        answer = caller.call("recommend", [histories[number], 3, 0, "full", *AS_IS])[0]
        caller.close()
        return [item["item_id"] for item in answer["history"]]

    with ThreadPoolExecutor(len(histories)) as threads:
        assert list(threads.map(ask, range(len(histories)))) == histories


def test_usage_tells_growth(tmp_path):
    usage = Usage(1)
    usage._samples = [(100.0, 10, 20)] * 10 + [(150.0, 10, 20)] * 10
    report = usage.report()
    assert report["memory_mib"]["over_early"] == 1.5 and report["threads"]["over_early"] == 1.0
