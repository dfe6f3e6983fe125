"""`python -m mealrec recommend`: the page's answer on the command line, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mealrec.errors import RequestError
from mealrec.recommender.recommender import Recommender
from mealrec.recommender.trace import Effect, Recommendation
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
    parser.add_argument("--hide", default="", help="frames of the last clip to hide, from 0, with commas between")
    parser.add_argument("--effects", action="store_true", help="add what would change this answer most")
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
    whole = {"k": arguments.k, "seed": arguments.seed, "variant": arguments.variant, "hidden": _frames(arguments.hide)}
    varied = {"noise": arguments.noise, "num_steps": arguments.num_steps}
    answer = recommender.recommend(history, uploads=uploads, **whole, **varied)
    effects = recommender.effects(history, uploads=uploads, **whole) if arguments.effects else ()
    if arguments.json:
        shape = answer.to_dict() | ({"effects": [vars(effect) for effect in effects]} if arguments.effects else {})
        json.dump(shape, sys.stdout, ensure_ascii=False)
        print()
    else:
        print("\n".join([table(answer), *effect_lines(effects, len(answer.items))]))
    return 0


def _frames(written: str) -> list[int]:
    numbers = [number.strip() for number in written.split(",") if number.strip()]
    if wrong := [number for number in numbers if not number.isdecimal()]:
        raise RequestError(f"--hide: numbers of frames, from 0, with commas between are expected, {wrong[0]!r} came.")
    return [int(number) for number in numbers]


def effect_lines(effects: Sequence[Effect], count: int) -> list[str]:
    """Return what would change the answer most, a line each; `count` clips were recommended."""
    lines = ["What would change this answer most (probability moved, clips that stay, where the first would stand)"]
    for effect in effects:
        change = "left out" if effect.frame is None else f"frame {effect.frame} hidden"
        lines.append(
            f"  {effect.moved:6.1%}  {effect.kept:>2} of {count}  {effect.top_rank:>4}  {effect.item_id} {change}"
        )
    return lines if effects else []


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
    frames = enumerate(zip(places, relevance.interest, relevance.influence, strict=True))
    lines += [
        f"  {interest:+.3f}  {influence:+.3f}  {place}{'  hidden' if index in answer.hidden else ''}"
        for index, (place, interest, influence) in frames
    ]
    lines += [f"{upload.item_id} would stand at {upload.rank} of {upload.candidates}" for upload in answer.uploads]
    return "\n".join([*lines, f"{answer.timing_ms['total']:.0f} ms"])


def _quiet_transformers() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
