"""`python -m mealrec recommend`: the page's answer on the command line, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from mealrec.recommender.recommender import Recommender
from mealrec.recommender.trace import Recommendation
from mealrec.recommender.uploads import Upload


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("--bundle", type=Path, default=Path("checkpoints/default"), help="default: %(default)s")
    parser.add_argument("--history", default="", help="item ids, oldest first, with commas between")
    parser.add_argument("--upload", type=Path, help="a video that ends the history")
    parser.add_argument("--title", default="", help="the upload's title")
    parser.add_argument("--k", type=int, default=10, help="how many items (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="fixes the walks' noise (default: %(default)s)")
    parser.add_argument("--variant", default="full", help="which of the bundle's models (default: %(default)s)")
    parser.add_argument(
        "--noise", type=float, default=0.0, help="σ of Fig. 5 on the history's visual features (default: %(default)s)"
    )
    parser.add_argument("--num-steps", type=int, help="T of both walks (default: as trained)")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the whole trace (docs/api.md) instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Recommend and print."""
    recommender = Recommender.from_bundle(arguments.bundle, arguments.device)
    history = [item_id.strip() for item_id in arguments.history.split(",") if item_id.strip()]
    uploads: dict[str, Upload] = {}
    if arguments.upload is not None:
        _quiet_transformers()
        upload = recommender.encode_upload(arguments.upload, arguments.title)
        uploads[upload.upload_id] = upload
        history.append(upload.upload_id)
    answer = recommender.recommend(
        history,
        uploads=uploads,
        k=arguments.k,
        seed=arguments.seed,
        variant=arguments.variant,
        noise=arguments.noise,
        num_steps=arguments.num_steps,
    )
    if arguments.json:
        json.dump(answer.to_dict(), sys.stdout, ensure_ascii=False)
        print()
    else:
        print(table(answer))
    return 0


def table(answer: Recommendation) -> str:
    """Return the answer for people: the history's weights, the ranking, and what the last item's frames say."""
    relevance = answer.frame_relevance
    lines = ["History (weight, latest last)"]
    lines += [f"  {item.weight:6.1%}  {item.item_id:>6}  {item.title}" for item in answer.history]
    lines += [f"Recommended ({answer.bundle}, {answer.variant}, seed {answer.seed})"]
    lines += [f"  {i.rank:>6}  {i.item_id:>6}  {i.score:7.3f}  {i.topic:<8} {i.title}" for i in answer.items]
    parts, place = ("Title segments", "text") if relevance.segments else ("Frames", "time")
    lines += [f"{parts} of {relevance.item_id}: fits the interest, drove the first recommendation, {place}"]
    places = relevance.segments or [f"{time:5.2f} s" for time in relevance.times_s]
    frames = zip(places, relevance.interest, relevance.influence, strict=True)
    lines += [f"  {interest:+.3f}  {influence:+.3f}  {place}" for place, interest, influence in frames]
    lines += [f"{upload.item_id} would stand at {upload.rank} of {upload.candidates}" for upload in answer.uploads]
    return "\n".join([*lines, f"{answer.timing_ms['total']:.0f} ms"])


def _quiet_transformers() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
