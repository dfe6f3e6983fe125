"""Upload a thousand hostile files the way a visitor does: `python -m benchmarks.fuzz`, or `make
fuzz`.

Writes docs/results/fuzz.md and fuzz.json; ends with status 1 where the app was harmed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

from app.session.service import Service
from mealrec.recommender.recommender import Recommender
from tests.hostile_files import write_sources
from tests.hostile_run import Answer, Workers, held, upload_all

ROOT = Path(__file__).resolve().parents[1]
ANSWER_S = 10.0
SLOWEST = 5


def main() -> int:
    """Run all files, write the report, and say whether the app held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="files (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the files (default: 0)")
    parser.add_argument("--bundle", type=Path, default=ROOT / "checkpoints" / "default")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "results", help="folder of the report"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        summary = _summary(options, Path(work))
    (options.out / "fuzz.json").write_text(json.dumps(summary, indent=1) + "\n")
    (options.out / "fuzz.md").write_text(markdown(summary))
    print(markdown(summary))
    return 0 if summary["held"] else 1


def _summary(options: argparse.Namespace, work: Path) -> dict:
    folders = {name: work / name for name in ("sources", "uploads", "temporary")}
    for folder in folders.values():
        folder.mkdir()
    os.environ["GRADIO_TEMP_DIR"] = str(folders["uploads"])
    sources = write_sources(folders["sources"])
    service = Service(lambda: Recommender.from_bundle(options.bundle)).start()
    list(
        upload_all(service, sources, folders["uploads"], [16 + 18 * options.count], options.seed)
    )  # loads the encoders
    os.environ["TMPDIR"] = tempfile.tempdir = str(folders["temporary"])
    before, began = held(), time.monotonic()
    answers = []
    with Workers().watched() as workers:
        for answer in upload_all(
            service, sources, folders["uploads"], range(options.count), options.seed
        ):
            answers.append(answer)
            if len(answers) % 100 == 0:
                print(f"{len(answers)} of {options.count}", file=sys.stderr, flush=True)
    left = [
        path
        for name in ("uploads", "temporary")
        for path in folders[name].rglob("*")
        if path.is_file()
    ]
    return {
        "command": f"python -m benchmarks.fuzz --count {options.count} --seed {options.seed}",
        "date": date.today().isoformat(),
        "hardware": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load": os.getloadavg()[1],
        "minutes": (time.monotonic() - began) / 60,
        **graded(answers),
        "peak_worker_mib": workers.peak_bytes / 2**20,
        "files_left": len(left),
        "before": before,
        "after": held(),
    }


def graded(answers: list[Answer]) -> dict:
    """Count the answers by kind and by reason, and say whether each was one that the app
    foresaw, in time."""
    kinds = list(dict.fromkeys(answer.kind for answer in answers))
    outcomes = {
        kind: Counter(answer.outcome for answer in answers if answer.kind == kind) for kind in kinds
    }
    refused = Counter(_reason(answer.message) for answer in answers if answer.outcome == "refused")
    crashes = [vars(answer) for answer in answers if answer.outcome not in ("taken", "refused")]
    slowest = sorted(answers, key=lambda answer: -answer.seconds)[:SLOWEST]
    return {
        "files": len(answers),
        "outcomes": {kind: dict(counted) for kind, counted in outcomes.items()},
        "reasons": dict(refused.most_common()),
        "crashes": crashes,
        "slowest": [vars(answer) for answer in slowest],
        "held": not crashes and slowest[0].seconds <= ANSWER_S,
    }


def markdown(summary: dict) -> str:
    """Return the report in words and tables."""
    rows = [
        f"| {kind} | {counted.get('taken', 0)} | {counted.get('refused', 0)} |"
        for kind, counted in summary["outcomes"].items()
    ]
    slow = [
        f"| {a['number']} | {a['kind']} | {a['seconds']:.1f} | {a['outcome']} |"
        for a in summary["slowest"]
    ]
    (threads, files), (threads_after, files_after) = summary["before"], summary["after"]
    return "\n".join(
        [
            "# Hostile uploads",
            "",
            f"`{summary['command']}` on {summary['date']}: {summary['hardware']}, average load {summary['load']:.1f} "
            f"(other work beside it), {summary['minutes']:.0f} minutes.",
            "",
            "Files drawn from a seed (`tests/hostile_files.py`) go through the function behind `/encode`, two at a "
            "time. Taken means encoded: a video whose damage does not show, or a good one under an odd name.",
            "",
            "| | |",
            "|---|---|",
            f"| files | {summary['files']} |",
            f"| crashes of the app, or errors that it did not foresee | {len(summary['crashes'])} |",
            f"| slowest answer | {summary['slowest'][0]['seconds']:.1f} s |",
            f"| most memory that a decoding process held | {summary['peak_worker_mib']:.0f} MiB |",
            f"| files left in the folders of uploads and of temporary files | {summary['files_left']} |",
            f"| threads, open files of the app before | {threads}, {files} |",
            f"| after | {threads_after}, {files_after} |",
            "",
            "| kind | taken | refused |",
            "|---|---|---|",
            *rows,
            "",
            "| refused because | files |",
            "|---|---|",
            *(f"| {reason} | {count} |" for reason, count in summary["reasons"].items()),
            "",
            "| slowest | kind | seconds | outcome |",
            "|---|---|---|---|",
            *slow,
            "",
        ]
    )


def _reason(message: str) -> str:
    """Return a refusal without the file's name and numbers, so that equal ones are counted
    together."""
    words = re.sub(r"\d+(?:\.\d+)?", "N", message)
    known = (
        "is empty",
        "is text",
        "is no kind of video",
        "took longer",
        "stopped the decoder",
        "There is no file",
    )
    found = next(
        (words[words.index(start) :] for start in known if start in words),
        words[words.find(": ") + 2 :],
    )
    return found.partition(":")[0].rstrip(".")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")),
        platform.machine(),
    )


if __name__ == "__main__":
    sys.exit(main())
