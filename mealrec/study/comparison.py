"""Ranks to a report and its Markdown: every system's metrics, and one system against the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mealrec.figures import p_text, spread, table
from mealrec.models.published.kinds import content_directions
from mealrec.ranking.beyond import FIGURES, NAMES, Background
from mealrec.ranking.beyond import NOTES as LISTS_NOTES
from mealrec.ranking.beyond import over_seeds as lists_over_seeds
from mealrec.ranking.metrics import METRICS, paired, summary
from mealrec.ranking.ranks import Ranks
from mealrec.study.systems import OURS, is_ours, rivals
from mealrec.training.world import World

FORMS = ("unmasked", "masked")
SIGNIFICANT = 0.01
NOTES = f"""
Every item is ranked for every test user; unmasked is the main form, masked takes the items of the
history that a system is given (the last ten) out of the ranking. Ties count as the mean of the
places they share. ± is the standard deviation over seeds. p is of a two-sided paired t-test over
users, each user's metric first averaged over seeds: it speaks for other users, not for other seeds.
* marks p < {SIGNIFICANT}. Nothing was picked on the test split.
"""


def comparison(
    ranks: dict[str, list[Ranks]],
    ours: str = OURS,
    background: Background | None = None,
    ddof: int = 1,
) -> dict:
    """Return the report of {system: one Ranks a seed}.

    "against": `ours` against every other row; "best_other": in every column the best row that is
    not MealRec's, and `ours` against that one; "beside_accuracy": of each row what its lists are
    worth against a `background`, where one is given, None where the lists were not kept. `ddof` is
    that of the deviations over seeds, see table_row.
    """
    report = {
        "rows": len(next(iter(ranks.values()))[0].masked),
        "systems": {name: table_row(row, ddof) for name, row in ranks.items()},
        "ours": ours,
        "against": {},
        "best_other": {},
    }
    if background is not None:
        report["beside_accuracy"] = {
            name: lists_over_seeds(row, background, ddof) for name, row in ranks.items()
        }
    if ours not in ranks:
        return report

    # Ours against each other row, and against the best of the rivals in each column.
    others = [name for name in ranks if name != ours]
    report["against"] = {name: against(ranks[ours], ranks[name]) for name in others}
    competing = rivals(others)
    if competing:
        report["best_other"] = {
            form: {metric: _best_other(report, competing, form, metric) for metric in METRICS}
            for form in FORMS
        }
    return report


def background_of(world: World) -> Background:
    """Return what lists of a world's items are held against."""
    content = content_directions(world.features)
    return Background.of(world.split.train, world.candidates, content)


def table_row(ranks: Sequence[Ranks], ddof: int = 1) -> dict:
    """Return mean and standard deviation over seeds of H and N at 10 and 20, masked and unmasked.

    `ddof` 1 gives the deviation that a few seeds say all seeds have, 0 that of these seeds; of one
    seed it is 0.
    """
    row: dict = {
        "seeds": len(ranks),
        "history_share": float(np.mean([rank.history_share for rank in ranks])),
    }
    for form in ("masked", "unmasked"):
        of_seeds = [summary(getattr(rank, form)) for rank in ranks]
        row[form] = {}
        for metric in METRICS:
            values = [of_seed[metric] for of_seed in of_seeds]
            deviation = float(np.std(values, ddof=ddof)) if len(values) > ddof else 0.0
            row[form][metric] = {"mean": float(np.mean(values)), "sd": deviation}
    return row


def against(first: Sequence[Ranks], second: Sequence[Ranks]) -> dict:
    """Return {form: {metric: how far `first` stands above `second`, and p}}, paired by user."""
    found: dict[str, dict] = {}
    for form in FORMS:
        found[form] = {}
        for metric in METRICS:
            mine = by_user(first, form, metric)
            found[form][metric] = paired(mine, by_user(second, form, metric))
    return found


def by_user(ranks: Sequence[Ranks], form: str = "masked", metric: str = "N@10") -> np.ndarray:
    """Return each user's metric [R], averaged over seeds: a user counts once."""
    return np.mean([METRICS[metric](getattr(rank, form)) for rank in ranks], 0)


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
        parts += ["## Beside accuracy\n", lists_table(report), LISTS_NOTES.strip() + "\n"]
    if trainings:
        parts.append(training_table(trainings))
    return "\n".join(parts)


def main_table(report: dict) -> str:
    """Return Table 2: a line a system, each column's best in bold, and the relative improvement."""
    columns = [(form, metric) for form in FORMS for metric in METRICS]
    systems = report["systems"]
    head = ["system", *METRICS, *(f"{metric} masked" for metric in METRICS)]
    best = {}
    for form, metric in columns:
        best[form, metric] = max(row[form][metric]["mean"] for row in systems.values())

    # A line a system.
    body = []
    for name, row in systems.items():
        cells = [name]
        for form, metric in columns:
            value = row[form][metric]
            text = spread(value, row["seeds"])
            cells.append(f"**{text}**" if value["mean"] == best[form, metric] else text)
        body.append([*cells, f"{row['history_share']:.1%}"])

    # Ours against the best of the others, and who that is.
    best_other = report["best_other"]
    if best_other:
        gains = [best_other[form][metric] for form, metric in columns]
        body.append([f"{report['ours']} against the best other", *map(gain_text, gains), ""])
        body.append(["the best other", *(gain["system"] for gain in gains), ""])
    return table([*head, "history's share of the top 10"], body)


def against_table(report: dict) -> str:
    """Return MealRec's gain over each other row with its p."""
    columns = [(form, metric) for form in FORMS for metric in ("H@10", "N@10")]
    head = [f"{report['ours']}'s gain over", *(f"{metric} {form} (p)" for form, metric in columns)]
    body = []
    for name, found in report["against"].items():
        values = [found[form][metric] for form, metric in columns]
        label = f"{name} (its own)" if is_ours(name) else name
        body.append([label, *(f"{gain_text(value)} ({p_text(value['p'])})" for value in values)])
    return table(head, body)


def lists_table(report: dict) -> str:
    """Return what each row's lists are worth besides accuracy; a dash where they were not kept."""
    body = []
    for name, found in report["beside_accuracy"].items():
        seeds = report["systems"][name]["seeds"]
        body.append([name, *(spread(found[figure], seeds) if found else "–" for figure in FIGURES)])
    return table(["system", *(NAMES[figure] for figure in FIGURES)], body)


def training_table(trainings: dict[str, list[dict]]) -> str:
    """Return how each system's training went, and what older code has trained."""
    head = ["trained system", "kept epoch of", "validation N@10 (masked)", "training seconds"]
    body = []
    for name, seeds in trainings.items():
        epochs = ", ".join(f"{made['epoch']} of {made['epochs']}" for made in seeds)
        scores = ", ".join(f"{made['validation_N@10']:.4f}" for made in seeds)
        seconds = ", ".join(f"{made['seconds']:.0f}" for made in seeds)
        body.append([name, epochs, scores, seconds])
    return table(head, body) + outdated_text(trainings)


def outdated_text(trainings: dict[str, list[dict]]) -> str:
    """Return the warning that names what older code has trained, "" where nothing was."""
    changed = []
    for name, records in trainings.items():
        if any(record["code_has_changed"] for record in records):
            changed.append(name)
    if not changed:
        return ""
    return f"\nTrained by an earlier state of the code: {', '.join(changed)}.\n"


def gain_text(found: dict) -> str:
    """Return a relative gain in per cent, with a star where it is significant."""
    if found["gain"] is None:
        return "from 0"
    return f"{found['gain']:+.1%}" + ("*" if found["p"] < SIGNIFICANT else "")
