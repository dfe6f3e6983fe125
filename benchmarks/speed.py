"""What a request, an upload and a start cost over the least: `python -m benchmarks.speed`, as JSON.

Every ratio's two sides are timed in turn within one run, and their medians are divided. What one
thread computes is timed in processor time, which other work on the machine disturbs less; uploads
and starts by the clock. `--device cuda` times the request, the upload and the large catalogue
there, by the clock; without such a device it says so and ends. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.load import BUNDLE, running_app
from mealrec.bundle.contents import check_encoder
from mealrec.features.encoder import open_encoder
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.shipped import ROOT
from mealrec.types import Items
from mealrec.video.frames import sample_frames

PARTS = ("request", "upload", "start", "large")
# Of each side; slow ones are called less often.
ROUNDS = {"request": 100, "upload": 9, "start": 5, "large": 5}
IMPORTS = (
    "import torch; from mealrec.question import Question; "
    "from mealrec.recommender.recommender import Recommender; "
)
# What a process runs that only loads the model, and one that serves a page without it.
READY = f"Recommender.from_bundle({str(BUNDLE)!r}).recommend(Question(['1']))"
BARE_APP = """
import os, gradio as gr
with gr.Blocks(analytics_enabled=False) as demo:
    gr.HTML("hello")
demo.launch(server_port=int(os.environ["GRADIO_SERVER_PORT"]))
"""


def main() -> None:
    """Print one entry for each part."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", default=PARTS, help=f"of {', '.join(PARTS)}; default: all"
    )
    parser.add_argument("--device", default="cpu", help="default: %(default)s")
    parser.add_argument(
        "--threads",
        type=int,
        default=1,
        help="torch threads, as the app has (default: %(default)s)",
    )
    parser.add_argument(
        "--items", type=int, default=1_000_000, help="of the large catalogue (default: %(default)s)"
    )
    arguments = parser.parse_args()

    # Measure the parts that are asked for, all with one recommender.
    if arguments.device.startswith("cuda") and not torch.cuda.is_available():
        print(json.dumps({"skipped": "torch sees no CUDA device here"}))
        return
    torch.set_num_threads(arguments.threads)
    recommender = Recommender.from_bundle(BUNDLE, arguments.device)
    measures = {
        "request": lambda: request(recommender, arguments.device),
        "upload": lambda: upload(recommender),
        "start": start,
        "large": lambda: large(recommender, arguments.items, arguments.device),
    }
    report = {name: measures[name]() for name in arguments.parts}
    report["load_average"] = round(os.getloadavg()[0], 1)
    print(
        json.dumps({"device": arguments.device, "threads": arguments.threads, **report}, indent=1)
    )


def in_turn(
    sides: dict[str, Callable[[], object]], rounds: int, device: str = ""
) -> dict[str, float]:
    """Return each side's median in milliseconds, all of them called in turn.

    A disturbance then meets every side. `device` "cpu" counts this process's processor time,
    anything else the clock's.
    """
    # Two rounds warm up; on a GPU a side has ended only once the device has.
    now = time.process_time if device == "cpu" else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 2):
        for name, side in sides.items():
            _settle(device)
            began = now()
            side()
            _settle(device)
            if number >= 2:
                times[name].append((now() - began) * 1e3)
    return {name: round(statistics.median(values), 3) for name, values in times.items()}


