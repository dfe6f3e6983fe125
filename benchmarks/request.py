"""Time one recommendation with its full trace: `python benchmarks/request.py [BUNDLE]`, one JSON
object."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mealrec.recommender.recommender import Recommender  # noqa: E402

WARM_UP, ROUNDS, UPLOADS = 5, 50, 5


def main() -> None:
    """Print medians in milliseconds: loading, a request, its stages, and an upload where there
    is a clip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", nargs="?", type=Path, default=ROOT / "checkpoints" / "default")
    parser.add_argument(
        "--threads", type=int, default=1, help="torch threads (default: %(default)s)"
    )
    parser.add_argument("--device", default="cpu", help="default: %(default)s")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    began = time.perf_counter()
    recommender = Recommender.from_bundle(arguments.bundle, arguments.device)
    report = {"bundle": recommender.name, "load_ms": round((time.perf_counter() - began) * 1e3, 1)}
    report["request_ms"] = {name: _requests(recommender, name) for name in recommender.variants}
    report["upload_ms"] = _uploads(recommender)
    report["hardware"] = {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": arguments.threads,
        "load_average": round(os.getloadavg()[0], 2),
        "device": arguments.device,
        "torch": torch.__version__,
    }
    print(json.dumps(report, indent=1))


def _requests(recommender: Recommender, variant: str) -> dict[str, float]:
    """Return the median of each stage over ROUNDS requests with histories of ten items."""
    ids = [item.item_id for item in recommender.catalogue]
    timings = []
    for number in range(WARM_UP + ROUNDS):
        history = [ids[(7 * number + 13 * place) % len(ids)] for place in range(10)]
        timings.append(recommender.recommend(history, seed=number, variant=variant).timing_ms)
    return _medians(timings[WARM_UP:])


def _uploads(recommender: Recommender) -> dict[str, float]:
    """Return the median of decoding, encoding and ranking one clip of the catalogue as if it
    were uploaded."""
    paths = (recommender.media.clip_path(item.item_id) for item in recommender.catalogue)
    clip = next((path for path in paths if path is not None), None)
    if clip is None or recommender.upload_refusal:
        return {}
    recommender.encode_upload(clip)  # the first one also loads the encoders
    return _medians([_upload(recommender, clip) for _ in range(UPLOADS)])


def _upload(recommender: Recommender, clip: Path) -> dict[str, float]:
    ends = {"start": time.perf_counter()}

    def note(stage: str, fraction: float) -> None:
        ends[stage] = time.perf_counter()

    upload = recommender.encode_upload(clip, progress=note)
    recommender.recommend([upload.upload_id], uploads={upload.upload_id: upload})
    ends["ranking"] = time.perf_counter()
    names, times = list(ends), list(ends.values())
    return {
        name: (after - before) * 1e3
        for name, before, after in zip(names[1:], times, times[1:], strict=False)
    }


def _medians(timings: list[dict[str, float]]) -> dict[str, float]:
    return {
        name: round(statistics.median(timing[name] for timing in timings), 2) for name in timings[0]
    }


def _cpu() -> str:
    lines = (
        Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    )
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )


if __name__ == "__main__":
    main()
