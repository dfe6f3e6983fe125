"""From a dataset as published to a catalogue folder: positives, chronological order, slice,
k-core."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mealrec.data.catalogue import Catalogue
from mealrec.data.published.datasets import DATASETS
from mealrec.data.published.recbole import write_inter
from mealrec.data.published.rows import (
    Rows,
    SmallSlice,
    by_user,
    chronological,
    core_in_words,
    keep_core,
    small_slice,
)
from mealrec.data.published.source import Source
from mealrec.data.statistics import statistics
from mealrec.errors import DataFormatError

SLICES = ("full", "small")
REPEATS = "of a user's interactions with one item the first is kept"
REPORT = "prepared.json"
MEDIA = ("clips", "posters", "covers")


@dataclass(frozen=True)
class Prepared:
    """A catalogue ready to train on, how it came about, each interaction's time, and where clips
    and posters lie.

    `times` is {user: one timestamp an interaction}, None where the source has an order but no
    clock.
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
    positive: str | None = None,
    name: str | None = None,
) -> Prepared:
    """Read a published dataset and return its k-core as a catalogue, with a report of all that was
    done.

    Args: slice: "full", or "small": `users` users drawn with `seed`, the latest interactions of
        each. k, k_items: the least number of interactions of a user and of an item (where None the
        dataset's, else `k`). users: None draws as many as the dataset's slice `small` says.
        positive: the rule that says which rows count, for ShortVideo alone; None is its default.
        name: what the catalogue is called; None is the dataset's name, of one's own data that of
        their folder.

    Raises DataFormatError where a file is missing or not in its documented form, or nothing is
    left.
    """
    _check(dataset, slice, k, k_items, users, positive)
    source = DATASETS[dataset].source(Path(data), positive)
    rows, repeats = chronological(source, Path(data))
    if k_items is None:
        k_items = k if DATASETS[dataset].k_items is None else DATASETS[dataset].k_items
    settings, recipe = {"k": k, "k_items": k_items}, []
    if slice == "small":
        small = DATASETS[dataset].small
        small = SmallSlice(users or small.users, small.latest)
        rows, words = small_slice(rows, small, seed)
        settings |= {"seed": seed, **vars(small)}
        recipe.append(words)
    rows = keep_core(rows, k, k_items)
    catalogue = _catalogue(rows, source)
    report = {
        **_named(dataset, name, Path(data)),
        "slice": slice,
        "recipe": "; then ".join([*recipe, core_in_words(k, k_items)]),
        "settings": settings,
        "repeats": {"dropped": repeats, "rule": REPEATS},
        **_counts(source, catalogue),
        "statistics": statistics(catalogue),
    }
    times = by_user(rows, rows.times.tolist()) if source.timed else None
    return Prepared(catalogue, report, times, source.media)


def _named(dataset: str, name: str | None, data: Path) -> dict[str, str]:
    """Return what the catalogue is called; "name" is there where somebody has given it one, or
    it is their own."""
    if name is None and DATASETS[dataset].is_own:
        name = (data.parent if data.is_file() else data).resolve().name
    return {"dataset": dataset} if name is None else {"dataset": name, "name": name}


def _check(
    dataset: str, slice: str, k: int, k_items: int | None, users: int | None, positive: str | None
) -> None:
    wrong = {
        f"a dataset of {', '.join(DATASETS)}, got {dataset!r}": dataset not in DATASETS,
        f"a slice of {', '.join(SLICES)}, got {slice!r}": slice not in SLICES,
        f"k of 1 or more, got {k}": k < 1,
        f"k_items of 0 or more, got {k_items}": k_items is not None and k_items < 0,
        f"1 user or more, got {users}": users is not None and users < 1,
        "users with the slice small alone: full takes all": users is not None and slice != "small",
        f"a rule with shortvideo alone, got {positive!r} for {dataset}": bool(
            positive and dataset in DATASETS and not DATASETS[dataset].has_rules
        ),
    }
    for expected, is_wrong in wrong.items():
        if is_wrong:
            raise DataFormatError(f"expected {expected}.")