def _settle(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def request(recommender: Recommender, device: str) -> dict:
    """Time a request with its trace, one of the backbone alone, and the price of a flop."""
    # What arithmetic alone would take: the request's operations at the speed of a large product.
    ids = [item.item_id for item in recommender.catalogue][:10]
    full = Question(ids)
    backbone = Question(ids, variant="backbone")
    square = torch.randn(512, 512, device=device)
    with FlopCounterMode(display=False) as counter:
        recommender.recommend(full)

    # In turn with the backbone's.
    sides = {
        "full_ms": lambda: recommender.recommend(full),
        "backbone_ms": lambda: recommender.recommend(backbone),
        "matmul_512_ms": lambda: square @ square,
    }
    report = in_turn(sides, ROUNDS["request"], device)
    floor = counter.get_total_flops() / (2 * 512**3) * report["matmul_512_ms"]
    return {
        **report,
        "full_over_backbone": round(report["full_ms"] / report["backbone_ms"], 2),
        "mflop": round(counter.get_total_flops() / 1e6, 1),
        "floor_of_arithmetic_ms": round(floor, 2),
    }


def upload(recommender: Recommender) -> dict:
    """Time an upload with its recommendations, and its decoding and one forward pass alone."""
    path = next((ROOT / "assets" / "sample" / "clips").glob("*.mp4"))
    recommender.encode_upload(path)  # the first one loads the encoders
    source = check_encoder(BUNDLE, recommender.manifest["encoders"]["video"])
    encoder = open_encoder(source, recommender.features.text.device, recommender.num_frames)

    # All that the page does with an upload, and what cannot be left out of it.
    def whole() -> None:
        clip = recommender.encode_upload(path, "mine")
        recommender.recommend(Question([clip.upload_id], uploads=[clip]))

    def bare() -> None:
        encoder.encode(sample_frames(path, num_frames=encoder.num_frames).frames[None])

    report = in_turn({"whole_ms": whole, "bare_ms": bare}, ROUNDS["upload"])
    return {**report, "whole_over_bare": round(report["whole_ms"] / report["bare_ms"], 2)}


def start() -> dict:
    """Time the app's start to its first page, a bare Blocks app's, and the model's loading."""

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

    # Pages, then processes without one.
    sides = {
        "app_ms": lambda: _first_page(("app.py",)),
        "bare_ms": lambda: _first_page(("-c", BARE_APP)),
        "imports_ms": lambda: run(IMPORTS),
        "ready_ms": lambda: run(IMPORTS + READY),
    }
    report = in_turn(sides, ROUNDS["start"])
    return {
        **report,
        "app_over_bare": round(report["app_ms"] / report["bare_ms"], 2),
        "ready_after_imports_ms": round(report["ready_ms"] - report["imports_ms"], 1),
    }


def _first_page(arguments: tuple[str, ...]) -> None:
    with running_app(arguments):
        pass


def large(recommender: Recommender, count: int, device: str) -> dict:
    """Time a request over a large catalogue, and the products and top-k that it needs at least."""
    # The bundle's own model over many more items, whose names are the catalogue's over and over.
    small = recommender.variant("full")
    items = _grown(small.items, count)
    big = _with_names(recommender, count)
    big.variant = lambda name: replace(small, items=items)
    asked = Question([item.item_id for item in recommender.catalogue][:10])

    # A row of scores for each step of NPD, each hidden frame, and the answer itself.
    table = small.model.table
    config = small.model.config
    steps = config.num_steps + recommender.num_frames + 1
    preferences = torch.randn(steps, config.num_kinds, device=device)

    @torch.inference_mode()
    def bare(rows: int) -> None:
        table.scores(preferences[:rows], items).topk(10)

    sides = {
        "request_ms": lambda: big.recommend(asked),
        "one_row_ms": lambda: bare(1),
        "same_rows_ms": lambda: bare(steps),
    }
    report = in_turn(sides, ROUNDS["large"], device)
    bytes_held = sum(tensor.nbytes for tensor in vars(items).values())
    return {
        "items": count,
        **report,
        "request_over_one_row": round(report["request_ms"] / report["one_row_ms"], 2),
        "request_over_same_rows": round(report["request_ms"] / report["same_rows_ms"], 2),
        "table_mib": round(bytes_held / 2**20),
        **_peak(lambda: big.recommend(asked), bytes_held),
    }


def _grown(items: Items, count: int) -> Items:
    """Return `count` items and padding: the catalogue's over and over, their IDs a little apart."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.arange(count, device=items.bias.device) % (len(items) - 1) + 1
    grown = items.rows(torch.cat([rows.new_zeros(1), rows]))
    noise = torch.randn(grown.identity.shape, generator=generator)
    grown.identity.add_(noise.mul_(0.1 * float(items.identity[1:].std())).to(rows.device))
    return grown


def _with_names(recommender: Recommender, count: int) -> Recommender:
    """Return a recommender of `count` items by the names of another's catalogue."""
    contents = recommender.contents
    repeats = -(-count // len(contents.catalogue))
    catalogue = (contents.catalogue * repeats)[:count]
    times_s = contents.times_s[:1].expand(count + 1, -1)
    contents = replace(contents, catalogue=catalogue, times_s=times_s)
    device = recommender.features.text.device
    return Recommender(BUNDLE, contents, recommender.manifest, str(device))


def _peak(work: Callable[[], object], table: int) -> dict:
    """Return the most memory that a request takes on top of the table, as Linux records it."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return {}

    # What earlier requests have left free counts for this one too; then the record starts again.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory(status, "VmRSS")
    work()
    more = _memory(status, "VmHWM") - before
    return {"request_mib": round(more / 2**20), "memory_over_table": round(1 + more / table, 2)}


def _memory(status: Path, name: str) -> int:
    line = next(line for line in status.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
