"""Ranks to a report and its Markdown: every system's metrics, and MealRec against each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mealrec.figures import p_text
from mealrec.ranking.beyond import FIGURES, NAMES, Background
from mealrec.ranking.beyond import NOTES as BESIDE_NOTES
from mealrec.ranking.beyond import over_seeds as beside_over_seeds
from mealrec.ranking.metrics import METRICS, paired
from mealrec.ranking.ranks import Ranks
from mealrec.study.report import by_viewer, table_row
from mealrec.study.systems import OURS, is_ours, rivals

FORMS = ("unmasked", "masked")
SIGNIFICANT = 0.01
NOTES = f"""
Every item is ranked for every test user; unmasked is the main form, masked takes the items of the history that a
system is given (the last ten) out of the ranking. Ties count as the mean of the places they share. ± is the standard
deviation over seeds. p is of a two-sided paired t-test over users, each user's metric first averaged over seeds: it
speaks for other users, not for other seeds. * marks p < {SIGNIFICANT}. Nothing was picked on the test split.
"""


def comparison(
    ranks: dict[str, list[Ranks]], ours: str = OURS, background: Background | None = None
) -> dict:
    """Return the report of {system: one Ranks a seed}.

    "against": `ours` against every other row; "best_other": in every column the best row that is
    not MealRec's, and `ours` against that one; "beside_accuracy": of each row what its lists are
    worth against a `background`, where one is given, None where the lists were not kept.
    """
    report = {
        "rows": len(next(iter(ranks.values()))[0].masked),
        "systems": {name: table_row(row, ddof=1) for name, row in ranks.items()},
        "ours": ours,
        "against": {},
        "best_other": {},
    }
    if background is not None:
        beside = {name: beside_over_seeds(row, background, ddof=1) for name, row in ranks.items()}
        report["beside_accuracy"] = beside
    if ours not in ranks:
        return report
    report["against"] = {
        name: against(ranks[ours], row) for name, row in ranks.items() if name != ours
    }
    if others := rivals(list(ranks)):
        report["best_other"] = {
            form: {metric: _best_other(report, others, form, metric) for metric in METRICS}
            for form in FORMS
        }
    return report


def against(first: Sequence[Ranks], second: Sequence[Ranks]) -> dict:
    """Return {form: {metric: how far `first` stands above `second`, and p}}, by user."""
    return {
        form: {
            metric: paired(by_viewer(first, form, metric), by_viewer(second, form, metric))
            for metric in METRICS
        }
        for form in FORMS
    }


def _best_other(report: dict, others: list[str], form: str, metric: str) -> dict:
    best = max(others, key=lambda name: report["systems"][name][form][metric]["mean"])
    return {"system": best} | report["against"][best][form][metric]


def comparison_text(report: dict, trainings: dict[str, list[dict]] | None = None) -> str:
    """Return the report as Markdown tables."""
    parts = [main_table(report)]
    if report["against"]:
        parts.append(against_table(report))
    parts.append(NOTES.strip() + "\n")
    if report.get("beside_accuracy"):
        parts += ["## Beside accuracy\n", beside_table(report), BESIDE_NOTES.strip() + "\n"]
    if trainings:
        parts.append(training_table(trainings))
    return "\n".join(parts)


def main_table(report: dict) -> str:
    """Return Table 2: a line a system, the best of every column in bold, and the relative
    improvement."""
    columns = [(form, metric) for form in FORMS for metric in METRICS]
    systems = report["systems"]
    best = {
        column: max(row[column[0]][column[1]]["mean"] for row in systems.values())
        for column in columns
    }

    def cells(row: dict) -> list[str]:
        values = [row[form][metric] for form, metric in columns]
        shown = [spread(value, row["seeds"]) for value in values]
        bold = [
            value["mean"] == best[column] for value, column in zip(values, columns, strict=True)
        ]
        return [
            f"**{text}**" if is_best else text for text, is_best in zip(shown, bold, strict=True)
        ]

    head = [
        "system",
        *(f"{metric} {form}" if form == "masked" else metric for form, metric in columns),
    ]
    body = [[name, *cells(row), f"{row['history_share']:.1%}"] for name, row in systems.items()]
    if best_other := report["best_other"]:
        gains = [best_other[form][metric] for form, metric in columns]
        body.append(
            [f"{report['ours']} against the best other", *(gain_text(gain) for gain in gains), ""]
        )
        body.append(["the best other", *(gain["system"] for gain in gains), ""])
    return table([*head, "history's share of the top 10"], body)


def against_table(report: dict) -> str:
    """Return MealRec's gain over each other row with its p."""
    columns = [(form, metric) for form in FORMS for metric in ("H@10", "N@10")]
    head = [f"{report['ours']}'s gain over", *(f"{metric} {form} (p)" for form, metric in columns)]
    body = []
    for name, found in report["against"].items():
        values = [found[form][metric] for form, metric in columns]
        label = name if not is_ours(name) else f"{name} (its own)"
        body.append([label, *(f"{gain_text(value)} ({p_text(value['p'])})" for value in values)])
    return table(head, body)


def beside_table(report: dict) -> str:
    """Return what each row's lists are worth beside accuracy, a dash where its lists were not
    kept."""
    body = []
    for name, found in report["beside_accuracy"].items():
        seeds = report["systems"][name]["seeds"]
        body.append([name, *(spread(found[figure], seeds) if found else "–" for figure in FIGURES)])
    return table(["system", *(NAMES[figure] for figure in FIGURES)], body)


def training_table(trainings: dict[str, list[dict]]) -> str:
    """Return how each system's training went: kept epochs, validation, seconds; and what is out
    of date."""
    head = ["trained system", "kept epoch of", "validation N@10 (masked)", "training seconds"]
    body, changed = [], []
    for name, seeds in trainings.items():
        epochs = ", ".join(f"{made['epoch']} of {made['epochs']}" for made in seeds)
        validation = ", ".join(f"{made['validation_N@10']:.4f}" for made in seeds)
        body.append(
            [name, epochs, validation, ", ".join(f"{made['seconds']:.0f}" for made in seeds)]
        )
        changed += [name] if any(made["code_has_changed"] for made in seeds) else []
    warning = (
        f"\nTrained by an earlier state of the code: {', '.join(changed)}.\n" if changed else ""
    )
    return table(head, body) + warning


def spread(value: dict[str, float], seeds: int) -> str:
    """Return a mean with its standard deviation, where there is more than one seed."""
    return f"{value['mean']:.4f}" + (f" ± {value['sd']:.4f}" if seeds > 1 else "")


def gain_text(found: dict) -> str:
    """Return a relative gain in per cent, with a star where it is significant."""
    if found["gain"] is None:
        return "from 0"
    return f"{found['gain']:+.1%}" + ("*" if found["p"] < SIGNIFICANT else "")


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its figures flush right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def over_seeds(ranks: Sequence[Ranks], form: str, metric: str, of: Callable = np.mean) -> float:
    """Return a metric's mean (or another figure) over seeds."""
    return float(of([METRICS[metric](getattr(rank, form)).mean() for rank in ranks]))
