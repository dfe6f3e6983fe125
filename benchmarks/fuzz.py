"""Upload a thousand hostile files the way a visitor does: `python -m benchmarks.fuzz`.

`make fuzz` does the same. Writes docs/results/fuzz.md and fuzz.json; ends with status 1 where the
app was harmed.
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
from mealrec.shipped import DEFAULT_BUNDLE, ROOT
from mealrec.study.provenance import cpu_model
from tests.hostile_files import write_sources
from tests.hostile_run import Answer, Workers, held, upload_all

ANSWER_S = 10.0  # longer than that nobody waits for an answer
SLOWEST = 5
# How refusals begin, behind the file's name.
REASONS = (
    "is empty",
    "is text",
    "is no kind of video",
    "took longer",
    "stopped the decoder",
    "There is no file",
)


def main() -> int:
    """Run all files, write the report, and say whether the app held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="files (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the files (default: 0)")
    parser.add_argument("--bundle", type=Path, default=ROOT / DEFAULT_BUNDLE)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "results", help="folder of the report"
    )
    options = parser.parse_args()

    # All files go when the run ends, but for the report.
    with tempfile.TemporaryDirectory() as work:
        summary = _summary(options, Path(work))
    text = markdown(summary)
    (options.out / "fuzz.json").write_text(json.dumps(summary, indent=1) + "\n")
    (options.out / "fuzz.md").write_text(text)
    print(text)
    return 0 if summary["held"] else 1


def _summary(options: argparse.Namespace, work: Path) -> dict:
    # Folders of this run alone, so that what is left behind can be counted.
    sources = work / "sources"
    uploads = work / "uploads"
    temporary = work / "temporary"
    for folder in (sources, uploads, temporary):
        folder.mkdir()
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    made = write_sources(sources)
    service = Service(lambda: Recommender.from_bundle(options.bundle)).start()

    # One file more than are counted loads the encoders.
    list(upload_all(service, made, uploads, [16 + 18 * options.count], options.seed))
    tempfile.tempdir = str(temporary)
    os.environ["TMPDIR"] = tempfile.tempdir

    # The run itself.
    before = held()
    began = time.monotonic()
    answers = []
    with Workers().watched() as workers:
        for answer in upload_all(service, made, uploads, range(options.count), options.seed):
            answers.append(answer)
            if len(answers) % 100 == 0:
                print(f"{len(answers)} of {options.count}", file=sys.stderr, flush=True)

    # What it took, and what it left.
    left = sum(path.is_file() for path in (*uploads.rglob("*"), *temporary.rglob("*")))
    machine = f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()}"
    return {
        "command": f"python -m benchmarks.fuzz --count {options.count} --seed {options.seed}",
        "date": date.today().isoformat(),
        "hardware": f"{machine}, Python {platform.python_version()}",
        "load": os.getloadavg()[1],
        "minutes": (time.monotonic() - began) / 60,
        **graded(answers),
        "peak_worker_mib": workers.peak_bytes / 2**20,
        "files_left": left,
        "before": before,
        "after": held(),
    }


def graded(answers: list[Answer]) -> dict:
    """Count the answers by kind and by reason, and say whether the app foresaw each, in time."""
    outcomes: dict[str, Counter] = {}
    reasons: Counter = Counter()
    crashes = []
    for answer in answers:
        outcomes.setdefault(answer.kind, Counter())[answer.outcome] += 1
        if answer.outcome == "refused":
            reasons[_reason(answer.message)] += 1
        elif answer.outcome != "taken":
            crashes.append(vars(answer))

    # In time, even the slowest of them.
    slowest = sorted(answers, key=lambda answer: -answer.seconds)[:SLOWEST]
    return {
        "files": len(answers),
        "outcomes": {kind: dict(counted) for kind, counted in outcomes.items()},
        "reasons": dict(reasons.most_common()),
        "crashes": crashes,
        "slowest": [vars(answer) for answer in slowest],
        "held": not crashes and slowest[0].seconds <= ANSWER_S,
    }


def markdown(summary: dict) -> str:
    """Return the report in words and tables."""
    # What the app used and withstood.
    threads, files = summary["before"]
    threads_after, files_after = summary["after"]
    lines = [
        "# Hostile uploads",
        "",
        f"`{summary['command']}` on {summary['date']}: {summary['hardware']}, average load "
        f"{summary['load']:.1f} (other work beside it), {summary['minutes']:.0f} minutes.",
        "",
        "Files drawn from a seed (`tests/hostile_files.py`) go through the function behind "
        "`/encode`, two at a time. Taken means encoded: a video whose damage does not show, or a "
        "good one under an odd name.",
        "",
        "| | |",
        "|---|---|",
        f"| files | {summary['files']} |",
        f"| crashes of the app, or errors that it did not foresee | {len(summary['crashes'])} |",
        f"| slowest answer | {summary['slowest'][0]['seconds']:.1f} s |",
        f"| most memory that a decoding process held | {summary['peak_worker_mib']:.0f} MiB |",
        "| files left in the folders of uploads and of temporary files | "
        f"{summary['files_left']} |",
        f"| threads, open files of the app before | {threads}, {files} |",
        f"| after | {threads_after}, {files_after} |",
    ]

    # What became of the files.
    lines += ["", "| kind | taken | refused |", "|---|---|---|"]
    for kind, counted in summary["outcomes"].items():
        lines.append(f"| {kind} | {counted.get('taken', 0)} | {counted.get('refused', 0)} |")
    lines += ["", "| refused because | files |", "|---|---|"]
    for reason, count in summary["reasons"].items():
        lines.append(f"| {reason} | {count} |")

    # And which took longest.
    lines += ["", "| slowest | kind | seconds | outcome |", "|---|---|---|---|"]
    for a in summary["slowest"]:
        lines.append(f"| {a['number']} | {a['kind']} | {a['seconds']:.1f} | {a['outcome']} |")
    return "\n".join([*lines, ""])


def _reason(message: str) -> str:
    """Return a refusal without the file's name and numbers: equal ones are counted together."""
    words = re.sub(r"\d+(?:\.\d+)?", "N", message)
    start = words.find(": ") + 2  # most have the name before a colon
    for reason in REASONS:
        if reason in words:
            start = words.index(reason)
            break
    return words[start:].partition(":")[0].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
