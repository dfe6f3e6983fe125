"""Builds the sample catalogue on disk, in MicroLens's form, with the planted truth beside it."""

from __future__ import annotations

import csv
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from assets.painter.clips import ClipPlan, choose_held_out, plan_clips
from assets.painter.render import fingerprint, render_clip, render_poster
from mealrec.errors import DataFormatError
from mealrec.sample.viewers import Habits, simulate_viewers

HELD_OUT_SHARE = 1 / 8
FINGERPRINTS = "fingerprints.json"


@dataclass(frozen=True)
class BuildOptions:
    """What to build: where, from which seed, how many clips and viewers, with how many processes."""

    out: Path
    seed: int = 7
    clips: int = 320
    viewers: int = 16000
    jobs: int = 1


def build(options: BuildOptions) -> None:
    """Write the whole catalogue; clips that are already there, drawn from the same plan and code, are kept.

    Raises:
        DataFormatError: there are fewer clips than a viewer may watch, none of them twice.
    """
    if options.clips < Habits().longest:
        raise DataFormatError(
            f"Expected {Habits().longest} clips or more, because a viewer may watch so many different ones; "
            f"got {options.clips}: raise --clips."
        )
    plans = plan_clips(options.clips, options.seed)
    for folder in ("clips", "posters", "truth"):
        (options.out / folder).mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([options.seed, 3])
    held_out = choose_held_out(plans, round(len(plans) * HELD_OUT_SHARE), rng)
    write_catalogue(plans, held_out, options.out)
    viewers = simulate_viewers(plans, held_out, options.viewers, rng)
    write_pairs(viewers.pairs, options.out / "pairs.tsv")
    _write_json(options.out / "truth" / "viewers.json", viewers.truth)
    render_all(plans, options.out, options.jobs)


def write_catalogue(plans: Sequence[ClipPlan], held_out: Sequence[str], out: Path) -> None:
    """Write titles.csv, topics.csv, held_out.txt and truth/clips.json."""
    _write_csv(out / "titles.csv", ("item", "title"), ((plan.item_id, plan.title) for plan in plans))
    _write_csv(out / "topics.csv", ("item", "topic"), ((plan.item_id, plan.topic) for plan in plans))
    (out / "held_out.txt").write_text("".join(f"{item_id}\n" for item_id in held_out))
    _write_json(out / "truth" / "clips.json", {plan.item_id: plan.truth() for plan in plans})


def write_pairs(pairs: dict[str, list[str]], path: Path) -> None:
    """Write one line a viewer: the viewer, a tab, its clips oldest first."""
    path.write_text("".join(f"{viewer}\t{' '.join(items)}\n" for viewer, items in pairs.items()))


def render_all(plans: Sequence[ClipPlan], out: Path, jobs: int) -> None:
    """Draw every clip and poster that is not there yet, in `jobs` processes."""
    drawn = read_fingerprints(out)
    outdated = [plan for plan in plans if not is_drawn(plan, out, drawn)]
    with tqdm(total=len(plans), initial=len(plans) - len(outdated), unit="clip", desc="drawing") as progress:
        for item_id, print_of in _render_each(outdated, out, jobs):
            drawn[item_id] = print_of  # at once: what is drawn when the command is stopped is not drawn again
            _write_json(out / FINGERPRINTS, dict(sorted(drawn.items(), key=lambda pair: int(pair[0]))))
            progress.update()


def read_fingerprints(out: Path) -> dict[str, str]:
    """Return {item id: fingerprint of what its clip was drawn from}."""
    path = out / FINGERPRINTS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def is_drawn(plan: ClipPlan, out: Path, drawn: dict[str, str]) -> bool:
    """Return whether the clip and its poster are there, drawn from this very plan by this very code."""
    there = all(path.exists() for path in _paths(plan, out))
    return there and drawn.get(plan.item_id) == fingerprint(plan)


def render_one(plan: ClipPlan, out: Path) -> tuple[str, str]:
    """Draw one clip and its poster; return its item id and its fingerprint."""
    clip, poster = _paths(plan, out)
    render_poster(plan, poster)
    render_clip(plan, clip)
    return plan.item_id, fingerprint(plan)


def _paths(plan: ClipPlan, out: Path) -> tuple[Path, Path]:
    return out / "clips" / f"{plan.item_id}.mp4", out / "posters" / f"{plan.item_id}.webp"


def _render_each(plans: Sequence[ClipPlan], out: Path, jobs: int) -> Iterator[tuple[str, str]]:
    if jobs == 1:
        yield from (render_one(plan, out) for plan in plans)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        drawing = [pool.submit(render_one, plan, out) for plan in plans]
        try:
            yield from (done.result() for done in as_completed(drawing))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write_csv(path: Path, header: Sequence[str], rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
