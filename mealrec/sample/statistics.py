"""Counts what the viewers look like, side by side with MicroLens-50k."""

from __future__ import annotations

from pathlib import Path

from mealrec.data.statistics import PairStatistics, describe
from mealrec.errors import DataFormatError

MICROLENS_PAIRS = "MicroLens-50k_pairs.tsv"


def read_histories(path: Path) -> list[list[str]]:
    """Return the histories of a pairs file (`user<TAB>item item …`).

    Raises:
        DataFormatError: the file is missing or a line has another form.
    """
    if not path.is_file():
        raise DataFormatError(
            f"Expected a file of pairs at {path}, found none: build the catalogue or name its folder."
        )
    histories = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        user, tab, items = line.partition("\t")
        if not (user and tab and items.split()):
            raise DataFormatError(f"{path}, line {number}: expected `user<TAB>item item …`, found {line[:60]!r}.")
        histories.append(items.split())
    return histories


def write_report(data: Path, microlens: Path | None, out: Path) -> None:
    """Write the comparison as Markdown; without a MicroLens folder, the sample's column alone."""
    columns = {"Sample catalogue": describe(read_histories(data / "pairs.tsv"))}
    if microlens is not None:
        columns["MicroLens-50k"] = describe(read_histories(microlens / MICROLENS_PAIRS))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(report(columns), encoding="utf-8")


def report(columns: dict[str, PairStatistics]) -> str:
    """Return the Markdown page for one or more columns of statistics."""
    lines = ["# The sample catalogue's viewers in numbers", ""]
    if len(columns) == 1:
        lines += [f"Without MicroLens beside them: pass `--microlens` with the folder of `{MICROLENS_PAIRS}`.", ""]
    lines += [f"| | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
    rows = {name: _cells(statistics) for name, statistics in columns.items()}
    lines += [
        f"| {label} | {' | '.join(cells[label] for cells in rows.values())} |" for label in next(iter(rows.values()))
    ]
    lines += [
        "",
        "Gini: 0 where all items are equally popular, 1 where one item takes every click. Items are those that occur",
        "in the pairs. The sample is denser by far, because it has few clips: a ranking over it is easier than one",
        "over MicroLens, and its figures are not to be compared with published ones.",
        "",
        "Made by `python -m mealrec sample statistics`.",
    ]
    return "\n".join(lines) + "\n"


def _cells(statistics: PairStatistics) -> dict[str, str]:
    low, median, high = statistics.length_quartiles
    return {
        "users": f"{statistics.users:,}",
        "items": f"{statistics.items:,}",
        "interactions": f"{statistics.interactions:,}",
        "history length, mean": f"{statistics.mean_length:.2f}",
        "history length, quartiles": f"{low:g} / {median:g} / {high:g}",
        "history length, longest": f"{statistics.longest}",
        "popularity, Gini": f"{statistics.popularity_gini:.3f}",
        "clicks on the top tenth of items": f"{statistics.top_tenth_share:.1%}",
        "sparsity": f"{statistics.sparsity:.3%}",
    }
