"""Hold what the default answers against FILE, or write it: `python -m benchmarks.rankings FILE`.

24 requests in each of the bundle's systems: histories of 1 to 12 clips, several seeds, hidden
frames, noise on the clips, other numbers of steps. Where FILE exists, every ranking and every
number is compared with it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

import torch

from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.shipped import DEFAULT_BUNDLE, ROOT

REQUESTS = 24  # of each system


def main() -> int:
    """Write FILE, or compare with it; returns 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--bundle", type=Path, default=ROOT / DEFAULT_BUNDLE, help="default: %(default)s"
    )
    arguments = parser.parse_args()

    # One thread, whose sums are the same on every run.
    torch.set_num_threads(1)
    answers = answered(Recommender.from_bundle(arguments.bundle, "cpu"))
    if not arguments.file.exists():
        arguments.file.write_text(json.dumps(answers, indent=1), encoding="utf-8")
        print(f"{len(answers)} answers written to {arguments.file}")
        return 0

    # Which differ, and which were not there?
    before = json.loads(arguments.file.read_text(encoding="utf-8"))
    differing = [name for name in before if answers.get(name) != before[name]]
    missing = [name for name in answers if name not in before]
    print(
        f"{len(before) - len(differing)} of {len(before)} answers are equal to the digit",
        *differing[:9],
        *missing[:9],
    )
    return 1 if differing or missing else 0


def answered(recommender: Recommender) -> dict[str, dict]:
    """Return every answer, without its timings, by system and request."""
    answers = {}
    for variant in recommender.variants:
        for number in range(REQUESTS):
            asked = question(recommender, number, variant)
            answer = recommender.recommend(asked).to_dict()
            answer.pop("timing_ms")
            answers[f"{variant} {number}"] = answer
            # Some of their effects: each of them takes a walk of many rows.
            if number % 6 == 0:
                effects = [vars(effect) for effect in recommender.effects(asked)]
                answers[f"{variant} {number} effects"] = effects

    # As the file gives them back.
    return json.loads(json.dumps(answers))


def question(recommender: Recommender, number: int, variant: str) -> Question:
    """Return one of the requests, asked of one system."""
    # A history of 1 to 12 clips.
    chosen = random.Random(number)
    item_ids = [item.item_id for item in recommender.catalogue]
    history = chosen.sample(item_ids, 1 + number % 12)

    # A quarter each: as it is, with frames hidden, with noise, with other steps.
    values: dict = {"k": 5 + number % 10, "seed": number // 3}
    if number % 4 == 1:
        values["hidden"] = sorted(chosen.sample(range(recommender.num_frames), 1 + number % 3))
    if number % 4 == 2:
        values["noise"] = 0.3
    if number % 4 == 3:
        values["num_steps"] = 5
    return Question(history, variant=variant, **values)


if __name__ == "__main__":
    sys.exit(main())
