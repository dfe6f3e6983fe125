"""Time one recommendation with its full trace: `python -m benchmarks.request [BUNDLE]`, as JSON."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import torch

from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.shipped import DEFAULT_BUNDLE, ROOT
from mealrec.study.provenance import cpu_model

WARM_UP = 5  # requests that are not counted
ROUNDS = 50
UPLOADS = 5


def main() -> None:
    """Print medians in milliseconds: loading, a request and its parts, and an upload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", nargs="?", type=Path, default=ROOT / DEFAULT_BUNDLE)
    parser.add_argument(
        "--threads", type=int, default=1, help="torch threads (default: %(default)s)"
    )
    parser.add_argument("--device", default="cpu", help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    # Loading, by the clock.
    began = time.perf_counter()
    recommender = Recommender.from_bundle(arguments.bundle, arguments.device)
    load_ms = (time.perf_counter() - began) * 1e3

    # Then what a loaded one takes.
    report = {"bundle": recommender.name, "load_ms": round(load_ms, 1)}
    report["request_ms"] = {name: _requests(recommender, name) for name in recommender.variants}
    report["upload_ms"] = _uploads(recommender)
    report["hardware"] = {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "threads": arguments.threads,
        "load_average": round(os.getloadavg()[0], 2),
        "device": arguments.device,
        "torch": torch.__version__,
    }
    print(json.dumps(report, indent=1))


def _requests(recommender: Recommender, variant: str) -> dict[str, float]:
    """Return the median of each part over ROUNDS requests with histories of ten items."""
    # Another history and seed each time, so that no answer is remembered.
    ids = [item.item_id for item in recommender.catalogue]
    timings = []
    for number in range(WARM_UP + ROUNDS):
        history = [ids[(7 * number + 13 * place) % len(ids)] for place in range(10)]
        question = Question(history, seed=number, variant=variant)
        timings.append(recommender.recommend(question).timing_ms)
    return _medians(timings[WARM_UP:])


def _uploads(recommender: Recommender) -> dict[str, float]:
    """Return the median of decoding, encoding and ranking a clip as if it were uploaded."""
    paths = (recommender.media.clip_path(item.item_id) for item in recommender.catalogue)
    clip = next((path for path in paths if path is not None), None)
    if clip is None or recommender.upload_refusal:
        return {}
    recommender.encode_upload(clip)  # the first one also loads the encoders
    return _medians([_upload(recommender, clip) for _ in range(UPLOADS)])


def _upload(recommender: Recommender, clip: Path) -> dict[str, float]:
    # When each part ends; the recommender names them as it goes.
    ends = {"start": time.perf_counter()}

    def note(stage: str, fraction: float) -> None:
        ends[stage] = time.perf_counter()

    upload = recommender.encode_upload(clip, progress=note)
    recommender.recommend(Question([upload.upload_id], uploads=[upload]))
    ends["ranking"] = time.perf_counter()

    # A part lasts from the end of the one before it.
    taken = {}
    before = ends.pop("start")
    for name, after in ends.items():
        taken[name] = (after - before) * 1e3
        before = after
    return taken


def _medians(timings: list[dict[str, float]]) -> dict[str, float]:
    medians = {}
    for name in timings[0]:
        medians[name] = round(statistics.median(timing[name] for timing in timings), 2)
    return medians


if __name__ == "__main__":
    main()
