"""`python -m mealrec recommend`: the page's answer on the command line, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from mealrec.errors import RequestError
from mealrec.explain.trace import Effect, Moment, Recommendation
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.recommender.uploads import quiet_transformers
from mealrec.shipped import DEFAULT_BUNDLE, shipped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("--bundle", type=Path, default=shipped(DEFAULT_BUNDLE), help="default: %(default)s")
    add("--history", default="", help="item ids, oldest first, with commas between")
    add("--upload", type=Path, help="a video that ends the history")
    add("--title", default="", help="the upload's title")
    add("--k", type=int, default=10, help="how many items (default: %(default)s)")
    add("--seed", type=int, default=0, help="fixes the walks' noise (default: %(default)s)")
    add("--variant", default="full", help="which of the bundle's models (default: %(default)s)")
    add("--hide", default="", help="frames of the last clip to hide, from 0, with commas between")
    add("--effects", action="store_true", help="add what would change this answer most")
    add(
        "--noise",
        type=float,
        default=0.0,
        help="σ of Fig. 5 on the history's visual features (default: %(default)s)",
    )
    add("--num-steps", type=int, help="T of both walks (default: as trained)")
    add("--device", default="auto", help="cpu, cuda or auto (default: %(default)s)")
    add(
        "--json", action="store_true", help="print the whole trace (docs/api.md) instead of a table"
    )


def run(arguments: argparse.Namespace) -> int:
    """Recommend and print."""
    recommender = Recommender.from_bundle(arguments.bundle, arguments.device)
    # What is asked; a video that is uploaded ends the history.
    history = [item_id.strip() for item_id in arguments.history.split(",") if item_id.strip()]
    uploads = []
    if arguments.upload is not None:
        quiet_transformers()
        uploads = [recommender.encode_upload(arguments.upload, arguments.title)]
        history.append(uploads[0].upload_id)
    question = Question(
        history,
        uploads=uploads,
        k=arguments.k,
        seed=arguments.seed,
        variant=arguments.variant,
        hidden=_frames(arguments.hide),
        noise=arguments.noise,
        num_steps=arguments.num_steps,
    )

    # What is answered.
    answer = recommender.recommend(question)
    effects = recommender.effects(question) if arguments.effects else ()
    if arguments.json:
        shape = answer.to_dict()
        if arguments.effects:
            shape["effects"] = [vars(effect) for effect in effects]
        json.dump(shape, sys.stdout, ensure_ascii=False)
        print()
    else:
        print("\n".join([table(answer), *effect_lines(answer, effects)]))
    return 0


def _frames(written: str) -> list[int]:
    numbers = [number.strip() for number in written.split(",") if number.strip()]
    for number in numbers:
        if not number.isdecimal():
            raise RequestError(
                "--hide: numbers of frames, from 0, with commas between are expected, "
                f"{number!r} came."
            )
    return [int(number) for number in numbers]


def effect_lines(answer: Recommendation, effects: Sequence[Effect]) -> list[str]:
    """Return what would change the answer most, a line each."""
    if not effects:
        return []
    lines = [
        "What would change this answer most (probability moved, clips that stay, where the first "
        "would stand)"
    ]
    count = len(answer.items)
    for effect in effects:
        change = f"{answer.kinds[effect.kind].name} hidden" if effect.frames else "left out"
        lines.append(
            f"  {effect.moved:6.1%}  {effect.kept:>2} of {count}  {effect.top_rank:>4}  "
            f"{effect.item_id} {change}"
        )
    return lines


def table(answer: Recommendation) -> str:
    """Return the answer for people: history, what the viewer is out for, ranking, moments."""
    names = [kind.name for kind in answer.kinds]

    # What was watched, and what the viewer is out for by that.
    lines = ["History (weight, fit with the rest, watched for; latest last)"]
    for item in answer.history:
        kind = names[item.kind] if item.kind >= 0 else ""
        lines.append(
            f"  {item.weight:6.1%}  {item.agreement:+6.2f}  {kind:<16} "
            f"{item.item_id:>6}  {item.title}"
        )

    wanted = []
    for kind in answer.out_for():
        wanted.append(f"{names[kind]} {answer.wanted[kind]:.0%} ({answer.anybody[kind]:.0%})")
    lines.append(f"Out for (share of the next click, anybody's): {', '.join(wanted)}")

    # What comes of it.
    lines.append(f"Recommended ({answer.bundle}, {answer.variant}, seed {answer.seed})")
    for item in answer.items:
        lines.append(
            f"  {item.rank:>6}  {item.item_id:>6}  {item.score:7.3f}  {names[item.kind]:<16} "
            f"{item.title}"
        )

    # What drove it.
    lines.append(
        f"Moments of {answer.last.item_id}: fits the interest, drove the first recommendation, "
        "frames"
    )
    for moment in answer.last.moments:
        lines.append(
            f"  {moment.interest:+.3f}  {moment.influence:+.3f}  {names[moment.kind]:<16} "
            f"{_places(answer, moment)}"
        )

    for upload in answer.uploads:
        lines.append(f"{upload.item_id} would stand at {upload.rank} of {upload.candidates}")
    lines.append(f"{answer.timing_ms['total']:.0f} ms")
    return "\n".join(lines)


def _places(answer: Recommendation, moment: Moment) -> str:
    last = answer.last
    texts = last.segments or [f"{time:.2f} s" for time in last.times_s]
    places = []
    for frame in moment.frames:
        is_hidden = " (hidden)" if frame in answer.hidden else ""
        places.append(f"{texts[frame]}{is_hidden}")
    return ", ".join(places)
