"""From a dataset as published to a catalogue folder: wanted rows, their order, slice, k-core."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from mealrec.data.catalogue import CLIP_FOLDER, Catalogue
from mealrec.data.published.log import read_log
from mealrec.data.published.microlens import read_microlens
from mealrec.data.published.recbole import read_inter, write_inter
from mealrec.data.published.rows import Rows, SmallSlice, chronological, keep_core, small_slice
from mealrec.data.published.shortvideo import read_shortvideo
from mealrec.data.published.source import Source
from mealrec.data.statistics import statistics
from mealrec.errors import DataFormatError
from mealrec.writing import made_next_to, whole_folder

SLICES = ("full", "small")
REPEATS = "of a user's interactions with one item the first is kept"
REPORT = "prepared.json"
MEDIA = (CLIP_FOLDER, "posters", "covers")


@dataclass(frozen=True)
class Dataset:
    """How a dataset is read and kept.

    `small`: how its slice of that name is drawn; `has_rules`: a rule chooses its positive rows;
    `k_items`: the least number of clicks of an item where none is asked for, None for as many as of
    a user; `is_own`: it is somebody's own data, which bears the name that they give it.
    """

    read: Callable[..., Source]
    small: SmallSlice = SmallSlice()
    has_rules: bool = False
    k_items: int | None = None
    is_own: bool = False


DATASETS = {
    "microlens-50k": Dataset(partial(read_microlens, name="MicroLens-50k")),
    "microlens-100k": Dataset(partial(read_microlens, name="MicroLens-100k")),
    # Its users watch ten times as much as MicroLens's: fewer of them, and their whole histories.
    "shortvideo": Dataset(read_shortvideo, SmallSlice(4_000, None), has_rules=True),
    "recbole": Dataset(read_inter),
    # MealRec knows a clip by its content: one that few have watched is no reason to leave it out of
    # one's own page.
    "log": Dataset(read_log, k_items=1, is_own=True),
}


@dataclass(frozen=True)
class Prepared:
    """A catalogue ready to train on, and a report of how it came about.

    `times` is {user: one timestamp an interaction}, None where the source has an order but no
    clock; `media` says where clips and posters lie.
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
    """Read a published dataset and return its k-core as a catalogue, with a report of it all.

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
    known = DATASETS[dataset]
    if k_items is None:
        k_items = k if known.k_items is None else known.k_items

    # Read what is wanted, in the order of time.
    source = known.read(data, positive) if positive else known.read(data)
    rows, repeats = chronological(source, data)

    # Keep a slice, then its k-core.
    settings = {"k": k, "k_items": k_items}
    recipe = []
    if slice == "small":
        small = SmallSlice(users or known.small.users, known.small.latest)
        rows, words = small_slice(rows, small, seed)
        settings |= {"seed": seed, **vars(small)}
        recipe.append(words)
    rows, words = keep_core(rows, k, k_items)
    recipe.append(words)

    # Say what came of it.
    catalogue = _catalogue(rows, source)
    report = {
        **_named(dataset, name, data),
        "slice": slice,
        "recipe": "; then ".join(recipe),
        "settings": settings,
        "repeats": {"dropped": repeats, "rule": REPEATS},
        **_counts(source, catalogue),
        "statistics": statistics(catalogue),
    }
    times = rows.by_user(rows.times.tolist()) if source.timed else None
    return Prepared(catalogue, report, times, source.media)


def _check(
    dataset: str, slice: str, k: int, k_items: int | None, users: int | None, positive: str | None
) -> None:
    """Raise DataFormatError for the first setting that makes no sense."""
    # Name the first one that is wrong.
    if dataset not in DATASETS:
        expected = f"a dataset of {', '.join(DATASETS)}, got {dataset!r}"
    elif slice not in SLICES:
        expected = f"a slice of {', '.join(SLICES)}, got {slice!r}"
    elif k < 1:
        expected = f"k of 1 or more, got {k}"
    elif k_items is not None and k_items < 0:
        expected = f"k_items of 0 or more, got {k_items}"
    elif users is not None and users < 1:
        expected = f"1 user or more, got {users}"
    elif users is not None and slice != "small":
        expected = "users with the slice small alone: full takes all"
    elif positive and not DATASETS[dataset].has_rules:
        expected = f"a rule with shortvideo alone, got {positive!r} for {dataset}"
    else:
        return
    raise DataFormatError(f"expected {expected}.")


def _named(dataset: str, name: str | None, data: Path) -> dict[str, str]:
    """Return what the catalogue is called; "name" is there where somebody has given it one."""
    if name is None and DATASETS[dataset].is_own:
        folder = data.parent if data.is_file() else data
        name = folder.resolve().name
    if name is None:
        return {"dataset": dataset}
    return {"dataset": name, "name": name}


def _counts(source: Source, catalogue: Catalogue) -> dict:
    """Return what was read from where, and what was odd about it."""
    # An item without a row gets an empty title, too: it is not counted twice.
    untitled = sum(item not in source.titles for item in catalogue.item_ids)
    empty = sum(not title for title in catalogue.titles.values())
    return {
        "files": source.files,
        "notes": source.notes,
        "interactions_read": len(source.users),
        "rows_passed_over": source.passed_over,
        "malformed": vars(source.malformed),
        "items_without_a_title_row": untitled,
        "items_with_an_empty_title": empty - untitled,
    }


def _catalogue(rows: Rows, source: Source) -> Catalogue:
    # The items that are left, in natural order.
    item_ids = tuple(rows.item_ids[number] for number in np.unique(rows.items))
    titles = {item: source.titles.get(item, "") for item in item_ids}
    topics = {item: source.topics[item] for item in item_ids if item in source.topics}
    histories = rows.by_user([rows.item_ids[number] for number in rows.items])
    return Catalogue(item_ids, titles, topics, frozenset(), histories)


def write_prepared(prepared: Prepared, out: Path, *, recbole: bool = False) -> None:
    """Write a catalogue folder with its prepared.json, all of it or nothing; media are linked.

    `recbole` adds NAME/NAME.inter, where NAME is the dataset and its slice.
    Raises DataFormatError where `out` holds anything that no earlier call has written.
    """
    # Is everything there that may be replaced ours?
    out = out.resolve()
    for path in (out, *made_next_to(out)):
        check_replaceable(path)
    with whole_folder(out) as draft:
        _fill(draft, prepared, recbole)


def _fill(folder: Path, prepared: Prepared, recbole: bool) -> None:
    catalogue = prepared.catalogue
    name = prepared.report["dataset"]
    if prepared.report["slice"] != "full":
        name = f"{name}-{prepared.report['slice']}"
    name = slug(name)

    # The report first: what a killed run leaves behind can be told from another's folder.
    written = [REPORT, "pairs.tsv", "titles.csv", *prepared.media]
    if catalogue.topics:
        written.append("topics.csv")
    if recbole:
        written.append(name)
    text = json.dumps({**prepared.report, "written": written}, indent=2, ensure_ascii=False)
    (folder / REPORT).write_text(text + "\n", encoding="utf-8")

    # The tables.
    pairs = "".join(f"{user}\t{' '.join(items)}\n" for user, items in catalogue.histories.items())
    (folder / "pairs.tsv").write_text(pairs, encoding="utf-8")
    _write_csv(folder / "titles.csv", ("item", "title"), catalogue.titles)
    if catalogue.topics:
        _write_csv(folder / "topics.csv", ("item", "topic"), catalogue.topics)
    if recbole:
        (folder / name).mkdir()
        write_inter(catalogue, folder / name / f"{name}.inter", prepared.times)

    # The media.
    for kind, target in prepared.media.items():
        (folder / kind).symlink_to(target.resolve(), target_is_directory=True)


def slug(name: str) -> str:
    """Return a name as a file may bear it: letters, digits, _ . and -, all else one -."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "data"


def check_replaceable(out: Path) -> None:
    """Raise DataFormatError where `out` holds more than what `write_prepared` wrote."""
    if not out.exists():
        return
    if not out.is_dir():
        raise DataFormatError(f"{out} is a file: name a folder to write.")

    # Whatever the report does not name is somebody else's.
    written = _written(out / REPORT)
    foreign = []
    for path in sorted(out.iterdir()):
        # A folder of clips or posters may have been put where a link had been.
        is_grown = path.name in MEDIA and not path.is_symlink()
        if path.name not in written or is_grown:
            foreign.append(path.name)
    if foreign:
        raise DataFormatError(
            f"{out} holds {', '.join(foreign[:3])}, which `prepare` did not write: choose another "
            "folder or empty it."
        )


def _written(report: Path) -> list[str]:
    """Return the names that a report says were written, none where it is no report."""
    try:
        return json.loads(report.read_text(encoding="utf-8"))["written"]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _write_csv(path: Path, header: tuple[str, str], texts: dict[str, str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *texts.items()])
