"""Reading ShortVideo (Shang et al. 2025): one table, and a file for each title and each clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mealrec.data.catalogue import CLIP_FOLDER
from mealrec.data.published.source import Source, number
from mealrec.data.tables import SHOWN, columns
from mealrec.errors import DataFormatError

# The publishers' description spells the first name with a slip; it is looked for in both spellings.
TABLES = ("interaction.csv", "interaciton.csv", "interaction_filtered.csv")
ROW = ("user_id", "pid", "exposed_time")
TITLES = "title_en"
CLIPS = "raw_file"
FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
ENGAGEMENT = ("cvm_like", "comment", "follow", "collect", "forward")


def flag(text: str) -> bool:
    """Return a truth value; raises ValueError where `text` is none."""
    found = FLAGS.get(text.strip().lower())
    if found is None:
        raise ValueError(f"expected True or False, got {text[:SHOWN]!r}")
    return found


def measure(text: str) -> float:
    """Return a finite number; raises ValueError where `text` is none."""
    value = number(text)
    if value is None:
        raise ValueError(f"expected a number, got {text[:SHOWN]!r}")
    return value


@dataclass(frozen=True)
class Rule:
    """Which rows count as wanted: in words, the columns it reads, the test of their values."""

    words: str
    columns: tuple[str, ...]
    holds: Callable[..., bool]
    parse: Callable[[str], bool | float] = flag

    def wants(self, fields: list[str]) -> bool:
        """Judge a row by its fields of `columns`; raises ValueError for what cannot be read."""
        return self.holds(*map(self.parse, fields))


RULES = {
    "effective-not-hate": Rule(
        "effective_view and not hate",
        ("effective_view", "hate"),
        lambda seen, hated: seen and not hated,
    ),
    "effective": Rule("effective_view", ("effective_view",), bool),
    "like": Rule("cvm_like", ("cvm_like",), bool),
    "engaged": Rule("any of " + ", ".join(ENGAGEMENT), ENGAGEMENT, lambda *deeds: any(deeds)),
    "watched-half": Rule(
        "a watch_time of half the duration or more",
        ("watch_time", "duration"),
        lambda watched, duration: watched >= duration / 2,
        measure,
    ),
}
POSITIVE = "effective-not-hate"


def read_shortvideo(folder: Path, positive: str = POSITIVE) -> Source:
    """Read the rows that the rule named `positive` wants; the others count as `passed_over`.

    Titles come from title_en/<pid>.txt, without that folder from the table's column title, else
    they stay empty. Raises DataFormatError where the table is missing, or lacks a column that the
    rule reads.
    """
    if positive not in RULES:
        raise DataFormatError(f"expected a rule of {', '.join(RULES)}, got {positive!r}.")

    # The rows; a file for each title is better than the table's column.
    source = Source()
    source.notes.append(f"an interaction is a row with {RULES[positive].words}")
    _read_table(source, source.choose(folder, "pairs", TABLES), positive)
    if (folder / TITLES).is_dir():
        _read_titles(source, folder / TITLES)
    source.find_media("clips", folder / CLIP_FOLDER, folder / CLIPS)
    source.find_media("posters", folder / "posters")
    return source


def _read_table(source: Source, path: Path, positive: str) -> None:
    # The columns of the row itself, and those that the rule judges.
    rule = RULES[positive]
    header, rows = source.table(path)
    own = columns(path, header, ROW)
    judged = columns(path, header, rule.columns, f", which the rule {positive} reads")
    title = header.index("title") if "title" in header else None

    # Only wanted rows are looked at any further.
    for line, row in rows:
        try:
            is_wanted = rule.wants([row[place] for place in judged])
        except ValueError as error:
            source.malformed.add(path, line, str(error))
            continue
        if not is_wanted:
            source.passed_over += 1
            continue
        user, item, time = (row[place] for place in own)
        if source.add(path, line, user, item, time) and title is not None:
            source.titles.setdefault(item, row[title])


def _read_titles(source: Source, folder: Path) -> None:
    """Replace the table's titles by those of one file an item."""
    source.files["titles"] = f"{folder.name}/"
    items = dict.fromkeys(source.items)
    source.titles = {}

    # A missing file is an item without a title, an unreadable one is told.
    for item in items:
        path = folder / f"{item}.txt"
        try:
            source.titles[item] = " ".join(path.read_text(encoding="utf-8-sig").split())
        except FileNotFoundError:
            continue
        except UnicodeDecodeError:
            source.malformed.add(path, 1, "expected a title in UTF-8")
    if len(source.titles) < len(items):
        source.notes.append(
            f"{len(source.titles):,} of {len(items):,} items have a file in {folder.name}/"
        )
