"""From a dataset as published to a catalogue folder: positives, chronological order, slice, k-core."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mealrec.data.microlens import Catalogue
from mealrec.data.microlens_raw import read_microlens
from mealrec.data.rows import Rows, SmallSlice, by_user, chronological, core_in_words, keep_core, small_slice
from mealrec.data.source import Source
from mealrec.data.statistics import statistics
from mealrec.errors import DataFormatError

DATASETS = ("microlens-50k", "microlens-100k")
SLICES = ("full", "small")
REPEATS = "of a user's interactions with one item the first is kept"
REPORT = "prepared.json"


@dataclass(frozen=True)
class Prepared:
    """A catalogue ready to train on, how it came about, each interaction's time, and where clips and posters lie.

    `times` is {user: one timestamp an interaction}, None where the source has an order but no clock.
    """

    catalogue: Catalogue
    report: dict
    times: dict[str, tuple[float, ...]] | None = None
    media: dict[str, Path] = field(default_factory=dict)


def prepare(
    dataset: str,
    data: Path,
    *,
    slice: str = "full",
    k: int = 4,
    k_items: int | None = None,
    users: int | None = None,
    seed: int = 0,
) -> Prepared:
    """Read a published dataset and return its k-core as a catalogue, with a report of all that was done.

    Args:
        slice: "full", or "small": `users` users drawn with `seed`, the latest interactions of each.
        k, k_items: the least number of interactions of a user and of an item (`k_items` is `k` where None).

    Raises DataFormatError where a file is missing or not in its documented form, or nothing is left.
    """
    if dataset not in DATASETS or slice not in SLICES:
        raise DataFormatError(
            f"expected a dataset of {', '.join(DATASETS)} and a slice of {', '.join(SLICES)}, "
            f"got {dataset!r} and {slice!r}."
        )
    source = read_microlens(Path(data), dataset.replace("microlens", "MicroLens"))
    rows, repeats = chronological(source, Path(data))
    recipe, small = [], SmallSlice()
    if slice == "small":
        rows, words = small_slice(rows, SmallSlice(users or small.users, small.latest), seed)
        recipe.append(words)
    rows = keep_core(rows, k, k if k_items is None else k_items)
    recipe.append(core_in_words(k, k_items))
    catalogue = _catalogue(rows, source)
    untitled = [item for item in catalogue.item_ids if item not in source.titles]
    report = {
        "dataset": dataset,
        "slice": slice,
        "recipe": "; then ".join(recipe),
        "files": source.files,
        "notes": source.notes,
        "interactions_read": len(source.users),
        "malformed": source.malformed.report(),
        "repeats": {"dropped": repeats, "rule": REPEATS},
        "items_without_a_title_row": len(untitled),
        "items_with_an_empty_title": sum(not title for title in catalogue.titles.values()) - len(untitled),
        "statistics": statistics(catalogue),
    }
    times = by_user(rows, rows.times.tolist()) if source.timed else None
    return Prepared(catalogue, report, times, source.media)


def _catalogue(rows: Rows, source: Source) -> Catalogue:
    item_ids = tuple(rows.item_ids[number] for number in np.unique(rows.items))
    titles = {item: source.titles.get(item, "") for item in item_ids}
    topics = {item: source.topics[item] for item in item_ids if item in source.topics}
    return Catalogue(item_ids, titles, topics, frozenset(), by_user(rows, [rows.item_ids[i] for i in rows.items]))


def write_prepared(prepared: Prepared, out: Path) -> None:
    """Write a catalogue folder with its prepared.json, all of it or nothing; clips and posters are linked.

    Raises DataFormatError where `out` holds anything that no earlier call has written.
    """
    out = Path(out).resolve()
    partial, old = out.with_name(out.name + ".partial"), out.with_name(out.name + ".old")
    for path in (out, partial, old):
        check_replaceable(path)
    for path in (partial, old):
        shutil.rmtree(path, ignore_errors=True)
    partial.mkdir(parents=True)
    catalogue = prepared.catalogue
    files = ["pairs.tsv", "titles.csv", *(["topics.csv"] if catalogue.topics else []), *prepared.media]
    # the report first: what a killed run leaves behind can be told from another's folder
    report = {**prepared.report, "written": [REPORT, *files]}
    (partial / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    pairs = "".join(f"{user}\t{' '.join(items)}\n" for user, items in catalogue.histories.items())
    (partial / "pairs.tsv").write_text(pairs, encoding="utf-8")
    _write_csv(partial / "titles.csv", ("item", "title"), catalogue.titles)
    if catalogue.topics:
        _write_csv(partial / "topics.csv", ("item", "topic"), catalogue.topics)
    for kind, folder in prepared.media.items():
        (partial / kind).symlink_to(folder.resolve(), target_is_directory=True)
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def check_replaceable(out: Path) -> None:
    """Raise DataFormatError where `out` exists and holds more than a folder that `write_prepared` wrote."""
    if not out.exists():
        return
    if not out.is_dir():
        raise DataFormatError(f"{out} is a file: name a folder to write.")
    found = {path.name for path in out.iterdir()}
    report = out / REPORT
    try:
        written = json.loads(report.read_text(encoding="utf-8"))["written"] if report.is_file() else []
    except (ValueError, KeyError, TypeError):
        written = []
    if foreign := sorted(found - set(written)):
        raise DataFormatError(
            f"{out} holds {', '.join(foreign[:3])}, which `prepare` did not write: choose another folder or empty it."
        )


def _write_csv(path: Path, header: tuple[str, str], texts: dict[str, str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *texts.items()])