def _counts(source: Source, catalogue: Catalogue) -> dict:
    """Return what was read from where, and what was odd about it."""
    untitled = [item for item in catalogue.item_ids if item not in source.titles]
    return {
        "files": source.files,
        "notes": source.notes,
        "interactions_read": len(source.users),
        "rows_passed_over": source.passed_over,
        "malformed": source.malformed.report(),
        "items_without_a_title_row": len(untitled),
        "items_with_an_empty_title": sum(not title for title in catalogue.titles.values())
        - len(untitled),
    }


def _catalogue(rows: Rows, source: Source) -> Catalogue:
    item_ids = tuple(rows.item_ids[number] for number in np.unique(rows.items))
    titles = {item: source.titles.get(item, "") for item in item_ids}
    topics = {item: source.topics[item] for item in item_ids if item in source.topics}
    return Catalogue(
        item_ids, titles, topics, frozenset(), by_user(rows, [rows.item_ids[i] for i in rows.items])
    )


def write_prepared(prepared: Prepared, out: Path, *, recbole: bool = False) -> None:
    """Write a catalogue folder with its prepared.json, all of it or nothing; clips and posters are
    linked.

    `recbole` adds NAME/NAME.inter, where NAME is the dataset and its slice.
    Raises DataFormatError where `out` holds anything that no earlier call has written.
    """
    out = Path(out).resolve()
    partial, old = out.with_name(out.name + ".partial"), out.with_name(out.name + ".old")
    for path in (out, partial, old):
        check_replaceable(path)
    for path in (partial, old):
        shutil.rmtree(path, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _fill(partial, prepared, recbole)
    except BaseException:  # stopped, or the disk is full
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if out.exists():
        out.rename(old)
    partial.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _fill(folder: Path, prepared: Prepared, recbole: bool) -> None:
    catalogue, report = prepared.catalogue, prepared.report
    name = slug(
        report["dataset"] if report["slice"] == "full" else f"{report['dataset']}-{report['slice']}"
    )
    written = [REPORT, "pairs.tsv", "titles.csv", *prepared.media]
    written += ["topics.csv"] * bool(catalogue.topics) + [name] * recbole
    # the report first: what a killed run leaves behind can be told from another's folder
    text = json.dumps({**report, "written": written}, indent=2, ensure_ascii=False)
    (folder / REPORT).write_text(text + "\n", encoding="utf-8")
    pairs = "".join(f"{user}\t{' '.join(items)}\n" for user, items in catalogue.histories.items())
    (folder / "pairs.tsv").write_text(pairs, encoding="utf-8")
    _write_csv(folder / "titles.csv", ("item", "title"), catalogue.titles)
    if catalogue.topics:
        _write_csv(folder / "topics.csv", ("item", "topic"), catalogue.topics)
    for kind, target in prepared.media.items():
        (folder / kind).symlink_to(target.resolve(), target_is_directory=True)
    if recbole:
        (folder / name).mkdir()
        write_inter(catalogue, folder / name / f"{name}.inter", prepared.times)


def slug(name: str) -> str:
    """Return a name as a file may bear it: letters, digits, _ . and -, all else one -."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "data"


def check_replaceable(out: Path) -> None:
    """Raise DataFormatError where `out` exists and holds more than a folder that
    `write_prepared` wrote."""
    if not out.exists():
        return
    if not out.is_dir():
        raise DataFormatError(f"{out} is a file: name a folder to write.")
    report = out / REPORT
    try:
        written = (
            json.loads(report.read_text(encoding="utf-8"))["written"] if report.is_file() else []
        )
    except (ValueError, KeyError, TypeError):
        written = []
    foreign = sorted(
        path.name for path in out.iterdir() if path.name not in written or _grown(path)
    )
    if foreign:
        raise DataFormatError(
            f"{out} holds {', '.join(foreign[:3])}, which `prepare` did not write: choose another folder or empty it."
        )


def _grown(path: Path) -> bool:
    """Tell a folder of clips or posters that was put where a link had been."""
    return path.name in MEDIA and not path.is_symlink()


def _write_csv(path: Path, header: tuple[str, str], texts: dict[str, str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *texts.items()])
